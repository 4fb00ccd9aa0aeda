"""A replica that keeps up knows no more after ten times as many operations. Nor do the invariants."""

from __future__ import annotations

from tests.systems.growing import at_the_end, size


def largest(operations: int) -> tuple[int, int]:
    """The bytes of the largest replica and of all invariants, at the end of a run with that many operations."""
    replicas, invariants = at_the_end(
        "rsl-counter-steady", (f"workload.operations={operations}", "system.durability=synced")
    )
    return max(size(vars(replica)) for replica in replicas), size(invariants)


def test_replicas_that_keep_up_and_invariants_do_not_grow_with_the_length_of_the_run() -> None:
    (replica, invariants), (replica_later, invariants_later) = largest(640), largest(6_400)
    assert replica > 10_000
    assert replica_later < 1.2 * replica
    assert invariants > 10_000
    assert invariants_later < 1.2 * invariants
