"""Small histories, all of them and random ones, to test the engines with.

`every(alphabet, count)` yields each problem of exactly `count` operations drawn from an alphabet of operations, in
every interleaving. The order of adjacent calls, or of adjacent returns, makes no difference and is not varied.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import NEVER, Problem, arrange
from clew.checkers.models import Model, ModelOperation
from clew.histories import Event, EventType, History

LATE = Deadline(float("inf"))
"""A deadline that never passes."""


def _shapes(known: Sequence[bool]) -> Iterator[list[int]]:
    """Every interleaving: lists of numbers, op for its call, -1 - op for its return, calls in order."""

    def grow(shape: list[int], called: int, open_operations: tuple[int, ...]) -> Iterator[list[int]]:
        if called == len(known) and not open_operations:
            yield shape
            return
        if called < len(known):
            following = (*open_operations, called) if known[called] else open_operations
            yield from grow([*shape, called], called + 1, following)
        for op in open_operations:
            if shape[-1] >= 0 or -1 - shape[-1] < op:
                yield from grow([*shape, -1 - op], called, tuple(other for other in open_operations if other != op))

    yield from grow([], 0, ())


def every(
    model: Model, alphabet: Sequence[ModelOperation], count: int, *, symmetric: bool = False, step: int = 1
) -> Iterator[Problem]:
    """Each problem of `count` operations of the alphabet, once (or a little more often); or one of `step` of them.

    If the alphabet is symmetric in the values 1 and 2, one of two histories that differ in the names only is left out.
    """
    observer = np.array([model.observes(op) for op in alphabet], np.bool_)
    number = -1
    for known in product((True, False), repeat=count):
        choices = [[c for c, op in enumerate(alphabet) if (op.outcome != "info") == flag] for flag in known]
        for shape in _shapes(known):
            together = [
                shape.index(op + 1) == shape.index(op) + 1 and known[op] == known[op + 1] for op in range(count - 1)
            ]
            place = {event: position for position, event in enumerate(shape)}
            start = np.array([place[op] for op in range(count)], np.int64)
            end = np.array([place.get(-1 - op, NEVER) for op in range(count)], np.int64)
            for classes in product(*choices):
                if any(both and classes[op] > classes[op + 1] for op, both in enumerate(together)):
                    continue
                if symmetric and _renamed(alphabet, classes):
                    continue
                number += 1
                if number % step == 0:
                    yield problem(classes, start, end, alphabet, observer)


def one_of_all(model: Model, alphabet: Sequence[ModelOperation], count: int, rng: random.Random) -> Problem:
    """One of the problems of `every`, at random: operations, and an order of their calls and returns."""
    observer = np.array([model.observes(op) for op in alphabet], np.bool_)
    classes = [rng.randrange(len(alphabet)) for _ in range(count)]
    events = rng.sample(range(2 * count), 2 * count)
    start = np.array([min(events[2 * op : 2 * op + 2]) for op in range(count)])
    end = np.array([max(events[2 * op : 2 * op + 2]) for op in range(count)])
    order = np.argsort(start)
    end[[alphabet[c].outcome == "info" for c in classes]] = NEVER
    return problem([classes[op] for op in order], start[order], end[order], alphabet, observer)


def _renamed(alphabet: Sequence[ModelOperation], classes: Sequence[int]) -> bool:
    """True if the first value that occurs is a 2: the same history stands in the list with 1 and 2 exchanged."""
    for cls in classes:
        op = alphabet[cls]
        for value in _atoms([op.argument, op.result]):
            if value in (1, 2):
                return bool(value == 2)
    return False


def _atoms(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _atoms(part)
    else:
        yield value


def problem(classes: Sequence[int], start: Any, end: Any, alphabet: Sequence[ModelOperation], observer: Any) -> Problem:
    """A problem from a class, a start and an end for each operation, with unknown observers dropped."""
    used = sorted(set(classes))
    cls = np.array([used.index(c) for c in classes], np.int32)
    keep = ~(observer[list(classes)] & (end == NEVER))
    number = np.arange(len(classes))
    return arrange(
        None, number[keep], cls[keep], start[keep], end[keep], tuple(alphabet[c] for c in used), observer[used]
    )


def unambiguous(model: Model, count: int, rng: random.Random) -> Problem:
    """A random problem of a CAS register in which no value is set twice, spoilt a little with probability 1/2."""
    state, seen, alphabet = None, [None], list[ModelOperation]()
    for fresh in range(count):
        f, unknown = rng.choice(("read", "write", "cas", "cas", "mismatch")), rng.random() < 0.2
        outcome, happens = ("info", rng.random() < 0.6) if unknown else ("ok", True)
        if f == "write":
            alphabet.append(ModelOperation("write", fresh, None if unknown else fresh, outcome))
        elif f == "cas":
            pair = [rng.choice(seen) if unknown else state, fresh]
            happens = happens and pair[0] == state
            alphabet.append(ModelOperation("cas", pair, None if unknown else pair, outcome))
        elif f == "mismatch":
            alphabet.append(
                ModelOperation("cas", [rng.choice([v for v in (*seen, 99) if v != state]), 77], None, "mismatch")
            )
        else:
            alphabet.append(ModelOperation("read", None, state, "ok"))
        if f in ("write", "cas"):
            seen.append(fresh)
            state = fresh if happens else state
    if rng.random() < 0.7:
        one, two = rng.randrange(count), rng.randrange(count)
        alphabet[one], alphabet[two] = alphabet[two], alphabet[one]
    return _around_points(model, alphabet, list(range(count)), rng)


def appended(model: Model, count: int, rng: random.Random) -> Problem:
    """A random problem of a kv or an append-list in which every piece is unique, spoilt with probability 0.7."""
    kv = model.name == "kv"
    state, alphabet = model.initial, list[ModelOperation]()
    for fresh in range(count):
        f = rng.choice(("read", "append", "append", "put") if kv else ("read", "append"))
        piece: Any = f"{fresh}." if kv else fresh
        if f == "read":
            alphabet.append(ModelOperation("get" if kv else "read", None, state if kv else list(state), "ok"))
            continue
        unknown = rng.random() < 0.2
        op = ModelOperation(f, piece, None if unknown else piece, "info" if unknown else "ok")
        alphabet.append(op)
        if not unknown or rng.random() < 0.6:
            state = model.step(state, op)
    if rng.random() < 0.7:
        one, two = rng.randrange(count), rng.randrange(count)
        alphabet[one], alphabet[two] = alphabet[two], alphabet[one]
    return _around_points(model, alphabet, list(range(count)), rng)


def once(model: Model, count: int, rng: random.Random, *, unknown_takes: bool | None = None) -> Problem:
    """A random problem of a set, a queue or a stack to which no element is given twice, spoilt more or less.

    Takes of unknown element occur if `unknown_takes`, by default in one problem of three. A set is either read as a
    whole, or elements are removed from it.
    """
    state, alphabet = model.initial, list[ModelOperation]()
    fresh = rng.sample(range(count), count)
    takes_unknown = rng.random() < 0.33 if unknown_takes is None else unknown_takes
    reads, eager = rng.random() < 0.4, rng.choice((0.4, 0.5, 0.65))
    for element in fresh:
        puts, unknown = rng.random() < eager, rng.random() < 0.2
        if model.name == "set":
            known = rng.choice(fresh)
            f = "add" if puts else rng.choice(("read", "contains") if reads else ("remove", "remove", "contains"))
            argument = element if puts else None if f == "read" else known
            unknown = unknown and f in ("add", "remove")
            results = {"read": [sorted(state)], "contains": [known in state], "add": [True, argument, argument]}
            result = rng.choice(results.get(f, [known in state, argument]))
        else:
            f, argument = (model.functions[0], element) if puts else (model.functions[1], None)
            unknown = unknown and (puts or takes_unknown)
            left = [element for group in state for element in group] if model.name == "unordered-queue" else state
            possible = {"stack": left[-1:], "unordered-queue": left}.get(model.name, left[:1])
            result = argument if puts else rng.choice(possible) if possible else None
        op = ModelOperation(f, argument, None if unknown else result, "info" if unknown else "ok")
        alphabet.append(op)
        if not unknown or rng.random() < 0.6:
            after = model.step(state, op)
            state = state if after is None else after
    for _ in range(rng.choice((0, 1, 2, 4))):
        one, two = rng.randrange(count), rng.randrange(count)
        alphabet[one], alphabet[two] = alphabet[two], alphabet[one]
    return _around_points(model, alphabet, list(range(count)), rng)


def scattered(model: Model, alphabet: Sequence[ModelOperation], count: int, rng: random.Random) -> Problem:
    """A random problem: operations drawn from the alphabet, intervals of random length. Seldom linearizable."""
    classes = [rng.randrange(len(alphabet)) for _ in range(count)]
    begin = [rng.randrange(2 * count) for _ in classes]
    stop = [b + rng.randrange(1, 2 * count) for b in begin]
    order = sorted(range(count), key=lambda op: begin[op])
    observer = np.array([model.observes(op) for op in alphabet], np.bool_)
    end = [NEVER if alphabet[classes[op]].outcome == "info" else stop[op] for op in order]
    return problem(
        [classes[op] for op in order], np.array([begin[op] for op in order]), np.array(end), alphabet, observer
    )


def lived(model: Model, alphabet: Sequence[ModelOperation], count: int, rng: random.Random) -> Problem:
    """A random problem from an order of operations that the model allows, then spoilt a little with probability 1/2."""
    state, classes = model.initial, []
    for _ in range(count):
        possible = [(c, after) for c, op in enumerate(alphabet) if (after := model.step(state, op)) is not None]
        if not possible:
            break
        c, after = rng.choice(possible)
        if alphabet[c].outcome != "info" or rng.random() < 0.7:
            state = after
        classes.append(c)
    if classes and rng.random() < 0.5:
        classes[rng.randrange(len(classes))] = rng.randrange(len(alphabet))
    return _around_points(model, alphabet, classes, rng)


def in_turn(model: Model, alphabet: Sequence[ModelOperation], rng: random.Random) -> Problem:
    """A random problem of these operations, each once, which take effect in this order or overlap."""
    return _around_points(model, alphabet, list(range(len(alphabet))), rng)


def _around_points(model: Model, alphabet: Sequence[ModelOperation], classes: list[int], rng: random.Random) -> Problem:
    """Intervals around increasing points, of random length."""
    points = sorted(rng.randrange(4 * len(classes)) for _ in classes)
    width = rng.choice((2, 4, 8, 12))
    begin = [point - rng.randrange(width) for point in points]
    stop = [point + rng.randrange(1, width + 1) for point in points]
    order = sorted(range(len(classes)), key=lambda op: begin[op])
    observer = np.array([model.observes(op) for op in alphabet], np.bool_)
    end = [NEVER if alphabet[classes[op]].outcome == "info" else stop[op] for op in order]
    return problem(
        [classes[op] for op in order], np.array([begin[op] for op in order]), np.array(end), alphabet, observer
    )


def register_history(rng: random.Random, count: int) -> History:
    """A whole history of a CAS register: pending, failed and unknown operations, equal times, one or two keys.

    Every operation takes effect at a point inside its interval, or never; then one result may be spoilt.
    """
    values = rng.choice((2, 3))
    state: dict[int, Any] = {}
    points = sorted(rng.randrange(3 * count) for _ in range(count))
    width = rng.choice((1, 3, 6))
    keys = rng.choice((1, 1, 2))
    spoilt = rng.randrange(2 * count)
    events: list[tuple[int, int, Event]] = []
    for process, point in enumerate(points):
        key = rng.randrange(keys)
        f = rng.choice(("read", "write", "cas"))
        outcome = rng.choice(("ok", "ok", "ok", "ok", "info", "pending", "fail"))
        start, end = point - rng.randrange(width), point + rng.randrange(width)
        argument: Any = None
        if f == "write":
            argument = rng.randrange(values)
        elif f == "cas":
            argument = [rng.randrange(values), rng.randrange(values)]
        result, error = argument, None
        happens = outcome == "ok" or (outcome in ("info", "pending") and rng.random() < 0.5)
        now = state.get(key)
        if f == "read":
            result = now
        elif f == "write" and happens:
            state[key] = argument
        elif f == "cas" and happens:
            if now == argument[0]:
                state[key] = argument[1]
            elif outcome == "ok":
                outcome, error = "fail", rng.choice(("mismatch", "mismatch", "refused"))
        if process == spoilt and f == "read":
            result = rng.randrange(values)
        if process == spoilt and f == "cas" and outcome == "fail":
            outcome, error = "ok", None
        events.append((start + width, 0, Event(0, start + width, process, "invoke", f, key, argument)))
        if outcome != "pending":
            kind: EventType = outcome  # type: ignore[assignment]
            if outcome != "ok":
                result = argument
            events.append((end + width, 1, Event(0, end + width, process, kind, f, key, result, error)))
    events.sort(key=lambda entry: (entry[0], entry[1] if rng.random() < 0.7 else 0, entry[2].process))
    # A completion never stands before its own invocation, whatever the shuffling of equal times did.
    invoked: set[Any] = set()
    ordered: list[Event] = []
    waiting: list[Event] = []
    for _, _, event in events:
        (ordered if event.type == "invoke" or event.process in invoked else waiting).append(event)
        if event.type == "invoke":
            invoked.add(event.process)
            ordered += [late for late in waiting if late.process == event.process]
            waiting = [late for late in waiting if late.process != event.process]
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value, e.error) for index, e in enumerate(ordered)
    )


UNIQUE: dict[str, Callable[[Model, int, random.Random], Problem]] = {
    "cas-register": unambiguous,
    "kv": appended,
    "append-list": appended,
    "set": once,
    "fifo-queue": once,
    "unordered-queue": once,
    "stack": once,
    "priority-queue": once,
}
"""For the models that have monitors: random problems that these decide."""
