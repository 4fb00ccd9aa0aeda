"""Stores of runs, and servers of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.view.stores import Get, ask, fill, serving


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return fill(tmp_path / "store")


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that one server serves to all who only ask; they may add runs to it."""
    return fill(tmp_path_factory.mktemp("common") / "store")


@pytest.fixture(scope="module")
def address(common: Path) -> Iterator[str]:
    with serving(common) as (found, _):
        yield found


@pytest.fixture
def get(address: str) -> Get:
    """Ask for exactly this path: nothing tidies it up on the way."""
    return lambda path, **headers: ask(address, path, **headers)
