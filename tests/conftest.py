"""In which order the workers of pytest-xdist take the tests."""

from __future__ import annotations

import pytest

LONGEST = (
    "tests/test_readme.py",
    "tests/harness/shrink/",
    "tests/harness/hunt/",
    "tests/harness/cli/",
    "tests/harness/test_",
    "tests/checkers/",
)
"""Where the tests are that take longest."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that the workers end at the same time."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
