"""Turning dials down: Hypothesis shrinks an example of whole numbers, of which each stands for a simplification.

Hypothesis shrinks what it finds in its database under `<key>.secondary` as if it had just failed; what it finds under
the key itself it takes for shrunk. So the known failure goes there, into a database in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from hypothesis import Phase, find, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase, choices_to_bytes
from hypothesis.errors import NoSuchExample

Dials = tuple[int, ...]

_KEY = b"clew"
CALLS_MOST = 2000
"""Candidates in one reduction; it takes a tenth of them, unless every second one is a success."""


def reduce(start: Sequence[int], fails: Callable[[Dials], bool]) -> Dials:
    """The simplest dials found that still fail; `start` must, and is the highest that each may be.

    Simpler is what Hypothesis calls so: lower numbers, the earlier ones first. Deterministic if `fails` is. The cost
    beyond the calls of `fails` is some milliseconds a call, growing with the number of dials: keep it below fifty.
    """
    if not any(start):
        return tuple(start)
    known: dict[Dials, bool] = {tuple(start): True}

    def condition(dials: Dials) -> bool:
        if dials not in known:
            known[dials] = len(known) <= CALLS_MOST and fails(dials)
        return known[dials]

    database = InMemoryExampleDatabase()
    database.save(_KEY + b".secondary", choices_to_bytes(tuple(start)))
    strategy = st.tuples(*(st.integers(0, most) for most in start))
    return find(strategy, condition, settings=_settings(CALLS_MOST, database), random=Random(0), database_key=_KEY)


def search(highest: Sequence[int], fails: Callable[[Dials], bool], attempts: int) -> Dials | None:
    """Dials up to these that fail, the simplest of their kind; None if so many attempts at random find none.

    Deterministic if `fails` is.
    """
    strategy = st.tuples(*(st.integers(0, most) for most in highest))
    try:
        return find(strategy, fails, settings=_settings(attempts, None), random=Random(0))
    except NoSuchExample:
        return None


def _settings(examples: int, database: InMemoryExampleDatabase | None) -> settings:
    phases = (Phase.reuse, Phase.generate, Phase.shrink)
    return settings(database=database, max_examples=examples, phases=phases, deadline=None)
