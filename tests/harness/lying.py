"""A live cluster that answers wrongly in the runs that a test names, so that a test knows which runs fail."""

from __future__ import annotations

from pathlib import Path

from tests.harness.echo import put

PLAN = """\
name: echo
runtime: live
live: {network: loopback}
system: {name: echo.py, nodes: 1}
workload: {kind: cas-register, clients: 1, operations: 6, mix: {read: 1, write: 2}, timeout: 1s}
recovery: {after: 1ms}
"""


def lying(folder: Path, runs: tuple[int, ...], plan: str = PLAN, error: str = "4711") -> Path:
    """A plan whose node answers reads wrongly in these runs only; the runs are numbered from 1 on."""
    count = folder / "count"
    numbered = (
        f"self.n = getattr(self, 'n', None) or os.write(os.open({str(count)!r}, os.O_WRONLY | os.O_APPEND | "
        f"os.O_CREAT), b'x') and os.path.getsize({str(count)!r})"
    )
    answer = f"{error} if message.f == 'read' and self.n in {runs} else self.value"
    return put(folder, answer=answer, breaks=numbered, plan=plan)


def folders(store: Path) -> list[Path]:
    """All folders of runs in a store, hidden ones too."""
    return sorted(path for path in store.glob("*/*") if path.is_dir() and path.parent.name != "latest")
