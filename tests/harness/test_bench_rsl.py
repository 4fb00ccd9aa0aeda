"""`clew bench rsl` measures a live cluster, and its history is checked like any other."""

from __future__ import annotations

import json
from pathlib import Path

from tests.harness.conftest import Clew


def test_the_benchmark_of_a_live_cluster_prints_what_it_has_measured_and_checked(clew: Clew, tmp_path: Path) -> None:
    done = clew("bench", "rsl", "--network", "loopback", "--seconds", "0.5", "--clients", "8", "--json")
    assert done.returncode == 0, done.stderr
    served = json.loads(done.stdout)
    assert served["requests"] > 0
    assert served["clients"] == 8
    assert 0 < served["latency"][1] <= served["latency"][2] <= served["latency"][3]
    assert served["result"]["verdict"] == "valid"
    assert served["result"]["operations"] >= served["requests"]
    assert served["harness"] > 0
    assert served["nodes"] > 0
