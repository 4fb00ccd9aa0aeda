"""Random histories in which some operations fail, and some of those take effect nevertheless."""

from __future__ import annotations

import random
from collections.abc import Sequence

from clew.checkers.models import Model, ModelOperation
from clew.histories import Event, EventType, History


def history(
    model: Model, alphabet: Sequence[ModelOperation], count: int, rng: random.Random, *, lying: float
) -> History:
    """A history of one key, each operation by a process of its own.

    Operations take effect at points inside their intervals. One of five that change the state fails, with an error or
    without one, and takes effect nevertheless with the probability `lying`. In one history of four, one operation is
    exchanged for any other at last.
    """
    state, story = model.initial, list[tuple[ModelOperation, EventType, str | None]]()
    for _ in range(count):
        possible = [(op, after) for op in alphabet if (after := model.step(state, op)) is not None]
        if not possible:
            break
        op, after = rng.choice(possible)
        if not model.observes(op) and rng.random() < 0.2:
            story.append((op, "fail", rng.choice(("refused", None))))
            state = after if rng.random() < lying else state
            continue
        story.append(_as_it_was(op))
        state = after if op.outcome != "info" or rng.random() < 0.7 else state
    if story and rng.random() < 0.25:
        story[rng.randrange(len(story))] = _as_it_was(rng.choice(alphabet))
    width = rng.choice((1, 3, 6, 12))
    events: list[tuple[int, int, Event]] = []
    for process, (op, kind, error) in enumerate(story):
        point = 4 * process + rng.randrange(4)
        start, end = 20 + point - rng.randrange(width), 20 + point + rng.randrange(1, width + 1)
        events.append((start, 0, Event(0, start, process, "invoke", op.f, None, op.argument)))
        value = op.result if kind == "ok" else op.argument
        events.append((end, 1, Event(0, end, process, kind, op.f, None, value, error)))
    events.sort(key=lambda entry: entry[:2])
    return History.of(
        Event(index, e.time, e.process, e.type, e.f, e.key, e.value, e.error) for index, (_, _, e) in enumerate(events)
    )


def _as_it_was(op: ModelOperation) -> tuple[ModelOperation, EventType, str | None]:
    if op.outcome == "mismatch":
        return op, "fail", "mismatch"
    return op, "ok" if op.outcome == "ok" else "info", None
