"""The table of runs as HTML: filtered, sorted, in pages of a hundred; on request, one row for each hunt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from clew.harness.view.serve.catalogue import Catalogue
from clew.harness.view.serve.links import Link, address, page
from clew.harness.view.serve.run import Run
from clew.harness.view.templates import render
from clew.histories.text import shortened, value_text

if TYPE_CHECKING:
    from clew.harness.view.diff import Difference

HERE = Path(__file__).parent
SCRIPT = (HERE / "page.js").read_text(encoding="utf-8")
RUNS_PER_PAGE = 100
HAPPENED_SHOWN = 140
"""Characters of what happened in a row. All of it is shown on hovering, and on the page of the run."""
COLUMNS = ("plan", "system", "seed", "verdict", "happened", "operations", "unknown", "seconds", "when")
VERDICTS = ("invalid", "unknown", "valid", "running", "unfinished", "unreadable")


class View(msgspec.Struct, frozen=True):
    """Which runs a page shows, and in which order. An empty text excludes nothing."""

    words: str = ""
    """Words that each run must have in its plan, system, seed, date or verdict."""
    verdict: str = ""
    group: str = ""
    """The folder of a plan."""
    campaign: str = ""
    """A hunt of this plan."""
    grouped: bool = False
    """One row for each hunt instead of one for each run."""
    sort: str = "when"
    """The column to sort by."""
    up: bool = False
    """Whether to sort ascending."""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> View:
        """The view that the query of an address asks for. Values that make no sense are ignored."""
        page = query.get("page", "1")
        return cls(
            words=query.get("words", "")[:200],
            verdict=query.get("verdict", "") if query.get("verdict", "") in VERDICTS else "",
            group=query.get("group", "")[:200],
            campaign=query.get("campaign", "")[:200],
            grouped=query.get("grouped") == "1",
            sort=query.get("sort", "when") if query.get("sort", "when") in COLUMNS else "when",
            up=query.get("up") == "1",
            page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 and int(page) else 1,
        )

    def address(self, **changed: object) -> str:
        """The address of this view with some fields changed, on its first page."""
        view = msgspec.structs.replace(self, **{"page": 1, **changed})
        fields = {
            name: "1" if value is True else value
            for name, value in msgspec.structs.asdict(view).items()
            if value != getattr(View(), name)
        }
        return "/?" + urlencode(fields)


class Group(msgspec.Struct, frozen=True):
    """The runs of one hunt; or all runs of a plan that no hunt made."""

    group: str
    campaign: str
    plan: str
    system: str
    runs: int
    verdicts: dict[str, int]
    operations: int
    when: str


def select(catalogue: Catalogue, view: View) -> list[Run]:
    """The runs that a view shows, in its order."""
    words = view.words.lower().split()
    found = [
        run
        for run in catalogue.runs
        if (not view.verdict or run.verdict == view.verdict)
        and (not view.group or run.group == view.group)
        and (not view.campaign or run.campaign == view.campaign)
        and all(_has(run, word) for word in words)
    ]
    # Among equals, the newest comes first, whatever the sorting is.
    found.sort(key=lambda run: (run.when, run.name), reverse=True)
    found.sort(key=lambda run: _rank(run, view.sort), reverse=not view.up)
    return found


def _has(run: Run, word: str) -> bool:
    # The beginning of a verdict counts, not its middle: "valid" must not match "invalid".
    told = f"{run.plan} {run.system} {_seed(run)} {run.started} {run.happened}"
    return run.verdict.startswith(word) or word in told.lower()


def _seed(run: Run) -> str:
    return "" if run.seed is None else str(run.seed)


def _rank(run: Run, column: str) -> Any:
    return (run.seed is not None, run.seed) if column == "seed" else getattr(run, column)


def groups(found: list[Run]) -> list[Group]:
    """The runs in groups, in the order of the first run of each."""
    together: dict[tuple[str, str], list[Run]] = {}
    for run in found:
        together.setdefault((run.group, run.campaign), []).append(run)
    return [
        Group(
            group=group,
            campaign=campaign,
            plan=runs[0].plan,
            system=runs[0].system,
            runs=len(runs),
            verdicts=dict(Counter(run.verdict for run in sorted(runs, key=lambda run: VERDICTS.index(run.verdict)))),
            operations=sum(run.operations for run in runs),
            when=max(run.started for run in runs),
        )
        for (group, campaign), runs in together.items()
    ]


def runs_page(catalogue: Catalogue, view: View, *, whole: bool) -> str:
    """The page of a view as HTML; only its table unless `whole`."""
    found = select(catalogue, view)
    rows: list[Any] = groups(found) if view.grouped else found
    pages = max(1, -(-len(rows) // RUNS_PER_PAGE))
    number = min(view.page, pages)
    return render(
        HERE / "page.html",
        whole=whole,
        view=view,
        columns=COLUMNS,
        verdicts=VERDICTS,
        total=len(catalogue.runs),
        count=len(found),
        pages=pages,
        page=number,
        rows=rows[(number - 1) * RUNS_PER_PAGE : number * RUNS_PER_PAGE],
        store=str(catalogue.store),
        script=SCRIPT,
        shortened=shortened,
        happened_max=HAPPENED_SHOWN,
    )


def listing(run: str, files: list[str], missing: list[str], links: list[Link]) -> str:
    """A page that lists the files of a run, the files that are missing, and the links to other runs."""
    return render(HERE / "page.files.html", run=run, files=files, missing=missing, links=links)


def diff_page(one: Run, other: Run, difference: Difference) -> str:
    """A page that tells where two runs first differ."""
    return render(
        HERE / "page.diff.html",
        sides=[("one", one, difference.one), ("other", other, difference.other)],
        difference=difference,
        page=page,
        address=address,
        value=lambda value: "none" if value is None else value_text(value),
    )
