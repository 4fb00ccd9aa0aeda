"""The kernels of the search over pairings: what does not fit, two or three pairs exchanged, and changed back."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from clew.checkers.draws import draw
from clew.checkers.encoding import NEVER
from clew.checkers.kernel import inlined, raw_kernel

NOBODY = -1
"""The element of a put that never was, of a take of unknown element, and of one that never comes."""

THERE, PAUSE, TOO_MUCH = range(3)
"""What a visit ends with: everything fits; it is time to look at the deadline; to count what does not fit in the first
guess takes more work than `most_work`."""

_RUN, _EMPTY = 5, 10
"""What a misfit costs: a run without a bottom this much and the positions that its best lifetime lacks, a pop that
found the stack empty this much for each element that is certainly there. Not tuned."""
_SPREAD = 10
"""How far from the wanted place the candidates are, in places of a sorted list: the difference of two numbers below
this."""

REGISTERS = np.dtype((
    np.record,
    [
        ("random", np.uint64),  # the state of the generator
        ("warmth", np.float64),  # how much worse an exchange may make it: see `_slack`
        ("cost", np.int64),  # of all misfits
        ("misfits", np.int64),  # how many there are
        ("fresh", np.int64),  # how many there would be after the exchange that is tried
        ("tries", np.int64),
        ("work", np.int64),  # pairs, positions, lifetimes and pops that found it empty that were looked at, and tries
        ("most_work", np.int64),  # what one count of the misfits may take
        ("pause", np.int64),  # when there was this much work, it is time to look at the deadline
        ("tries_end", np.int64),  # or after so many tries
        ("one", np.int64),  # the pairs of the exchange that is tried, or -1, and the takes that they had
        ("two", np.int64),
        ("three", np.int64),
        ("take_one", np.int64),
        ("take_two", np.int64),
        ("take_three", np.int64),
    ],
))  # fmt: skip
MISFIT = np.dtype([("start", np.int64), ("end", np.int64), ("empty", np.int64)])
"""A run without a bottom, from gap `start` to before `end`; or a pop that found the stack empty and has no gap."""


class Pairing(NamedTuple):
    """Everything that the kernels share. Pair p is put p with take `take_of[p]`."""

    at: Any
    """REGISTERS: where the search stands."""
    take_of: Any
    put_of: Any
    """The other way round."""
    put_element: Any
    put_call: Any
    put_ret: Any
    """NEVER if its outcome is unknown."""
    take_element: Any
    take_call: Any
    take_ret: Any
    """`end` + 1 if its outcome is unknown."""
    end: int
    """The position from which on nothing is known."""
    empty_call: Any
    empty_ret: Any
    """Of the pops that found the stack empty, by return."""
    puts: Any
    """The puts that returned, by element, then by return; their returns; and where each element begins."""
    puts_ret: Any
    puts_begin: Any
    unknown_puts: Any
    """The puts of unknown outcome, by element; and where each element begins."""
    unknown_puts_begin: Any
    takes: Any
    """The takes that returned, by element, then by call; their calls; and where each element begins."""
    takes_call: Any
    takes_begin: Any
    unknown_takes: Any
    """The takes of unknown outcome, by call; and their calls."""
    unknown_takes_call: Any
    misfits: Any
    """MISFIT: what does not fit."""
    fresh: Any
    """MISFIT: what would not fit after the exchange that is tried."""
    opening: Any
    """For each position the pair whose certain lifetime begins there, or -1. All are -1 except inside `_certain`."""
    cover: Any
    """For each gap how many elements are certainly there."""
    lowest: Any
    """Gaps in which fewer elements are there than in every later one, while pops that found it empty are looked at."""
    line: Any
    """The pairs with a certain lifetime, by its beginning."""
    segments: Any
    """Parts of `line` whose bottoms are still to be found."""


@raw_kernel
def improve(s):  # type: ignore[no-untyped-def]
    """Exchange pairs until everything fits, or until it is time to pause."""
    at = s.at
    if at.tries == 0:
        at.cost = _misfits(s, NEVER - 1)
        if at.cost == NEVER:
            return TOO_MUCH
        _keep(s)
    while at.misfits > 0:
        if at.work >= at.pause or at.tries >= at.tries_end:
            return PAUSE
        at.tries += 1
        at.work += 1
        if not _try(s):
            continue
        most = at.cost + _slack(at)
        cost = _misfits(s, most)
        if cost <= most:
            at.cost = cost
            _keep(s)
        else:
            _give(s, at.one, at.take_one)
            _give(s, at.two, at.take_two)
            if at.three >= 0:
                _give(s, at.three, at.take_three)
    return THERE


@raw_kernel
def _slack(at):  # type: ignore[no-untyped-def]
    """How much worse it may become: `warmth` times k or more with a probability of 1 in 2 to the power of k."""
    bits, times = draw(at, 1 << 40), 0
    while bits & 1:
        bits >>= 1
        times += 1
    return np.int64(at.warmth * times)


@raw_kernel
def _give(s, pair, take):  # type: ignore[no-untyped-def]
    s.take_of[pair] = take
    s.put_of[take] = pair


@raw_kernel
def _keep(s):  # type: ignore[no-untyped-def]
    """What was tried is now."""
    at = s.at
    at.misfits = at.fresh
    for i in range(at.fresh):
        s.misfits[i] = s.fresh[i]


@raw_kernel
def _fits(s, put, take):  # type: ignore[no-untyped-def]
    """Whether this can be a pair: of the same element, and the put was called before the take returned.

    A take of unknown element goes with every put, and a put that never was with every take that need not have been.
    """
    if s.take_element[take] == NOBODY:
        return True
    if s.put_element[put] == NOBODY:
        return s.take_ret[take] > s.end
    return s.put_element[put] == s.take_element[take] and s.put_call[put] < s.take_ret[take]


@raw_kernel
def _counts(s, pair):  # type: ignore[no-untyped-def]
    """Whether the put or the take of this pair returned. Otherwise neither need have been."""
    return s.put_ret[pair] != NEVER or s.take_ret[s.take_of[pair]] <= s.end


@raw_kernel
def _near(at, keys, begin, end, key):  # type: ignore[no-untyped-def]
    """A place at which `keys`, sorted from `begin` to `end`, has about this key; -1 if the draw missed."""
    low, high = begin, end
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    low += draw(at, _SPREAD) - draw(at, _SPREAD)
    return low if begin <= low < end else -1


@raw_kernel
def _try(s):  # type: ignore[no-untyped-def]
    """Exchange takes of two or three pairs near a misfit. False if what was drawn does not fit together.

    One way makes a bottom: a put that is early enough and a take that is late enough. The other way takes a put and a
    take of one element, both in the time of the misfit; that may end a lifetime earlier, or begin it later.
    """
    at = s.at
    at.one = at.two = at.three = -1
    misfit = s.misfits[draw(at, at.misfits)]
    bottom = misfit.empty == 0 and draw(at, 10) < 6
    early, late = misfit.start, misfit.end
    if not bottom:
        early = misfit.start + draw(at, misfit.end - misfit.start + 1)
        late = misfit.start + draw(at, misfit.end - misfit.start + 1)
    one = _one_of(s, early, bottom)
    if one < 0 or (bottom and s.put_call[one] >= misfit.start):
        return False
    element = s.put_element[one]
    if len(s.unknown_takes) > 0 and draw(at, 10) == 0:
        place = _near(at, s.unknown_takes_call, 0, len(s.unknown_takes), late)
        take = s.unknown_takes[place]
    else:
        place = _near(at, s.takes_call, s.takes_begin[element], s.takes_begin[element + 1], late)
        take = s.takes[place]
    if place < 0 or (bottom and s.take_ret[take] <= misfit.end):
        return False
    two, left = s.put_of[take], s.take_of[one]
    if two == one or not _fits(s, one, take):
        return False
    three = -1
    if not _fits(s, two, left) or draw(at, 5) == 0:
        # A third put, which was called about when the take that is left over was, takes that one.
        if s.take_element[left] == NOBODY:
            return False
        place = _near(at, s.puts_ret, s.puts_begin[element], s.puts_begin[element + 1], s.take_call[left])
        if place < 0:
            return False
        three = s.puts[place]
        if three in (one, two) or not _fits(s, three, left) or not _fits(s, two, s.take_of[three]):
            return False
        at.three, at.take_three = three, s.take_of[three]
    at.one, at.take_one, at.two, at.take_two = one, left, two, take
    _give(s, one, take)
    if three >= 0:
        _give(s, two, at.take_three)
        _give(s, three, left)
    else:
        _give(s, two, left)
    return True


@inlined
def _one_of(s, position, bottom):  # type: ignore[no-untyped-def]
    """A pair whose put returned about at this position, or whose lifetime covers it; -1 if the draw missed."""
    at = s.at
    way = draw(at, 100)
    found = -1
    if not bottom and way < 30:
        for _ in range(8):
            pair = draw(at, len(s.take_of))
            take = s.take_of[pair]
            begins = min(s.put_ret[pair], s.take_ret[take])
            ends = max(s.put_call[pair], s.take_call[take])
            if s.put_element[pair] != NOBODY and _counts(s, pair) and begins <= position < ends:
                found = pair
                break
    else:
        element = draw(at, len(s.puts_begin) - 1)
        begin, end = s.unknown_puts_begin[element], s.unknown_puts_begin[element + 1]
        if way < 36 and begin < end:
            found = s.unknown_puts[begin + draw(at, end - begin)]
        else:
            place = _near(at, s.puts_ret, s.puts_begin[element], s.puts_begin[element + 1], position)
            if place >= 0:
                found = s.puts[place]
    return found


@raw_kernel
def _misfits(s, most):  # type: ignore[no-untyped-def]
    """Write what does not fit into `fresh`; returns its cost, or something greater than `most`.

    This is the algorithm of `monitors.stack`. Where a run has no bottom, the lifetime that lacks least is taken for it.
    The elements of a high stack are looked at once for each element below them. So the count also ends, with something
    greater than `most`, when it has taken `most_work`.
    """
    at = s.at
    at.fresh, work_end = 0, at.work + at.most_work
    size = _certain(s)
    cost = _taken_when_empty(s, size)
    waiting = 1
    s.segments[0, 0], s.segments[0, 1] = 0, size
    while waiting > 0 and cost <= most and at.work <= work_end:
        waiting -= 1
        low, high = s.segments[waiting, 0], s.segments[waiting, 1]
        at.work += high - low
        while low < high:
            start, end, after = _begins(s, s.line[low]), _ends(s, s.line[low]), low + 1
            while after < high and _begins(s, s.line[after]) < end:
                end = max(end, _ends(s, s.line[after]))
                after += 1
            bottom, lacks = low, NEVER
            for place in range(low, after):
                pair = s.line[place]
                lack = max(0, s.put_call[pair] - start + 1) + max(0, end - s.take_ret[s.take_of[pair]] + 1)
                if lack < lacks:
                    bottom, lacks = place, lack
                    if lack == 0:
                        break
            if lacks > 0:
                cost += _RUN + lacks
                misfit = s.fresh[at.fresh]
                misfit.start, misfit.end, misfit.empty = start, end, 0
                at.fresh += 1
            for place in range(bottom, low, -1):
                s.line[place] = s.line[place - 1]
            if after - low > 1:
                s.segments[waiting, 0], s.segments[waiting, 1] = low + 1, after
                waiting += 1
            low = after
    return cost if waiting == 0 else max(cost, most + 1)


@raw_kernel
def _begins(s, pair):  # type: ignore[no-untyped-def]
    return min(s.put_ret[pair], s.take_ret[s.take_of[pair]])


@raw_kernel
def _ends(s, pair):  # type: ignore[no-untyped-def]
    return max(s.put_call[pair], s.take_call[s.take_of[pair]])


@raw_kernel
def _certain(s):  # type: ignore[no-untyped-def]
    """Write the certain lifetimes into `line`, by their beginning; returns how many there are."""
    for pair in range(len(s.take_of)):
        if _counts(s, pair):
            begins = _begins(s, pair)
            if begins < _ends(s, pair):
                s.opening[begins] = pair
    size = 0
    for position in range(len(s.opening)):
        if s.opening[position] >= 0:
            s.line[size] = s.opening[position]
            s.opening[position] = -1
            size += 1
    s.at.work += len(s.take_of) + len(s.opening) + size
    return size


@raw_kernel
def _taken_when_empty(s, size):  # type: ignore[no-untyped-def]
    """The cost of pops that found the stack empty where it was not.

    `lowest` lists the gaps that no later gap is below, up to the one that the sweep is at. So the first of them in the
    time of a pop is the one with the fewest elements, however many pops there are and however long they take.
    """
    if len(s.empty_call) == 0:
        return 0
    at, cover, lowest = s.at, s.cover, s.lowest
    for gap in range(len(cover)):
        cover[gap] = 0
    for place in range(size):
        cover[_begins(s, s.line[place])] += 1
        cover[_ends(s, s.line[place])] -= 1
    at.work += 2 * len(cover) + 2 * size
    cost, there, listed, gap = 0, 0, 0, 0
    for number in range(len(s.empty_call)):
        while gap < s.empty_ret[number]:
            there += cover[gap]
            cover[gap] = there
            while listed > 0 and cover[lowest[listed - 1]] > there:
                listed -= 1
            lowest[listed] = gap
            listed += 1
            gap += 1
        low, high = 0, listed - 1
        while low < high:
            at.work += 1
            middle = (low + high) // 2
            if lowest[middle] < s.empty_call[number]:
                low = middle + 1
            else:
                high = middle
        fewest = lowest[low]
        if cover[fewest] > 0:
            cost += _EMPTY * cover[fewest]
            misfit = s.fresh[at.fresh]
            misfit.start, misfit.end, misfit.empty = fewest, fewest, 1
            at.fresh += 1
    return cost
