"""A field of a plan on its way to a typed value: what is there, where, and the randomness to draw it with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from clew.harness.plan.error import PlanError, one_of
from clew.harness.plan.streams import Streams
from clew.harness.plan.tree import Value, join

T = TypeVar("T")


class Field:
    """A value, its path in the plan, and the seed's streams."""

    def __init__(self, path: str, value: Value, streams: Streams) -> None:
        self.path = path
        self.data = value.data
        self.at = value.at
        self.key_at = value.key_at or value.at
        self._streams = streams

    def draw(self) -> float:
        """The next number in [0, 1) of the stream that serves this field alone."""
        return self._streams.get(f"plan/{self.path}").random()

    def error(self, message: str) -> PlanError:
        """This is wrong with the value."""
        return PlanError(self.at, self.path, message)

    def expected(self, what: str) -> PlanError:
        """The value is not `what` it should be."""
        return self.error(f"expected {what}, found {self.found()}")

    def found(self) -> str:
        """The value in a few words, as it is in the YAML."""
        if isinstance(self.data, dict):
            names = list(self.data)
            return "an empty mapping" if not names else f"a mapping of {', '.join(map(_short, names[:3]))}"
        if isinstance(self.data, tuple):
            return f"a list of {len(self.data)}"
        if isinstance(self.data, str):
            return repr(_short(self.data))
        if self.data is None:
            return "nothing"
        return str(self.data).lower() if isinstance(self.data, bool) else _short(str(self.data))

    def missing(self, name: str) -> Field:
        """The field of that name, for errors, when this mapping lacks it."""
        return Field(join(self.path, name), Value(None, self.at), self._streams)

    def items(self, what: str) -> list[Field]:
        """The entries, if this is a list; else the error that it is not `what`."""
        if not isinstance(self.data, tuple):
            raise self.expected(what)
        return [Field(join(self.path, str(i)), item, self._streams) for i, item in enumerate(self.data)]

    def fields(self, known: Sequence[str] | None = None) -> Fields:
        """The fields, if this is a mapping (nothing is an empty one); an error for one that is not `known`."""
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
    """The fields of a mapping by name; one that is null counts as left out."""

    def __init__(self, whole: Field, found: dict[str, Field]) -> None:
        self.whole = whole
        self.found = {name: field for name, field in found.items() if field.data is not None}
        self._null = {name: field for name, field in found.items() if field.data is None}

    def read(self, name: str, reader: Callable[[Field], T]) -> T:
        """The value of a field that must be there."""
        if name not in self.found:
            raise self._missing(name).error("the field is missing")
        return reader(self.found[name])

    def get(self, name: str, reader: Callable[[Field], T], default: T) -> T:
        """The value of a field, the default if it is left out."""
        return reader(self.found[name]) if name in self.found else default

    def section(self, name: str, known: Sequence[str]) -> Fields:
        """The fields of a field that is a mapping; of none if it is left out."""
        return self.get(name, lambda field: field.fields(known), Fields(self._missing(name), {}))

    def together(self, names: Sequence[str], message: str) -> PlanError:
        """The error that these fields do not go together, at the one that came last: a `--set` may have added it."""
        given = [field for name, field in (*self._null.items(), *self.found.items()) if name in names]
        return PlanError(given[-1].key_at if given else self.whole.at, self.whole.path, message)

    def _missing(self, name: str) -> Field:
        return self._null.get(name) or self.whole.missing(name)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
