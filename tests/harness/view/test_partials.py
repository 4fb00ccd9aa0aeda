"""How far a history can be explained with an operation: against a search of every order, on small random histories."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clew.checkers.encoding import NEVER, Problem, encode
from clew.checkers.models import find_model
from clew.checkers.models.model import Model
from clew.harness.store.record import read_record
from clew.harness.view.report.gather import gather
from tests.harness.shown import history_file


def history(seed: int) -> list[tuple[Any, ...]]:
    """A random history of a few clients of one register, most of them with answers that no order explains."""
    draw = random.Random(seed)
    events: list[tuple[Any, ...]] = []
    open_calls: dict[int, tuple[str, Any]] = {}
    processes = list(range(4))
    for ms in range(14):
        process = draw.choice(processes)
        if process not in open_calls:
            f = draw.choice(("read", "write", "cas"))
            value = {"read": None, "write": draw.randrange(3), "cas": [draw.randrange(3), draw.randrange(3)]}[f]
            events.append((ms, process, "invoke", f, "x", value))
            open_calls[process] = (f, value)
            continue
        f, value = open_calls.pop(process)
        if draw.random() < 0.15:
            events.append((ms, process, "info", f, "x", value))
            processes[processes.index(process)] += 4
        else:
            events.append((ms, process, "ok", f, "x", draw.randrange(3) if f == "read" else value))
    return events


def reachable(
    problem: Problem, model: Model, position: int, done: frozenset[int], state: Any
) -> Iterator[frozenset[int]]:
    """All sets of operations that can have taken effect before a position, in some order that the answers allow."""
    yield done
    others = [op for op in range(len(problem)) if op not in done and problem.call[op] < position]
    first = min((int(problem.ret[op]) for op in others), default=NEVER)
    for op in others:
        if problem.call[op] > first:
            continue  # another one was over before this one began
        after = model.step(state, problem.classes[problem.cls[op]])
        if after is not None:
            yield from reachable(problem, model, position, done | {op}, after)


def longest(problem: Problem, model: Model, op: int, stuck: int) -> int | None:
    """The number of the operation at whose return no order with `op` is left; None if there is no such order."""
    for position in range(stuck, int(problem.call[op]), -1):
        if not problem.event_return[position]:
            continue
        over = {other for other in range(len(problem)) if problem.ret[other] < position}
        if any(over | {op} <= done for done in reachable(problem, model, position, frozenset(), model.initial)):
            return int(problem.number[problem.event_op[position]])
    return None


@pytest.mark.parametrize("part", [0, 1, *(pytest.param(part, marks=pytest.mark.long) for part in (2, 3))])
def test_no_longer_beginning_can_be_explained_with_an_operation(tmp_path: Path, part: int) -> None:
    model = find_model("cas-register")
    compared = 0
    for seed in range(part * 60, part * 60 + 60):
        run = read_record(history_file(tmp_path / "h.jsonl", history(seed), model="cas-register"))
        (key,) = gather(run).keys
        if key.verdict != "invalid":
            continue
        (problem,) = encode(run.history, model)
        place = {number: op for op, number in enumerate(problem.number.tolist())}
        assert key.stuck is not None
        stuck = int(problem.ret[place[key.stuck]])
        open_then = {
            number
            for number, op in place.items()
            if problem.call[op] < stuck <= problem.ret[op] and number not in key.points["number"]
        }
        assert {partial.number for partial in key.partials} == open_then, seed
        for partial in key.partials:
            assert partial.stops == longest(problem, model, place[partial.number], stuck), (seed, partial)
            order = partial.points["number"]
            assert (partial.number in order) == (partial.stops is not None)
            compared += 1
    assert compared > 30
