"""`clew init`: a plan and a client to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

STARTER = Path(__file__).parent.parent / "starter"
FILES = {
    "plan.yaml": ("plan.yaml", "what is started, what clients do, what goes wrong; put your command here"),
    "client.py": ("client.py.txt", "how clients talk to your program; make it speak your protocol"),
    "server.py": ("server.py.txt", "a stand-in for your program, so that the plan runs at once"),
}
"""The files that are written: the template of each, and what it is for."""


def init(
    folder: Annotated[Path, typer.Argument(help="An empty folder, or one that does not exist yet.")] = Path(),
) -> None:
    """Write a plan and a client to begin with into an empty folder."""
    from clew.harness.errors import UserError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A repository is no content.
        found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; expected a folder that can be written") from None
    if found:
        raise UserError(
            f"{folder} is not empty: it has {found[0]}; expected an empty folder, and nothing is overwritten"
        )
    for name, (template, meaning) in FILES.items():
        (folder / name).write_text((STARTER / template).read_text("utf-8"), "utf-8")
        print(f"{name:<12}{meaning}")
    print(f"\nNow: clew run {folder / 'plan.yaml'}")
