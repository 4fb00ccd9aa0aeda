"""Which known-broken variants are found live, and by which seed: the table of docs/live.md.

    python -m tests.benchmarks.live_bugs [--seeds 20] [VARIANT ...]

Each variant runs with the plan that finds it in simulation. A lemma often breaks before a client notices, so the seeds
go on until a client does, for two minutes at most. Variants that need a message at one exact moment are found by luck.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import trio

from clew.harness.plan import load, resolve
from clew.harness.run import run
from clew.systems import Protocol, find_protocol, names

LONGEST_SECONDS = 120.0
"""How long the seeds of one variant go on after a lemma broke."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("variants", nargs="*")
    options = parser.parse_args()
    print("| system | variant | plan | clients notice | a lemma breaks | runs |")
    print("|---|---|---|---|---|---|")
    for name in names():
        system = find_protocol(name)
        for variant in system.hunted:
            if not options.variants or variant in options.variants:
                print(row(system, variant, options.seeds), flush=True)


def row(system: Protocol, variant: str, seeds: int) -> str:
    """Hunt a variant. Returns its row: the first run in which clients noticed it, and in which a lemma broke."""
    hunted = system.hunted[variant]
    clients = lemma = None
    began = time.monotonic()
    runs = 0
    while runs < seeds and clients is None:
        if lemma is not None and (hunted.unnoticed or time.monotonic() - began > LONGEST_SECONDS):
            break
        settings = [*hunted.settings, f"system.variant={variant}", "runtime=live", "recovery.within=20s"]
        with tempfile.TemporaryDirectory() as store:
            plan = resolve(load(hunted.plan), runs, settings)
            result = trio.run(partial(run, plan, into=Path(store)))
        runs += 1
        if result.error:
            return f"| {system.name} | {variant} | {hunted.plan} | {result.error.splitlines()[0]} | | {runs} |"
        wrong = {name for name, check in result.checks.items() if check.verdict == "invalid"}
        clients = runs if wrong - {"invariants"} else clients
        lemma = runs if "invariants" in wrong and lemma is None else lemma
    noticed = "no client can" if hunted.unnoticed and clients is None else said(clients)
    return f"| {system.name} | {variant} | {hunted.plan} | {noticed} | {said(lemma)} | {runs} |"


def said(run: int | None) -> str:
    """`run 3`, or that there was none."""
    return "no" if run is None else f"run {run}"


if __name__ == "__main__":
    main()
