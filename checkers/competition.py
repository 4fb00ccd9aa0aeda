"""The default engine: the fastest algorithm for the form of the problem, and a search where there is none.

    register     every value set once?     zones: valid with its order, or invalid
                 a stale read?             invalid, at its return or earlier; a search of what came before says which
                 otherwise                 searches by turns
    appends      always                    zones
    container    always                    monitors; searches where takes of unknown outcome leave a doubt
    set          always                    monitors
    tally        always                    monitors
    no form      a set, never read whole?  each element is a register
                 a sum out of reach?       invalid, at its return or earlier
                 more taken than put?      the same
                 an element misread?       the same
                 an unordered queue?       a search for the moments at which it was empty
                 appends, or a record?     a sweep of all contents that may be there
                 a FIFO queue?             a search for one line of pairs
                 versions, or one list?    they shorten the intervals, then searches by turns
                 a set, read whole?        the same, and before the searches one try with the reads in a line
                 otherwise                 searches by turns
                 are these hard?           a part may be invalid: one element, one register

Each question costs about as much as sorting the operations. `clew.checkers.rounds` says which searches take turns.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from clew.checkers import bag, contents, line, parts, pinned, set_once, sums, wgl
from clew.checkers.cells import cell_of
from clew.checkers.deadline import Deadline
from clew.checkers.decision import Decision
from clew.checkers.encoding import Problem
from clew.checkers.forms import AppendForm, ContainerForm, Form, RegisterForm, SetForm, TallyForm
from clew.checkers.misread import Misread, misread
from clew.checkers.models.model import Model
from clew.checkers.monitors import containers, elements, sets, stale_read, tallies, zones
from clew.checkers.monitors.first_unexplained import decide_beginnings, look_earlier, places
from clew.checkers.overdrawn import overdrawn
from clew.checkers.rounds import FEWEST_EVENTS, progress, search_any, search_register, search_stack, steps_of
from clew.checkers.verdict import Budget

_LOOKS = 8
"""Operations that `line` looks at in the time of a step of wgl, about. `bag` may look at as many states."""
_STEPS_BEFORE_SWEEP = 20_000
"""Steps of wgl before the sweep of a content: enough for 1,000 operations of five clients. More would take longer than
the sweep, because a state is as long as the content."""
_SWEPT = 100
"""Rows and operations that the sweep of a content looks at for a step of wgl in the first round: six seconds. The
hardest of six `kv` of 10,000 operations, 30 clients, 5 values and 2 % of unknown outcomes took 124 million of 200."""
_STEPS_BEFORE_PARTS = 2
"""Steps of a search for each event, before parts of the problem are looked at: enough for most histories of five
clients. Of a stack, whose states are many, ten times as many take six seconds. All its parts take a tenth of one."""
_ROUNDS_FOR_EARLIER = 1
"""Rounds to look for an earlier violation. The answer is known already, so one round must do."""


def decide(
    problem: Problem,
    form: Form | None,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    *,
    most_rounds: int | None = None,
) -> Decision:
    """Decide one problem, whose form is `form` (see `form_of`).

    `most_rounds` bounds the search by something that is the same on every machine. When the rounds are used up, the
    answer is "unknown" and `why` is "time".
    """
    match form:
        case RegisterForm():
            return _decide_register(form, model, budget, deadline, most_rounds)
        case AppendForm():
            return zones.decide_appends(form)
        case SetForm():
            return sets.decide(form)
        case TallyForm():
            return tallies.decide(form)
        case ContainerForm():
            return _decide_container(form, model, budget, deadline, most_rounds)
    by_element = elements.forms_by_element(problem, model)
    if by_element is not None:
        return elements.decide(
            problem, by_element, lambda part: _decide_register(part, model, budget, deadline, most_rounds)
        )

    absurd = absurd_at(problem, model)
    if absurd is not None:
        engine, stuck = absurd
        return look_earlier(
            problem, stuck, engine, lambda part: wgl.decide(part, model, budget, deadline, steps=FEWEST_EVENTS)
        )

    wrong = misread(problem, model, deadline)
    if wrong is not None:
        return _about_one_element(problem, wrong, model, budget, deadline)

    def search(part: Problem, model: Model, mend: bool) -> Decision:
        return _search(part, model, budget, deadline, most_rounds, mend=mend)

    if bag.applies(model):
        return bag.decide(problem, model, budget, deadline, effort=_looks(problem, most_rounds))

    def search_whole() -> Decision:
        return _search_whole(problem, model, budget, deadline, search, _looks(problem, most_rounds))

    first = _decide_content(problem, model, budget, deadline, most_rounds)
    if first is not None and (first.answer != "unknown" or deadline.passed()):
        return first
    if most_rounds is not None or not parts.applies(model):
        return search_whole()
    return _by_parts(problem, model, budget, deadline, search_whole)


def _decide_content(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None
) -> Decision | None:
    """The decision of a content that grows, or of a record: by a few steps of wgl, then by its sweep. None if it is
    neither."""
    accesses = contents.accesses_of(problem, model)
    if accesses is None:
        return None
    work = (_SWEPT if most_rounds is None else _LOOKS) * steps_of(0, problem)

    def search(part: Problem, model: Model) -> Decision:
        first = wgl.decide(part, model, budget, deadline, steps=_STEPS_BEFORE_SWEEP)
        if first.answer != "unknown" or deadline.passed():
            return first
        return max(first, contents.decide(part, accesses, budget, deadline, work), key=progress)

    if pinned.applies(problem, model, deadline):
        return pinned.decide(problem, model, deadline, search)
    return decide_beginnings(lambda part: search(part, model), problem)


def absurd_at(problem: Problem, model: Model) -> tuple[str, int] | None:
    """The return (its position) of an answer that is impossible by a count alone, and what has counted; or None."""
    for engine, wrong_at in (("sums", sums.out_of_reach), ("overdrawn", overdrawn)):
        stuck = wrong_at(problem, model)
        if stuck is not None:
            return engine, stuck
    return None


def _about_one_element(problem: Problem, wrong: Misread, model: Model, budget: Budget, deadline: Deadline) -> Decision:
    """The decision of a set that was read wrong about one element, with the part of this element."""
    decision = look_earlier(
        problem, wrong.stuck, "misread", lambda part: wgl.decide(part, model, budget, deadline, steps=FEWEST_EVENTS)
    )
    if decision.stuck != wrong.stuck or not parts.applies(model):
        return decision
    part = parts.part_of(problem, model, {wrong.element})
    changes = ~part.observer[part.cls] | (part.number == problem.number[problem.event_op[wrong.stuck]])
    # Without the other observers it is smaller. If they are needed to show that the element was there, they stay.
    without = part.only(changes)
    return replace(decision, part=without if misread(without, model, deadline) else part)


def _by_parts(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, search_whole: Callable[[], Decision]
) -> Decision:
    """A few steps of wgl. If they do not suffice, a part of the problem may be invalid. If none is, `search_whole`.

    If the model says what its operations need, there is a whole round: it decides most histories of 30 clients of a
    `kv` in a second, and to look at all parts of these takes seven. So does one of a stack.
    """
    steps = _STEPS_BEFORE_PARTS * max(FEWEST_EVENTS, len(problem.event_op))

    def search(whole: Problem) -> Decision:
        def few_steps(part: Problem, model: Model, mend: bool) -> Decision:
            if model.discipline == "newest":
                return search_stack(part, model, budget, deadline, 1)
            if type(model).needs is not Model.needs:
                return search_any(part, model, budget, deadline, 1, mend=mend)
            return wgl.decide(part, model, budget, deadline, steps=steps)

        return _search_whole(whole, model, budget, deadline, few_steps, _LOOKS * steps)

    impossible_at = pinned.impossible_at(problem, model, deadline)
    if impossible_at is not None:
        # A part may show it earlier.
        found = _invalid_part(problem.before(impossible_at + 1), model, budget, deadline)
        if found is None:
            return look_earlier(problem, impossible_at, "pinned", search)
    else:
        first = search(problem)
        if first.answer != "unknown" or deadline.passed():
            return first
        found = _invalid_part(problem, model, budget, deadline)
        if found is None:
            return max(first, search_whole(), key=progress)
    decision = look_earlier(problem, parts.stuck_in(problem, found), "parts", search)
    return _with(problem, model, decision, found)


def _invalid_part(problem: Problem, model: Model, budget: Budget, deadline: Deadline) -> parts.InvalidPart | None:
    def decide_part(part: Problem, form: Form | None) -> Decision:
        return decide(part, form, model, budget, deadline, most_rounds=1)

    return parts.find_invalid_part(problem, model, decide_part, deadline)


def with_part(problem: Problem, model: Model, decision: Decision, deadline: Deadline) -> Decision:
    """An invalid decision with a part of the problem that is invalid at the same return, if one is found."""
    assert decision.stuck is not None
    if not parts.applies(model):
        return decision
    found = _invalid_part(problem.before(decision.stuck + 1), model, Budget(), deadline)
    return decision if found is None else _with(problem, model, decision, found)


def _with(problem: Problem, model: Model, decision: Decision, found: parts.InvalidPart) -> Decision:
    """An invalid decision with the part that shows it, if the part is invalid at the same return.

    The part may be one of a beginning. But what was open then can matter with the result that it got later. So the part
    of the whole problem is taken.
    """
    if parts.stuck_in(problem, found) != decision.stuck:
        return decision
    return replace(decision, part=parts.part_of(problem, model, found.things))


def _search_whole(
    problem: Problem,
    model: Model,
    budget: Budget,
    deadline: Deadline,
    search: Callable[[Problem, Model, bool], Decision],
    looks: int | None,
) -> Decision:
    """The search for a problem without a form. `looks` bound that for a line of pairs, `search` is any other one.

    `search` gets a problem, its model, and whether mending has a turn. Of a beginning mending shows only that it is
    valid, which wgl mostly does as soon. Where results pin the order, mending is quick.
    """
    if line.applies(problem, model):
        return line.decide(problem, model, budget, deadline, effort=looks)
    if pinned.applies(problem, model, deadline):
        return pinned.decide(problem, model, deadline, lambda part, model: search(part, model, True))
    return decide_beginnings(lambda part: search(part, model, part is problem), problem)


def _search(
    problem: Problem, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None, *, mend: bool = True
) -> Decision:
    """The searches for the model. If invalid, `stuck` may be None."""
    if model.discipline == "newest":
        return search_stack(problem, model, budget, deadline, most_rounds)
    return search_any(problem, model, budget, deadline, most_rounds, mend=mend)


def _decide_container(
    form: ContainerForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None
) -> Decision:
    problem = form.problem
    decision = containers.decide(form)
    if bag.applies(model) and (decision.answer == "unknown" or not decision.stuck_is_first):
        return bag.decide(problem, model, budget, deadline, effort=_looks(problem, most_rounds))
    if decision.answer == "unknown" and line.applies(problem, model):
        looks = _looks(problem, most_rounds)
        return max(decision, line.decide(problem, model, budget, deadline, effort=looks), key=progress)
    if decision.answer == "unknown":
        found = decide_beginnings(lambda part: _search(part, model, budget, deadline, most_rounds), problem)
        return max(decision, found, key=progress)
    if decision.answer == "invalid" and not decision.stuck_is_first:
        assert decision.stuck is not None

        def search(beginning: Problem) -> Decision:
            return wgl.decide(beginning, model, budget, deadline, steps=FEWEST_EVENTS)

        return look_earlier(problem, decision.stuck, "monitors", search)
    return decision


def _decide_register(
    form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None
) -> Decision:
    problem = form.problem
    stuck: int | None = None
    engine = "stale"
    if form.values_set_once:
        decision = zones.decide_register(form)
        if not form.has_mismatches:
            return decision
        if decision.answer == "valid":
            order = zones.insert_mismatches(form, decision.order)
            if order is not None:
                return replace(decision, order=order)
        stuck, engine = decision.stuck, "zones"
    else:
        found = stale_read.find_stale_read(form)
        if found is not None:
            stuck = int(problem.ret[found.read])
    if stuck is None:
        return _search_register(form, model, budget, deadline, most_rounds)

    def search(beginning: Problem) -> Decision:
        part = form.only(places(beginning, problem), beginning)
        return _search_register(part, model, budget, deadline, _ROUNDS_FOR_EARLIER)

    return look_earlier(problem, stuck, engine, search)


def _search_register(
    form: RegisterForm, model: Model, budget: Budget, deadline: Deadline, most_rounds: int | None
) -> Decision:
    """The searches for a register. Values that are set once shorten the intervals before."""
    if len(form.problem) < set_once.SHORTEST or not set_once.applies(form.problem, cell_of(form)):
        return search_register(form, model, budget, deadline, most_rounds)
    return pinned.decide_register(
        form, deadline, lambda part: search_register(part, model, budget, deadline, most_rounds, where=False)
    )


def _looks(problem: Problem, most_rounds: int | None) -> int | None:
    """What `line` can look at while wgl makes the steps of the last round."""
    return None if most_rounds is None else _LOOKS * steps_of(most_rounds - 1, problem)
