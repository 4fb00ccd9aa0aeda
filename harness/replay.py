"""Run a recorded run again, and compare the histories byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import trio

from clew.harness.exit_codes import EXIT_CODES, INTERNAL_ERROR
from clew.harness.run import run
from clew.harness.runtime.open import NodesMode, accept
from clew.harness.runtime.outcome import Progress
from clew.harness.store.folder import NoRun, RunFolder
from clew.harness.verdict.result import Result
from clew.harness.verdict.several import Several, counted
from clew.histories import load as load_history
from clew.histories.text import plural


class Replay(msgspec.Struct, frozen=True):
    """A run that was run again."""

    result: Result
    """The result of the new run."""
    identical: bool
    """Whether the histories are the same. If one of the runs was cut short, its history must be a beginning of the
    other's."""
    sha256: str
    """The hash of the new history."""
    original_sha256: str
    """The hash of the old one."""
    compared: int
    """How many bytes were compared."""
    cut: bool
    """Whether one of the runs was cut short."""

    @property
    def interrupted(self) -> bool:
        """Whether the new run was stopped. A run that a broken node ended was not."""
        return not self.result.finished and self.result.error is None


class Replays(Several, frozen=True, kw_only=True):
    """A run that was run again several times."""

    same: int
    """How many histories were identical to the original's."""
    identical: bool
    """Whether all were."""
    sha256: str
    """The hash of the original history."""

    @property
    def exit_code(self) -> int:
        """The worst of the runs' exit codes. 255 if a history differs: then no run says anything about the original."""
        broke = not self.identical or any(run.error for run in self.runs)
        return INTERNAL_ERROR if broke else EXIT_CODES[self.verdict]


def together(replays: Sequence[Replay]) -> Replays:
    """Put the replays of one run together. There is one at least."""
    results = [replay.result for replay in replays]
    return Replays(
        **counted(results),
        failed=sum(result.verdict == "invalid" or result.error is not None for result in results),
        same=sum(replay.identical for replay in replays),
        identical=all(replay.identical for replay in replays),
        sha256=replays[0].original_sha256,
    )


def difference(original: Path, replays: Sequence[Replay]) -> str | None:
    """One line about the replays that differ from the original: how many, why perhaps, and where to look.

    None if no replay differs.
    """
    others = [replay for replay in replays if not replay.identical]
    if not others:
        return None
    if len(replays) == 1:
        said = f"the replay differs from {original}: sha256 {others[0].sha256} instead of {others[0].original_sha256}; "
        said += "was its plan.yaml edited, was it recorded by another version of clew or of the system, or does "
        said += "the system depend on more than its seed?"
    elif len({replay.sha256 for replay in replays if not replay.interrupted}) > 1:
        said = f"{len(others)} of {len(replays)} replays differ from {original}, and from one another: something in "
        said += "the system does not depend on its seed alone (a clock, the global random, hash(), the order of a set)"
    else:
        said = f"{len(others)} of {len(replays)} replays differ from {original}, all in the same way; was it recorded "
        said += "by another version of clew or of the system, or does hash() or the order of a set matter in it?"
    return f"{said}; see clew diff {original} {others[0].result.run}"


def words(every: Replays, last: Replay) -> list[str]:
    """What to print about replays, line by line. If all are identical, the `last` one stands for all."""
    lines = []
    if every.times > 1:
        same, failed = plural(every.same, "time"), plural(every.failed, "time")
        lines.append(f"identical {same} out of {every.times}, failed {failed} out of {every.times}")
    if every.identical and last.cut:
        lines.append(f"identical as far as both go ({last.compared} bytes; one of the runs was cut short)")
    elif every.identical:
        lines.append(f"identical: sha256 {last.sha256}")
    return lines


async def replay(
    folder: RunFolder,
    *,
    nodes: NodesMode = "process",
    into: Path = Path("store"),
    watch: Callable[[Progress], None] = lambda progress: None,
    stop: trio.CancelScope | None = None,
) -> Replay:
    """Run the plan of a recorded run again, into a folder of its own, and compare the histories.

    If the histories are the same, the new folder becomes the latest of its store. If not, it does not: a user
    who looks at the latest run should not take another run for the original.

    Raises `NoRun` if the folder lacks its plan or history, `PlanError` and `HistoryError` if they cannot be used.
    """
    plan = folder.read_plan()
    accept(plan, replays=True)
    if not folder.history.exists():
        raise NoRun(f"{folder.path} has no history.jsonl to compare a replay with")
    # Read it before the run: if it is of another version, or no history, the user should not wait to learn that.
    load_history(folder.history)
    original = folder.history.read_bytes()
    recorded = folder.read_result()
    # A run that a broken node ended is finished.
    finished = recorded is not None and (recorded.finished or recorded.error is not None)
    result = await run(plan, nodes=nodes, into=into, watch=watch, stop=stop, latest=False)
    assert result.run is not None
    again = (Path(result.run) / folder.history.name).read_bytes()
    # A run that was interrupted or killed has the beginning of a history. It must be the same up to its last line.
    whole = original if finished else original[: original.rfind(b"\n") + 1]
    identical = again == whole or (not finished and again.startswith(whole))
    if not result.finished and result.error is None:
        # The new run was interrupted too. One of the two histories must be the beginning of the other.
        identical = whole.startswith(again) or again.startswith(whole)
    if identical:
        RunFolder(Path(result.run)).become_latest()
    return Replay(
        result=result,
        identical=identical,
        sha256=sha256(again).hexdigest(),
        original_sha256=sha256(original).hexdigest(),
        compared=min(len(whole), len(again)),
        cut=not (finished and (result.finished or result.error is not None)),
    )
