"""Depth-first search for a linearization: Wing & Gong's, made just in time, with Lowe's cache over a moving window.

    calls and returns in order:   [0 call] [1 call] [0 return] [2 call] [1 return] ...
                                                     ^ position: 0 must have its place by now

The search sweeps along the positions and decides only when a return forces it to ("just-in-time linearization", Lowe,
"Testing for linearizability", CCPE 2017, section 5): if the returning operation has no place yet, some sequence of
open operations that ends with it takes effect now. A configuration is (position, state, open operations already
placed): what was placed before and has returned is the same for all configurations at a position, so nothing here is
as long as the history but the trail of the search itself, which is the witness. Configurations from which the search
came back are dead and never entered again; they are remembered by 127 bits of a Zobrist hash, so two of N could be
taken for one another with a probability of about N^2 / 2^128 (10^-22 for 10^8 of them).

Three reductions keep the branching small, `Eager observers`, `Earliest deadline first` and `One at a time`; their
arguments stand next to the lines that use them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from checkers.clock import Clock
from checkers.encoding import NEVER, Problem
from checkers.kernel import copy, kernel
from checkers.memo import IMPOSSIBLE, UNASKED, Memo, lookup
from checkers.models.model import Model
from checkers.outcome import Outcome
from checkers.verdict import Budget, Why

_VALID, _INVALID, _ASK, _GROW, _PAUSE = 0, 1, 2, 3, 4
_ADVANCE, _ENTER, _TRY, _EAGER, _BACK = 0, 1, 2, 3, 4
_CALL, _RETURN, _PLACE, _EXPIRE = 0, 1, 2, 3

# Registers: everything that the search keeps between two visits to Python.
_MODE, _POSITION, _STATE, _TRAIL, _FRAMES, _CANDIDATES, _BEST, _BEST_LENGTH, _LOW, _DEAD, _ASKED, _CALLED = range(12)
_REGISTERS = 12

_NOBODY = -1
"""As a candidate: the returning operation, which is optional, does not take effect."""

_STEPS_PER_VISIT = 20_000
_ASK_AT_ONCE = 1 << 12


def decide(
    problem: Problem,
    model: Model,
    budget: Budget,
    clock: Clock,
    *,
    optional: NDArray[np.bool_] | None = None,
    steps: int | None = None,
    memo: Memo | None = None,
) -> Outcome:
    """Decide one problem. Time is up when `clock` says so; memory is `budget.bytes`. See `Outcome`.

    An `optional` operation takes effect between its call and its return or not at all; it must not share its class with
    one that is not optional. `memo` is what an earlier search with the same model and classes has learnt. `steps`
    bounds the search by something that is the same on every machine; when they are used up, the answer is "unknown" for
    "time".
    """
    if optional is None:
        optional = np.zeros(len(problem), np.bool_)
    count, positions = len(problem), len(problem.event_op)
    memo = memo or Memo(model, problem.classes)
    zobrist = _zobrist(count)
    following, heads = _queues(problem)
    open_list = np.empty((count + 2, 2), np.int64)  # next, previous; the last two are head and tail
    open_list[count] = (count + 1, -1)
    open_list[count + 1] = (-1, count)
    trail = np.empty((positions + count, 3), np.int32)  # kind, operation, state before
    best = np.empty((positions + count, 3), np.int32)
    frames = np.empty((count + 1, 4), np.int64)  # trail length, candidates from, to, next
    candidates = np.empty(1 << 12, np.int32)
    dead = np.zeros((1 << 12, 2), np.uint64)
    registers = np.zeros(_REGISTERS, np.int64)
    registers[_BEST] = -1
    hashes = np.zeros(2, np.uint64)
    asked = np.empty((_ASK_AT_ONCE, 2), np.int64)
    placed = np.zeros(count, np.bool_)
    first_of_class = np.full(len(problem.classes), -1, np.int64)
    why: Why | None = None
    visits = 0
    while True:
        status = _search(
            problem.event_op, problem.event_return, problem.cls, problem.ret, problem.observer, len(problem.classes),
            memo.keys, memo.next_state, zobrist, open_list, trail, best, frames, candidates, dead, registers, hashes,
            asked, placed, first_of_class, optional, following, heads,
        )  # fmt: skip
        if status in (_VALID, _INVALID):
            break
        if status == _ASK:
            memo.learn([(state, cls) for state, cls in asked[: registers[_ASKED]].tolist()])
        elif status == _GROW:
            if registers[_CANDIDATES] + count + 1 >= len(candidates):
                candidates = np.concatenate((candidates, np.empty(len(candidates) + count, np.int32)))
            if 2 * registers[_DEAD] >= len(dead):
                larger = np.zeros((4 * len(dead), 2), np.uint64)
                if larger.nbytes + dead.nbytes + candidates.nbytes + memo.bytes > budget.bytes:
                    why = "memory"
                    break
                _rehash(dead, larger)
                dead = larger
        if memo.bytes + dead.nbytes > budget.bytes:
            why = "memory"
            break
        visits += status == _PAUSE
        if clock.over() or (steps is not None and visits * _STEPS_PER_VISIT >= steps):
            why = "time"
            break
    if status == _VALID:
        return Outcome("valid", order=_placed(trail, int(registers[_TRAIL])), engine="wgl")
    if registers[_POSITION] > registers[_BEST]:
        prefix = _placed(trail, int(registers[_TRAIL]))
    else:
        prefix = _placed(best, int(registers[_BEST_LENGTH]))
    if why is not None:
        return Outcome("unknown", why=why, order=prefix, engine="wgl")
    return Outcome("invalid", order=prefix, stuck=int(registers[_BEST]), engine="wgl")


_random = np.random.default_rng(20_000_629).integers(0, 1 << 64, (1 << 10, 2), np.uint64)


def _zobrist(count: int) -> NDArray[np.uint64]:
    """128 random bits for each operation, the same in every search."""
    if count <= len(_random):
        return _random[:count]
    return np.random.default_rng(20_000_629).integers(0, 1 << 64, (count, 2), np.uint64)


def _queues(problem: Problem) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One at a time: of the open operations of unknown outcome of one class only the one called first is ever tried.

    If a linearization places another of them now, the two can change places, or names if the first never happens: both
    are open now and for ever. So the others wait in a queue, and a search costs nothing for having lost a thousand.
    Returns the next in the queue of each operation and the first of each class, -1 where there is none.
    """
    following = np.full(len(problem), -1, np.int64)
    first = np.full(len(problem.classes), -1, np.int64)
    unknown = np.flatnonzero(problem.ret == NEVER)
    queued = unknown[np.argsort(problem.cls[unknown], kind="stable")]
    same = problem.cls[queued[1:]] == problem.cls[queued[:-1]]
    following[queued[:-1][same]] = queued[1:][same]
    begins = np.concatenate(([True], ~same)) if len(queued) else np.empty(0, np.bool_)
    first[problem.cls[queued[begins]]] = queued[begins]
    return following, first


