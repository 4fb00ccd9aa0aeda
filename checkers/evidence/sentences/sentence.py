"""Choose the one sentence about an invalid key."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clew.checkers.deadline import Deadline
from clew.checkers.encoding import Problem
from clew.checkers.evidence.sentences.containers import said_of_containers
from clew.checkers.evidence.sentences.counters import said_of_counters
from clew.checkers.evidence.sentences.decisions import said_of_decisions
from clew.checkers.evidence.sentences.elections import said_of_elections
from clew.checkers.evidence.sentences.locks import said_of_locks
from clew.checkers.evidence.sentences.past import OutOfTime, Past, Said, text
from clew.checkers.evidence.sentences.phrases import phrase
from clew.checkers.evidence.sentences.registers import said_of_halves, said_of_registers, said_of_versions
from clew.checkers.evidence.sentences.sequences import said_of_sequences, said_of_strings
from clew.checkers.evidence.sentences.sets import said_of_sets
from clew.checkers.evidence.sentences.transactions import said_of_transactions
from clew.checkers.evidence.sentences.versions import said_of_swapped_versions
from clew.checkers.evidence.sentences.words import said_of_words
from clew.checkers.models.atomic_commit import AtomicCommit
from clew.checkers.models.consensus import Consensus
from clew.checkers.models.counter import Counter
from clew.checkers.models.election import Election
from clew.checkers.models.model import Model
from clew.checkers.models.multi_register import MultiRegister
from clew.checkers.models.mutex import Mutex
from clew.checkers.models.register import CasByVersion, VersionedRegister
from clew.checkers.models.word_count import WordCount
from clew.histories.history import History
from clew.histories.text import label

Rule = Callable[[Past], Iterator[Said]]

_ANY: tuple[Rule, ...] = (said_of_sequences, said_of_strings, said_of_registers, said_of_sets, said_of_containers)
"""Rules for every model that says what its operations access."""
_OF_MODEL: dict[type[Model], tuple[Rule, ...]] = {
    AtomicCommit: (said_of_transactions,),
    CasByVersion: (said_of_swapped_versions,),
    Consensus: (said_of_decisions,),
    Counter: (said_of_counters,),
    WordCount: (said_of_words,),
    Election: (said_of_elections,),
    MultiRegister: (said_of_halves,),
    Mutex: (said_of_locks,),
    VersionedRegister: (said_of_versions,),
}
"""Rules for one model alone. A subclass may step differently, so the type must be this one."""
_FEW = 5
"""Operations that a sentence can list."""


def find_sentence(
    history: History,
    model: Model,
    problem: Problem,
    counterexample: list[int],
    failed: tuple[int, ...] = (),
    deadline: Deadline | None = None,
    stuck: int | None = None,
) -> str:
    """One sentence that says what happened, with a full stop. It is true of the history.

    `counterexample` (indices into the invalid problem) is impossible. The first rule that fits is taken; if none does,
    the sentence says what the operations of the counterexample did, and that no order explains it. O(n) for each pair
    of its operations. If the deadline passes, the last resort is said.

    `stuck` is the operation that the verdict names; the last resort names it too. `failed` are failed operations
    (numbers of the history) that explain everything if they took effect after all.
    """
    words = choose(Past(history, model, problem, counterexample, deadline), problem.key, stuck).text
    if failed and "failed" not in words:
        which = f"{history.client(failed[0])}: {label(history, failed[0])}"
        what = f"{len(failed)} operations" if len(failed) > 1 else "an operation"
        words += f", unless {what} that failed took effect, {'such as ' if len(failed) > 1 else ''}{which}"
    return f"{words}."


def choose(past: Past, key: object = None, stuck: int | None = None) -> Said:
    """What `find_sentence` says, with the operations that it is about."""
    said = first_said(past) or no_order(past, stuck)
    several = len(past.history.keys) - (past.history.keys.find(None) is not None) > 1
    where = f" (key {text(key)})" if key is not None and several else ""
    return Said(f"{said.text}{where}", said.operations, said.needs_all)


def first_said(past: Past) -> Said | None:
    """What the first rule that fits says. None if none does, or if it takes longer than there is time."""
    rules = (*_ANY, *_OF_MODEL.get(type(past.model), ()))
    try:
        return next((said for rule in rules for said in rule(past)), None)
    except OutOfTime:
        past.deadline = None
        return None


def no_order(past: Past, stuck: int | None = None) -> Said:
    """The sentence for everything else. Of many operations it names the one that the verdict names."""
    if past.size <= _FEW:
        return Said(f"No order explains: {', '.join(phrase(past, op) for op in past.core)}", tuple(past.core))
    last = max(past.core, key=lambda op: (op == stuck, past.acknowledged(op), past.ret[op]))
    return Said(f"No order explains these {past.size} operations together; in one of them, {phrase(past, last)}",
                tuple(past.core))  # fmt: skip
