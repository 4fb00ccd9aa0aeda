"""Fields of a plan before they are typed values: what is given, where it stands, and how to draw and refuse it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from clew.harness.plan.error import PlanError, one_of
from clew.harness.plan.streams import Streams
from clew.harness.plan.tree import Value, join
from clew.histories.text import value_text

T = TypeVar("T")


class Field:
    """A value of the plan as it is written."""

    def __init__(self, path: str, value: Value, streams: Streams) -> None:
        self.path = path
        """From the root of the plan: `workload.clients`. Empty for the root."""
        self.data = value.data
        """A scalar, a tuple, or a dict of values (`clew.harness.plan.tree.Value`)."""
        self.at = value.at
        """Where the value stands."""
        self.key_at = value.key_at or value.at
        """Where its key stands."""
        self._streams = streams

    def draw(self) -> float:
        """The next number in [0, 1) of a random stream that only this field uses."""
        return self._streams.get(f"plan/{self.path}").random()

    def error(self, message: str) -> PlanError:
        """The error that says this about the value."""
        return PlanError(self.at, self.path, message)

    def expected(self, what: str) -> PlanError:
        """The error that the value is not what is expected."""
        return self.error(f"expected {what}, found {self.shown()}")

    def shown(self) -> str:
        """The value in a few words, as it is written in the plan."""
        if isinstance(self.data, dict):
            names = list(self.data)
            return "an empty mapping" if not names else f"a mapping of {', '.join(map(_short, names[:3]))}"
        if isinstance(self.data, tuple):
            return f"a list of {len(self.data)}"
        if isinstance(self.data, str):
            return value_text(self.data, 60)
        if self.data is None:
            return "nothing"
        return str(self.data).lower() if isinstance(self.data, bool) else _short(str(self.data))

    def missing(self, name: str) -> Field:
        """A field of this mapping that is not there, for the error that says so."""
        return Field(join(self.path, name), Value(None, self.at), self._streams)

    def items(self, what: str) -> list[Field]:
        """The entries of this list. Raises the error that `what` is expected if the value is no list."""
        if not isinstance(self.data, tuple):
            raise self.expected(what)
        return [Field(join(self.path, str(i)), item, self._streams) for i, item in enumerate(self.data)]

    def fields(self, known: Sequence[str] | None = None) -> Fields:
        """The fields of this mapping. A value that is null counts as an empty mapping.

        Raises `PlanError` if the value is no mapping, or if it has a field that is not `known`. None: all are allowed.
        """
        if self.data is not None and not isinstance(self.data, dict):
            raise self.expected("a mapping" if known is None else f"a mapping with {', '.join(known)}")
        found = {name: Field(join(self.path, name), value, self._streams) for name, value in (self.data or {}).items()}
        for name, field in found.items():
            if known is not None and name not in known:
                raise PlanError(
                    field.key_at, field.path, f"unknown field; expected {one_of(known, name) if known else 'none'}"
                )
        return Fields(self, found)


class Fields:
    """The fields of a mapping. A field that is null counts as left out."""

    def __init__(self, mapping: Field, found: dict[str, Field]) -> None:
        self.mapping = mapping
        """The mapping itself."""
        self.given = {name: field for name, field in found.items() if field.data is not None}
        """The fields that are not left out, by name."""
        self._null = {name: field for name, field in found.items() if field.data is None}

    def read(self, name: str, reader: Callable[[Field], T]) -> T:
        """The value of a required field. Raises `PlanError` if it is left out."""
        if name not in self.given:
            raise self._missing(name).error("the field is missing")
        return reader(self.given[name])

    def get(self, name: str, reader: Callable[[Field], T], default: T) -> T:
        """The value of a field, or the default if it is left out."""
        return reader(self.given[name]) if name in self.given else default

    def section(self, name: str, known: Sequence[str]) -> Fields:
        """The fields of a field that is itself a mapping. If it is left out, all of its fields are."""
        return self.get(name, lambda field: field.fields(known), Fields(self._missing(name), {}))

    def conflict(self, names: Sequence[str], message: str) -> PlanError:
        """The error that these fields conflict, or that all are missing.

        Its place is the last one that is given: a `--set`, which comes last, is the likely mistake.
        """
        given = [field for name, field in (*self._null.items(), *self.given.items()) if name in names]
        return PlanError(given[-1].key_at if given else self.mapping.at, self.mapping.path, message)

    def _missing(self, name: str) -> Field:
        return self._null.get(name) or self.mapping.missing(name)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
