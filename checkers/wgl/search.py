"""The loop of the search: sweep along the events, decide only when a return forces it, come back from dead ends.

    calls and returns in order:   [0 call] [1 call] [0 return] [2 call] [1 return] ...
                                                     ^ position: 0 must have its place by now

The search sweeps along the positions and decides only when a return forces it to ("just-in-time linearization", Lowe,
"Testing for linearizability", CCPE 29(4), 2017, section 5). If the returning operation has no place yet, a sequence of
open operations that ends with it takes effect now.

A configuration is (position, state, open operations already placed). What was placed before and has returned is the
same for all configurations at a position, so only the trail, which is the witness, is as long as the history.
Configurations from which the search came back are dead and are never entered again (`clew.checkers.wgl.dead`).

Three reductions keep the branching small: `Eager observers`, `Earliest deadline first` and `One at a time` (see
`state.queues`). The argument for each stands next to the lines that use it.
"""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import inlined, raw_kernel
from clew.checkers.memo import IMPOSSIBLE, UNASKED, after
from clew.checkers.wgl.dead import configuration, slot_of
from clew.checkers.wgl.state import CALLED, EXPIRED, RETURNED, append, lift, note, take_back, toggle, unlink

VALID, INVALID, ASK, GROW, PAUSE, GO_ON = range(6)
"""What a visit ends with: the trail is the witness; there is none; transitions are missing; a table is full; it is time
to look at the deadline. GO_ON: it does not end yet."""

ADVANCE, ENTER, TRY, EAGER, BACK = range(5)
"""Modes: go on to the next event; list the candidates at a return; lift the next candidate; lift the observers that are
possible now; leave a branch that has ended."""

_NO_OPERATION = -1
"""As a candidate: the returning operation, which is optional, does not take effect."""

STEPS_PER_VISIT = 20_000
"""Steps until Python may look at the deadline: measured, one to three milliseconds. So a budget is kept, and a look
costs nothing in comparison."""
WORK_PER_VISIT = 1_000_000
"""Operations looked at in these steps, likewise. A step takes longer the more operations are open."""
PLAIN_COSTS = {"steps": 3.0, "work": 0.1}
"""What a step and a look cost as plain Python; see `FirstSteps`."""


@raw_kernel
def search(memo, s):  # type: ignore[no-untyped-def]
    """Search on from where `s` stands; returns a status. It can be called again after ASK, GROW and PAUSE."""
    status = GO_ON
    while status == GO_ON:
        mode = s.at.mode
        if s.at.steps >= s.at.pause_steps or s.at.work >= s.at.pause_work:
            return PAUSE
        s.at.steps += 1
        if mode == ADVANCE:
            status = _advance(memo, s)
        elif mode == ENTER:
            status = _enter(memo, s)
        elif mode == TRY:
            _try(memo, s)
        elif mode == EAGER:
            status = _lift_observers(memo, s)
        else:
            status = _back(s)
    return status


@inlined
def _advance(memo, s):  # type: ignore[no-untyped-def]
    """Deal with one event. A return of an operation that has no place forces a decision."""
    at, ops = s.at, s.ops
    if at.position == len(s.event_op):
        return VALID
    op = np.int64(s.event_op[at.position])
    if s.event_return[at.position]:
        if not ops[op].placed:
            at.mode = ENTER
            return GO_ON
        toggle(at, ops, op)
        note(s.trail, at, RETURNED, op)
    else:
        queued = ops[op].ret == NEVER and s.classes[ops[op].cls].queue != op
        then = IMPOSSIBLE
        if s.classes[ops[op].cls].observer:
            then = after(memo, at.state, ops[op].cls)
            if then == UNASKED:
                s.asked[0].state = at.state
                s.asked[0].cls = ops[op].cls
                at.asked = 1
                return ASK
        note(s.trail, at, CALLED, op)
        at.called = op + 1
        if not queued:
            append(ops, op)
            if then != IMPOSSIBLE:
                lift(s, op)
    at.position += 1
    return GO_ON