def _placed(trail: NDArray[np.int32], length: int) -> list[int]:
    """The operations that a trail places, in order."""
    rows = trail[:length]
    order: list[int] = rows[rows[:, 0] == _PLACE, 1].tolist()
    return order


@kernel
def _mix(x):  # type: ignore[no-untyped-def]
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def _place_of(dead, one, two):  # type: ignore[no-untyped-def]
    """Where the hash (one, two) is in the table, or the empty place (0, 0) where it belongs."""
    mask = len(dead) - 1
    place = np.int64(one >> np.uint64(8)) & mask
    while not (dead[place, 0] == one and dead[place, 1] == two) and (dead[place, 0] != 0 or dead[place, 1] != 0):
        place = (place + 1) & mask
    return place


@kernel
def _rehash(dead, larger):  # type: ignore[no-untyped-def]
    for row in range(len(dead)):
        if dead[row, 0] != 0 or dead[row, 1] != 0:
            place = _place_of(larger, dead[row, 0], dead[row, 1])
            copy(dead[row], larger[place])


@kernel
def _configuration(position, state, hashes):  # type: ignore[no-untyped-def]
    """128 bits for (position, state, set of open operations placed)."""
    where = np.uint64(position) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(state)
    return _mix(hashes[0] ^ _mix(where)) | np.uint64(1), _mix(hashes[1] + _mix(where + np.uint64(0x632BE59BD9B4E019)))


