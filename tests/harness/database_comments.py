"""How often a plan for a database shows what it is for: its comment says what `docs/databases.md` says.

    python -m tests.harness.database_comments      writes the figures of the page into the comments

`clew bench databases --write docs/databases.md` measures them. A test holds the two together.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.readme import ROOT

PAGE = ROOT / "docs" / "databases.md"
PLANS = ROOT / "harness" / "plans"
ROW = re.compile(
    r"^\| [^|]+ \| (?P<version>[^|]+) \| `(?P<plan>[a-z-]+)` \|[^|]*\|[^|]*\| (?P<expected>holds|broken) "
    r"\| (?P<shown>\d+) of (?P<runs>\d+) \|",
    re.MULTILINE,
)
"""A row of the page."""
WORDS_SAID = (
    r"\b(?P<word>Valid|Invalid) in (?P<shown>\d+) of (?P<runs>\d+) runs with [A-Za-z-]+ (?P<version>\d[\d.]*\d)"
)
SAID = re.compile(WORDS_SAID.replace(" ", r"[\s#]+"))
"""What a comment says; a line of it may end between any two words."""
WORDS = {"holds": "Valid", "broken": "Invalid"}


class Figure(NamedTuple):
    """What the runs of a plan have shown."""

    word: str
    """`Valid` for a control, `Invalid` for a plan that shows something."""
    shown: str
    """In how many runs."""
    runs: str
    """Of how many."""
    version: str
    """The version of the database."""


def measured() -> dict[str, Figure]:
    """What the page says of each plan."""
    rows = ROW.finditer(PAGE.read_text())
    return {row["plan"]: Figure(WORDS[row["expected"]], row["shown"], row["runs"], row["version"]) for row in rows}


def said(plan: str) -> Figure:
    """What the comment of a plan says. Raises `ValueError` if it does not say that once."""
    found = list(SAID.finditer((PLANS / f"{plan}.yaml").read_text()))
    if len(found) != 1:
        raise ValueError(
            f"{plan}.yaml: expected a comment with 'Valid in 20 of 20 runs with etcd 3.4.23', or 'Invalid'"
        )
    return Figure(*(found[0][name] for name in Figure._fields))


def rewritten(text: str, figure: Figure) -> str:
    """The text of a plan with these figures in its comment."""
    match = SAID.search(text)
    for name in reversed(Figure._fields[1:]) if match is not None else ():
        assert match is not None
        text = text[: match.start(name)] + getattr(figure, name) + text[match.end(name) :]
    return text


def main() -> None:
    """Write the figures of the page into the comments, and say which have changed."""
    for plan, figure in measured().items():
        if said(plan) != figure:
            path = PLANS / f"{plan}.yaml"
            path.write_text(rewritten(path.read_text(), figure))
            print(f"{plan}: {figure.word} in {figure.shown} of {figure.runs} runs")


if __name__ == "__main__":
    main()
