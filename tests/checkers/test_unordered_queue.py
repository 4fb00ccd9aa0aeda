"""What may be left in an unordered queue, said in little space, is held against all possible contents one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clew.checkers import check, verify_witness
from clew.checkers.models import ModelOperation, find_model
from clew.histories import Event, History

QUEUE = find_model("unordered-queue")
ALPHABET = (
    *(ModelOperation("enqueue", element, element, "ok") for element in (0, 1)),
    *(ModelOperation("dequeue", None, element, "ok") for element in (0, 1, None)),
    ModelOperation("dequeue", None, None, "info"),
)
Contents = frozenset[tuple[int, ...]]


def contents_after(contents: Contents, op: ModelOperation) -> Contents:
    """Every possible content after an operation, each with its elements in order. Empty if it is impossible."""
    after = set()
    for content in contents:
        if op.f == "enqueue":
            after.add(tuple(sorted((*content, op.argument))))
        elif op.outcome == "info" or op.result is not None:
            places = [place for place, one in enumerate(content) if op.outcome == "info" or one == op.result]
            after |= {(*content[:place], *content[place + 1 :]) for place in places}
        elif not content:
            after.add(content)
    return frozenset(after)


def walks(state: Any, contents: Contents, steps: int) -> Iterator[tuple[Any, Contents]]:
    """The state and the contents after every sequence of up to so many operations. Both, or neither, are possible."""
    yield state, contents
    for op in ALPHABET if steps else ():
        after, possible = QUEUE.step(state, op), contents_after(contents, op)
        assert (after is not None) == bool(possible), (state, op)
        if possible:
            yield from walks(after, possible, steps - 1)


def test_a_state_accepts_what_one_of_all_possible_contents_accepts() -> None:
    seen = dict[Any, Contents]()
    for state, contents in walks(QUEUE.initial, frozenset({()}), 6):
        # One state never stands for two sets of contents.
        assert seen.setdefault(state, contents) == contents
    assert len(seen) > 50


def test_many_dequeues_of_unknown_outcome_are_replayed_at_once() -> None:
    """30 of 60 elements may be gone: 10^17 contents."""
    said = [(kind, "enqueue", element) for element in range(60) for kind in ("invoke", "ok")]
    said += [(kind, "dequeue", None) for _ in range(30) for kind in ("invoke", "info")]
    said += [(kind, "dequeue", element) for element in range(0, 60, 2) for kind in ("invoke", "ok")]
    said += [(kind, "dequeue", None) for kind in ("invoke", "ok")]
    events, process = [], 0
    for index, (kind, f, value) in enumerate(said):
        events.append(
            Event(index, index, process, kind, f, None, None if kind == "invoke" and f == "dequeue" else value)
        )
        process += kind == "info"
    history = History.of(events)
    verdict = check(history, QUEUE)
    assert verdict.verdict == "valid"
    verify_witness(history, QUEUE, verdict)
