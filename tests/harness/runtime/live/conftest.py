"""What tests of live runs share."""

from __future__ import annotations

import pytest

from tests.harness.runtime.live.worlds import Open, opener


@pytest.fixture(params=["namespaces", "loopback"])
def opened(request: pytest.FixtureRequest) -> Open:
    """Opens a world of each kind that this machine allows."""
    return opener(request.param)
