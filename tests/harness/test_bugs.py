"""What the page on known bugs says is found, is found."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from harness.bench.bugs import STRIDE, Bug, bugs, documented, rewritten, seeds_to_failure, table

PAGE = Path(__file__).parents[2] / "docs" / "bugs.md"
KNOWN = documented(PAGE.read_text())
STARTS = 3


@pytest.mark.parametrize(("system", "variant", "plan"), list(bugs()), ids=lambda value: str(value))
def test_a_variant_that_was_found_is_found_within_three_times_its_seeds(system: str, variant: str, plan: str) -> None:
    assert (system, variant) in KNOWN, "run: clew bench bugs --write docs/bugs.md"
    # Ten starts made the figure, and a few of them lie above three times their median: of three, the median counts.
    most = 3 * KNOWN[system, variant]
    found = [seeds_to_failure(plan, start * STRIDE, most) or most + 1 for start in range(STARTS)]
    assert statistics.median(found) <= most, found


def test_every_variant_has_a_row() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    for system, variant, _ in bugs():
        assert any(row.startswith(f"| {system} | {variant} |") for row in rows), "run: clew bench bugs --write"


def test_a_page_keeps_its_words_and_gets_a_new_table() -> None:
    found = [Bug("s", "v", 3, 0.5, 2, 1, 3, 9.0), Bug("s", "w", None, None, None, None, None, None)]
    page = rewritten("# Title\n\n| old |\n\nEnd\n", found)
    assert page == f"# Title\n\n{table(found)}\nEnd\n"
    assert documented(page) == {("s", "v"): 3}
    assert "| s | w | not found |" in page
