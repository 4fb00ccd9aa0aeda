"""Arguments and options that several commands share."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from clew.harness.exit_codes import BAD_ARGUMENTS


class NodesChoice(enum.StrEnum):
    """How nodes run: each as a process, or all inside the harness."""

    process = "process"
    inline = "inline"


class Until(enum.StrEnum):
    """When a hunt ends: at the first failure, or after all seeds."""

    first = "first"
    all = "all"


def _folder(path: str | Path) -> Path:
    # Path("") is the working directory. An empty text is most likely an unset shell variable.
    if path == "":
        raise typer.BadParameter("expected a folder; . is this one")
    return Path(path)


PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="A YAML file, or the name of a shipped plan.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, e.g. store/latest.")]
HistoryArgument = Annotated[
    Path, typer.Argument(metavar="RUN|HISTORY", help="A run folder, or a history in any format.")
]
NodesOption = Annotated[
    NodesChoice,
    typer.Option("--nodes", help="Run each node as a process, or all nodes inline (faster, same history)."),
]
SettingsOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a field of the plan; repeatable.")
]
StoreOption = Annotated[Path, typer.Option("--store", metavar="PATH", parser=_folder, help="The folder of all runs.")]
ModelOption = Annotated[
    str | None, typer.Option(help="The model of the history. Needed only if the history does not name one.")
]
FieldsOption = Annotated[
    str | None,
    typer.Option(
        "--fields", metavar="OURS=THEIRS,...", help="What the fields of JSON lines are called: time=ts_us*1000,f=op."
    ),
]
WordsOption = Annotated[
    str | None,
    typer.Option("--words", metavar="THEIRS=OURS,...", help="What functions and types are called: get=read,put=write."),
]
RenumberOption = Annotated[
    bool, typer.Option("--renumber", help="Let a process that goes on after an unknown outcome be a fresh one.")
]
VerdictJsonOption = Annotated[bool, typer.Option("--json", help="Print the verdict as JSON, and nothing else.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the same as JSON.")]


def help_without_command(context: typer.Context) -> None:
    """If no command is named, print the help and exit with 254.

    Nothing was asked for, so a script that calls `clew $COMMAND` with an empty variable must not take that for a valid
    history: that would be 0.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(BAD_ARGUMENTS)
