"""Which folders are runs. Apart from `folder.py`, which knows plans: to list a store takes no plan."""

from __future__ import annotations

from pathlib import Path

RUN_FILES = ("plan.yaml", "history.jsonl", "messages.jsonl", "verdict.json")
"""The files that every finished run has. A folder with one of them is taken for a run."""


def is_run_folder(folder: Path) -> bool:
    """Whether any file of a run is in this folder."""
    return any((folder / name).exists() for name in RUN_FILES)
