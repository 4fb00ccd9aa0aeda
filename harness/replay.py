"""The same run again, byte for byte."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec
import trio

from harness import store
from harness.exits import EXIT, INTERNAL_ERROR
from harness.plan import Plan, load, resolve
from harness.result import Answer, Result, worst
from harness.run import NodesMode, run
from harness.simulation import Progress
from histories import load as load_history


class Replay(msgspec.Struct, frozen=True):
    """A replayed run: its result, the hash of its history, and whether that is the history of the original.

    `identical` is also True if one of the two was cut short and its history is a beginning of the other; `compared` is
    the number of bytes that were compared.
    """

    result: Result
    identical: bool
    sha256: str
    original_sha256: str
    compared: int
    cut: bool


class Replays(msgspec.Struct, frozen=True):
    """A run replayed several times, as `--json` prints it: how often it failed, and each verdict as a single replay's.

    `verdict` is the worst one, `verdicts` counts them, `times` is how many there were: fewer than asked for if one
    differed or was interrupted.
    """

    verdict: Answer
    plan: str | None
    seed: int | None
    times: int
    failed: int
    identical: bool
    verdicts: dict[str, int]
    sha256: str
    runs: tuple[Result, ...]

    @property
    def exit_code(self) -> int:
        """The worst of the runs'."""
        return INTERNAL_ERROR if any(run.error for run in self.runs) else EXIT[self.verdict]


def together(replays: Sequence[Replay]) -> Replays:
    """Some replays of one run, at least one, as one."""
    results = [replay.result for replay in replays]
    verdicts = Counter(result.verdict for result in results)
    return Replays(
        verdict=worst([result.verdict for result in results]),
        plan=results[0].plan,
        seed=results[0].seed,
        times=len(results),
        failed=verdicts["invalid"],
        identical=all(replay.identical for replay in replays),
        verdicts=dict(sorted(verdicts.items())),
        sha256=replays[0].original_sha256,
        runs=tuple(results),
    )


def recorded_plan(folder: store.RunFolder) -> Plan:
    """The plan that a run was made of. Raises `NoRun` if it is missing, `PlanError` if it cannot be used."""
    if not folder.plan.exists():
        raise store.NoRun(f"{folder.path} cannot be replayed: its plan.yaml is missing")
    return resolve(load(str(folder.plan)))


async def replay(
    folder: store.RunFolder,
    *,
    nodes: NodesMode = "process",
    into: Path = Path("store"),
    watch: Callable[[Progress], None] = lambda progress: None,
    stop: trio.CancelScope | None = None,
) -> Replay:
    """Run the plan of a recorded run again, into a folder of its own, and compare the histories.

    Raises `NoRun` if the folder lacks its plan or history, `PlanError` and `HistoryError` if they cannot be used.
    """
    plan = recorded_plan(folder)
    if not folder.history.exists():
        raise store.NoRun(f"{folder.path} has no history.jsonl to compare a replay with")
    # A history of another format version, or no history at all, is better told now than after the run.
    load_history(folder.history)
    original = folder.history.read_bytes()
    recorded = folder.read_result()
    # A run that a broken node ended came to its end.
    finished = recorded is not None and (recorded.finished or recorded.error is not None)
    result = await run(plan, nodes=nodes, into=into, watch=watch, stop=stop)
    assert result.run is not None
    again = (Path(result.run) / folder.history.name).read_bytes()
    # A run that was interrupted or killed leaves a beginning of its history: that must be the same, to the last line.
    whole = original if finished else original[: original.rfind(b"\n") + 1]
    identical = again == whole or (not finished and again.startswith(whole))
    if not result.finished and result.error is None:
        # So was this one: what there is of it must be the beginning of the other, or the other of it.
        identical = whole.startswith(again) or again.startswith(whole)
    return Replay(
        result=result,
        identical=identical,
        sha256=sha256(again).hexdigest(),
        original_sha256=sha256(original).hexdigest(),
        compared=min(len(whole), len(again)),
        cut=not (finished and (result.finished or result.error is not None)),
    )
