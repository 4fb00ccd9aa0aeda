"""Sets of stacks, as decision diagrams: what lies below is shared by all stacks that agree on it.

    { a c d, b c d, b e }     a -- c -- d        A node has a symbol, the set of what may lie below it, and
                              |   /              the other stacks of its set, whose symbols are greater.
                              b -+               This set has two nodes for what lies on top, a and b.
                                 e

As in the binary decision diagrams of Minato ("Zero-suppressed BDDs for set manipulation in combinatorial problems",
DAC 1993), equal sets are one node: a node is made only if there is no equal one. So sets are compared by their numbers,
and a set operation costs a step for each pair of nodes where its operands differ.

A symbol is an element and a *label*, which says between which elements a push may still be inserted: see
`clew.checkers.newest.engine`. Labels never grow downwards.

The operations are here. Sets are deep, so they do not call themselves: `compute` keeps what it is at in `frames`.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.kernel import kernel, raw_kernel
from clew.checkers.newest.tables import BARE, NOTHING

UNION, WITHOUT, INSERTED, RELABELLED, AMONG, FREED = range(6)
"""What is computed of one set, or of two.

UNION: the stacks of either.
WITHOUT: the stacks of the first whose uppermost element is not number `two`.
INSERTED: the stacks of the first, with the element `at.value` inserted below an element whose label allows it.
RELABELLED: the stacks of the first, with the label `at.new` in place of `at.old`.
AMONG: the stacks of the first which, relabelled, are in the second. Without relabelling: the stacks of both.
FREED: stacks of the second that INSERTED leads into the first: some, if there are any.
"""
LABEL_BITS = 32
"""Bits of a symbol that are its label."""
_LABEL = (1 << LABEL_BITS) - 1
LAST = np.iinfo(np.int64).max
"""In place of the symbol of what has none: greater than all."""


@raw_kernel
def symbol_of(element, label):  # type: ignore[no-untyped-def]
    """An element and its label in one number."""
    return (np.int64(element) << LABEL_BITS) | np.int64(label)


@raw_kernel
def element_of(symbol):  # type: ignore[no-untyped-def]
    """The number of the element."""
    return symbol >> LABEL_BITS


@raw_kernel
def label_of(symbol):  # type: ignore[no-untyped-def]
    """The label."""
    return symbol & _LABEL


@raw_kernel
def _place(t, symbol, below, other):  # type: ignore[no-untyped-def]
    code = np.uint64(symbol) * np.uint64(0x9E3779B97F4A7C15)
    code = (code ^ np.uint64(below)) * np.uint64(0xBF58476D1CE4E5B9)
    code ^= code >> np.uint64(29)
    code = (code ^ np.uint64(other)) * np.uint64(0x94D049BB133111EB)
    return np.int64((code ^ (code >> np.uint64(31))) & np.uint64(len(t.places) - 1))


@raw_kernel
def node(t, symbol, below, other):  # type: ignore[no-untyped-def]
    """The set of the stacks of `other` and of those with a symbol on top of `below`; sets `at.full` if it is not there
    and cannot be made."""
    if below == NOTHING:
        return other
    place = _place(t, symbol, below, other)
    found = np.int64(t.places[place])
    while found != NOTHING:
        one = t.nodes[found]
        if one.symbol == symbol and one.below == below and one.other == other:
            return found
        found = np.int64(one.next)
    if t.at.nodes == len(t.nodes):
        t.at.full = 1
        return np.int64(NOTHING)
    found = t.at.nodes
    t.at.nodes += 1
    one = t.nodes[found]
    one.symbol, one.below, one.other, one.next = symbol, below, other, t.places[place]
    one.high = max(label_of(symbol), t.nodes[other].high)
    t.places[place] = found
    return found


@raw_kernel
def bare_among(t, stacks):  # type: ignore[no-untyped-def]
    """Whether a set has the bare stack."""
    while stacks > BARE:
        stacks = np.int64(t.nodes[stacks].other)
        t.at.work += 1
    return stacks == BARE


@raw_kernel
def _with_symbol(t, stacks, symbol):  # type: ignore[no-untyped-def]
    """The node of a set that has this symbol, NOTHING if none has."""
    while stacks > BARE and t.nodes[stacks].symbol < symbol:
        stacks = np.int64(t.nodes[stacks].other)
        t.at.work += 1
    return stacks if stacks > BARE and t.nodes[stacks].symbol == symbol else np.int64(NOTHING)


@raw_kernel
def _relabelled(t, symbol):  # type: ignore[no-untyped-def]
    label = label_of(symbol)
    return symbol - label + t.at.new if label == t.at.old and label > 0 else symbol


@raw_kernel
def union(t, one, two):  # type: ignore[no-untyped-def]
    """The stacks of two sets. See `compute`."""
    return compute(t, UNION, one, two)


@raw_kernel
def pushed(t, stacks, label):  # type: ignore[no-untyped-def]
    """The stacks with the element `at.value` on top, with this label, or further down where a label allows it."""
    inserted = compute(t, INSERTED, stacks, NOTHING)
    return union(t, node(t, symbol_of(t.at.value, label), stacks, np.int64(NOTHING)), inserted)


@raw_kernel
def _begin(t, depth, act, one, two):  # type: ignore[no-untyped-def]
    frame = t.frames[depth]
    frame.act, frame.one, frame.two, frame.stage, frame.part = act, one, two, 0, NOTHING


@raw_kernel
def _key(t, act):  # type: ignore[no-untyped-def]
    """What a computation is known by, beside its sets. Most depend on the registers too, which each return changes."""
    return np.int64(act) if act == UNION else np.int64(act) + 8 * t.at.stamp


@raw_kernel
def _known_at(t, act, one, two):  # type: ignore[no-untyped-def]
    code = (np.uint64(one) << np.uint64(32)) ^ np.uint64(two) ^ (np.uint64(act) * np.uint64(0x94D049BB133111EB))
    code = (code ^ (code >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((code ^ (code >> np.uint64(32))) & np.uint64(len(t.known) - 1))


@raw_kernel
def compute(t, act, one, two):  # type: ignore[no-untyped-def]
    """A set made of one set or two; see UNION and the others. If there is no room it sets `at.full`: then what it
    returns means nothing."""
    at, depth, done = t.at, np.int64(0), np.int64(NOTHING)
    _begin(t, depth, act, one, two)
    while depth >= 0:
        if depth + 2 > len(t.frames):
            at.full, at.depth = 1, depth
        if at.work >= at.stop:
            at.full = 1
        if at.full:
            return np.int64(NOTHING)
        frame = t.frames[depth]
        act, one, two, stage = frame.act, frame.one, frame.two, frame.stage
        at.work += 1
        if stage == 0:
            simple, done = _simple(t, act, one, two)
            if simple:
                depth -= 1
                continue
            if act == UNION:
                # The smaller symbol first, and of equal ones the smaller number: so it is found again in `known`.
                before, after = t.nodes[one].symbol, t.nodes[two].symbol
                if before > after or (before == after and one > two):
                    frame.one, frame.two = two, one
                    one, two = two, one
            key = _key(t, act)
            seen = t.known[_known_at(t, key, one, two)]
            if seen.act == key and seen.one == one and seen.two == two:
                done = np.int64(seen.found)
                depth -= 1
                continue
        # `then` is what is to be computed next of which sets, before the stage after this one.
        top = t.nodes[one]
        symbol, below, other = top.symbol, np.int64(top.below), np.int64(top.other)
        then, first, second = np.int64(-1), np.int64(NOTHING), np.int64(NOTHING)
        if act == UNION:
            if stage == 0 and t.nodes[two].symbol == symbol:
                then, first, second, frame.stage = np.int64(UNION), below, np.int64(t.nodes[two].below), 1
            elif stage < 2:
                frame.part = below if stage == 0 else done
                second = two if stage == 0 else np.int64(t.nodes[two].other)
                then, first, frame.stage = np.int64(UNION), other, 2
            else:
                done = node(t, symbol, frame.part, done)
        elif act == WITHOUT:
            if stage == 0:
                then, first, second, frame.stage = np.int64(WITHOUT), other, two, 1
            else:
                done = done if element_of(symbol) == two else node(t, symbol, below, done)
        elif act == INSERTED:
            if stage == 0 and label_of(symbol) >= at.call:
                then, first, frame.stage = np.int64(INSERTED), below, 1
            elif stage == 1:
                on_top = node(t, symbol_of(at.value, label_of(symbol)), below, np.int64(NOTHING))
                then, first, second, frame.stage = np.int64(UNION), on_top, done, 2
            elif stage < 3:
                frame.part = done if stage == 2 else NOTHING
                then, first, frame.stage = np.int64(INSERTED), other, 3
            else:
                done = node(t, symbol, frame.part, done)
        elif act == RELABELLED:
            if stage == 0:
                then, first, frame.stage = np.int64(RELABELLED), below, 1
            elif stage == 1:
                frame.part = node(t, _relabelled(t, symbol), done, np.int64(NOTHING))
                then, first, frame.stage = np.int64(RELABELLED), other, 2
            elif stage == 2:
                then, first, second, frame.stage = np.int64(UNION), np.int64(frame.part), done, 3
        elif act == AMONG:
            match = _with_symbol(t, two, _relabelled(t, symbol)) if stage == 0 else np.int64(NOTHING)
            if match != NOTHING:
                then, first, second, frame.stage = np.int64(AMONG), below, np.int64(t.nodes[match].below), 1
            elif stage < 2:
                frame.part = done if stage == 1 else NOTHING
                then, first, second, frame.stage = np.int64(AMONG), other, two, 2
            else:
                done = node(t, symbol, frame.part, done)
        else:  # FREED
            match = _with_symbol(t, two, symbol) if stage == 0 and label_of(symbol) >= at.call else np.int64(NOTHING)
            if match != NOTHING:
                # First the stacks where it was inserted right below this symbol.
                under = np.int64(t.nodes[match].below)
                on_top = _with_symbol(t, below, symbol_of(at.value, label_of(symbol)))
                frame.part = under
                if on_top != NOTHING:
                    then, first, second = np.int64(AMONG), np.int64(t.nodes[on_top].below), under
                    frame.stage = 1
                else:
                    then, first, second, frame.stage = np.int64(FREED), below, under, 2
            elif stage == 1 and done == NOTHING:
                then, first, second, frame.stage = np.int64(FREED), below, np.int64(frame.part), 2
            elif stage > 0 and stage < 3 and done != NOTHING:
                done = node(t, symbol, done, np.int64(NOTHING))
            elif stage < 3:
                then, first, second, frame.stage = np.int64(FREED), other, two, 3
        if then >= 0:
            depth += 1
            _begin(t, depth, then, first, second)
            continue
        if at.full:
            return np.int64(NOTHING)
        key = _key(t, act)
        seen = t.known[_known_at(t, key, one, two)]
        seen.act, seen.one, seen.two, seen.found = key, one, two, done
        depth -= 1
    return done


@raw_kernel
def _simple(t, act, one, two):  # type: ignore[no-untyped-def]
    """Whether there is nothing to compute, and what it is then."""
    if act == UNION:
        if one == two or two == NOTHING:
            return True, np.int64(one)
        return one == NOTHING, np.int64(two)
    if one == NOTHING:
        return True, np.int64(NOTHING)
    if act == AMONG:
        if two == NOTHING:
            return True, np.int64(NOTHING)
        if one == BARE:
            return True, np.int64(BARE if bare_among(t, two) else NOTHING)
        return one == two and (t.at.old == 0 or t.nodes[one].high < t.at.old), np.int64(one)
    if act == WITHOUT:
        return one == BARE or element_of(t.nodes[one].symbol) > two, np.int64(one)
    if act == RELABELLED:
        return one == BARE or t.nodes[one].high < t.at.old, np.int64(one)
    if one == BARE or t.nodes[one].high < t.at.call:
        return True, np.int64(NOTHING)
    return act == FREED and two <= BARE, np.int64(NOTHING)


@raw_kernel
def freed(t, one, two, label):  # type: ignore[no-untyped-def]
    """Some stacks of the second set that `pushed` with this label leads into the first, if there are any."""
    on_top = _with_symbol(t, one, symbol_of(t.at.value, label))
    if on_top != NOTHING:
        found = compute(t, AMONG, np.int64(t.nodes[on_top].below), two)
        if found != NOTHING:
            return found
    return compute(t, FREED, one, two)


@kernel
def keep_only(t, roots):  # type: ignore[no-untyped-def]
    """Forget all nodes that none of these sets has. The sets in `roots` get their new numbers. O(nodes).

    A node is made after those that it leads to, so its number is greater.
    """
    at = t.at
    new = np.zeros(at.nodes, np.int32)
    new[BARE] = 1
    for number in range(len(roots)):
        new[roots[number]] = 1
    for number in range(at.nodes - 1, BARE, -1):
        if new[number] != 0:
            new[t.nodes[number].below] = 1
            new[t.nodes[number].other] = 1
    for number in range(len(t.places)):
        t.places[number] = NOTHING
    for number in range(len(t.known)):
        t.known[number].act = -1
    kept = BARE + 1
    new[NOTHING] = NOTHING
    for number in range(BARE + 1, at.nodes):
        if new[number] == 0:
            continue
        one = t.nodes[number]
        symbol, below, other, high = one.symbol, new[one.below], new[one.other], one.high
        place = _place(t, symbol, below, other)
        one = t.nodes[kept]
        one.symbol, one.below, one.other, one.high, one.next = symbol, below, other, high, t.places[place]
        t.places[place] = kept
        new[number] = kept
        kept += 1
    at.nodes = kept
    for number in range(len(roots)):
        roots[number] = new[roots[number]]
