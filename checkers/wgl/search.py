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

from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import NEVER, Problem
from clew.checkers.kernel import copy, kernel
from clew.checkers.memo import IMPOSSIBLE, UNASKED, Memo, lookup
from clew.checkers.models.model import Model
from clew.checkers.verdict import Budget, Why
from clew.checkers.wgl.trail import (
    ASKED,
    BEST,
    BEST_LENGTH,
    CALL,
    CALLED,
    CANDIDATES,
    DEAD,
    EXPIRE,
    FRAMES,
    LOW,
    MODE,
    PLACE,
    POSITION,
    REGISTERS,
    RETURN,
    STATE,
    TRAIL,
    link,
    push,
    take_effect,
    undo,
    unlink,
)

_VALID, _INVALID, _ASK, _GROW, _PAUSE = 0, 1, 2, 3, 4
_ADVANCE, _ENTER, _TRY, _EAGER, _BACK = 0, 1, 2, 3, 4


_NOBODY = -1
"""As a candidate: the returning operation, which is optional, does not take effect."""

_STEPS_PER_VISIT = 20_000
_ASK_AT_ONCE = 1 << 12


def decide(
    problem: Problem,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    *,
    optional: NDArray[np.bool_] | None = None,
    steps: int | None = None,
    memo: Memo | None = None,
) -> Decision:
    """Decide one problem. Time is up when `deadline` says so; memory is `budget.bytes`. See `Decision`.

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
    registers = np.zeros(REGISTERS, np.int64)
    registers[BEST] = -1
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
            memo.learn([(state, cls) for state, cls in asked[: registers[ASKED]].tolist()])
        elif status == _GROW:
            if registers[CANDIDATES] + count + 1 >= len(candidates):
                candidates = np.concatenate((candidates, np.empty(len(candidates) + count, np.int32)))
            if 2 * registers[DEAD] >= len(dead):
                larger = np.zeros((2 * len(dead), 2), np.uint64)
                if larger.nbytes + dead.nbytes + candidates.nbytes + memo.bytes > budget.bytes:
                    why = "memory"
                    break
                _rehash(dead, larger)
                dead = larger
        if memo.bytes + dead.nbytes > budget.bytes:
            why = "memory"
            break
        visits += status == _PAUSE
        if deadline.passed() or (steps is not None and visits * _STEPS_PER_VISIT >= steps):
            why = "time"
            break
    if status == _VALID:
        return Decision("valid", order=_placed(trail, int(registers[TRAIL])), engine="wgl")
    if registers[POSITION] > registers[BEST]:
        prefix = _placed(trail, int(registers[TRAIL]))
    else:
        prefix = _placed(best, int(registers[BEST_LENGTH]))
    if why is not None:
        return Decision("unknown", why=why, order=prefix, engine="wgl")
    return Decision("invalid", order=prefix, stuck=int(registers[BEST]), engine="wgl")


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
    order: list[int] = rows[rows[:, 0] == PLACE, 1].tolist()
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
    _PAUSE (time to look at the deadline). It can be called again after each of the last three.
    """
    positions = len(event_op)
    head, tail = len(cls), len(cls) + 1
    steps = 0
    while True:
        steps += 1
        mode = registers[MODE]
        state = registers[STATE]
        if steps > _STEPS_PER_VISIT:
            return _PAUSE
        if mode == _ADVANCE:
            position = registers[POSITION]
            if position == positions:
                return _VALID
            op = event_op[position]
            if event_return[position]:
                if not placed[op]:
                    registers[MODE] = _ENTER
                    continue
                hashes[0] ^= zobrist[op, 0]
                hashes[1] ^= zobrist[op, 1]
                push(trail, registers, RETURN, op, state)
            else:
                waiting = ret[op] == NEVER and heads[cls[op]] != op
                if observer[cls[op]]:
                    after = lookup(memo_keys, memo_next, state * classes + cls[op])
                    if after == UNASKED:
                        asked[0, 0] = state
                        asked[0, 1] = cls[op]
                        registers[ASKED] = 1
                        return _ASK
                else:
                    after = IMPOSSIBLE
                push(trail, registers, CALL, op, state)
                registers[CALLED] = op + 1
                if not waiting:
                    link(open_list, op)
                if after != IMPOSSIBLE and not waiting:
                    take_effect(
                        open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, op, state
                    )
            registers[POSITION] = position + 1
        elif mode == _ENTER:
            position = registers[POSITION]
            if 2 * registers[DEAD] >= len(dead) or registers[CANDIDATES] + len(cls) + 1 >= len(candidates):
                return _GROW
            one, two = _configuration(position, state, hashes)
            if dead[_place_of(dead, one, two), 0] == one:
                registers[MODE] = _BACK
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
            start = registers[CANDIDATES]
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
                registers[ASKED] = missing
                return _ASK
            frame = registers[FRAMES]
            frames[frame, 0] = registers[TRAIL]
            frames[frame, 1] = start
            frames[frame, 2] = end
            frames[frame, 3] = start
            registers[CANDIDATES] = end
            registers[FRAMES] = frame + 1
            registers[MODE] = _TRY
        elif mode == _TRY:
            frame = registers[FRAMES] - 1
            if frames[frame, 3] == frames[frame, 2]:
                one, two = _configuration(registers[POSITION], state, hashes)
                place = _place_of(dead, one, two)
                if dead[place, 0] != one:
                    registers[DEAD] += 1
                dead[place, 0] = one
                dead[place, 1] = two
                registers[CANDIDATES] = frames[frame, 1]
                registers[FRAMES] = frame
                registers[MODE] = _BACK
                continue
            op = candidates[frames[frame, 3]]
            frames[frame, 3] += 1
            if op == _NOBODY:
                op = event_op[registers[POSITION]]
                unlink(open_list, op)
                push(trail, registers, EXPIRE, op, state)
                registers[POSITION] += 1
                registers[MODE] = _ADVANCE
                continue
            after = lookup(memo_keys, memo_next, state * classes + cls[op])
            take_effect(open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, op, state)
            registers[STATE] = after
            registers[MODE] = _EAGER
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
                registers[ASKED] = missing
                return _ASK
            op = open_list[head, 0]
            while op != tail:
                behind = open_list[op, 0]
                if observer[cls[op]] and lookup(memo_keys, memo_next, state * classes + cls[op]) != IMPOSSIBLE:
                    take_effect(
                        open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, op, state
                    )
                op = behind
            registers[MODE] = _ADVANCE
        else:
            if registers[POSITION] > registers[BEST]:
                for row in range(registers[LOW], registers[TRAIL]):
                    copy(trail[row], best[row])
                registers[BEST] = registers[POSITION]
                registers[BEST_LENGTH] = registers[TRAIL]
                registers[LOW] = registers[TRAIL]
            if registers[FRAMES] == 0:
                return _INVALID
            length = frames[registers[FRAMES] - 1, 0]
            undo(open_list, trail, registers, hashes, zobrist, placed, cls, ret, following, heads, length)
            registers[LOW] = min(registers[LOW], registers[TRAIL])
            registers[MODE] = _TRY
