"""What one seed of a hunt costs, on one core: a storm of 100 operations, simulated inline and checked.

python -m tests.benchmarks.hunt [--seeds 100]
"""

from __future__ import annotations

import argparse
import time

from clew.harness.hunt import trial
from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.harness.verdict.judge import judge

PLAN = "caspaxos-contention-storm"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    source = load(PLAN)
    trial(resolve(source, 0, ["workload.operations=100"]))  # compiles the checker
    began, used = time.perf_counter(), time.process_time()
    for seed in range(seeds):
        trial(resolve(source, seed, ["workload.operations=100"]))
    took, used = time.perf_counter() - began, time.process_time() - used
    checking = 0.0
    for seed in range(seeds):
        plan = resolve(source, seed, ["workload.operations=100"])
        history, outcome = simulate(plan)
        checking -= time.process_time()
        judge(plan, history, outcome)
        checking += time.process_time()
    print(
        f"{PLAN}, 100 operations: {1000 * used / seeds:.0f} ms of processor time a seed, "
        f"{60 * seeds / used:.0f} seeds per minute and core ({60 * seeds / took:.0f} on this machine as it is); "
        f"the checks are {100 * checking / used:.1f} % of it"
    )


if __name__ == "__main__":
    main()
