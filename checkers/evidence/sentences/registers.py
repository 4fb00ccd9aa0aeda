"""Sentences about registers: one, one with versions, or several that are read and written at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from clew.checkers.evidence.sentences.cells import (
    BothOrders,
    CameBack,
    Cell,
    Finding,
    MissedInside,
    MissedLatest,
    NeverThere,
    Overwritten,
    SwappedLate,
    TakenAway,
    TakenTooOften,
    cell_of,
    findings,
)
from clew.checkers.evidence.sentences.past import Past, Said, a, listed, same, text, upper
from clew.checkers.models.model import INFO, MISMATCH, READ, SWAP, WRITE, Access, ModelOperation
from clew.histories.frozen import thaw
from clew.histories.text import times


def said_of_registers(past: Past) -> Iterator[Said]:
    """What happened to the registers that a model is made of; see `Model.cell_accesses`."""
    of_class = [past.model.cell_accesses(op) for op in past.problem.classes]
    if any(accesses is None for accesses in of_class):
        return
    touched = [accesses or {} for accesses in of_class]
    let_go = [ModelOperation(op.f, op.argument, None, INFO, op.process) for op in past.problem.classes]
    whatever = [past.model.cell_accesses(op) or {} for op in let_go]
    names = dict.fromkeys(name for op in past.core for name in touched[past.problem.cls[op]])
    for name in names:
        writes = {cls for cls, accesses in enumerate(whatever) if accesses.get(name, (None,))[0] == WRITE}
        accesses = [accesses.get(name) for accesses in touched]
        cell = cell_of(past, accesses, past.model.register_initial, writes)
        words = _Words(past, cell, name)
        for finding in findings(cell, past.core):
            yield words.said(finding)


_FEW = 3
"""Writers of a value that a sentence speaks of, if nothing is known from before."""


class _Words:
    """How to speak of one register. `name` is None if there is only one."""

    def __init__(self, past: Past, cell: Cell, name: Any) -> None:
        self.past, self.cell = past, cell
        self.prefix = "" if name is None else f"{thaw(name)} = "
        self.name = name
        self.unset = past.model.register_initial

    def value(self, code: int) -> str:
        """A value by its number: `1`, `nothing`, or `x = 1`."""
        value = self.cell.values[code]
        if same(value, self.unset):
            return f"nothing for {self.name}" if self.prefix else "nothing"
        return self.prefix + text(value)

    def found(self, op: int) -> str:
        """`A read returned 1`, `A swap from 1 to 2 succeeded`."""
        f, value = self.past.operation(op).f, self.value(int(self.cell.found[op]))
        if f == "cas":
            sets = self.cell.sets[op] if self.cell.sets[op] >= 0 else self.cell.found[op]
            return f"A swap from {value} to {self.value(int(sets))} succeeded"
        return f"{upper(a(f))} returned {value}"

    def did(self, op: int, read: int) -> str:
        """What came before `read`, after "after": `2 was acknowledged`, `another read had returned 2`."""
        f = self.past.operation(op).f
        value = self.value(self.cell.value(op))
        if f == "delete":
            return "a delete was acknowledged"
        if self.cell.sets[op] < 0:
            other = "another" if f == self.past.operation(read).f else a(f).partition(" ")[0]
            return f"a swap from {value} to itself" if f == "cas" else f"{other} {f} had returned {value}"
        return f"a swap to {value} was acknowledged" if f == "cas" else f"{value} was acknowledged"

    def failed(self, op: int) -> list[str]:
        """The functions of failed operations that set what `op` found, if they took effect; "" for one that may have
        set anything."""
        value, found = self.cell.values[int(self.cell.found[op])], []
        for other in self.past.failed(op):
            accesses = self.past.model.cell_accesses(other)
            access = None if accesses is None else accesses.get(self.name)
            if accesses is None:
                found.append("")
            elif access is not None and (
                (access[0] == WRITE and same(access[1], value)) or (access[0] == SWAP and same(access[2], value))
            ):
                found.append("swap" if other.f == "cas" else other.f)
        return found

    def missed(self, op: int) -> int:
        """How many swaps to what `op` found had been called by then, and found another value than they expected."""
        value, missed = self.cell.values[int(self.cell.found[op])], list[int]()
        for number, did in enumerate(self.past.problem.classes):
            if did.outcome == MISMATCH:
                accesses = self.past.model.cell_accesses(did._replace(outcome=INFO)) or {}
                access = accesses.get(self.name)
                if access is not None and access[0] == SWAP and same(access[2], value):
                    missed.append(number)
        return int((np.isin(self.past.problem.cls, missed) & self.past.begun(op)).sum())

    def said(self, finding: Finding) -> Said:
        """A finding in words."""
        match finding:
            case NeverThere(read):
                return Said(self._never_there(read), (read,))
            case Overwritten(read, by):
                words = f"{self.found(read)} after {self.did(by, read)}"
                failed = self.failed(read)
                value = self.value(int(self.cell.found[read]))
                if failed:
                    words += f", though no {_setting(failed)} {value} but one that failed can have come later"
                elif self.cell.sets[by] < 0:
                    words += self._not_again(int(self.cell.found[read]))
                return Said(words, (by, read))
            case SwappedLate(read, swap, by):
                old, new = self.value(int(self.cell.found[swap])), self.value(int(self.cell.sets[swap]))
                words = f"{self.found(read)}, but only a swap from {old} can have set {new}"
                return Said(f"{words}, and that began after {self.did(by, swap)}", (by, swap, read))
            case TakenTooOften(takers, arrivals):
                return Said(self._taken_too_often(list(takers), arrivals), takers)
            case TakenAway(read, by):
                value = self.value(int(self.cell.found[read]))
                words = f"{self.found(read)} after {value} was swapped to {self.value(int(self.cell.sets[by]))}"
                return Said(f"{words}, and nothing set it to {value} again", (by, read))
            case CameBack(first, second, third, int(since)):
                before, one, two = (self.value(self.cell.value(op)) for op in (since, first, second))
                words = (
                    f"The value was {before}, then {one}, then {two}, then {one} again, but {one} was written only once"
                )
                return Said(f"{words} since it was {before}", (since, first, second, third))
            case CameBack(first, second, third, None):
                one, two = (self.value(self.cell.value(op)) for op in (first, second))
                return Said(f"The value was {one}, then {two}, then {one} again, but {one} was written only once",
                            (first, second, third))  # fmt: skip
            case BothOrders(a_first, b_later, b_first, a_later):
                one, two = (self.value(self.cell.value(op)) for op in (a_first, b_later))
                return Said(f"{one} was seen before {two} and {two} before {one}, but each was written only once",
                            (a_first, b_later, b_first, a_later))  # fmt: skip
            case MissedInside(first, miss, last):
                value = self.value(int(self.cell.misses[miss]))
                return Said(f"A swap from {value} found another value, but the value was {value} before it and after "
                            f"it, and was written only once", (first, miss, last))  # fmt: skip
            case MissedLatest(miss, None):
                return Said(f"A swap from {self.value(int(self.cell.misses[miss]))} found another value, but nothing "
                            "else had been written", (miss,))  # fmt: skip
            case MissedLatest(miss, int(first)):
                return Said(f"A swap from {self.value(int(self.cell.misses[miss]))} found another value after "
                            f"{self.did(first, miss)}, and nothing else can have been written in between",
                            (first, miss))  # fmt: skip
        raise AssertionError(finding)

    def _not_again(self, code: int) -> str:
        """That nothing brought a value back after another one was seen: two reads alone do not tell it."""
        if not same(self.cell.values[code], self.unset):
            return f", and nobody wrote {self.value(code)} in between"
        return ", and nobody deleted it in between" if "delete" in self.past.model.functions else ""

    def _never_there(self, read: int) -> str:
        value, failed = self.value(int(self.cell.found[read])), self.failed(read)
        missed = 0 if failed else self.missed(read)
        if missed:
            which = "the only swap" if missed == 1 else "every swap"
            return f"{self.found(read)}, but {which} to {value} by then found another value than it expected"
        if not failed and self.past.operation(read).f == "cas":
            return f"{self.found(read)}, but nobody had written {value}"
        if not failed:
            return f"{self.found(read)}, which nobody had written"
        if "" in failed:
            return f"{self.found(read)}, but only an operation that failed can have written {value}"
        return (
            f"{self.found(read)}, but every {_setting(failed)} {value} failed"
            if len(failed) > 1
            else (f"{self.found(read)}, but the only {_setting(failed)} {value} failed")
        )

    def _taken_too_often(self, takers: list[int], arrivals: int) -> str:
        value = int(self.cell.found[takers[0]])
        shown = "the unset value" if same(self.cell.values[value], self.unset) else self.value(value)
        new = [self.value(int(self.cell.sets[op])) for op in takers]
        if arrivals == 1 and len(takers) == 2:
            to = f" to {new[0]}" if new[0] == new[1] else f": one to {new[0]}, one to {new[1]}"
            if not self.past.alike(*takers):
                return f"Two clients both swapped {shown}{to}"
            return f"One client swapped {shown} twice{to}, but it was written only once"
        return f"{len(takers)} swaps from {shown} succeeded, to {listed(new)}, but it was there only {times(arrivals)}"


def _setting(functions: list[str]) -> str:
    """`write of`, `swap to`, `write or swap to`: what failed operations did."""
    if "" in functions:
        return "change to"
    kinds = list(dict.fromkeys(functions))
    return f"{listed(kinds, 'or')} {'to' if kinds[-1] == 'swap' else 'of'}"


def said_of_versions(past: Past) -> Iterator[Said]:
    """What happened to a register that returns a version with its value. A version grows with every change.

    So a version stands for one value, and for one change; and it never goes back.
    """
    told = []
    for op in past.core:
        version = past.model.version(past.operation(op)) if past.acknowledged(op) else None
        if version is not None:
            told.append((op, *version))
    for op, number, value in told:
        operation = past.operation(op)
        new = operation.argument[1] if operation.f == "cas" else operation.argument
        if operation.f != "read" and not same(new, value):
            yield Said(f"{upper(a(operation.f))} of {text(new)} returned the value {text(value)}", (op,))
        if number < 0 or (number == 0 and (operation.f != "read" or value is not None)):
            yield Said(f"{upper(a(operation.f))} returned version {number}, which only the unset value has", (op,))
    changed = [
        op
        for op in range(len(past.call))
        if past.acknowledged(op) and not past.model.observes(past.operation(op)) and past.operation(op).f != "read"
    ]
    for op, number, _ in told:
        own = past.operation(op).f != "read"
        over = sorted((other for other in changed if past.before(other, op)), key=lambda other: past.ret[other])
        enough = number - own + 1
        if 0 < enough <= len(over):
            changes = f"{enough} changes were" if enough > 1 else "a change was"
            more = "at least " if enough < len(over) else ""
            words = f"{_told(past, op, number)}, but {more}{changes} acknowledged before it"
            yield Said(words, (*over[-enough:], op))
    for op, number, value in told:
        if past.operation(op).f == "read" and number > 0:
            yield from _nobodys_version(past, op, number, value, told)
    for one, number, value in told:
        for other, later, content in told:
            if one < other and number == later and not same(value, content):
                yield Said(f"Version {number} had two values: {text(value)} and {text(content)}", (one, other))
            if one < other and number == later and "read" not in (past.operation(one).f, past.operation(other).f):
                yield Said(f"Two changes both got version {number}", (one, other))
            if past.before(one, other) and later < number:
                yield Said(f"{_told(past, other, later)} after version {number} was acknowledged", (one, other))
            if past.before(one, other) and later == number and past.operation(other).f != "read":
                yield Said(f"{_told(past, other, later)}, which was there before it", (one, other))


def _nobodys_version(
    past: Past, read: int, number: int, value: Any, told: list[tuple[int, int, Any]]
) -> Iterator[Said]:
    """A read of a value at a version that nobody who set the value can have got.

    Whoever set it did so after every lower version that was acknowledged before the read was called, because versions
    never fall. All who can have done that told another version.
    """
    earlier = [(one, version) for one, version, _ in told if version < number and past.before(one, read)]
    one, version = max(earlier, key=lambda lower: past.call[lower[0]], default=(None, 0))
    since = past.begun(read) if one is None else past.begun(read) & (past.ret > past.call[one])
    setters = []
    for op in np.flatnonzero(since).tolist():
        access = (past.model.cell_accesses(past.operation(op)) or {}).get(None)
        if op in (one, read) or access is None or access[0] not in (WRITE, SWAP) or not same(_new(access), value):
            continue
        got = past.model.version(past.operation(op)) if past.acknowledged(op) else None
        if got is None or got[0] == number:
            return
        setters.append(op)
    if one is None and not 0 < len(setters) <= _FEW:
        return  # Without any the register's own sentences say more, and many are more than one can look at.
    words = f"A read returned {text(value)} at version {number}"
    if one is not None:
        words += f" after version {version} was acknowledged" if version else " after another read had found nothing"
    who = f"everybody who wrote {text(value)} in between got another version"
    if one is None:
        who = f"everybody who had written {text(value)} got another version"
    elif not setters:
        who = f"nobody wrote {text(value)} in between"
    yield Said(f"{words}, {'but' if one is None else 'and'} {who}", (*([] if one is None else [one]), *setters, read))


def _told(past: Past, op: int, version: int) -> str:
    return f"{upper(a(past.operation(op).f))} returned version {version}"


def said_of_halves(past: Past) -> Iterator[Said]:
    """A read that saw one part of a write to several registers, and not the other.

    Only one operation sets x to what the read found there. It sets y too, and every operation that sets y to what the
    read found there had returned before it was called. So when x was set, y was overwritten.
    """
    accesses = [past.model.cell_accesses(op) for op in past.problem.classes]
    if any(one is None for one in accesses):
        return
    touched = [accesses[cls] or {} for cls in past.problem.cls.tolist()]
    for read in past.core:
        seen = {name: access[1] for name, access in touched[read].items() if access[0] in (READ, SWAP)}
        if not past.acknowledged(read) or len(seen) < 2:
            continue
        for x, value in seen.items():
            setters = [op for op, did in enumerate(touched) if op != read and past.call[op] < past.ret[read]
                       and same(_new(did.get(x)), value)]  # fmt: skip
            if value is None or len(setters) != 1:
                continue
            (write,) = setters
            for y, other in seen.items():
                if y == x or y not in touched[write] or touched[write][y][0] == READ:
                    continue
                new = _new(touched[write][y])
                if same(new, other) or any(
                    op not in (read, write) and same(_new(did.get(y)), other) and y in did and did[y][0] != READ
                    and not (x in did and did[x][0] != READ)
                    and past.ret[op] > past.call[write] and past.call[op] < past.ret[read]
                    for op, did in enumerate(touched)
                ):  # fmt: skip
                    continue
                yield Said(f"{upper(a(past.operation(read).f))} saw half of a write: {thaw(x)} = {text(value)}, but "
                           f"{thaw(y)} = {text(other)} and not {text(new)}", (read, write))  # fmt: skip


def _new(access: Access | None) -> Any:
    """The value that an access sets; None if it sets none, which no read is looked up for."""
    if access is None or access[0] not in (WRITE, SWAP):
        return None
    return access[1] if access[0] == WRITE else access[2]
