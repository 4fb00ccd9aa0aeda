"""Sets fall apart by element: each element is decided alone, as a register that holds "absent" or "present".

    add v                    a write of "present"
    add v -> true            a compare-and-set from "absent" to "present"
    add v -> false           a read of "present"; likewise `remove`
    contains v               a read

As long as no operation reads the whole set, the elements are objects of their own. A history of several objects is
linearizable if and only if each of them is (Herlihy & Wing, "Linearizability", TOPLAS 12(3), 1990, theorem 1). Elements
may be added any number of times. An operation of unknown outcome belongs to one element, too: it may take effect in the
history of that element or not.

*One order from many.* In the order of an element let every operation take effect where the latest call of itself and
of all before it stands: its gap. The gap lies between its call and its return, because no operation of an order returns
before one in front of it is called. Gaps never fall along an order. So all operations of all elements, sorted by their
gaps, are in an order that respects time, and those of an element stay in their order.

*A beginning.* By the same theorem a beginning of the history can be explained if and only if that of every element can.
So the first return that no order explains is the first one of any element. Those with gaps before it explain all that
returned by then: of each element they are a beginning of its order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.forms import READS, SWAPS, WRITES, Ints, RegisterForm
from clew.checkers.models.model import ADD, CONTAINS, READ, Model

_ABSENT, _PRESENT = 0, 1


def forms_by_element(problem: Problem, model: Model) -> list[tuple[Ints, RegisterForm]] | None:
    """For each element its operations (indices) and their form. O(n log n)

    None if an operation is none of one element.
    """
    element: dict[object, int] = {}
    of_class, kinds, needs, sets = [], [], [], []
    for op in problem.classes:
        access = model.set_access(op)
        if access is None or access[0] == READ:
            return None
        name, what, answer = access
        of_class.append(element.setdefault(what, len(element)))
        # What it sets if it changes the set, and what it finds then.
        after = _PRESENT if name == ADD else _ABSENT
        kind, need, new = WRITES, -1, after
        if name == CONTAINS:
            kind, need, new = READS, _PRESENT if answer else _ABSENT, -1
        elif answer is True:
            kind, need = SWAPS, 1 - after
        elif answer is False:
            kind, need, new = READS, after, -1
        kinds.append(kind)
        needs.append(need)
        sets.append(new)
    cls = problem.cls
    by_element = np.array(of_class, np.int64)[cls]
    order = np.argsort(by_element, kind="stable")
    borders = np.flatnonzero(np.diff(by_element[order])) + 1
    kind_of, needs_of, sets_of = np.array(kinds, np.int8), np.array(needs, np.int64), np.array(sets, np.int64)
    found = []
    for ops in np.split(order, borders):
        keep = np.zeros(len(problem), np.bool_)
        keep[ops] = True
        part = problem.only(keep)
        used, local = np.unique(part.cls, return_inverse=True)
        part = replace(
            part,
            cls=local.astype(np.int32),
            classes=tuple(problem.classes[number] for number in used),
            observer=problem.observer[used],
        )
        found.append((ops, RegisterForm(part, kind_of[cls[ops]], needs_of[cls[ops]], sets_of[cls[ops]], _ABSENT, 2)))
    return found


def decide(
    problem: Problem, parts: list[tuple[Ints, RegisterForm]], decide_one: Callable[[RegisterForm], Decision]
) -> Decision:
    """Decide a problem whose elements are `parts`; `decide_one` decides one of them."""
    decisions = [decide_one(form) for _, form in parts]
    until = len(problem.event_op)
    for (ops, form), decision in zip(parts, decisions, strict=True):
        if decision.stuck is not None:
            until = min(until, int(problem.ret[ops[form.problem.event_op[decision.stuck]]]))
    order: list[Ints] = [np.empty(0, np.int64)]
    gaps: list[Ints] = [np.empty(0, np.int64)]
    for (ops, _), decision in zip(parts, decisions, strict=True):
        placed = ops[decision.order]
        order.append(placed)
        gaps.append(np.maximum.accumulate(problem.call[placed]))
    gap = np.concatenate(gaps)
    by_gap = np.argsort(gap, kind="stable")
    whole = np.concatenate(order)[by_gap[gap[by_gap] < until]].tolist()
    unknown = [decision for decision in decisions if decision.answer == "unknown"]
    if until < len(problem.event_op):
        first = not unknown and all(decision.stuck_is_first for decision in decisions)
        return Decision("invalid", order=whole, stuck=until, engine="elements", stuck_is_first=first)
    if unknown:
        return Decision("unknown", why=unknown[0].why, engine="elements")
    return Decision("valid", order=whole, engine="elements")
