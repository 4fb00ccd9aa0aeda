"""The `system` section: which system, how many nodes, which variant, and the system's own parameters.

A parameter is read by its type in the system's `parameters` struct. A duration has the type
`Annotated[int, msgspec.Meta(extra={"unit": "ns"})]`, and a plan gives it with a unit.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from clew.harness.plan.error import PlanError, one_of
from clew.harness.plan.field import Field, Fields
from clew.harness.plan.importing import line_of, told_if_slow
from clew.harness.plan.program import read_command, read_maelstrom
from clew.harness.plan.schema import SystemPlan
from clew.harness.plan.tree import join
from clew.harness.plan.values import boolean, drawn, duration, number, text, whole_number, word
from clew.histories.text import value_text
from clew.systems import BadParameters, Protocol, Service, UnknownSystem, find_system, names

NODES_MOST = 1000
"""The most nodes. A plan with more is a slip of a digit: one broadcast by each node is a million messages."""
CLUSTER_FIELDS = ("name", "nodes", "variant")
DESCRIBED = {"command": read_command, "maelstrom": read_maelstrom}
"""The fields that stand in the place of a name: the plan itself describes the system."""


def read_system(fields: Fields, folder: Path) -> tuple[SystemPlan, Service]:
    """The section as a value, and the system that it names or describes."""
    described = [name for name in DESCRIBED if name in fields.given]
    if described:
        stated = [*described, *(name for name in ("name", "variant") if name in fields.given)]
        if len(stated) > 1:
            raise fields.conflict(stated[1:], f"expected either {stated[0]} or {stated[1]}, found both")
        return DESCRIBED[stated[0]](fields, folder, fields.read("nodes", _nodes))
    name, system = fields.read("name", lambda field: _find(field, folder))
    try:
        types = parameter_types(system)
    except Exception as error:
        # The struct may be a user's own. Its annotations are evaluated only here, and may raise anything.
        raise fields.given["name"].error(f"the system's parameters cannot be read: {error}") from error
    fields.mapping.fields((*CLUSTER_FIELDS, *types))
    nodes = fields.read("nodes", _nodes)
    variants = system.variants if isinstance(system, Protocol) else ()
    variant = fields.get("variant", lambda field: word(field, ("none", *variants), "variant"), "none")
    given = {name: _parameter(fields.given[name], type) for name, type in types.items() if name in fields.given}
    parameters = _convert(fields, given, system)
    try:
        system.validate(parameters, nodes)
    except BadParameters as error:
        wrong = fields.given.get(error.field)
        raise PlanError(
            wrong.at if wrong else fields.mapping.at, join(fields.mapping.path, error.field), error.message
        ) from None
    model = system.model_of(parameters)
    if model not in models():
        raise fields.given["name"].error(f"its model is {value_text(model)}; expected {one_of(models(), model)}")
    return SystemPlan(name, nodes, None if variant == "none" else variant, parameters), system


def _nodes(field: Field) -> int:
    return whole_number(field, 1, NODES_MOST)


def models() -> tuple[str, ...]:
    """The names of the models that a system may have."""
    # Imported here, because the checkers import numpy, and a list of the shipped plans can do without it.
    from clew.checkers.models import names

    return names()


def parameter_types(system: Service) -> dict[str, msgspec.inspect.Type]:
    """The types of the system's parameters, by their names in a plan."""
    info = msgspec.inspect.type_info(system.parameters)
    assert isinstance(info, msgspec.inspect.StructType)
    return {field.encode_name: field.type for field in info.fields}


def is_duration(type: msgspec.inspect.Type) -> bool:
    """Whether a parameter of this type is a duration: whole nanoseconds, given with a unit in a plan."""
    if isinstance(type, msgspec.inspect.UnionType):
        return any(is_duration(member) for member in type.types)
    return isinstance(type, msgspec.inspect.Metadata) and (type.extra or {}).get("unit") == "ns"


def _find(field: Field, folder: Path) -> tuple[str, Service]:
    def read(field: Field) -> tuple[str, Service]:
        name = field.data
        if not isinstance(name, str) or "\0" in name or name in DESCRIBED:
            raise field.expected(f"the name of a system ({', '.join(names())}) or the path of a Python file")
        if name.endswith(".py"):
            name = str((folder / name).resolve())
        try:
            with told_if_slow(name):
                system = find_system(name)
        except UnknownSystem as error:
            if name.endswith(".py"):
                raise field.error(str(error)) from None
            known = f"{one_of(names(), name)}, or the path of a .py file"
            raise field.error(f"unknown system {field.shown()}; expected {known}") from None
        except (Exception, SystemExit) as error:
            # Importing a user's file may raise anything.
            said = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
            raise field.error(f"importing the system failed: {line_of(error, name)}{said}") from error
        try:
            if isinstance(system, Protocol):
                msgspec.json.Decoder(system.messages)
        except TypeError as error:
            raise field.error(f"its messages cannot be told apart: {error}") from None
        return name, system

    return drawn(field, read)


def _parameter(field: Field, type: msgspec.inspect.Type) -> Any:
    if is_duration(type):
        return duration(field)
    if isinstance(type, msgspec.inspect.IntType):
        return whole_number(field, least=-(2**63))
    if isinstance(type, msgspec.inspect.FloatType):
        return number(field, -1e300, 1e300)
    if isinstance(type, msgspec.inspect.BoolType):
        return boolean(field)
    if isinstance(type, msgspec.inspect.StrType):
        return drawn(field, lambda field: text(field, r"(?s:.*)", "text (a number needs quotes to be one)"))
    if isinstance(type, msgspec.inspect.Metadata):
        return _parameter(field, type.type)
    if isinstance(type, msgspec.inspect.UnionType):
        present = [member for member in type.types if not isinstance(member, msgspec.inspect.NoneType)]
        if len(present) == 1:
            return _parameter(field, present[0])
    if isinstance(type, msgspec.inspect.LiteralType) and all(isinstance(value, str) for value in type.values):
        known = tuple(map(str, type.values))
        return word(field, known, "value")
    return drawn(field, _plain)


def _plain(field: Field) -> Any:
    if isinstance(field.data, tuple):
        return [_plain(item) for item in field.items("a list")]
    if isinstance(field.data, dict):
        return {name: _plain(item) for name, item in field.fields().given.items()}
    return field.data


def _convert(fields: Fields, given: dict[str, Any], system: Service) -> Any:
    try:
        return msgspec.convert(given, system.parameters)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$.")
        path = where.rstrip("`")
        found = fields.given.get(re.split(r"[.\[]", path)[0], fields.mapping)
        raise PlanError(found.at, join(fields.mapping.path, path) if path else fields.mapping.path, message) from None
