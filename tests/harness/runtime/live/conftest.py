"""Whether this machine allows network namespaces with TUN interfaces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.runtime.live.cables import Cables, cables


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skips the test where the machine has none."""
    try:
        with cables("n1"):
            pass
    except (OSError, ValueError):
        pytest.skip("this machine allows no network namespaces with TUN interfaces")


@pytest.fixture(scope="module")
def net(namespaces: None) -> Iterator[Cables]:
    """Four nodes and two clients, without a switch between them."""
    with cables("n1", "n2", "n3", "n4", "c0", "c1") as made:
        yield made
