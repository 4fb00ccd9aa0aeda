"""No invariant of a protocol reports a run as in its paper."""

from __future__ import annotations

import pytest

from tests.systems.caspaxos.test_invariants import RIGHT as CASPAXOS
from tests.systems.disco.test_invariants import RIGHT as DISCO
from tests.systems.multipaxos.test_invariants import RIGHT as MULTIPAXOS
from tests.systems.observing import Line, observe
from tests.systems.paxos.test_invariants import RIGHT as PAXOS
from tests.systems.raft.test_invariants import RIGHT as RAFT
from tests.systems.rsl.test_invariants import RIGHT as RSL

RIGHT = {"caspaxos": CASPAXOS, "disco": DISCO, "multipaxos": MULTIPAXOS, "paxos": PAXOS, "raft": RAFT, "rsl": RSL}


@pytest.mark.parametrize("system", RIGHT)
def test_a_run_as_in_the_paper_breaks_nothing(system: str) -> None:
    assert observe(system, *RIGHT[system]) == []


@pytest.mark.parametrize(
    "system", sorted(RIGHT.keys() - {"rsl"})
)  # A replica of RSL sends its 1b once, and never again.
def test_a_run_in_which_every_message_is_sent_twice_breaks_nothing(system: str) -> None:
    twice: list[Line] = [line for line in RIGHT[system] for _ in range(2)]
    assert observe(system, *twice) == []
