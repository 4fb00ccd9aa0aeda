"""The catalogue on disk: a server that starts again reads one file instead of thousands.

The file is `.runs.index` in the store. It is never needed: a missing, broken or foreign one is made anew, and a store
that cannot be written goes without. For each run it has the *mark* of its verdict, so a run that changed is read again.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from clew.harness.view.serve.run import Run
from clew.histories.event import MALFORMED

NAME = ".runs.index"
FORMAT = 1
"""Grows with each change of `Run` or `_Index`."""

Mark = tuple[int, int, int]
"""Of a file: when it was changed (ns since 1970), its size, its inode. A file that was written anew has another one."""
Finished = dict[tuple[str, str], tuple[Mark, Run]]
"""The finished runs by group and name, each with the mark of its verdict when it was read."""


class _Index(msgspec.Struct, frozen=True, array_like=True):
    format: int
    rows: list[tuple[Mark, Run]]


_decode = msgspec.msgpack.Decoder(_Index).decode


def mark_of(path: str) -> Mark | None:
    """The mark of a file; None if there is no such file."""
    try:
        found = os.stat(path)  # `Path.stat` takes twice as long, and this is called for each run at each look.
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_index(store: Path) -> Finished:
    """What the index of a store says; nothing if there is none, or none that this version of clew wrote."""
    try:
        index = _decode((store / NAME).read_bytes())
    except (*MALFORMED, OSError):
        return {}
    return {(run.group, run.name): (mark, run) for mark, run in index.rows} if index.format == FORMAT else {}


def write_index(store: Path, finished: Finished) -> None:
    """Write the index, whole or not at all. Where that is not possible, nothing happens."""
    aside = store / f"{NAME}-{os.getpid()}"
    with contextlib.suppress(OSError):
        try:
            aside.write_bytes(msgspec.msgpack.encode(_Index(FORMAT, list(finished.values()))))
            aside.replace(store / NAME)
        finally:
            aside.unlink(missing_ok=True)
