"""A client of ZooKeeper's locks leaves nothing in the line when it does not get a lock."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("kazoo", reason="clew[databases] is not installed")

from kazoo.exceptions import ConnectionLoss, NoNodeError

from clew.systems.program import Failed
from clew.systems.zookeeper import locks


class Taken:
    """A lock that another client has."""

    path, node = "/locks/0", "contender-7"

    def __init__(self, *_: Any) -> None: ...

    def acquire(self, blocking: bool) -> bool:
        return blocking


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        pytest.param(None, Failed, id="it was there, and is gone now"),
        pytest.param(NoNodeError(), Failed, id="the library has deleted it"),
        pytest.param(ConnectionLoss(), ConnectionLoss, id="nobody knows: the client ends, and its session with it"),
    ],
)
def test_the_place_in_the_line_is_given_up(
    monkeypatch: pytest.MonkeyPatch, answer: Exception | None, raised: type[Exception]
) -> None:
    deleted = []

    def delete(znode: str) -> None:
        deleted.append(znode)
        if answer is not None:
            raise answer

    monkeypatch.setattr(locks, "Lock", Taken)
    monkeypatch.setattr(locks, "session", lambda *_: SimpleNamespace(start_async=lambda: None))
    zookeeper = SimpleNamespace(delete=delete, handler=SimpleNamespace(timeout_exception=TimeoutError))
    cluster = SimpleNamespace(timeout=1.0, parameters=SimpleNamespace(session_timeout=10**9))
    client = locks.ZookeeperLocks(zookeeper, SimpleNamespace(), cluster)  # type: ignore[arg-type]
    with pytest.raises(raised):
        client.acquire(0)
    assert deleted == ["/locks/0/contender-7"]
