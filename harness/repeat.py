"""Run the plan of a recorded live run again, and count how often it fails in the same way.

Two live runs of a plan never give the same bytes: time is real. What repeats is that a plan fails, and how often.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import trio

from clew.harness.exit_codes import EXIT_CODES, INTERNAL_ERROR
from clew.harness.plan import Plan
from clew.harness.run import run
from clew.harness.runtime.open import accept
from clew.harness.runtime.outcome import Progress
from clew.harness.store.folder import NoRun, RunFolder
from clew.harness.verdict.result import Result
from clew.harness.verdict.several import Several, counted
from clew.harness.verdict.signature import Signature, recorded_signature, same_way
from clew.histories import load as load_history
from clew.histories.text import plural


class Original(msgspec.Struct, frozen=True):
    """The recorded run."""

    path: Path
    """Its folder."""
    plan: Plan
    signature: Signature | None
    """What broke in it; None if nothing is known to have."""


class Repeat(msgspec.Struct, frozen=True):
    """One more run of the plan."""

    result: Result
    same: bool
    """Whether it failed in the same way as the original; for an original that did not fail, whether it did not either.
    False for a run that was interrupted and had not failed until then."""
    failed: bool
    """Whether it failed at all: an invalid run, or a part of the system that broke."""

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped."""
        return not self.result.finished and self.result.error is None


class Repeats(Several, frozen=True, kw_only=True):
    """A live run that was run again several times."""

    same: int
    """How many ended as the original did: failed in the same way, or did not fail if the original did not."""
    failure: str | None
    """What broke in the original, in a line; None if nothing is known to have."""

    @property
    def exit_code(self) -> int:
        """1 if any run was invalid; if not, 255 if a part of the system broke, 2 if any is undecided, and else 0."""
        if self.verdict != "invalid" and any(run.error for run in self.runs):
            return INTERNAL_ERROR
        return EXIT_CODES[self.verdict]


def original_of(folder: RunFolder) -> Original:
    """The recorded run of a live plan that is to be run again.

    Raises `NoRun` if the folder lacks its plan, verdict or history, `PlanError` and `HistoryError` if they cannot be
    used, and `UserError` for a plan that its runtime cannot carry out.
    """
    plan = folder.read_plan()
    accept(plan)
    result = folder.read_result()
    if result is None or not folder.history.exists():
        raise NoRun(f"{folder.path} has no verdict: it was killed; clew run {folder.plan} runs its plan")
    return Original(folder.path, plan, recorded_signature(result, load_history(folder.history)))


async def repeat(
    original: Original,
    *,
    into: Path = Path("store"),
    watch: Callable[[Progress], None] = lambda progress: None,
    stop: trio.CancelScope | None = None,
) -> Repeat:
    """Run the plan of a live run once more, into a folder of its own below `into`.

    If it ends as the original did, the new folder becomes the latest of its store. If not, it does not: a user who
    looks at the latest run should not take another failure for the original. Raises what `run` raises.
    """
    result = await run(original.plan, into=into, watch=watch, stop=stop, latest=False)
    assert result.run is not None
    folder = RunFolder(Path(result.run))
    found = recorded_signature(result, load_history(folder.history))
    interrupted = not result.finished and result.error is None
    same = same_way(found, original.signature) and not (interrupted and found is None)
    if same:
        folder.become_latest()
    return Repeat(result, same, found is not None)


def together(original: Original, repeats: Sequence[Repeat]) -> Repeats:
    """Put the repeats of one run together. There is one at least."""
    return Repeats(
        **counted([one.result for one in repeats]),
        failed=sum(one.failed for one in repeats),
        same=sum(one.same for one in repeats),
        failure=None if original.signature is None else str(original.signature),
    )


def words(every: Repeats, asked: int) -> str:
    """What to print about repeats, in a line: how many failed, and how many of them as the original did.

    `asked` is how many repeats were asked for.
    """
    if asked == 1:
        return f"{_ended(every)}; no two live runs are alike, and --times 20 would say how often it fails"
    failed = f"{every.failed} of {plural(every.times, 'run')} failed"
    if every.failure is None:
        return f"{failed}; the original did not"
    if every.failed:
        failed += f", {every.same if every.same < every.failed else 'all'} in the same way"
    return f"{failed}: {every.failure}"


def _ended(one: Repeats) -> str:
    if one.failure is None:
        return "it failed, and the original did not" if one.failed else "it did not fail, as the original"
    if one.same:
        return "it failed in the same way"
    return f"it {'failed in another way' if one.failed else 'did not fail'}: the original failed by {one.failure}"
