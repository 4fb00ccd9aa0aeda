"""Generated histories of every model, as its clients would make them: with few values, or with unique ones.

`calls` says when the operations take effect. They are played in that order on an object, so the histories are
linearizable. Containers get as many puts as takes, locks are released by who has them, lists are read one time in two.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from clew.checkers.models import Model, ModelOperation, find_model
from clew.histories import History
from tests.checkers.calls import Call, calls
from tests.checkers.generators import told

SMALL = 5
"""How many values there are if they are not unique."""


class Draw(NamedTuple):
    """What an operation is drawn from."""

    rng: random.Random
    fresh: Any
    """A value: the number of the operation, or one of few."""
    recent: Any
    """A value that some other operation may have used."""
    state: Any
    """The object as it is."""
    call: Call


def object_history(name: str, operations: int, processes: int, unique: bool, unknown: float, seed: int) -> History:
    """A linearizable history of a model. `unknown` is the share of unknown outcomes."""
    rng = random.Random(f"{name}/{operations}/{processes}/{unique}/{unknown}/{seed}")
    model, state, done = find_model(name), find_model(name).initial, list[tuple[Call, ModelOperation]]()
    for call in calls(rng, operations, processes, unknown, int):
        fresh: Any = call.number if unique else rng.randrange(SMALL)
        recent = max(0, call.number - 1 - rng.randrange(4 * processes)) if unique else rng.randrange(SMALL)
        f, argument = DRAWN[name](Draw(rng, fresh, recent, state, call))
        result, outcome = _answer(model, state, f, argument, rng)
        if outcome == "fail":
            continue
        op = ModelOperation(f, argument, None if call.lost else result, "info" if call.lost else outcome)
        if model.by_process:
            op = op._replace(process=call.process)
        after = model.step(state, op)
        if call.happens and after is not None and outcome != "mismatch":
            state = model.step(state, op._replace(result=result, outcome="ok"))
            state = after if state is None else state
        done.append((call, op))
    return told(done)


def _answer(model: Model, state: Any, f: str, argument: Any, rng: random.Random) -> tuple[Any, str]:
    """What the object answers, and whether that is "ok", "mismatch", or "fail": nothing happens."""
    match model.name, f:
        case (("register" | "cas-register" | "consensus"), "read"):
            return state[0], "ok"
        case "consensus", "propose":
            return argument if state[0] is None else state[0], "ok"
        case (("cas-register" | "versioned-register"), "cas"):
            if state[0] != argument[0]:
                return None, "mismatch"
            return argument if model.name == "cas-register" else [state[1] + 1, argument[1]], "ok"
        case "versioned-register", "read":
            return None if state[1] == 0 else [state[1], state[0]], "ok"
        case "versioned-register", "write":
            return [state[1] + 1, argument], "ok"
        case "cas-by-version", _:
            if f == "cas" and (state == () or state[0] != argument[0]):
                return None, "mismatch"
            if f == "delete":
                return None, "ok"
            after = (
                (state[0] + 1, argument[1]) if f == "cas" else (0, argument) if (f, state) == ("init", ()) else state
            )
            return list(after) or None, "ok"
        case "counter", _:
            return argument if f == "add" else state + (argument or 0), "ok"
        case "kv", "get":
            return state, "ok"
        case ("append-list", "read"):
            return list(state), "ok"
        case "set", "read":
            return sorted(state), "ok"
        case "set", _:
            there = argument in state
            return there if f == "contains" else (there == (f == "remove")) if rng.random() < 0.5 else argument, "ok"
        case "unordered-queue", "dequeue":
            content = [element for group in state for element in group]
            return rng.choice(content) if content else None, "ok"
        case (("fifo-queue" | "stack" | "priority-queue"), ("dequeue" | "pop" | "delete-min")):
            return (state[-1] if f == "pop" else state[0]) if state else None, "ok"
        case "mutex", _:
            return None, "ok" if (f == "acquire") is (state == model.initial) else "fail"
        case "multi-register", _:
            held = dict(state)
            if f == "read":
                return {name: held.get(name) for name in argument}, "ok"
            if f == "txn":
                return [[kind, name, held.get(name) if kind == "r" else v] for kind, name, v in argument], "ok"
            return argument, "ok"
        case "election", _:
            term, leader = state
            if f == "campaign":
                return [term + 1, rng.randrange(SMALL)], "ok"
            return None if term < 0 else [term, leader], "ok"
        case _:
            return argument, "ok"


def _container(put: str, take: str) -> Callable[[Draw], tuple[str, Any]]:
    return lambda draw: (put, draw.fresh) if draw.rng.random() < 0.5 else (take, None)


def _register(*fs: str) -> Callable[[Draw], tuple[str, Any]]:
    def draw(of: Draw) -> tuple[str, Any]:
        f = of.rng.choice(fs)
        old = of.state[0] if of.rng.random() < 0.5 and of.state[0] is not None else of.recent
        return f, None if f == "read" else of.fresh if f == "write" else [old, of.fresh]

    return draw


def _by_version(of: Draw) -> tuple[str, Any]:
    f = of.rng.choices(("init", "read", "cas", "delete"), (2, 6, 8, 1))[0]
    version = of.state[0] if of.state and of.rng.random() < 0.7 else of.rng.randrange(4)
    return f, None if f in ("read", "delete") else of.fresh if f == "init" else [version, of.fresh]


def _counter(of: Draw) -> tuple[str, Any]:
    f = of.rng.choice(("add", "add", "read", "add-and-get"))
    return f, None if f == "read" else of.fresh + 1 if of.rng.random() < 0.7 else -1 - of.fresh


def _kv(of: Draw) -> tuple[str, Any]:
    f = of.rng.choices(("get", "append", "put"), (10, 10, 1))[0]
    return f, None if f == "get" else f"{of.fresh}."


def _set(*fs: str) -> Callable[[Draw], tuple[str, Any]]:
    def draw(of: Draw) -> tuple[str, Any]:
        f = of.rng.choice(fs)
        return f, None if f == "read" else of.fresh if f == "add" else of.recent

    return draw


def _mutex(of: Draw) -> tuple[str, Any]:
    return ("release" if of.state == ("process", of.call.process) else "acquire"), None


def _several(of: Draw) -> tuple[str, Any]:
    names = of.rng.sample("xyz", of.rng.choice((1, 2)))
    f = of.rng.choice(("read", "write", "txn"))
    if f == "txn":
        return f, [["r", name, None] for name in names[:1]] + [["w", name, of.fresh] for name in names[1:]]
    return f, names if f == "read" else dict.fromkeys(names, of.fresh)


DRAWN: dict[str, Callable[[Draw], tuple[str, Any]]] = {
    "register": _register("read", "write"),
    "cas-register": _register("read", "write", "cas"),
    "versioned-register": _register("read", "write", "cas"),
    "cas-by-version": _by_version,
    "counter": _counter,
    "kv": _kv,
    "set": _set("add", "remove", "contains", "read"),
    "append-list": lambda of: ("append", of.fresh) if of.rng.random() < 0.5 else ("read", None),
    "fifo-queue": _container("enqueue", "dequeue"),
    "unordered-queue": _container("enqueue", "dequeue"),
    "stack": _container("push", "pop"),
    "priority-queue": _container("insert", "delete-min"),
    "mutex": _mutex,
    "multi-register": _several,
    "consensus": lambda of: ("propose", of.fresh) if of.rng.random() < 0.5 else ("read", None),
    "election": lambda of: (of.rng.choice(("campaign", "read", "read")), None),
}
"""For each model how an operation is drawn: its function and its argument."""
