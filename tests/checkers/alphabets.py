"""For every model a few operations over two values, so that all short histories can be listed.

A result that no history of three operations can have is left out. If a model treats the two values alike (`SYMMETRIC`),
`small.every` lists only one of two histories that differ in the names of the values.
"""

from __future__ import annotations

from itertools import product

from clew.checkers.models import ModelOperation

ok, info, mismatch = "ok", "info", "mismatch"
PAIRS = [list(pair) for pair in product((1, 2), (1, 2))]


def _returns(f: str, results: list[object], argument: object = None) -> list[ModelOperation]:
    return [ModelOperation(f, argument, result, ok) for result in results]


_WRITES = [ModelOperation("write", v, v, ok) for v in (1, 2)] + [ModelOperation("write", v, None, info) for v in (1, 2)]
_CAS = [
    *(ModelOperation("cas", pair, pair, ok) for pair in PAIRS),
    *(ModelOperation("cas", pair, None, mismatch) for pair in ([1, 2], [2, 1])),
    *(ModelOperation("cas", pair, None, info) for pair in PAIRS),
]


def _container(put: str, take: str) -> list[ModelOperation]:
    return [
        *(ModelOperation(put, v, v, ok) for v in (1, 2)),
        *(ModelOperation(put, v, None, info) for v in (1, 2)),
        *_returns(take, [1, 2, None]),
        ModelOperation(take, None, None, info),
    ]


ALPHABETS: dict[str, list[ModelOperation]] = {
    "register": [*_returns("read", [None, 1, 2]), *_WRITES],
    "cas-register": [*_returns("read", [None, 1, 2]), *_WRITES, *_CAS],
    "versioned-register": [
        *_returns("read", [None, [1, 1], [1, 2], [2, 1], [3, 2]]),
        *_WRITES,
        ModelOperation("write", 1, [1, 1], ok),
        ModelOperation("write", 2, [2, 2], ok),
        ModelOperation("cas", [1, 2], [1, 2], ok),
        ModelOperation("cas", [1, 2], [3, 2], ok),
        ModelOperation("cas", [2, 1], None, info),
        ModelOperation("cas", [1, 2], None, mismatch),
    ],
    "cas-by-version": [
        *(ModelOperation("init", 1, result, ok) for result in ([0, 1], [1, 2])),
        *_returns("read", [None, [0, 1], [1, 2], [2, 1]]),
        *(ModelOperation("cas", [version, 2], [version + 1, 2], ok) for version in (0, 1)),
        *(ModelOperation("cas", [version, 2], None, mismatch) for version in (0, 1)),
        *(ModelOperation("cas", [version, 1], None, info) for version in (0, 1)),
        ModelOperation("init", 1, None, info),
        ModelOperation("delete", None, None, ok),
        ModelOperation("delete", None, None, info),
    ],
    "counter": [
        *(ModelOperation("add", n, n, ok) for n in (1, -1)),
        ModelOperation("add", 1, None, info),
        *_returns("read", [0, 1, 2]),
        *_returns("add-and-get", [1, 2, 3], 1),
        ModelOperation("add-and-get", 1, None, info),
    ],
    "kv": [
        *_returns("get", ["", "1", "2", "12", "21"]),
        *(ModelOperation(f, v, v, ok) for f in ("put", "append") for v in ("1", "2")),
        *(ModelOperation(f, "1", None, info) for f in ("put", "append")),
        ModelOperation("delete", None, None, ok),
        ModelOperation("cas", ["1", "2"], ["1", "2"], ok),
        ModelOperation("cas", ["1", "2"], None, mismatch),
    ],
    "set": [
        *(ModelOperation(f, v, v, ok) for f in ("add", "remove") for v in (1, 2)),
        *(ModelOperation(f, 1, None, info) for f in ("add", "remove")),
        ModelOperation("add", 1, False, ok),
        ModelOperation("remove", 1, True, ok),
        *_returns("contains", [True, False], 1),
        *_returns("read", [[], [1], [2], [2, 1]]),
    ],
    "fifo-queue": _container("enqueue", "dequeue"),
    "unordered-queue": _container("enqueue", "dequeue"),
    "stack": _container("push", "pop"),
    "priority-queue": _container("insert", "delete-min"),
    "mutex": [
        ModelOperation(f, None, None, kind, who)
        for f in ("acquire", "release")
        for kind in (ok, info)
        for who in (1, 2)
    ],
    "multi-register": [
        *(ModelOperation("write", {"x": v}, None, ok) for v in (1, 2)),
        ModelOperation("write", {"x": 1, "y": 1}, None, ok),
        ModelOperation("write", {"x": 2, "y": 2}, None, info),
        *_returns("read", [{"x": 1}, {"y": 2}, {"x": 1, "y": 1}, {"x": 1, "y": None}, {"x": 2, "y": 1}]),
        ModelOperation("txn", [["r", "x", None], ["w", "y", 2]], [["r", "x", 1], ["w", "y", 2]], ok),
    ],
    "consensus": [
        *(ModelOperation("propose", v, result, ok) for v, result in product((1, 2), (1, 2))),
        *(ModelOperation("propose", v, None, info) for v in (1, 2)),
        *_returns("read", [None, 1, 2]),
    ],
    "atomic-commit": [
        *(ModelOperation("submit", n, result, ok) for n, result in product((0, 1), ("committed", "aborted"))),
        *(ModelOperation("submit", n, None, info) for n in (0, 1)),
        *_returns("read", [None, "committed", "aborted"]),
    ],
    "word-count": [
        *(ModelOperation("append", w, w if kind == ok else None, kind) for w in (1, 2) for kind in (ok, info)),
        *_returns("count", [[], [[1, 1]], [[2, 1]], [[1, 1], [2, 1]], [[1, 2]]]),
    ],
    "election": [
        *_returns("campaign", [[1, "a"], [1, "b"], [2, "a"], [2, "b"]]),
        ModelOperation("campaign", None, None, info),
        *_returns("read", [None, [1, "a"], [2, "b"]]),
    ],
    "append-list": [
        *(ModelOperation("append", v, v, kind) for v in (1, 2) for kind in (ok, info)),
        *_returns("read", [[], [1], [2], [1, 2], [2, 1], [1, 1]]),
    ],
}
SYMMETRIC = frozenset(
    {"register", "cas-register", "fifo-queue", "unordered-queue", "stack", "consensus", "append-list"}
)
"""Models that treat 1 and 2 alike, with an alphabet that does so too."""
