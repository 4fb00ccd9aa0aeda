"""Tests the online checker with random histories: `python -m tests.checkers.online.running --histories 20000`.

Histories of every model are fed event by event. A violation must be found at the first event that makes the beginning
of the history invalid. Whether it is invalid, `exhaustive` says, or `competition` if it is too long for that. It stops
at the first difference and says how to see it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import unittest.mock
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager

from msgspec.structs import replace

import clew.checkers.online.key_watch
from clew.checkers import Budget, Online, competition, exhaustive
from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.forms import form_of
from clew.checkers.models import find_model, names
from clew.histories import Event, EventType, History, HistoryError
from tests.checkers import small
from tests.checkers.alphabets import ALPHABETS

WAYS: dict[str, dict[str, int]] = {
    "always": {"_PAYS": 1 << 60, "_ASKS_AN_EVENT": 1 << 60},
    "always, from the beginning": {"_MOST_VISITS": -1, "_ASKS_AN_EVENT": 1 << 60},
    "as usual": {},
    "as usual, from the beginning": {"_MOST_VISITS": -1},
}
"""Settings of `clew.checkers.online.key_watch`: looks that cost nothing, or sweeps that are always too much work."""
SHORT = 7
"""The most operations that `exhaustive` decides quickly."""


def story(name: str, rng: random.Random) -> list[Event]:
    """The events of a random history: one or two keys, short or long, pending and failed operations, equal times."""
    model = find_model(name)
    parts = []
    for key in range(rng.choice((1, 1, 2))):
        count = rng.choice((rng.randrange(2, SHORT), rng.randrange(2, SHORT), rng.randrange(10, 30)))
        unique = small.UNIQUE.get(name)
        if unique is not None and rng.random() < 0.4:
            problem = unique(model, count, rng)
        else:
            make = rng.choice((small.lived, small.lived, small.lived, small.scattered))
            problem = make(model, ALPHABETS[name], count, rng)
        parts.append(list(_events(problem, key, rng)))
    return _together(parts, rng)


def _events(problem: Problem, key: int, rng: random.Random) -> Iterator[Event]:
    """The events of a problem, some of unknown outcome still pending, and with some failures among them."""
    process: dict[int, int] = {}
    busy: set[int] = set()
    endings: list[tuple[int, Event]] = []
    for position, (op, returns) in enumerate(
        zip(problem.event_op.tolist(), problem.event_return.tolist(), strict=True)
    ):
        doing = problem.classes[problem.cls[op]]
        for ending in [ending for ending in endings if ending[0] <= position]:
            yield replace(ending[1], time=2 * position)
            endings.remove(ending)
        if returns:
            kind: EventType = "ok" if doing.outcome == "ok" else "fail"
            error = None if kind == "ok" else "mismatch"
            value = doing.result if kind == "ok" else doing.argument
            yield Event(0, 2 * position + 1, process[op], kind, doing.f, key, value, error)
            busy.discard(process[op])
            continue
        own = 2 * key + (0 if doing.process is None else doing.process % 2)
        while own in busy:
            own += 4
        busy.add(own)
        process[op] = own
        yield Event(0, 2 * position + 1, own, "invoke", doing.f, key, doing.argument)
        if problem.ret[op] == NEVER and rng.random() < 0.7:
            kind = "fail" if rng.random() < 0.3 else "info"
            over = Event(0, 0, own, kind, doing.f, key, doing.argument, "refused" if kind == "fail" else "lost")
            endings.append((position + 1 + rng.randrange(6), over))


def _together(parts: list[list[Event]], rng: random.Random) -> list[Event]:
    """One history of those of several keys, with the times of some events made equal."""
    events = sorted((event for part in parts for event in part), key=lambda event: event.time)
    coarse = rng.choice((1, 1, 4, 8))
    events = [replace(event, time=event.time // coarse) for event in events]
    for at in range(len(events) - 1):
        one, other = events[at : at + 2]
        # Events of one time are concurrent and may stand in any order, except that a process calls before it returns.
        free = one.process != other.process or (one.type in ("ok", "fail") and other.type == "invoke")
        if one.time == other.time and free and rng.random() < 0.5:
            events[at : at + 2] = other, one
    # The index means nothing; the checker must not rely on it.
    return [replace(event, index=rng.randrange(10)) for event in events]


class Undecided(Exception):
    """The right answer is not known in time."""


def expected(events: list[Event], name: str) -> int | None:
    """The row of the first completion that no order explains, in a beginning of a history; None if there is none.

    Only the key of the last event is looked at: everything before is known to be in order. If the events are no history
    yet, because a call stands before a return of the same time, nothing is wrong either. Raises `Undecided`.
    """
    model = find_model(name)
    rows = [row for row, event in enumerate(events) if event.key == events[-1].key]
    history = History.of(events[row] for row in rows)
    try:
        problems = encode(history, model)
    except HistoryError:
        return None
    for problem in problems:
        short = len(problem) <= SHORT
        if short and exhaustive.linearize(problem, model) is not None:
            return None
        decision, deadline = None, Deadline(10)
        if not short:
            with deadline.not_counting_compilation():
                decision = competition.decide(problem, form_of(problem, model), model, Budget(), deadline)
        if decision is not None and decision.answer == "unknown":
            raise Undecided
        stuck = exhaustive.stuck(problem, model) if decision is None else decision.stuck
        if stuck is not None:
            return rows[history.operations.completed[problem.number[problem.event_op[stuck]]]]
    return None


def assert_found_when_it_happens(events: list[Event], name: str, online: Online, *, at_once: bool = True) -> str:
    """Feed a history, and assert that a violation is reported only if there is one, and at its event.

    With `at_once`, assert also that it is reported as soon as it happens. Returns "valid" if there is no violation;
    "found"; "missed" if the history ended before the key was looked at again; or "undecided" if the right answer is
    not known.
    """
    answer = "valid"
    for count, event in enumerate(events, start=1):
        stuck = online.watch(event)
        try:
            right = expected(events[:count], name) if event.type in ("ok", "fail") else None
        except Undecided:
            return "undecided"
        if right is not None:
            answer = "missed"
        assert stuck is not None or answer == "valid" or not at_once, f"nothing found after {count} events"
        if stuck is not None:
            assert right is not None, f"{stuck} found after {count} events"
            assert stuck.row == right or not stuck.is_first, f"{stuck} found, but {right} was it"
            return "found"
    return answer


def looking(how: str) -> AbstractContextManager[object]:
    """Set how much the looks at a key may cost: one of `WAYS`."""
    return unittest.mock.patch.dict(vars(clew.checkers.online.key_watch), WAYS[how])


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--histories", type=int, default=1000, help="of each model")
    parser.add_argument("--model", choices=names(), action="append")
    options = parser.parse_args()
    for name in options.model or names():
        found: Counter[str] = Counter()
        for number in range(options.histories):
            seed = f"{options.seed}/{name}/{number}"
            events = story(name, random.Random(seed))
            how = list(WAYS)[number % len(WAYS)]
            try:
                with looking(how):
                    found[assert_found_when_it_happens(events, name, Online(name), at_once="always" in how)] += 1
            except AssertionError as difference:
                sys.exit(f"{difference}\nto see it again, {how}: story({name!r}, random.Random({seed!r}))")
        print(f"{name:20} {dict(found)}", flush=True)


if __name__ == "__main__":
    main()
