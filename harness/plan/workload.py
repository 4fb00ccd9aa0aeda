"""The `workload` section: how operations are made up, or the operations themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from clew.harness.plan.field import Field, Fields
from clew.harness.plan.schema import SECOND, PlannedOperation, Workload, WorkloadKind
from clew.harness.plan.values import drawn, duration, latency, number, period, text, whole_number, word
from clew.nemesis.latency import Constant, Latency

T = TypeVar("T")

WORKLOAD_FIELDS = (
    "kind",
    "clients",
    "keys",
    "operations",
    "mix",
    "values",
    "rate",
    "think",
    "timeout",
    "duration",
)
OPERATION_FIELDS = ("at", "client", "f", "key", "value")
KINDS: dict[WorkloadKind, tuple[str, ...]] = {
    "cas-register": ("read", "write", "cas"),
    "versioned-register": ("init", "read", "cas", "delete"),
    "counter": ("read", "add-and-get"),
    "kv": ("get", "put", "cas", "delete", "append"),
    "election": ("campaign", "read"),
    "consensus": ("propose", "read"),
    "atomic-commit": ("submit", "read"),
    "word-count": ("append", "count"),
    "queue": ("enqueue", "dequeue"),
    "set": ("add", "read"),
    "append-list": ("append", "read"),
    "mutex": ("acquire", "release"),
}
"""The kinds of workload, each with the functions that its operations may have."""
READS: dict[WorkloadKind, str] = {
    "cas-register": "read",
    "versioned-register": "read",
    "counter": "read",
    "kv": "get",
    "election": "read",
    "consensus": "read",
    "atomic-commit": "read",
    "word-count": "count",
    "queue": "dequeue",
    "set": "read",
    "append-list": "read",
    "mutex": "acquire",
}
"""The function that reads a key. The final reads of a run use it. A queue is read until it is empty. A lock is
acquired and released."""
WITHOUT_VALUE = ("read", "get", "count", "delete", "campaign", "dequeue", "acquire", "release")
"""The functions whose operations have no value."""

CLIENTS_MOST = 10_000
"""The most clients. A plan with more is a slip of a digit: each client takes memory before the first operation."""
KEYS_MOST = 1_000_000
"""The most keys, for the same reason: at the end every client reads every key."""
OPERATIONS_MOST = 1_000_000_000
"""The most operations. A simulated run of so many would take days, and its history would fill any disk."""


def read_workload(fields: Fields, functions: Sequence[str]) -> Workload:
    """The workload. Its operations have the functions that both its kind and the system have."""
    kind = fields.read("kind", lambda field: word(field, tuple(KINDS), "kind of workload"))
    usable = [f for f in KINDS[kind] if f in functions]
    if not usable:
        raise fields.given["kind"].error(
            f"the system knows none of {', '.join(KINDS[kind])}; it knows {', '.join(functions)}"
        )
    if READS[kind] not in functions:
        raise fields.given["kind"].error(f"the system has no function {READS[kind]}, with which every run ends")
    clients = fields.get("clients", lambda field: whole_number(field, 1, CLIENTS_MOST), 5)
    keys = fields.get("keys", lambda field: whole_number(field, 1, KEYS_MOST), 1)
    operations = fields.get("operations", lambda field: _operations(field, kind, clients, keys, usable), None)
    if isinstance(operations, tuple):
        for name in ("mix", "values", "rate", "think", "duration"):
            if name in fields.given:
                raise fields.conflict(("operations", name), f"{name} has no meaning for an explicit list of operations")
    elif operations is None and "duration" not in fields.given:
        message = "the workload would never end; expected operations, duration, or both"
        raise fields.conflict(("operations", "duration"), message)
    if kind == "mutex" and "mix" in fields.given:
        raise fields.conflict(("kind", "mix"), "a client acquires and releases in turn; mix has no meaning for a mutex")
    if "rate" in fields.given and "think" in fields.given:
        raise fields.conflict(("rate", "think"), "with a rate clients do not think; expected either rate or think")
    no_time: Latency = Constant(0)
    return Workload(
        kind=kind,
        clients=clients,
        keys=keys,
        operations=operations,
        mix=fields.get("mix", lambda field: _mix(field, usable), dict.fromkeys(usable, 1.0)),
        values=fields.get("values", _values, "unique"),
        rate=fields.get("rate", lambda field: number(field, 1e-6, 1e9), None),
        think=fields.get("think", latency, no_time),
        timeout=fields.get("timeout", period, SECOND),
        duration=fields.get("duration", period, None),
    )


def _mix(field: Field, usable: Sequence[str]) -> dict[str, float]:
    weights = field.fields(usable)
    mix = {f: weights.get(f, lambda weight: number(weight, 0, 1e9), 0.0) for f in usable}
    if not any(mix.values()):
        raise field.error(f"expected a weight above 0 for one of {', '.join(usable)} at least")
    return mix


def _values(field: Field) -> Any:
    if isinstance(field.data, str):
        return word(field, ("unique",), "kind of values")
    if isinstance(field.data, dict) and "choice" in field.data:
        return drawn(field, _values)
    try:
        return whole_number(field, 1)
    except ValueError:
        raise field.expected("unique, or a whole number n for the values 0 to n-1") from None


def _operations(
    field: Field, kind: WorkloadKind, clients: int, keys: int, usable: Sequence[str]
) -> int | tuple[PlannedOperation, ...]:
    if not isinstance(field.data, tuple):
        return whole_number(field, 1, OPERATIONS_MOST)
    operations = [_operation(item, kind, clients, keys, usable) for item in field.items("a list of operations")]
    if not operations:
        raise field.expected("one operation at least")
    # Stable: operations due at the same time keep the order of the plan.
    return tuple(sorted(operations, key=lambda operation: operation.at))


def _operation(field: Field, kind: WorkloadKind, clients: int, keys: int, usable: Sequence[str]) -> PlannedOperation:
    fields = field.fields(OPERATION_FIELDS)
    f = fields.read("f", lambda field: word(field, usable, "function"))
    asks = f in WITHOUT_VALUE
    if asks and "value" in fields.given:
        raise fields.given["value"].error(f"a {f} has no value; leave it out")
    content = _content if kind == "kv" else whole_number
    return PlannedOperation(
        at=fields.read("at", duration),
        client=fields.read("client", lambda field: _client(field, clients)),
        f=f,
        key=fields.get("key", lambda field: whole_number(field, 0, keys - 1), 0),
        value=None
        if asks
        else fields.read("value", (lambda field: _pair(field, kind, content)) if f == "cas" else content),
    )


def _client(field: Field, clients: int) -> int:
    if type(field.data) is int and field.data >= clients:
        raise field.error(
            f"there is no client {field.data}; workload.clients is {clients}, so expected 0 to {clients - 1}"
        )
    return whole_number(field, 0, clients - 1)


def _content(field: Field) -> str:
    return text(field, r"(?s:.*)", "text (a number needs quotes to be one)")


def _pair(field: Field, kind: WorkloadKind, content: Callable[[Field], T]) -> tuple[T | None, T]:
    by_version = kind == "versioned-register"
    form = f"the value of a compare-and-set, [{'version' if by_version else 'old'}, new]"
    pair = field.items(form)
    if len(pair) != 2:
        raise field.expected(form)
    old, new = pair
    return (None if old.data is None and not by_version else content(old)), content(new)
