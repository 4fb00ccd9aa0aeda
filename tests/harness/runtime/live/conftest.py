"""Whether this machine allows network namespaces with TUN interfaces."""

from __future__ import annotations

import pytest

from tests.harness.runtime.live.cables import cables


@pytest.fixture(scope="session")
def namespaces() -> None:
    """Skips the test where the machine has none."""
    try:
        with cables("n1"):
            pass
    except (OSError, ValueError):
        pytest.skip("this machine allows no network namespaces with TUN interfaces")
