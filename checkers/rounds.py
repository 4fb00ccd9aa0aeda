"""Searches take turns, in rounds of growing effort, until one has an answer: what one cannot decide, another often can.

    round        registers                    stacks                        other models
    first        wgl, mending, a sweep        wgl, who popped which push,   wgl, without and with needs
                 that goes back, lazy         a sweep of sets of stacks
    second       mending, then the others,    the sweep, then the others,   a sweep that goes back, wgl with needs
                 with more of all             with more of all
    further      and so on                    and so on                     the same, with more of both

Several registers are mended too (`clew.checkers.mending`), and priority queues (`clew.checkers.least`), between wgl
without and with needs, and then in each round.

A counter has another search in place of the sweep: `clew.checkers.counters`.

Nothing runs in parallel. wgl is the fastest on easy histories, and most histories are easy. After its first turn it
also looks at what operations need, if the model says that (`clew.checkers.wgl.needs`). Sweeps and lazy are hardly
slower on hard histories than on easy ones. Each round has ten times as many steps as the one before, so everything
before the last round costs a ninth of it at most.

Which search decides a history of 30 clients is hard to foresee. Measured on histories of 1,000 operations and 5 values,
with 5 seconds of processor time: of eight multi-registers, wgl with needs decided four, the sweep none, and mending
all. Of seven sets that are read whole, wgl and the sweep decided three each, but not the same ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from clew.checkers import sums, wgl
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.forms import RegisterForm
from clew.checkers.models.model import Model
from clew.checkers.monitors.first_unexplained import decide_beginnings
from clew.checkers.register_memo import register_memo
from clew.checkers.verdict import Budget

_FIRST_EFFORT = 20
"""Steps of a search for each event, in the first round. Legal histories of 5 processes take wgl 2 steps an event, of 10
processes 9, and more if outcomes are unknown (measured on the grid of `tests.benchmarks.checker`). So most are decided
in its first turn, and a hard one does not keep the others waiting for long."""
_MORE_EFFORT = 10
"""How many times as many steps each round has."""
FEWEST_EVENTS = 100_000
"""A shorter history gets the steps of one of this many events: two million, one or two tenths of a second."""
_FIRST_WIDTHS = (8, 32)
"""Configurations that lazy keeps in the first round. Of the 32 kinds of histories in the grid of
`tests.benchmarks.checker`, 8 configurations decide 14 within two million steps, and 32 decide another 7. Five of the 14
take 32 configurations too long, so both widths are tried."""
_MORE_WIDTH = 16
"""How many times as many configurations each round keeps: the widths are 8, 32, 128, 512, and so on, each tried once.
Not measured: a wider sweep is complete more often and takes longer."""
_BACK, _WIDER_BACK = 32, 4
"""Configurations that the first sweep that goes back keeps, and how many times as many each further one does. Measured
on five hard priority queues and sets: 32 decide four within 5 seconds of processor time, 100 three, 300 one."""
_TRIED = 18
"""Operations that a sweep that goes back may try for a step of wgl: four seconds of processor time in its first turn.
The hardest history that one of 32 configurations decided within five seconds, a `kv`, took it 338 million."""
_SWEPT = 60
"""The same for registers: a second in its first turn."""
_HOPED = 2
"""Steps of wgl with needs, for a step without. Of six multi-registers and sets of 30 clients that it decided within
five seconds of processor time, each after more than two million steps, 20 million decide four, and 40 million all."""
_MENDED = 15
"""Places that mending looks at for a step of wgl, if it comes no further: half a second of processor time in its first
turn."""
_SEEDS, _MORE_SEEDS = 3, 4
"""With how many seeds a register is mended in the first round, and how many times as many in all by the end of each
further one. Of 19 hard histories of 2,000 operations all are mended with four seeds, 13 of 17 with one."""
_MOVED = 100
"""Moves in the order of a priority queue, for each step of wgl an event: 4,000 for each operation in its first turn,
half a second of processor time for 1,000 operations."""
_PAIRED, _LONG_STATES = 50, 20
"""Pairs, positions and lifetimes that the search for a pairing looks at for a step of wgl: 0.3 s of processor time in
its first turn, 3 s in the second. And how many times fewer steps wgl has for a stack, whose states are long: 0.2 s in
its first turn, 2 to 5 s in the second."""

_STACKS = 200
"""Rows and nodes that sweeps of sets of stacks look at for each event and step of wgl, in their first turn: 80 million
for 10,000 operations, up to seven seconds of processor time. That decides most of 5 and 10 clients within a half."""

Turn = Callable[[int], Decision | None]
"""A search: what it finds in the round of a number, or None if it has no turn in this round. If it has none in the
first and the second one, it never has one."""


def search_register(
    form: RegisterForm,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    most_rounds: int | None,
    *,
    where: bool = True,
) -> Decision:
    """Decide a problem of a register by wgl, mending, a sweep that goes back and lazy; see `take_turns`.

    If invalid, it says where. Without `where`, `stuck` may be None.
    """
    problem = form.problem

    def depth(number: int) -> Decision:
        memo = register_memo(form, model) if number == 0 else None

        def search(part: Problem) -> Decision:
            return wgl.decide(
                part, model, budget, deadline, steps=steps_of(number, problem), memo=memo, hope=number > 0
            )

        return decide_beginnings(search, problem) if where else search(problem)

    def mended(number: int) -> Decision:
        from clew.checkers import mending

        # Other ones in each round: 0 to 2, then 3 to 11, then 12 to 47, and so on.
        seeds = range(_SEEDS * _MORE_SEEDS ** (number - 1) if number > 0 else 0, _SEEDS * _MORE_SEEDS**number)
        return mending.decide_register(form, deadline, _MENDED * steps_of(0, problem), seeds=seeds)

    def first_mended(number: int) -> Decision | None:
        return mended(number) if number == 0 else None

    def later_mended(number: int) -> Decision | None:
        return mended(number) if number > 0 else None

    def back(number: int) -> Decision:
        # Imported here, and lazy below: its kernels take seconds to compile, once after an install, and most histories
        # never need them.
        from clew.checkers import linear

        width = _BACK * _WIDER_BACK**number
        return linear.decide_going_back(problem, model, budget, deadline, width, _SWEPT * steps_of(number, problem))

    def breadth(number: int) -> Decision:
        from clew.checkers import lazy

        widths = [width * _MORE_WIDTH**number for width in _FIRST_WIDTHS]
        most = _effort(number) * max(len(problem.event_op), 4 * FEWEST_EVENTS)
        return lazy.decide(form, budget, deadline, widths, most)

    return take_turns((later_mended, depth, first_mended, back, breadth), deadline, most_rounds)


def search_any(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None, *, mend: bool = True
) -> Decision:
    """Decide a problem of any model by wgl, mending and a sweep that goes back; see `take_turns`.

    If invalid, `stuck` may be None. Without `mend` nothing is mended: of a problem that wgl found invalid, most
    beginnings that are asked about are soon found valid or invalid too, and mending finds only the first.
    """

    def mended(number: int) -> Decision | None:
        if not mend:
            return None
        if model.discipline == "least":
            from clew.checkers import least

            moves = _MOVED * _effort(number) * len(problem.event_op)
            return least.decide(problem, model, deadline, moves, seed=number)
        from clew.checkers import mending

        return mending.decide(problem, model, deadline, _MENDED * steps_of(number, problem), seed=number)

    def later_mended(number: int) -> Decision | None:
        return mended(number) if number > 0 else None

    def back(number: int) -> Decision | None:
        if number == 0:
            return None
        from clew.checkers import counters, linear

        if sums.applies(model):
            return counters.decide(problem, model, budget, deadline, _TRIED * steps_of(number, problem), number)
        width = _BACK * _WIDER_BACK ** (number - 1)
        return linear.decide_going_back(problem, model, budget, deadline, width, _TRIED * steps_of(number, problem))

    def depth(number: int) -> Decision:
        if number == 0:
            steps = steps_of(number, problem)
            return wgl.answer_in_turns(problem, model, budget, deadline, steps=steps, between=lambda: mended(0))
        return wgl.decide(problem, model, budget, deadline, steps=_HOPED * steps_of(number, problem), hope=True)

    # What mending does not decide in its first turn, it seldom decides in a longer one. So the sweep goes first then.
    return take_turns((back, later_mended, depth), deadline, most_rounds)


def search_stack(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None
) -> Decision:
    """Decide a problem of a stack by wgl, the search for who popped which push and a sweep; see `take_turns`.

    If invalid, `stuck` may be None.
    """

    def pairs(number: int) -> Decision | None:
        from clew.checkers import pairing

        if not pairing.applies(problem, model):
            return None
        return pairing.search(problem, model, deadline, _PAIRED * steps_of(number, problem), seed=number)

    def depth(number: int) -> Decision:
        return wgl.decide(problem, model, budget, deadline, steps=steps_of(number, problem) // _LONG_STATES)

    def first_pairs(number: int) -> Decision | None:
        return pairs(number) if number == 0 else None

    def later_pairs(number: int) -> Decision | None:
        return pairs(number) if number > 0 else None

    def swept(number: int) -> Decision:
        from clew.checkers import newest

        found = newest.decide(problem, model, budget, deadline, _STACKS * _effort(number) * len(problem.event_op))
        # It calls a few valid histories of twelve operations invalid. What it calls valid has an order.
        return Decision("unknown", why="time", engine="newest") if found.answer == "invalid" else found

    def first_swept(number: int) -> Decision | None:
        return swept(number) if number == 0 else None

    def later_swept(number: int) -> Decision | None:
        return swept(number) if number > 0 else None

    # wgl is faster on easy histories, and on hard ones it seldom comes to an end: so it begins, and is last later on.
    return take_turns((later_swept, later_pairs, depth, first_pairs, first_swept), deadline, most_rounds)


def take_turns(turns: Sequence[Turn], deadline: Deadline, most_rounds: int | None) -> Decision:
    """The first answer of a search, or how far one came by the time that the deadline or the rounds are over.

    It is "unknown" for lack of "memory" only if every search of a round was.
    """
    best = Decision("unknown", engine="wgl")
    for number in itertools.count():
        lacked = set()
        for turn in turns:
            found = turn(number)
            if found is None:
                lacked |= {"a turn"} if number == 0 else set()
                continue
            if found.answer != "unknown":
                return found
            best = max(best, found, key=progress)
            lacked.add(str(found.why))
            if deadline.passed():
                return replace(best, why="time")
        if lacked == {"memory"}:
            return replace(best, why="memory")
        if number + 1 == most_rounds:
            break
    return replace(best, why="time")


def steps_of(number: int, problem: Problem) -> int:
    """Steps of wgl in the round of this number, from 0. They depend on the problem only, not on the machine."""
    return _effort(number) * max(FEWEST_EVENTS, len(problem.event_op))


def _effort(number: int) -> int:
    """Steps for each event in the round of this number."""
    return int(_FIRST_EFFORT * _MORE_EFFORT**number)


def progress(decision: Decision) -> tuple[bool, int]:
    """The greater, the better the decision: any answer is best, then a longer beginning that is explained."""
    return decision.answer != "unknown", len(decision.order)
