"""Values as sentences tell them, and what operations on registers saw and set."""

from __future__ import annotations

from typing import Any

from clew.checkers.models import ModelOperation


def shown(value: Any) -> str:
    return "nothing" if value is None or value == "" else str(value).replace("'", '"')


def told(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) and value else shown(value)


def found_values(op: ModelOperation) -> list[str]:
    """The values that an operation of registers saw, as a sentence names them."""
    if op.outcome != "ok":
        return []
    if op.f == "cas":
        return [told(op.argument[0])]
    if op.f == "txn":
        return [named(name, value) for kind, name, value in op.result if kind == "r"]
    if op.f not in ("read", "get"):
        return []
    if isinstance(op.result, dict):
        return [named(name, value) for name, value in op.result.items()]
    return [told(op.result[1] if isinstance(op.result, list) else op.result)]


def set_values(op: ModelOperation) -> list[str]:
    """The values that an operation of registers sets, if it takes effect."""
    if op.f == "cas" and op.outcome != "mismatch":
        return [told(op.argument[1])] if op.argument[0] != op.argument[1] else []
    if op.f == "txn":
        return [named(name, value) for kind, name, value in op.argument if kind == "w"]
    if op.f == "write" and isinstance(op.argument, dict):
        return [named(name, value) for name, value in op.argument.items()]
    if op.f in ("write", "put"):
        return [told(op.argument)]
    return ["nothing"] if op.f == "delete" else []


def named(name: str, value: Any) -> str:
    return f"nothing for {name}" if value is None else f"{name} = {value}"
