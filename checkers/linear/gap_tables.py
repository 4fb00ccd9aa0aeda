"""The tables of a sweep by gaps (see `gaps`), and what a configuration has not used."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel

SUM, LOG, FIRST, LEFT, PRICE, CODE, BITS = range(7)
"""Columns of a configuration: the sum; the latest entry of the log; the first operation of known outcome that it has
not used; how many results of known outcome it has not explained; what its gaps cost; a hash of what it has used. The
words of bits begin at BITS: first those of unknown outcomes, then those of the window, which begins at `base`."""
KNOWN, UNKNOWN = 44, 20
"""How many adds of known and of unknown outcome a gap is chosen from. There is one bit for each."""
LATE = 96
"""What it costs that an operation took effect before its call, or not by its return, at the moment that is expected."""
KEYS, MIDDLE = 1 << 12, 1 << 10
"""How many different scores there are, and the score of the first configuration if it costs more. Greater ones count as
the greatest."""
THERE, DEAD, PAUSE, WINDOW, ROOM = range(5)
"""What a visit ends with: all is done; nothing was found; it is time to look at the deadline; the window is too small;
there is little room for what is found."""

REGISTERS = np.dtype((
    np.record,
    [
        ("results", np.int64),  # how many results every configuration explains
        ("count", np.int64),  # configurations
        ("source", np.int64),  # configurations of these from which the next ones were found
        ("found", np.int64),  # what was found from them
        ("bound", np.int64),  # the greatest score that is still noted
        ("base", np.int64),  # the first operation of known outcome in the window
        ("window", np.int64),  # the column of its first word
        ("entries", np.int64),  # entries of the log
        ("work", np.int64),  # sets of adds that were looked at
        ("pause", np.int64),  # when there was this much work, it is time to look at the deadline
        ("width", np.int64),  # configurations that are kept at most
        ("most", np.int64),  # how many adds of each of the two lists are in one gap at most
        ("many", np.int64),  # how many adds of unknown outcome a gap has at most if there are many; see `gap_numbers`
        ("sets", np.int64),  # how many sets of adds of unknown outcome are tried in one gap at most
        ("alike", np.int64),  # how many open adds of one number and of unknown outcome a gap is chosen from
        ("before", np.int64),  # see `gaps._come_next`
        ("dropped", np.int64),  # 1 if some were dropped: if nothing is found, that proves nothing
        ("now", np.int64),  # the moment that belongs to so many results, about
        ("told", np.int64),  # open results of a configuration
        ("adds", np.int64),  # open adds of a configuration that it has not used, and how many of them are known
        ("known", np.int64),
        ("forced", np.int64),  # how many of these must be in the gap
        ("horizon", np.int64),  # nothing that is called from here on can be in the gap
        ("soonest", np.int64),  # the first return of what it has not used
        ("score", np.int64),  # what a configuration costs without its gaps
        ("shift", np.int64),  # what is taken off the scores of all configurations, to fit into KEYS
    ],
))  # fmt: skip
FOUND = np.dtype([
    ("source", np.int32), ("result", np.int32), ("mask", np.uint64), ("score", np.int64), ("price", np.int64),
    ("code", np.uint64), ("one", np.int64), ("two", np.int64),
])  # fmt: skip
"""A configuration that was found: from which one, by which result, with which of its open adds in the gap, and with
which further adds of unknown outcome."""


class Gaps(NamedTuple):
    """Everything that the kernels share. The first eight have an entry for each operation."""

    call: Any
    ret: Any
    begin: Any
    """The first moment at which it may take effect; see `moments`."""
    first: Any
    """Where its prices begin, in `by` and `behind`: the first is that of this moment."""
    span: Any
    """How many prices it has."""
    delta: Any
    told: Any
    before: Any
    random: Any
    """64 random bits: the hash of a configuration is the exclusive or of those that it has used."""
    at: Any
    """REGISTERS."""
    known: Any
    """The operations of known outcome, in the order of their calls."""
    unknown: Any
    """The other operations, in the order of their calls. Those that told a sum need not be explained, but if they took
    effect they told it: a search of a beginning has such."""
    numbers: Any
    """The adds of unknown outcome, in the order of their calls; see `gap_numbers`."""
    slots: Any
    """Hash table of what they add: the first place in `numbers`, or NOBODY. Its length is a power of 2."""
    next_number: Any
    """For each place in `numbers` the next one of the same slot, or NOBODY."""
    place: Any
    """For each operation its place in one of these two."""
    by: Any
    """What it costs that an operation took effect by a moment."""
    behind: Any
    """What it costs that it did not."""
    gap: Any
    """What a gap costs: a row for how many adds there are to choose from, a column for how many are in it."""
    gap_of_unknown: Any
    """The same for adds of unknown outcome."""
    rows: Any
    """The configurations."""
    next: Any
    """Those that explain one more result."""
    found: Any
    """FOUND."""
    tally: Any
    """How many that were found have each score."""
    heads: Any
    """Hash table of `next`: the first row of each place, -1 if there is none."""
    chains: Any
    """For each row of `next` the next one of the same place, -1 at the end."""
    log: Any
    """ENTRY, as in `tables`."""
    results: Any
    """The open results of a configuration that it has not used, in the order of their calls."""
    adds: Any
    """The open adds of a configuration that it has not used: first those of known outcome."""
    gain: Any
    """For each of these what the score changes if it is used."""
    sorted: Any
    """Places of `adds`, in the order in which sets are made of them."""
    sums: Any
    """Two lists of sets of adds, here and for the next three, and room to make them: their sums, which ascend."""
    masks: Any
    """Which adds: a bit for each place in `adds`."""
    gains: Any
    """What the score changes."""
    sizes: Any
    """How many adds."""
    least: Any
    """The least of `gains`, for each of the two lists."""


@raw_kernel
def list_open(g, row):  # type: ignore[no-untyped-def]
    """List what a configuration has not used and may use next, and count what it costs without its gaps."""
    at = g.at
    begin = row[FIRST]
    while begin < len(g.known) and _uses(g, row, begin):
        begin += 1
    row[FIRST] = begin
    horizon, place = NEVER, begin
    while place < len(g.known) and g.call[g.known[place]] < horizon:
        op = g.known[place]
        if g.told[op] and not _uses(g, row, place):
            horizon = min(horizon, g.ret[op])
        place += 1
    told, adds, score, soonest, place = 0, 0, 0, horizon, begin
    while place < len(g.known) and g.call[g.known[place]] < horizon:
        op = g.known[place]
        used = _uses(g, row, place)
        place += 1
        score += _cost(g, op, used)
        if used:
            continue
        if g.told[op]:
            g.results[told] = op
            told += 1
        elif adds == KNOWN:
            # What is called from here on waits for the next step.
            at.dropped = 1
            horizon = g.call[op]
        else:
            g.adds[adds] = op
            adds += 1
            soonest = min(soonest, g.ret[op])
    at.known, at.soonest, at.horizon = adds, soonest, horizon
    low, high = 0, len(g.unknown)
    while low < high:
        middle = (low + high) // 2
        if g.call[g.unknown[middle]] < horizon:
            low = middle + 1
        else:
            high = middle
    for place in range(low):
        op = g.unknown[place]
        used = uses_unknown(g, row, op)
        score += _cost(g, op, used)
        if not used and g.told[op]:
            told = _insert_result(g, told, op)
        elif not used and g.delta[op] != 0:
            adds = _list_unknown(g, adds, op)
    at.told, at.adds, at.score = told, adds, score


@raw_kernel
def _list_unknown(g, adds, op):  # type: ignore[no-untyped-def]
    """List an add of unknown outcome, but few of the same number; returns how many adds are listed then."""
    at, alike = g.at, 0
    for i in range(at.known, adds):
        alike += g.delta[g.adds[i]] == g.delta[op] and g.call[g.adds[i]] < at.soonest
    if alike >= at.alike or adds == at.known + UNKNOWN:
        at.dropped = 1
        return adds
    g.adds[adds] = op
    return adds + 1


@raw_kernel
def _insert_result(g, count, op):  # type: ignore[no-untyped-def]
    """Put a result that need not be explained into the list; returns how many there are then."""
    place = count
    while place > 0 and g.call[g.results[place - 1]] > g.call[op]:
        g.results[place] = g.results[place - 1]
        place -= 1
    g.results[place] = op
    return count + 1


@raw_kernel
def uses_unknown(g, row, op):  # type: ignore[no-untyped-def]
    """Whether a configuration has used an operation of unknown outcome."""
    place = g.place[op]
    return (row[BITS + (place >> 6)] >> (place & 63)) & 1 != 0


@raw_kernel
def _uses(g, row, place):  # type: ignore[no-untyped-def]
    """Whether a configuration has used an operation of known outcome, from the window on."""
    bit = place - g.at.base
    word = g.at.window + (bit >> 6)
    return word < len(row) and (row[word] >> (bit & 63)) & 1 != 0


@raw_kernel
def _cost(g, op, used):  # type: ignore[no-untyped-def]
    """What an operation costs that is used before it returned, or not used after it was called; see `moments`."""
    moment = g.at.now - g.begin[op]
    if used:
        return LATE if moment < 0 else np.int64(g.by[g.first[op] + min(moment, g.span[op] - 1)])
    return 0 if moment < 0 else np.int64(g.behind[g.first[op] + min(moment, g.span[op] - 1)])


@raw_kernel
def gain_of(g, op):  # type: ignore[no-untyped-def]
    """What the score changes if an operation is used."""
    return _cost(g, op, True) - _cost(g, op, False)
