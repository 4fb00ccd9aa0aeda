"""Operations in plain words: "client 1 read 3", "client 2 perhaps wrote 4"."""

from __future__ import annotations

from clew.checkers.evidence.sentences.past import Past, text
from clew.checkers.models.model import INFO, MISMATCH, ModelOperation
from clew.checkers.models.register import CasByVersion

_PAST = {
    "write": "wrote", "put": "put", "append": "appended", "add": "added", "remove": "removed", "enqueue": "enqueued",
    "push": "pushed", "insert": "inserted", "acquire": "acquired the lock", "release": "released the lock",
    "delete": "deleted the value", "propose": "proposed", "init": "initialized the register to",
}  # fmt: skip
"""Functions whose result says no more than that they happened."""
_TAKING = {"read": "read", "get": "got", "dequeue": "dequeued", "pop": "popped", "delete-min": "took"}
"""Functions whose result is what matters."""


def phrase(past: Past, op: int) -> str:
    """An operation with its client."""
    return f"{past.client(op)} {did(past.operation(op), by_version=isinstance(past.model, CasByVersion))}"


def did(op: ModelOperation, *, by_version: bool = False) -> str:
    """What an operation did, in the past tense; "perhaps" if its outcome is unknown.

    `by_version` is True if a cas expects a version, and not a value.
    """
    if op.f == "cas":
        old, new = (text(value) for value in op.argument)
        if op.outcome == MISMATCH:
            return f"found another {'version' if by_version else 'value'} than {old}"
        swapped = f"swapped version {old} for the value {new}" if by_version else f"swapped {old} to {new}"
        return f"{'perhaps ' if op.outcome == INFO else ''}{swapped}"
    argument = "" if op.argument is None else f" {text(op.argument)}"
    if op.f == "add-and-get":
        return f"perhaps added{argument}" if op.outcome == INFO else f"added{argument} and got {text(op.result)}"
    if op.outcome == INFO:
        return f"perhaps {_PAST.get(op.f, _TAKING.get(op.f, f'did {op.f}'))}{argument}"
    if op.f in _TAKING:
        return f"{_TAKING[op.f]} {text(op.result)}"
    if op.f in _PAST:
        told = "" if op.result is None or op.result == op.argument else f" and was told {text(op.result)}"
        return f"{_PAST[op.f]}{argument}{told}"
    return f"did {op.f}{argument} and was told {text(op.result)}"
