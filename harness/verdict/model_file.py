"""A user's own model: `model = ...` in a Python file.

Only the command line may name such a file. The model that a history names is never run as code.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from functools import cache
from pathlib import Path

from clew.checkers.models import Model, find_model
from clew.harness.errors import UserError


def load(name: str) -> Model:
    """The model of this name, or the model in the Python file at this path. Raises `UserError`."""
    if not name.endswith(".py"):
        try:
            return find_model(name)
        except ValueError as error:
            raise UserError(f"--model: {error}, or the path of a .py file") from None
    path = Path(name)
    if not path.is_file():
        raise UserError(f"--model: there is no file {name}")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            model = _at(path.resolve())
    except (Exception, SystemExit) as error:
        raise failure(path, error) or error from error
    if not isinstance(model, Model):
        raise UserError(
            f"--model: {name} defines no `model = ...`, an instance of a subclass of clew.checkers.models.Model"
        )
    return model


@cache
def _at(path: Path) -> object:
    from clew.systems.registry import import_file

    return getattr(import_file(path), "model", None)


def failure(path: Path, error: BaseException) -> UserError | None:
    """The error to show to the author of a model that raised: the innermost line of the file, and what happened there.

    None if the model is not to blame: no line of it was running, and its states can be hashed.
    """
    here = path.resolve()
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).resolve() == here
    ]
    if isinstance(error, SyntaxError) and error.filename is not None and Path(error.filename).resolve() == here:
        lines.append(error.lineno)
    if not lines and not (isinstance(error, TypeError) and "hashable" in str(error)):
        return None
    place = f"{path}:{lines[-1]}" if lines else str(path)
    return UserError(f"{place}: the model failed: {type(error).__name__}: {error}")
