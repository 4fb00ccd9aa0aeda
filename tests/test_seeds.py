"""docs/seeds.md names what there is: plans, invariants, variants, models, faults, systems and files that exist."""

from __future__ import annotations

import re

import pytest

from clew.checkers.models import names as models
from clew.harness.plan import shipped
from clew.nemesis import FAULTS
from clew.systems import find_protocol, protocols
from tests.readme import ROOT

PAGE = ROOT / "docs" / "seeds.md"
CHECKS = ("linearizable", "liveness")
SECTIONS = re.findall(r"^## (.*)\n((?:(?!## ).*\n?)*)", PAGE.read_text(), re.MULTILINE)
ROWS = [
    (title, *(cell.strip() for cell in line.strip("|").split("|")))
    for title, text in SECTIONS
    for line in text.splitlines()
    if line.startswith("|") and not line.startswith(("| there |", "|---"))
]
NAMED = re.compile(r"\b(plan|invariant|variant|model|fault|check)s? ((?:`[\w-]+`(?:, )?)+)")
"""A kind of thing, and names of that kind."""


def systems_of(title: str) -> list[str]:
    """The systems that a section is about, as it says itself."""
    (said,) = re.findall(r"In\sclew:((?:\s`[\w-]+`,?)+)", dict(SECTIONS)[title])
    return re.findall(r"`([\w-]+)`", said)


def there_are(kind: str, title: str) -> set[str]:
    """The names of a kind that a section may use."""
    systems = [find_protocol(name) for name in systems_of(title)]
    if kind == "invariant":
        return {one.name for system in systems for one in system.invariants(system.parameters(), 3)}
    if kind == "variant":
        return {name for system in systems for name in system.variants}
    if kind == "plan":
        return {name for name, _ in shipped()}
    return set({"model": models(), "fault": FAULTS, "check": CHECKS}[kind])


@pytest.mark.parametrize(("title", "there", "here"), ROWS, ids=[there[:40] for _, there, _ in ROWS])
def test_what_a_row_names_exists_or_the_row_says_why_there_is_nothing(title: str, there: str, here: str) -> None:
    named = [(kind, name) for kind, listed in NAMED.findall(here) for name in re.findall(r"`([\w-]+)`", listed)]
    for kind, name in named:
        assert name in there_are(kind, title), f"there is no {kind} {name}"
    assert len(named) == here.count("`") / 2, "a name stands after what it is: plan `x`, invariants `y`, `z`"
    files = re.findall(r"\]\(([^)]+)\)", here)
    for file in files:
        assert (PAGE.parent / file).is_file(), file
    assert named or files or here.startswith("Not here"), "name a plan, an invariant, a variant, a file; or say why not"


def test_every_section_names_its_systems_and_every_protocol_has_a_section() -> None:
    assert {name for title, _ in SECTIONS for name in systems_of(title)} == set(protocols())
    for title, _ in SECTIONS:
        assert any(row[0] == title for row in ROWS), title
