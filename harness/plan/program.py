"""The `system` section of a program that needs no Python file: `{command: ..., client: ...}` or `{maelstrom: ...}`.

Both are systems with parameters, like any other. Their paths are relative to the plan, and absolute once it is read.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

from clew.harness.plan.field import Field, Fields
from clew.harness.plan.schema import SystemPlan
from clew.harness.plan.values import distinct, drawn, text, whole_number, word
from clew.systems import Service, find_system
from clew.systems.command import NODE_PLACEHOLDERS, PLACEHOLDERS, BadTemplate, CommandParameters, fill
from clew.systems.maelstrom import MaelstromParameters, Workload

COMMAND_FIELDS = (
    "command",
    "client",
    "nodes",
    "model",
    "functions",
    "ready",
    "port",
    "peer",
    "environment",
    "folder",
)
MAELSTROM_FIELDS = ("maelstrom", "nodes", "workload", "environment", "folder")
READY = ("http", "log")
WORKLOADS: tuple[Workload, ...] = get_args(Workload)
NO_NUL = r"[^\0]*"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_command(fields: Fields, folder: Path, nodes: int) -> tuple[SystemPlan, Service]:
    """A program with its command line and its clients."""
    fields.mapping.fields(COMMAND_FIELDS)
    folder = fields.get("folder", lambda field: _folder(field, folder), folder)
    model = fields.get("model", _model, "cas-register")
    known = _functions(model)
    tcp: str | dict[str, str] = "tcp"
    parameters = CommandParameters(
        command=fields.read("command", lambda field: _words(field, PLACEHOLDERS)),
        client=fields.read("client", lambda field: _client(field, folder)),
        model=model,
        functions=fields.get("functions", lambda field: distinct(field, known, "function"), known),
        ready=fields.get("ready", _ready, tcp),
        port=fields.get("port", lambda field: whole_number(field, 1, 65535), 8000),
        peer=fields.get("peer", lambda field: _template(field, NODE_PLACEHOLDERS), "{host}:{port}"),
        environment=fields.get("environment", lambda field: _environment(field, PLACEHOLDERS), {}),
        folder=str(folder),
    )
    return SystemPlan("command", nodes, None, parameters), find_system("command")


def read_maelstrom(fields: Fields, folder: Path, nodes: int) -> tuple[SystemPlan, Service]:
    """A program that speaks Maelstrom's protocol."""
    fields.mapping.fields(MAELSTROM_FIELDS)
    parameters = MaelstromParameters(
        maelstrom=fields.read("maelstrom", lambda field: _words(field, None)),
        workload=fields.get("workload", lambda field: word(field, WORKLOADS, "workload"), WORKLOADS[0]),
        environment=fields.get("environment", lambda field: _environment(field, None), {}),
        folder=str(fields.get("folder", lambda field: _folder(field, folder), folder)),
    )
    return SystemPlan("maelstrom", nodes, None, parameters), find_system("maelstrom")


def _model(field: Field) -> str:
    # Imported here, because the checkers import numpy, and most plans can do without it.
    from clew.checkers.models import names

    return word(field, names(), "model")


def _functions(model: str) -> tuple[str, ...]:
    from clew.checkers.models import find_model

    return tuple(find_model(model).functions)


def _words(field: Field, placeholders: tuple[str, ...] | None) -> tuple[str, ...]:
    """The words of a command line. `placeholders` are those that it may have; None: braces mean nothing."""

    def read(field: Field) -> tuple[str, ...]:
        if isinstance(field.data, str):
            try:
                words = tuple(shlex.split(text(field, NO_NUL, "a command line")))
            except ValueError as error:
                raise field.error(f"this is no command line: {str(error).lower()}") from None
        else:
            what = "a command line, as a text or a list of words"
            words = tuple(text(item, NO_NUL, "a word (a number needs quotes to be one)") for item in field.items(what))
        if not words or not words[0]:
            raise field.expected("a command line with one word at least")
        for written in words if placeholders is not None else ():
            _fillable(field, written, placeholders or ())
        return words

    return drawn(field, read)


def _client(field: Field, folder: Path) -> tuple[str, ...]:
    words = _words(field, None)
    if len(words) == 1 and words[0].endswith(".py"):
        path = (folder / words[0]).resolve()
        if not path.is_file():
            raise field.error(f"there is no file {path}")
        return (str(path),)
    return words


def _folder(field: Field, folder: Path) -> Path:
    path = (folder / text(field, r"[^\0]+", "the path of a folder")).resolve()
    if not path.is_dir():
        raise field.error(f"there is no folder {path}")
    return path


def _ready(field: Field) -> str | dict[str, str]:
    if isinstance(field.data, dict):
        given = field.fields(READY).given
        if len(given) == 1:
            ((kind, value),) = given.items()
            pattern, what = (r"/[^\0\s]*", "a path that begins with /") if kind == "http" else (r"[^\0\n]+", "a text")
            return {kind: text(value, pattern, what)}
    if field.data != "tcp":
        raise field.expected("tcp, {http: PATH} or {log: TEXT}")
    return "tcp"


def _environment(field: Field, placeholders: tuple[str, ...] | None) -> dict[str, str]:
    found = {}
    for name, value in field.fields().given.items():
        if not VARIABLE.fullmatch(name):
            raise value.error("this is no name of an environment variable: expected letters, digits and _")
        written = text(value, NO_NUL, f"text (a number needs quotes to be one{_quoted(value)})")
        if placeholders is not None:
            _fillable(value, written, placeholders)
        found[name] = written
    return found


def _quoted(value: Field) -> str:
    """How a shell is told the quotes, if the value is that of a `--set`."""
    path, equals, written = value.at.file.removeprefix("--set ").partition("=")
    return f""": --set '{path}="{written}"'""" if equals and path == value.path else ""


def _template(field: Field, placeholders: tuple[str, ...]) -> str:
    written = text(field, NO_NUL, "text")
    _fillable(field, written, placeholders)
    return written


def _fillable(field: Field, written: str, placeholders: tuple[str, ...]) -> None:
    try:
        fill(written, dict.fromkeys(placeholders, ""))
    except BadTemplate as error:
        raise field.error(str(error)) from None
