"""How the objects of a workload lie in a database that maps keys to texts: `register`, `kv` or `counter`."""

from __future__ import annotations

import json
from typing import Any, Literal

Object = Literal["register", "kv", "counter"]
"""What clients take a key of the database for."""

MODELS: dict[Object, str] = {"register": "cas-register", "kv": "kv", "counter": "counter"}
"""The checker's model of each object."""

FUNCTIONS: dict[Object, tuple[str, ...]] = {
    "register": ("read", "write", "cas"),
    "kv": ("get", "put", "cas", "delete"),
    "counter": ("read", "add-and-get"),
}
"""The functions of each object."""


def encoded(value: Any) -> str | None:
    """The text of a value. None: the key is deleted, for an empty text and a key that is absent are the same value."""
    return None if value in (None, "") else json.dumps(value)


def decoded(text: str | bytes | None) -> Any:
    """The value of a text, None if the key is absent."""
    return None if text is None else json.loads(text)
