"""Sentences about sets. An element of a set is a cell: it is there or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clew.checkers.encoding import NEVER
from clew.checkers.evidence.sentences.cells import (
    Cell,
    Finding,
    NeverThere,
    Overwritten,
    TakenTooOften,
    cell_of,
    findings,
)
from clew.checkers.evidence.sentences.past import Past, Said, a, text, upper
from clew.checkers.models.model import ADD, CONTAINS, OK, READ, SWAP, WRITE, Access, ModelOperation
from clew.histories.frozen import Interned, freeze, thaw
from clew.histories.text import times


def said_of_sets(past: Past) -> Iterator[Said]:
    """What happened to the elements of a set: those that operations of the core name, or that a read should have."""
    accesses = [past.model.set_access(op) for op in past.problem.classes]
    if any(access is None for access in accesses):
        return
    for op in past.core:
        operation, access = past.operation(op), accesses[past.problem.cls[op]]
        if operation.outcome == OK and access is not None and access[0] == READ and access[1] is None:
            twice = _twice(operation.result)
            yield Said(f"{upper(a(operation.f))} of the set returned {text(twice)} twice", (op,))
    named = Interned()
    for op in past.core:
        access = accesses[past.problem.cls[op]]
        if access is not None and access[1] is not None:
            for one in access[1] if access[0] == READ else (access[1],):
                named.code(thaw(one))
    # What all reads of the core have is least likely to be wrong, and a set may be large.
    reads = [access[1] for access in (accesses[past.problem.cls[op]] for op in past.core) if access is not None
             and access[0] == READ and access[1] is not None]  # fmt: skip
    for element in sorted(named.objects, key=lambda one: all(freeze(one) in read for read in reads)):
        frozen = freeze(element)
        cell = cell_of(past, [_on(access, frozen, op) for access, op in zip(accesses, past.problem.classes, strict=True)
                              if access is not None], False)  # fmt: skip
        for finding in findings(cell, past.core):
            said = _said(past, cell, text(element), finding)
            if said is not None:
                yield said
        # The first element is looked at however late it is.
        past.look(len(accesses))


def _on(access: Access, element: Any, op: ModelOperation) -> Access | None:
    """What an operation does to the presence of one element."""
    name, what, answer = access
    if name == READ:
        return None if what is None or op.outcome != OK else (READ, element in what, None)
    if what != element:
        return None
    if name == CONTAINS:
        return (READ, answer, None) if op.outcome == OK else None
    there = name == ADD
    if answer is None:
        return (WRITE, there, None)
    # It says whether it changed the set. If it did, the element was there before or not, and now it is the opposite.
    return (SWAP, not there, there) if answer else (READ, there, None)


def _said(past: Past, cell: Cell, element: str, finding: Finding) -> Said | None:
    there = cell.values.find(True)
    match finding:
        case NeverThere(read):
            who = _failed(past, read, "add", element)
            return Said(
                f"{_found(past, read, element, True)}, but {who or 'nobody had added it'}", (read,), needs_all=True
            )
        case Overwritten(read, by) if cell.found[read] != there:
            lost = _failed(past, read, "remove", element) or "nobody removed it since"
            if cell.sets[by] < 0:
                # A remove that says it removed nothing is none of those who removed it, but counts if it is let go.
                words = f"{_found(past, read, element, False)}, though it had been seen there and {lost}"
                return Said(words, (by, read), needs_all=True)
            f = past.operation(read).f
            words = f"The acknowledged add of {element} is gone: a later {f} "
            words += f"{'misses' if f == 'read' else 'did not find'} it"
            if ((cell.found == there) & (past.ret > past.call[read]) & (past.ret != NEVER)).any():
                # It is still there: this operation only saw what was old.
                words = f"{_found(past, read, element, False)} after its add was acknowledged"
            return Said(f"{words}, and {lost}", (by, read), needs_all=True)
        case Overwritten(read, by):
            removed = "its removal was acknowledged" if cell.sets[by] >= 0 else "it had been seen to be missing"
            back = _failed(past, read, "add", element) or "nobody added it again"
            return Said(f"{_found(past, read, element, True)} after {removed}, and {back}", (by, read), needs_all=True)
        case TakenTooOften(takers, arrivals):
            # The set begins without the element: the first time that it is added uses up no removal.
            done, undone = (
                ("removed from", "added") if cell.found[takers[0]] == there else ("newly added to", "removed")
            )
            count = arrivals - (cell.found[takers[0]] != there)
            return Said(
                f"{element} was {done} the set {times(len(takers))}, but {undone} {times(count)}",
                takers,
                needs_all=True,
            )
    return None


def _found(past: Past, op: int, element: str, there: bool) -> str:
    """What an operation says about an element: `A read has 1`, `An add found 1`."""
    f = past.operation(op).f
    verb = ("has" if there else "misses") if f == "read" else ("found" if there else "did not find")
    return upper(f"{a(f)} {verb} {element}")


def _failed(past: Past, read: int, f: str, element: str) -> str:
    """What to suspect if operations on the element failed, such as `only an add of it that failed can explain that`.

    Empty if none did.
    """
    failed = sum(op.f == f and text(op.argument) == element for op in past.failed(read))
    if not failed:
        return ""
    return f"only {a(f) if failed == 1 else f'{f}s'} of it that failed can explain that"


def _twice(result: Any) -> Any:
    seen = set()
    for one in result:
        if freeze(one) in seen:
            return one
        seen.add(freeze(one))
    raise AssertionError("a set that cannot be read has an element twice")
