"""From one run to others: its campaign, the run before it, the original of a shrunk run, shrunk runs, replays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlencode

from clew.harness.view.serve.run import Run

Link = tuple[str, str]
"""The words of a link, and its address."""
EACH_MAX = 3
"""How many shrunk runs and replays of one run are linked; the table has all."""


def links_of(run: Run, runs: Iterable[Run]) -> list[Link]:
    """The links of a run's page."""
    together = sorted((other for other in runs), key=lambda other: (other.when, other.name))
    group = [other for other in together if other.group == run.group]
    campaign = [other for other in group if other.campaign == run.campaign]
    links = [("all runs", "/"), ("files", f"{address(run)}/")]
    if run.campaign:
        hunt = urlencode({"group": run.group, "campaign": run.campaign})
        links.append((f"its hunt ({len(campaign):,} runs)", f"/?{hunt}"))
    elif len(group) > 1:
        links.append((f"its plan ({len(group):,} runs)", f"/?{urlencode({'group': run.group})}"))
    before = next((other for other in reversed(group) if _is_before(other, run)), None)
    if before is not None:
        links.append(("the run before", page(before)))
        links.append(("diff with the run before", difference(before, run)))
    return [*links, *_same_failure(run, together)]


def _same_failure(run: Run, together: list[Run]) -> Iterator[Link]:
    """Links to the runs that this one was made from, or that were made from it."""
    if run.origin is not None:
        plan, seed = run.origin
        made_from = [other for other in together if (other.plan, other.seed) == (plan, seed) and _is_before(other, run)]
        if made_from:
            yield "the original, not shrunk", page(made_from[-1])
    for other in [other for other in together if other.origin == (run.plan, run.seed)][-EACH_MAX:]:
        yield f"shrunk ({other.operations} operations)", page(other)
    again = [other for other in together if run.plan_mark and other.plan_mark == run.plan_mark and other != run]
    for other in again[-EACH_MAX:]:
        yield f"the same again, {other.started[11:]}", page(other)
        yield "diff", difference(run, other)


def _is_before(one: Run, other: Run) -> bool:
    return (one.when, one.name) < (other.when, other.name)


def address(run: Run) -> str:
    """Where a run's files are served."""
    return f"/runs/{quote(run.group, safe='')}/{quote(run.name, safe='')}"


def page(run: Run) -> str:
    """Where a run's page is served."""
    return f"{address(run)}/report.html"


def difference(one: Run, other: Run) -> str:
    """Where the comparison of two runs is served."""
    return "/diff?" + urlencode([("run", one.place), ("run", other.place)])
