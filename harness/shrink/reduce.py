"""Turn dials down with Hypothesis. A dial is a whole number that stands for one possible simplification of a plan.

Hypothesis shrinks an example that it finds in its database under `<key>.secondary`; one under the key itself counts as
shrunk already. So the failure that is known is put there, into a database in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir, storage_directory
from hypothesis.database import InMemoryExampleDatabase, choices_to_bytes

from clew.harness.plan import Plan

Dials = tuple[int, ...]
Fails = Callable[[Plan], Plan | None]
"""A question about a plan: the answer is the plan, perhaps with another seed, if it fails, and None if not."""

_KEY = b"clew"
ATTEMPTS = 80
"""Random attempts of a search."""
CALLS_MOST = 2000
"""The most candidates of one `turn_down`. It needs a tenth of them, unless every second one fails."""


def turn_down(start: Sequence[int], fails: Callable[[Dials], bool]) -> Dials:
    """Turn dials down as far as they still fail, starting from `start`, which must fail. No dial is turned up.

    Simpler means lower numbers; the earlier dials count first. Deterministic if `fails` is. Hypothesis itself takes
    some milliseconds a call, more with more dials: keep them below fifty.
    """
    # To Hypothesis, a dial that can only be zero is no choice. It must not be saved as one.
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

    # As `hypothesis.find` does it. The public way to set a seed, `hypothesis.seed`, would switch the database off.
    vars(turn)["_hypothesis_internal_database_key"] = _KEY
    vars(turn)["_hypothesis_internal_use_seed"] = 0
    with suppress(_Fails):
        turn()
    return whole(least[0])


def smallest_failing_plan(build: Callable[[Dials], Plan], start: Sequence[int], fails: Fails) -> Plan:
    """The plan that `build` makes of the lowest dials that fail. With the dials of `start` it must fail."""
    plan = fails(build(turn_down(start, lambda dials: fails(build(dials)) is not None)))
    assert plan is not None, "turn_down returns dials that failed"
    return plan


class _Fails(Exception):
    """The dials fail."""


def search(highest: Sequence[int], fails: Callable[[Dials], bool], attempts: int) -> Dials | None:
    """Dials that fail, none above its `highest`, turned down. None if none of the random `attempts` fails.

    Deterministic if `fails` is. The attempts are drawn here: what Hypothesis would draw depends on the modules that
    happen to be loaded.
    """
    random = Random(0)
    tried: set[Dials] = set()
    for attempt in range(attempts):
        dials = tuple(random.randint(0, most) if attempt else 0 for most in highest)
        if dials not in tried:
            tried.add(dials)
            if fails(dials):
                return turn_down(dials, fails)
    return None


@contextmanager
def without_home() -> Iterator[None]:
    """Keep Hypothesis from writing its folder `.hypothesis` into the working directory."""
    before = storage_directory(intent_to_write=False).path
    set_hypothesis_home_dir(os.devnull)
    try:
        yield
    finally:
        set_hypothesis_home_dir(before)


def _settings(examples: int, database: InMemoryExampleDatabase) -> settings:
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
