"""The models that clew knows, by name. Your own is a subclass of `Model`, given to `check` as it is."""

from __future__ import annotations

import difflib

from checkers.models.collection import AppendList, Set
from checkers.models.consensus import Consensus
from checkers.models.counter import Counter
from checkers.models.kv import KeyValue
from checkers.models.model import Model, Operation
from checkers.models.multi_register import MultiRegister
from checkers.models.mutex import Mutex
from checkers.models.queue import FifoQueue, PriorityQueue, Stack, UnorderedQueue
from checkers.models.register import CasRegister, Register, VersionedRegister

_MODELS: dict[str, type[Model]] = {
    model.name: model
    for model in (
        Register,
        CasRegister,
        VersionedRegister,
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
        AppendList,
    )
}


def names() -> tuple[str, ...]:
    """The names of all models, sorted."""
    return tuple(sorted(_MODELS))


def find(name: str) -> Model:
    """The model of this name. Raises `ValueError` with the nearest name if there is none."""
    try:
        return _MODELS[name]()
    except KeyError:
        near = difflib.get_close_matches(name, _MODELS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(names())}"
        raise ValueError(f"there is no model {name!r}{hint}") from None


__all__ = ["Model", "Operation", "find", "names"]