@inlined
def _enter(memo, s):  # type: ignore[no-untyped-def]
    """List what may take effect now, unless this configuration is known to be dead."""
    at, ops = s.at, s.ops
    if 2 * at.dead >= len(s.dead) or at.candidates + len(ops) >= len(s.candidates):
        return GROW
    one, two = configuration(at)
    if s.dead[slot_of(s.dead, one, two)].one == one:
        at.mode = BACK
        return GO_ON
    head, tail = len(ops) - 2, len(ops) - 1
    # Earliest deadline first: of the operations of one class only the one that returns first is tried. If a
    # linearization places another one now, this one comes later in it, or never if its outcome is unknown. The two can
    # change places: both are open now, and the one moved back returns later than the one moved up.
    returning = s.event_op[at.position]
    op = ops[head].next
    while op != tail:
        at.work += 8  # There are eight loops like this one below.
        first = s.classes[ops[op].cls].first
        if first < 0 or ops[op].ret < ops[first].ret:
            s.classes[ops[op].cls].first = op
        op = ops[op].next
    missing = 0
    op = ops[head].next
    while op != tail and missing < len(s.asked):
        if s.classes[ops[op].cls].first == op and after(memo, at.state, ops[op].cls) == UNASKED:
            s.asked[missing].state = at.state
            s.asked[missing].cls = ops[op].cls
            missing += 1
        op = ops[op].next
    # A configuration in which an operation needs what cannot hold any more is dead: see `needs`.
    hopeless = False
    if s.needs.ahead > 0:
        op = ops[head].next
        while op != tail and missing < len(s.asked) and not hopeless:
            missing, hopeless = _look(memo, s, op, missing)
            op = ops[op].next
        op = at.called
        while op < head and s.needs.call[op] < at.position + s.needs.ahead and missing < len(s.asked) and not hopeless:
            missing, hopeless = _look(memo, s, op, missing)
            op += 1
    if hopeless:
        missing = 0
    begin = end = at.candidates
    if missing == 0 and not hopeless:
        # First the returning operation, then operations that make it possible, then the rest. Among equals, those of
        # unknown outcome come last.
        for wanted in range(5):
            if wanted == 1 and ops[returning].optional:
                s.candidates[end] = _NO_OPERATION
                end += 1
            op = ops[head].next
            while op != tail:
                if s.classes[ops[op].cls].first == op:
                    then = after(memo, at.state, ops[op].cls)
                    if then != IMPOSSIBLE:
                        rank = 0
                        if op != returning:
                            rank = 1 if after(memo, then, ops[returning].cls) >= 0 else 3
                            if ops[op].ret == NEVER:
                                rank += 1
                        if rank == wanted:
                            s.candidates[end] = op
                            end += 1
                op = ops[op].next
    op = ops[head].next
    while op != tail:
        s.classes[ops[op].cls].first = -1
        op = ops[op].next
    if missing > 0:
        at.asked = missing
        return ASK
    frame = s.frames[at.frames]
    frame.trail = at.trail
    frame.begin = begin
    frame.end = end
    frame.next = begin
    at.candidates = end
    at.frames += 1
    at.mode = TRY
    return GO_ON


@raw_kernel
def _look(memo, s, op, missing):  # type: ignore[no-untyped-def]
    """Whether an operation needs what does not hold and cannot hold any more; before, how many questions there are."""
    if s.ops[op].optional:
        return missing, False
    for need in range(s.needs.starts[op], s.needs.starts[op + 1]):
        s.at.work += 1
        holds = after(memo, s.at.state, s.needs.cls[need])
        if holds == UNASKED and missing < len(s.asked):
            s.asked[missing].state = s.at.state
            s.asked[missing].cls = s.needs.cls[need]
            missing += 1
        elif holds == IMPOSSIBLE and not _helped(s, need):
            return missing, True
    return missing, False


@raw_kernel
def _helped(s, need):  # type: ignore[no-untyped-def]
    """Whether enough operations that can make a need hold have not taken effect yet."""
    missing = s.needs.times[need]
    for place in range(s.needs.helper_starts[need], s.needs.helper_starts[need + 1]):
        if not s.ops[s.needs.helpers[place]].placed:
            missing -= 1
            if missing == 0:
                return True
    return False


@inlined
def _try(memo, s):  # type: ignore[no-untyped-def]
    """Lift the next candidate. When none is left, the configuration is dead."""
    at, ops = s.at, s.ops
    frame = s.frames[at.frames - 1]
    if frame.next == frame.end:
        one, two = configuration(at)
        entry = s.dead[slot_of(s.dead, one, two)]
        if entry.one != one:
            at.dead += 1
        entry.one = one
        entry.two = two
        at.candidates = frame.begin
        at.frames -= 1
        at.mode = BACK
        return
    op = s.candidates[frame.next]
    frame.next += 1
    if op == _NO_OPERATION:
        op = np.int64(s.event_op[at.position])
        unlink(ops, op)
        note(s.trail, at, EXPIRED, op)
        at.position += 1
        at.mode = ADVANCE
        return
    then = after(memo, at.state, ops[op].cls)
    lift(s, op)
    at.state = then
    at.mode = EAGER


@inlined
def _lift_observers(memo, s):  # type: ignore[no-untyped-def]
    """Eager observers: an open operation that never changes a state takes effect as soon as it is possible.

    If a linearization places it later, it can be moved here: no operation notices.
    """
    at, ops = s.at, s.ops
    head, tail = len(ops) - 2, len(ops) - 1
    missing = 0
    op = ops[head].next
    while op != tail and missing < len(s.asked):
        at.work += 2
        if s.classes[ops[op].cls].observer and after(memo, at.state, ops[op].cls) == UNASKED:
            s.asked[missing].state = at.state
            s.asked[missing].cls = ops[op].cls
            missing += 1
        op = ops[op].next
    if missing > 0:
        at.asked = missing
        return ASK
    op = ops[head].next
    while op != tail:
        following = ops[op].next
        if s.classes[ops[op].cls].observer and after(memo, at.state, ops[op].cls) != IMPOSSIBLE:
            lift(s, op)
        op = following
    at.mode = ADVANCE
    return GO_ON


@inlined
def _back(s):  # type: ignore[no-untyped-def]
    """The branch has ended: keep its trail if it came farthest, and go back to the last choice."""
    at = s.at
    if at.position > at.farthest:
        at.work += at.trail - at.same
        for row in range(at.same, at.trail):
            s.best[row] = s.trail[row]
        at.farthest = at.position
        at.best = at.trail
        at.same = at.trail
    if at.frames == 0:
        return INVALID
    take_back(s, s.frames[at.frames - 1].trail)
    at.same = min(at.same, at.trail)
    at.mode = TRY
    return GO_ON
