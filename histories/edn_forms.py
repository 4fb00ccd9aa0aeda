"""EDN as JSON values: the text that Clojure reads and prints.

Keywords and symbols become strings, sets and lists become arrays, characters become strings, ratios become floats. A
tagged literal (`#jepsen.history.Op{...}`) becomes what follows its tag.
"""

from __future__ import annotations

import json
import re
from typing import Any

from clew.histories.line_errors import excerpt

_TOKEN = re.compile(
    r"""(?P<space>(?:[\s,]|;[^\n]*|\#!.*)+)|(?P<open>\#\{|[(\[{])|(?P<close>[)\]}])|(?P<string>"(?:[^"\\]|\\.)*")"""
    r"""|(?P<discard>\#_)|(?P<tag>\#[A-Za-z][\w.*+!?$%&=<>/-]*)|(?P<char>\\(?:newline|space|tab|return|u[0-9A-Fa-f]{4}|.))"""
    r"""|(?P<atom>[^\s,()\[\]{}"\\;]+)""",
    re.DOTALL,
)
_CLOSES = {"(": ")", "[": "]", "{": "}", "#{": "}"}
_INTEGER = re.compile(r"[+-]?\d+N?\Z")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?M?\Z")
_RATIO = re.compile(r"([+-]?\d+)/(\d+)\Z")
_CHARACTERS = {"newline": "\n", "space": " ", "tab": "\t", "return": "\r"}


class EdnError(ValueError):
    """Text that is no EDN. `offset` is where the error is; `incomplete` says that more text might complete the form."""

    def __init__(self, message: str, offset: int, *, incomplete: bool = False) -> None:
        super().__init__(message)
        self.offset = offset
        self.incomplete = incomplete


def forms(text: str) -> list[Any]:
    """All forms in a text, as JSON values. Raises `EdnError`."""
    stack: list[tuple[str, list[Any], int]] = [("", [], 0)]
    discards: list[int] = []  # for each #_ : the depth, and how many forms the collection had
    offset = 0
    while offset < len(text):
        token = _TOKEN.match(text, offset)
        if token is None:
            raise EdnError(f"found {excerpt(text[offset : offset + 20])}", offset, incomplete=text[offset] in '"\\')
        kind, found = token.lastgroup, token.group()
        offset = token.end()
        items = stack[-1][1]
        if kind == "open":
            stack.append((found, [], token.start()))
            continue
        if kind == "close":
            opening, items, _ = stack.pop()
            if not stack or _CLOSES[opening] != found:
                raise EdnError(f"found an unmatched {found}", token.start())
            value: Any = _mapping(items, token.start()) if opening == "{" else items
            items = stack[-1][1]
        elif kind == "discard":
            discards.append(len(stack) << 32 | len(items))
            continue
        elif kind == "string":
            value = _string(found, token.start())
        elif kind == "char":
            name = found[1:]
            value = _CHARACTERS.get(name) or (chr(int(name[1:], 16)) if len(name) == 5 else name)
        elif kind == "atom":
            value = _atom(found)
        else:
            continue  # white space, or a tag, which JSON has no place for
        items.append(value)
        while discards and discards[-1] == (len(stack) << 32 | len(items) - 1):
            discards.pop()
            items.pop()
    if len(stack) > 1 or discards:
        opening, _, begun = stack[-1]
        what = f"found a {opening} that is never closed" if opening else "found a #_ with nothing to leave out"
        raise EdnError(what, begun, incomplete=True)
    return stack[0][1]


def _mapping(items: list[Any], offset: int) -> dict[str, Any]:
    if len(items) % 2:
        raise EdnError("found a map with a key and no value", offset)
    return {
        key if isinstance(key, str) else json.dumps(key): value
        for key, value in zip(items[::2], items[1::2], strict=True)
    }


def _string(found: str, offset: int) -> str:
    try:
        value: str = json.loads(found, strict=False)
    except json.JSONDecodeError:
        raise EdnError(f"found the string {found[:40]}, with an escape that EDN does not know", offset) from None
    return value


def _atom(found: str) -> Any:
    if found[0] == ":":
        return found[1:]
    if found in _NAMED:
        return _NAMED[found]
    if _INTEGER.match(found):
        return int(found.removesuffix("N"))
    if _NUMBER.match(found):
        return float(found.removesuffix("M"))
    ratio = _RATIO.match(found)
    if ratio and int(ratio[2]):
        return int(ratio[1]) / int(ratio[2])
    return found


_NAMED = {"nil": None, "true": True, "false": False, "##Inf": float("inf"), "##-Inf": float("-inf")}