@kernel
def _search(  # type: ignore[no-untyped-def]
    event_op, event_return, cls, ret, observer, classes, memo_keys, memo_next, zobrist, open_list, trail, best, frames,
    candidates, dead, registers, hashes, asked, placed, first_of_class, optional, following, heads,
):  # fmt: skip
    """The search, from where `registers` say it stands until it is decided or needs Python.

    Returns _VALID (the trail is the witness), _INVALID, _ASK (transitions are missing), _GROW (a table is full) or
    _PAUSE (time to look at the clock). It can be called again after each of the last three.
    """
    positions = len(event_op)
    head, tail = len(cls), len(cls) + 1
    steps = 0
    while True:
        steps += 1
        mode = registers[_MODE]
        state = registers[_STATE]
        if steps > _STEPS_PER_VISIT:
            return _PAUSE
        if mode == _ADVANCE:
            position = registers[_POSITION]
            if position == positions:
                return _VALID
            op = event_op[position]
            if event_return[position]:
                if not placed[op]:
                    registers[_MODE] = _ENTER
                    continue
                hashes[0] ^= zobrist[op, 0]
                hashes[1] ^= zobrist[op, 1]
                _push(trail, registers, _RETURN, op, state)
            else:
                waiting = ret[op] == NEVER and heads[cls[op]] != op
                if observer[cls[op]]:
                    after = lookup(memo_keys, memo_next, state * classes + cls[op])
                    if after == UNASKED:
                        asked[0, 0] = state
                        asked[0, 1] = cls[op]
                        registers[_ASKED] = 1
                        return _ASK
                else:
                    after = IMPOSSIBLE
                _push(trail, registers, _CALL, op, state)
                registers[_CALLED] = op + 1
                if not waiting:
                    _link(open_list, op)
                if after != IMPOSSIBLE and not waiting:
                    _place(open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, op, state)
            registers[_POSITION] = position + 1
        elif mode == _ENTER:
            position = registers[_POSITION]
            if 2 * registers[_DEAD] >= len(dead) or registers[_CANDIDATES] + len(cls) + 1 >= len(candidates):
                return _GROW
            one, two = _configuration(position, state, hashes)
            if dead[_place_of(dead, one, two), 0] == one:
                registers[_MODE] = _BACK
                continue
            # Earliest deadline first: of the operations of one class only the one that returns first is tried. If a
            # linearization places another one now, this one comes later in it, or never if its outcome is unknown, and
            # the two can change places: both are open now, the one moved back returns later than the one moved up.
            returning = event_op[position]
            op = open_list[head, 0]
            while op != tail:
                first = first_of_class[cls[op]]
                if first < 0 or ret[op] < ret[first]:
                    first_of_class[cls[op]] = op
                op = open_list[op, 0]
            missing = 0
            op = open_list[head, 0]
            while op != tail and missing < len(asked):
                if first_of_class[cls[op]] == op:
                    after = lookup(memo_keys, memo_next, state * classes + cls[op])
                    if after == UNASKED:
                        asked[missing, 0] = state
                        asked[missing, 1] = cls[op]
                        missing += 1
                op = open_list[op, 0]
            start = registers[_CANDIDATES]
            end = start
            if missing == 0:
                # First the returning operation itself, then what enables it, then the rest; of unknown outcome last.
                for wanted in range(5):
                    if wanted == 1 and optional[returning]:
                        candidates[end] = _NOBODY
                        end += 1
                    op = open_list[head, 0]
                    while op != tail:
                        if first_of_class[cls[op]] == op:
                            after = lookup(memo_keys, memo_next, state * classes + cls[op])
                            if after != IMPOSSIBLE:
                                if op == returning:
                                    rank = 0
                                else:
                                    then = lookup(memo_keys, memo_next, after * classes + cls[returning])
                                    rank = 1 if then >= 0 else 3
                                    if ret[op] == NEVER:
                                        rank += 1
                                if rank == wanted:
                                    candidates[end] = op
                                    end += 1
                        op = open_list[op, 0]
            op = open_list[head, 0]
            while op != tail:
                first_of_class[cls[op]] = -1
                op = open_list[op, 0]
            if missing > 0:
                registers[_ASKED] = missing
                return _ASK
            frame = registers[_FRAMES]
            frames[frame, 0] = registers[_TRAIL]
            frames[frame, 1] = start
            frames[frame, 2] = end
            frames[frame, 3] = start
            registers[_CANDIDATES] = end
            registers[_FRAMES] = frame + 1
            registers[_MODE] = _TRY
        elif mode == _TRY:
            frame = registers[_FRAMES] - 1
            if frames[frame, 3] == frames[frame, 2]:
                one, two = _configuration(registers[_POSITION], state, hashes)
                place = _place_of(dead, one, two)
                if dead[place, 0] != one:
                    registers[_DEAD] += 1
                dead[place, 0] = one
                dead[place, 1] = two
                registers[_CANDIDATES] = frames[frame, 1]
                registers[_FRAMES] = frame
                registers[_MODE] = _BACK
                continue
            op = candidates[frames[frame, 3]]
            frames[frame, 3] += 1
            if op == _NOBODY:
                op = event_op[registers[_POSITION]]
                _unlink(open_list, op)
                _push(trail, registers, _EXPIRE, op, state)
                registers[_POSITION] += 1
                registers[_MODE] = _ADVANCE
                continue
            after = lookup(memo_keys, memo_next, state * classes + cls[op])
            _place(open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, op, state)
            registers[_STATE] = after
            registers[_MODE] = _EAGER
        elif mode == _EAGER:
            # Eager observers: an open operation that never changes a state and is possible now takes effect now. If a
            # linearization places it later, it can be moved here: nobody sees it, here or there.
            missing = 0
            op = open_list[head, 0]
            while op != tail and missing < len(asked):
                if observer[cls[op]] and lookup(memo_keys, memo_next, state * classes + cls[op]) == UNASKED:
                    asked[missing, 0] = state
                    asked[missing, 1] = cls[op]
                    missing += 1
                op = open_list[op, 0]
            if missing > 0:
                registers[_ASKED] = missing
                return _ASK
            op = open_list[head, 0]
            while op != tail:
                behind = open_list[op, 0]
                if observer[cls[op]] and lookup(memo_keys, memo_next, state * classes + cls[op]) != IMPOSSIBLE:
                    _place(open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, op, state)
                op = behind
            registers[_MODE] = _ADVANCE
        else:
            if registers[_POSITION] > registers[_BEST]:
                for row in range(registers[_LOW], registers[_TRAIL]):
                    copy(trail[row], best[row])
                registers[_BEST] = registers[_POSITION]
                registers[_BEST_LENGTH] = registers[_TRAIL]
                registers[_LOW] = registers[_TRAIL]
            if registers[_FRAMES] == 0:
                return _INVALID
            length = frames[registers[_FRAMES] - 1, 0]
            _undo(open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, length)
            registers[_LOW] = min(registers[_LOW], registers[_TRAIL])
            registers[_MODE] = _TRY


