"""The models that clew knows, by name. Your own is a subclass of `Model`, given to `check` as it is."""

from __future__ import annotations

import difflib

from checkers.models.model import Model, Operation
from checkers.models.register import CasRegister, Register

_MODELS: dict[str, type[Model]] = {model.name: model for model in (Register, CasRegister)}


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


__all__ = ["CasRegister", "Model", "Operation", "Register", "find", "names"]
