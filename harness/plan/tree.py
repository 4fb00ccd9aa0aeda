"""YAML as a tree of values that know their line and column.

PyYAML parses the text, but constructs nothing: values are strings, numbers, true, false and null, by the rules of YAML
1.2. There `010` is ten, `1e3` is a number, and `no` and `1:30` are text. A hostile file gives a `PlanError` like any
other mistake: tags are refused, nesting is limited, and aliases can neither be recursive nor multiply without end.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

import msgspec
import yaml

from clew.harness.plan.error import Place, PlanError
from clew.histories.text import value_text

DEPTH = 30
"""The most levels of nesting. A plan that makes sense has about ten at most."""
REPEATED = 10_000
"""The most values that a plan may have through aliases, besides those that are written out."""

Scalar = None | bool | int | float | str


class Value(msgspec.Struct, frozen=True):
    """A scalar, a list or a mapping, and where it stands."""

    data: Scalar | tuple[Value, ...] | dict[str, Value]
    """Lists are tuples."""
    at: Place
    """Where the value begins."""
    key_at: Place | None = None
    """Where its key stands. None: it is not in a mapping."""


def parse(text: str, file: str, lines: bool = True) -> Value:
    """The tree of a YAML text.

    Its places are in `file`. With `lines` false they have no line and column: the text is that of a `--set`. Raises
    `PlanError` for anything that is not one YAML document of plain values.
    """
    try:
        root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise PlanError(_place(file, mark, lines), "", f"this is not YAML: {problem}") from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(file, before.count("\n") + 1, error.position - before.rfind("\n")) if lines else Place(file)
        raise PlanError(
            place, "", f"this is not text: it has the character {value_text(chr(int(error.character)))}"
        ) from None
    except (ValueError, OverflowError):
        # PyYAML passes the number of an escape such as "\UFFFFFFFF" to chr(), which refuses it.
        raise PlanError(Place(file), "", "this is not YAML: an escape names no Unicode character") from None
    if root is None:
        return Value(None, Place(file, 1, 1) if lines else Place(file))
    return _Reader(file, lines).read(root, "", ())


def scalar(text: str) -> Scalar:
    """What an unquoted text means: null, true or false, a finite number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _REAL.fullmatch(text) and isfinite(number := float(text)):
        return number
    return text


_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}
# Limited, because Python refuses to read integers of more than 4300 digits.
_WHOLE = re.compile(r"[-+]?[0-9]{1,100}")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class _Composer(yaml.SafeLoader):
    """PyYAML's composer. It refuses tags, and limits nesting before Python's recursion limit is reached."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(
                problem=f"the tag {value_text(event.tag)} is not allowed here", problem_mark=event.start_mark
            )
        self.depth += 1
        if self.depth > DEPTH:
            raise yaml.MarkedYAMLError(problem=f"more than {DEPTH} levels of nesting", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Reader:
    def __init__(self, file: str, lines: bool) -> None:
        self._file = file
        self._lines = lines
        self._seen: set[int] = set()
        self._repeated = 0

    def read(self, node: yaml.Node, path: str, above: tuple[int, ...], key_at: Place | None = None) -> Value:
        at = _place(self._file, node.start_mark, self._lines)
        if id(node) in above:
            raise PlanError(at, path, "this value contains itself")
        if id(node) in self._seen:
            self._repeated += 1
        self._seen.add(id(node))
        if self._repeated > REPEATED or len(above) > DEPTH:
            raise PlanError(at, path, f"aliases make more than {REPEATED} values or {DEPTH} levels of nesting")
        if isinstance(node, yaml.MappingNode):
            return Value(self._mapping(node, path, (*above, id(node))), at, key_at)
        if isinstance(node, yaml.SequenceNode):
            items = enumerate(node.value)
            return Value(tuple(self.read(i, join(path, str(n)), (*above, id(node))) for n, i in items), at, key_at)
        assert isinstance(node, yaml.ScalarNode)
        return Value(scalar(node.value) if node.style is None else self._text(node, path), at, key_at)

    def _mapping(self, node: yaml.MappingNode, path: str, above: tuple[int, ...]) -> dict[str, Value]:
        fields: dict[str, Value] = {}
        for key, value in node.value:
            key_at = _place(self._file, key.start_mark, self._lines)
            if not isinstance(key, yaml.ScalarNode):
                raise PlanError(key_at, path, "expected a name before the colon, found a list or a mapping")
            name = self._text(key, path)
            if name in fields:
                first = fields[name].key_at
                where = "" if first is None or first.line is None else f", first in line {first.line}"
                raise PlanError(key_at, join(path, name), f"the field is given twice{where}")
            fields[name] = self.read(value, join(path, name), above, key_at)
        return fields

    def _text(self, node: yaml.ScalarNode, path: str) -> str:
        text: str = node.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise PlanError(
                _place(self._file, node.start_mark, self._lines),
                path,
                "the text contains half of a surrogate pair (\\ud800 to \\udfff)",
            )
        return text


def join(path: str, name: str) -> str:
    """The path of a field in a field: `workload` and `clients` make `workload.clients`."""
    return f"{path}.{name}" if path else name


def _place(file: str, mark: Any, lines: bool) -> Place:
    return Place(file, mark.line + 1, mark.column + 1) if lines and mark is not None else Place(file)
