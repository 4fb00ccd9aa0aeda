"""The arguments and options that several commands have in common."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer


class NodesChoice(enum.StrEnum):
    """How nodes run."""

    process = "process"
    inline = "inline"


PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="A YAML file, or the name of a shipped plan.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, e.g. store/latest.")]
NodesOption = Annotated[
    NodesChoice, typer.Option("--nodes", help="Each node a process of its own, or all inline (faster, same history).")
]


def _folder(path: str | Path) -> Path:
    # To `Path` the empty text is the working directory, and a variable that is not set is not meant to be that.
    if path == "":
        raise typer.BadParameter("expected a folder; . is this one")
    return Path(path)


StoreOption = Annotated[
    Path, typer.Option("--store", metavar="PATH", parser=_folder, help="The folder below which runs are kept.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the verdict as JSON, and nothing else.")]


class Until(enum.StrEnum):
    """When a hunt is over."""

    first = "first"
    all = "all"


SettingsOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a field of the plan; repeatable.")
]