@kernel
def _push(trail, registers, kind, op, state):  # type: ignore[no-untyped-def]
    row = registers[_TRAIL]
    trail[row, 0] = kind
    trail[row, 1] = op
    trail[row, 2] = state
    registers[_TRAIL] = row + 1


@kernel
def _link(open_list, op):  # type: ignore[no-untyped-def]
    """`op` goes to the end of the list of what can be placed."""
    tail = len(open_list) - 1
    before = open_list[tail, 1]
    open_list[op, 0] = tail
    open_list[op, 1] = before
    open_list[before, 0] = op
    open_list[tail, 1] = op


@kernel
def _unlink(open_list, op):  # type: ignore[no-untyped-def]
    open_list[open_list[op, 1], 0] = open_list[op, 0]
    open_list[open_list[op, 0], 1] = open_list[op, 1]


@kernel
def _relink(open_list, op):  # type: ignore[no-untyped-def]
    """The last that was unlinked goes back to where it was."""
    open_list[open_list[op, 1], 0] = op
    open_list[open_list[op, 0], 1] = op


@kernel
def _place(  # type: ignore[no-untyped-def]
    open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, op, state
):
    """`op` takes effect: off the list of what can be placed. The next in its queue, if it has been called, comes up."""
    _unlink(open_list, op)
    placed[op] = True
    hashes[0] ^= zobrist[op, 0]
    hashes[1] ^= zobrist[op, 1]
    _push(trail, registers, _PLACE, op, state)
    if ret[op] == NEVER:
        heads[cls[op]] = following[op]
        if 0 <= following[op] < registers[_CALLED]:
            _link(open_list, following[op])


@kernel
def _undo(  # type: ignore[no-untyped-def]
    open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, length
):
    """Take back the trail down to `length`, last things first, so that the links of the list fit again."""
    while registers[_TRAIL] > length:
        row = registers[_TRAIL] - 1
        registers[_TRAIL] = row
        kind = trail[row, 0]
        op = trail[row, 1]
        if kind == _PLACE:
            if ret[op] == NEVER:
                if 0 <= following[op] < registers[_CALLED]:
                    _unlink(open_list, following[op])
                heads[cls[op]] = op
            _relink(open_list, op)
            placed[op] = False
            hashes[0] ^= zobrist[op, 0]
            hashes[1] ^= zobrist[op, 1]
            registers[_STATE] = trail[row, 2]
        else:
            registers[_POSITION] -= 1
            if kind == _EXPIRE:
                _relink(open_list, op)
            elif kind == _RETURN:
                hashes[0] ^= zobrist[op, 0]
                hashes[1] ^= zobrist[op, 1]
            else:
                registers[_CALLED] = op
                if ret[op] != NEVER or heads[cls[op]] == op:
                    _unlink(open_list, op)
