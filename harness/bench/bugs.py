"""Every known bug of every system: is it found, how soon, and how small does its failure get?

The bugs are the broken variants of the systems. Each is hunted as its system says (`Protocol.hunted`), by what a client
can see: wrong answers, or no answers.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

import msgspec
import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.hunt.executor import results
from clew.harness.hunt.trial import trial
from clew.harness.plan import Plan, load, resolve
from clew.harness.run import run
from clew.harness.shrink import shrink_run
from clew.harness.store.folder import RunFolder
from clew.systems import Protocol, find_protocol, find_system, names

STARTS = 10
"""First seeds from which a variant is hunted. One start may be lucky; the median of ten is not."""
STRIDE = 10_000
"""The distance between the first seeds of two starts."""
SEEDS_MOST = 50
"""Seeds that a start tries. If none fails, the start has not found the variant."""
SEEDS_MOST_TO_LEMMA = 10
"""Seeds that a start tries to break a lemma. Most variants that break one do so at once."""
SEEN_BY_CLIENTS = {"linearizable": "wrong answers", "liveness": "no answers"}


class Bug(msgspec.Struct, frozen=True):
    """A variant that clients noticed. Several starts hunt for it; the failure of the first start is shrunk."""

    system: str
    variant: str
    plan: str
    """The plan that hunts it."""
    seen: str
    """What clients see: `wrong answers` or `no answers`."""
    seeds: int | None
    """Seeds to the first failure: the median of the starts. None if most starts did not find the variant."""
    seconds: float
    """Seconds of processor time to the first failure: the median of the starts."""
    lemma: int | None
    """Seeds until a lemma broke, whether a client noticed or not: the median. None if for most starts none broke."""
    operations: int
    """Operations that are left after shrinking."""
    faults: int
    """Faults that are left."""
    nodes: int
    """Nodes that are left."""
    shrink_seconds: float
    """Seconds of processor time that shrinking took."""
    settings: tuple[str, ...] = ()
    """What the hunt changes in the plan."""


class Missed(msgspec.Struct, frozen=True):
    """A variant that no client noticed."""

    system: str
    variant: str
    plan: str
    """The plan that hunts it."""
    seeds: int
    """Seeds that were tried."""
    lemma: int | None
    """As in `Bug`."""
    why: str
    """Why no client can notice it."""
    settings: tuple[str, ...] = ()
    """As in `Bug`."""


Variant = tuple[str, str]
"""A system's name and a variant's."""
Row = tuple[str, ...]
"""The cells of a row of a table."""


def bugs(only: Sequence[str] = ()) -> Iterator[Variant]:
    """Every variant that its system says how to hunt; `only` those of these systems, if any are given."""
    for system in names():
        found = find_system(system)
        if isinstance(found, Protocol) and (not only or system in only):
            yield from ((system, variant) for variant in found.variants if variant in found.hunted)


def drawn(bug: Variant, seed: int) -> Plan:
    """The plan that hunts this variant, with this seed."""
    system, variant = bug
    hunted = find_protocol(system).hunted[variant]
    return resolve(load(hunted.plan), seed, [*hunted.settings, f"system.variant={variant}"])


def seeds_to_failure(bug: Variant, first: int, most: int = SEEDS_MOST) -> tuple[int | None, str | None]:
    """How many seeds it takes, from `first` on, until a client sees the system break, and which check saw it.

    None if more than `most`.
    """
    for tried in range(1, most + 1):
        signature = trial(drawn(bug, first + tried - 1)).signature
        if signature is not None and signature.broke in SEEN_BY_CLIENTS:
            return tried, signature.broke
    return None, None


def seeds_to_lemma(bug: Variant, first: int, most: int = SEEDS_MOST_TO_LEMMA) -> int | None:
    """How many seeds it takes, from `first` on, until a lemma breaks, whatever clients see; None: more than `most`."""
    for tried in range(1, most + 1):
        signature = trial(drawn(bug, first + tried - 1)).signature
        if signature is not None and signature.invariant is not None:
            return tried
    return None


def measure(bug: Variant, starts: int = STARTS) -> Bug | Missed:
    """Hunt for a variant from `starts` first seeds, and shrink the failure of the first start."""
    system, variant = bug
    hunted = find_protocol(system).hunted[variant]
    # The first run compiles the checker. That takes seconds, and must not count.
    trial(drawn(bug, 0))
    lemma = _median([seeds_to_lemma(bug, start * STRIDE) for start in range(starts)])
    seeds: list[int | None] = []
    seconds: list[float] = []
    broke: str | None = None
    for start in range(starts):
        began = time.process_time()
        took, check = seeds_to_failure(bug, start * STRIDE)
        if start == 0:
            if took is None:
                return Missed(system, variant, hunted.plan, SEEDS_MOST, lemma, hunted.unnoticed, hunted.settings)
            broke = check
        seeds.append(took)
        seconds.append(time.process_time() - began)
    assert seeds[0] is not None
    assert broke is not None
    operations, faults, nodes, shrinking = _shrunk(drawn(bug, seeds[0] - 1))
    return Bug(
        system,
        variant,
        hunted.plan,
        SEEN_BY_CLIENTS[broke],
        _median(seeds),
        round(statistics.median(seconds), 2),
        lemma,
        operations,
        faults,
        nodes,
        round(shrinking, 1),
        hunted.settings,
    )


def _median(seeds: Sequence[int | None]) -> int | None:
    """The median over all starts, rounded. A start that found nothing counts as infinite.

    None if the median is infinite.
    """
    middle = statistics.median(math.inf if took is None else took for took in seeds)
    return None if math.isinf(middle) else round(middle)


def _shrunk(failing: Plan) -> tuple[int, int, int, float]:
    """Shrink a plan: operations, faults and nodes that are left, and the seconds of processor time that it took."""
    with tempfile.TemporaryDirectory() as store, unwrap_exception_groups():
        result = trio.run(lambda: run(failing, nodes="inline", into=Path(store)))
        assert result.run is not None
        began = time.process_time()
        shrunk = shrink_run(RunFolder(Path(result.run)), into=Path(store))
        return shrunk.operations, shrunk.faults, shrunk.plan.system.nodes, time.process_time() - began


def measured(wanted: Sequence[Variant], executor: Executor) -> Iterator[Bug | Missed]:
    """Measure each of these variants in an executor. The results come in the same order."""
    yield from results(executor, measure, wanted)


FOUND = (
    "system",
    "variant",
    "plan",
    "clients see",
    "after seeds",
    "seconds",
    "a lemma breaks after",
    "shrunk to operations",
    "faults",
    "nodes",
    "seconds to shrink",
)
MORE_THAN = "more than "
UNNOTICED = ("system", "variant", "plan", "seeds tried", "a lemma breaks after", "why no client notices")


def table(found: Sequence[Bug | Missed], kept: Sequence[Row] = ()) -> str:
    """Two tables in Markdown: the variants that clients noticed, and those that they did not.

    `kept` are rows of other systems, as `rows_of` gives them. The systems are in the order of `clew systems`.
    """
    noticed = [
        (
            b.system,
            b.variant,
            plan_cell(b.plan, b.settings),
            b.seen,
            f"{MORE_THAN}{SEEDS_MOST}" if b.seeds is None else b.seeds,
            b.seconds,
            _lemma(b),
            b.operations,
            b.faults,
            b.nodes,
            b.shrink_seconds,
        )
        for b in found
        if isinstance(b, Bug)
    ]
    missed = [
        (b.system, b.variant, plan_cell(b.plan, b.settings), b.seeds, _lemma(b), b.why or "it could")
        for b in found
        if isinstance(b, Missed)
    ]
    parts = []
    for head, new in ((FOUND, noticed), (UNNOTICED, missed)):
        rows = sorted([*(row for row in kept if len(row) == len(head)), *new], key=_place)
        if rows:
            parts.append(rows_as_text(head, rows))
    return "\n".join(parts)


def _place(row: Sequence[object]) -> int:
    """Where the system of a row comes in the tables. A stable sort keeps the variants of a system as they are."""
    systems = names()
    return systems.index(str(row[0])) if row[0] in systems else len(systems)


def plan_cell(plan: str, settings: Sequence[str]) -> str:
    """A plan, and what a hunt changes in it."""
    return ", ".join((plan, *settings))


def _lemma(bug: Bug | Missed) -> int | str:
    return "no lemma" if bug.lemma is None else bug.lemma


def rows_as_text(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def rows_of(page: str) -> list[Row]:
    """The rows of the tables of a page, without their heads.

    Raises `ValueError` for a row that belongs to neither table.
    """
    rows = [
        tuple(cell.strip() for cell in line.strip("| \n").split("|"))
        for line in page.splitlines()
        if line.startswith("|")
    ]
    strange = next((row for row in rows if len(row) not in (len(FOUND), len(UNNOTICED))), None)
    if strange is not None:
        raise ValueError(f"expected a row of a table of bugs, found: {' | '.join(strange)}")
    return [row for row in rows if row not in (FOUND, UNNOTICED) and set(row) != {"---"}]


def documented(page: str) -> tuple[dict[Variant, tuple[int, float]], set[Variant]]:
    """What a page with such tables says: seeds and seconds for each variant that was found, and the variants that no
    client noticed.

    For a variant that most starts did not find, the seeds are as many as a start tries: the first start found it.
    Raises `ValueError` for a row that belongs to neither table, so that a page in another form is not taken for empty.
    """
    rows = rows_of(page)
    counted = [(row, row[4].removeprefix(MORE_THAN)) for row in rows if len(row) == len(FOUND)]
    found = {(row[0], row[1]): (int(seeds), float(row[5])) for row, seeds in counted if seeds.isdigit()}
    return found, {(row[0], row[1]) for row in rows if len(row) == len(UNNOTICED) and row[3].isdigit()}


def rewritten(page: str, found: Sequence[Bug | Missed], systems: Sequence[str] = ()) -> str:
    """The page with new tables, in the place of everything from the first line with a bar to the last.

    With `systems`, only the rows of these systems are new. Then a page that `rows_of` cannot read raises `ValueError`.
    """
    kept = [row for row in rows_of(page) if row[0] not in systems] if systems else []
    lines = page.splitlines(keepends=True)
    rows = [i for i, line in enumerate(lines) if line.startswith("|")]
    first, end = (rows[0], rows[-1] + 1) if rows else (len(lines), len(lines))
    return "".join(lines[:first]) + table(found, kept) + "".join(lines[end:])
