"""A failing run to shrink."""

from __future__ import annotations

from pathlib import Path

import pytest

from clew.harness.plan import load, resolve
from tests.harness.shrink.runs import HIGHEST, recorded_run


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a failing run. Tests only read it."""
    return recorded_run(tmp_path_factory.mktemp("failing") / "store", resolve(load(HIGHEST)))
