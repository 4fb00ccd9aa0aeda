"""Hunts without processes of their own."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from tests.harness.hunt.hunts import AtOnce


@pytest.fixture
def without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands try their seeds in this process: for claims about what they print and keep."""
    monkeypatch.setattr("clew.harness.hunt.at_home", lambda jobs: nullcontext((AtOnce(), 1)))
