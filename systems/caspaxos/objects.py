"""The objects that clients take a register for: each is a choice of change functions (paper, 2.2).

    object       operations of clients               change functions
    register     read, write, cas                    read, write, compare-and-set
    versioned    init, read, cas by version, delete  init, read, update, delete: the paper's own example
    counter      read, add-and-get                   read, add: x + 1
    kv           get, put, cas, delete               read, write, compare-and-set, delete

A system of your own may add change functions of its own. They are pure functions, which are sent by name:

    system = caspaxos.with_functions("doubling", functions={"add-and-get": lambda state, n: (state or 0) + 2 * n}, ...)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clew.systems.caspaxos.change import Add, Call, Change, CompareAndSet, Delete, Function, Init, Read, Update, Write
from clew.systems.node import Operation

_Make = Callable[[Any], Change]
"""The argument of an operation -> its change."""

OBJECTS: Mapping[str, Mapping[str, _Make]] = {
    "register": {
        "read": lambda argument: Read(),
        "write": lambda argument: Write(argument),
        "cas": lambda argument: CompareAndSet(*argument),
    },
    "versioned": {
        "init": lambda argument: Init(argument),
        "read": lambda argument: Read(),
        "cas": lambda argument: Update(*argument),
        "delete": lambda argument: Delete(),
    },
    "counter": {
        "read": lambda argument: Read(),
        "add-and-get": lambda argument: Add(argument),
    },
    "kv": {
        "get": lambda argument: Read(),
        "put": lambda argument: Write(argument or None),
        "cas": lambda argument: CompareAndSet(*(content or None for content in argument)),
        "delete": lambda argument: Delete(),
    },
}
"""The operations of each object, each with the change function that it stands for. An absent text of a kv is empty."""

MODELS: Mapping[str, str] = {
    "register": "cas-register",
    "versioned": "cas-by-version",
    "counter": "counter",
    "kv": "kv",
}
"""The model that histories of each object are checked against."""


def change_of(operation: Operation, object: str, functions: Mapping[str, Function]) -> Change:
    """The change function that an operation stands for. `functions` are those of a system of its own, by name."""
    if operation.f in functions:
        return Call(operation.f, () if operation.value is None else (operation.value,))
    return OBJECTS[object][operation.f](operation.value)


def told(state: Any, object: str) -> Any:
    """What a client of an object takes a state for: an empty counter is 0."""
    return 0 if state is None and object == "counter" else state
