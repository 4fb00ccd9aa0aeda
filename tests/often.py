"""How many random examples a test makes: some in the suite, five times as many in `make fuzz`.

The random examples of a test are the same each time, and those of the suite are the first of them.
"""

from __future__ import annotations

import pytest

OFTEN = pytest.mark.parametrize(
    "times", [pytest.param(1, id="some"), pytest.param(5, id="many", marks=pytest.mark.long)]
)
"""Gives a test `times`, by which it multiplies the number of its examples."""
