"""How the values of a workload lie in a database that maps keys to texts."""

from __future__ import annotations

import json
from typing import Any


def encoded(value: Any) -> str | None:
    """The text of a value. None: the key is deleted, for an empty text and a key that is absent are the same value."""
    return None if value in (None, "") else json.dumps(value)


def decoded(text: str | bytes | None) -> Any:
    """The value of a text, None if the key is absent."""
    return None if text is None else json.loads(text)
