"""The models that clew knows, by name. For your own, subclass `Model` and give an instance of it to `check`."""

from __future__ import annotations

import difflib

from clew.checkers.models.atomic_commit import AtomicCommit
from clew.checkers.models.collection import AppendList, Set
from clew.checkers.models.consensus import Consensus
from clew.checkers.models.counter import Counter
from clew.checkers.models.election import Election
from clew.checkers.models.kv import KeyValue
from clew.checkers.models.model import Model, ModelOperation
from clew.checkers.models.multi_register import MultiRegister
from clew.checkers.models.mutex import Mutex
from clew.checkers.models.queue import FifoQueue, PriorityQueue, Stack, UnorderedQueue
from clew.checkers.models.register import CasByVersion, CasRegister, Register, VersionedRegister
from clew.checkers.models.word_count import WordCount
from clew.histories.text import value_text

_MODELS: dict[str, type[Model]] = {
    model.name: model
    for model in (
        Register,
        CasRegister,
        VersionedRegister,
        CasByVersion,
        Counter,
        KeyValue,
        Set,
        FifoQueue,
        UnorderedQueue,
        Stack,
        PriorityQueue,
        Mutex,
        MultiRegister,
        Consensus,
        AtomicCommit,
        Election,
        AppendList,
        WordCount,
    )
}


def names() -> tuple[str, ...]:
    """The names of all models, sorted."""
    return tuple(sorted(_MODELS))


def find_model(name: str) -> Model:
    """The model of this name. Raises `ValueError` with the nearest name if there is none."""
    try:
        return _MODELS[name]()
    except KeyError:
        near = difflib.get_close_matches(name, _MODELS, n=1)
        hint = f"; did you mean {value_text(near[0])}?" if near else f"; there are {', '.join(names())}"
        raise ValueError(f"there is no model {value_text(name)}{hint}") from None


__all__ = ["Model", "ModelOperation", "find_model", "names"]
