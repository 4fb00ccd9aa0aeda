"""Two of Maelstrom's services for its nodes: `lin-kv`, a linearizable map, and `lin-tso`, a source of numbers.

A node asks a service as it would ask another node. Its answers come at once, and no fault hits them. `seq-kv` and
`lww-kv`, which are weak on purpose, are not here.
Source: doc/services.md of https://github.com/jepsen-io/maelstrom
"""

from __future__ import annotations

from typing import Any

import msgspec

SERVICES = ("lin-kv", "lin-tso")


class Services:
    """The services of one run."""

    def __init__(self) -> None:
        self._values: dict[bytes, Any] = {}
        self._time = 0

    def answer(self, service: str, body: dict[str, Any]) -> dict[str, Any]:
        """The body of the answer to a request."""
        said = self._tell_time(body) if service == "lin-tso" else self._serve(body)
        return {**said, "in_reply_to": body.get("msg_id")}

    def _tell_time(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("type") != "ts":
            return _error(10, f"lin-tso knows ts, not {body.get('type')!r}")
        self._time += 1
        return {"type": "ts_ok", "ts": self._time}

    def _serve(self, body: dict[str, Any]) -> dict[str, Any]:
        # Keys may be any JSON. Sorted, so that the order of the fields of an object does not matter.
        key = msgspec.json.encode(body.get("key"), order="sorted")
        missing = key not in self._values
        match body.get("type"):
            case "read":
                return _error(20, "key does not exist") if missing else {"type": "read_ok", "value": self._values[key]}
            case "write":
                self._values[key] = body.get("value")
                return {"type": "write_ok"}
            case "cas":
                if missing and not body.get("create_if_not_exists"):
                    return _error(20, "key does not exist")
                if not missing and self._values[key] != body.get("from"):
                    return _error(22, f"expected {body.get('from')!r}, but it holds {self._values[key]!r}")
                self._values[key] = body.get("to")
                return {"type": "cas_ok"}
        return _error(10, f"lin-kv knows read, write and cas, not {body.get('type')!r}")


def _error(code: int, text: str) -> dict[str, Any]:
    return {"type": "error", "code": code, "text": text}
