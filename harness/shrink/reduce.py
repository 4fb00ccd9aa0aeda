"""Turning dials down: Hypothesis shrinks an example of whole numbers, of which each stands for a simplification.

Hypothesis shrinks what it finds in its database under `<key>.secondary` as if it had just failed; what it finds under
the key itself it takes for shrunk. So the known failure goes there, into a database in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random

from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir, storage_directory
from hypothesis.database import InMemoryExampleDatabase, choices_to_bytes
from hypothesis.errors import NoSuchExample

from clew.harness.plan import Plan

Dials = tuple[int, ...]
Fails = Callable[[Plan], Plan | None]
"""The plan, perhaps with another seed, if it fails; None if it does not."""

_KEY = b"clew"
ATTEMPTS = 80
"""Examples that Hypothesis draws in a search."""
CALLS_MOST = 2000
"""Candidates in one reduction; it takes a tenth of them, unless every second one is a success."""


def reduce(start: Sequence[int], fails: Callable[[Dials], bool]) -> Dials:
    """The simplest dials found that still fail; `start` must, and is the highest that each may be.

    Simpler is what Hypothesis calls so: lower numbers, the earlier ones first. Deterministic if `fails` is. The cost
    beyond the calls of `fails` is some milliseconds a call, growing with the number of dials: keep it below fifty.
    """
    # A dial that can only be zero is no choice to Hypothesis, and must not be among those that are saved.
    turned = [i for i, most in enumerate(start) if most]
    if not turned:
        return tuple(start)

    def whole(part: Dials) -> Dials:
        values = dict(zip(turned, part, strict=True))
        return tuple(values.get(i, 0) for i in range(len(start)))

    known: dict[Dials, bool] = {tuple(start): True}

    def condition(part: Dials) -> bool:
        dials = whole(part)
        if dials not in known:
            known[dials] = len(known) <= CALLS_MOST and fails(dials)
        return known[dials]

    database = InMemoryExampleDatabase()
    database.save(_KEY + b".secondary", choices_to_bytes(tuple(start[i] for i in turned)))
    strategy = st.tuples(*(st.integers(0, start[i]) for i in turned))
    least: list[Dials] = []

    @_settings(CALLS_MOST, database)
    @given(strategy)
    def turn(part: Dials) -> None:
        if condition(part):
            least[:] = [part]
            raise _Fails

    # What `hypothesis.find` does, but for its seed: one that is set as it should be takes the database away.
    vars(turn)["_hypothesis_internal_database_key"] = _KEY
    vars(turn)["_hypothesis_internal_use_seed"] = 0
    with suppress(_Fails):
        turn()
    return whole(least[0])


def reduced(build: Callable[[Dials], Plan], start: Sequence[int], fails: Fails) -> Plan:
    """The plan that these dials build, turned down as far as it still fails; as they start, it does."""
    plan = fails(build(reduce(start, lambda dials: fails(build(dials)) is not None)))
    assert plan is not None, "what reduce gives has failed"
    return plan


class _Fails(Exception):
    """The dials fail."""


def search(highest: Sequence[int], fails: Callable[[Dials], bool], attempts: int) -> Dials | None:
    """Dials up to these that fail, the simplest of their kind; None if so many attempts at random find none.

    Deterministic if `fails` is.
    """
    strategy = st.tuples(*(st.integers(0, most) for most in highest))
    try:
        return find(strategy, fails, settings=_settings(attempts, None), random=Random(0))
    except NoSuchExample:
        return None


@contextmanager
def without_home() -> Iterator[None]:
    """Hypothesis keeps notes on modules in a folder, as a rule `.hypothesis` in this one; here it keeps none."""
    before = storage_directory(intent_to_write=False).path
    set_hypothesis_home_dir(os.devnull)
    try:
        yield
    finally:
        set_hypothesis_home_dir(before)


def _settings(examples: int, database: InMemoryExampleDatabase | None) -> settings:
    phases = (Phase.reuse, Phase.generate, Phase.shrink)
    return settings(
        database=database,
        max_examples=examples,
        phases=phases,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
