"""What a page reads from the text of a plan. A plan that cannot be read must not prevent the page."""

from __future__ import annotations

import re
from itertools import takewhile

_SHRUNK = re.compile(r"Shrunk from (.+?), seed (\d+)")


def system_and_variant(plan: str | None) -> tuple[str | None, str | None]:
    """The names of the system and of its variant; None for what the plan does not say."""
    import yaml

    try:
        system = yaml.safe_load(plan or "")["system"]
        if isinstance(system, str):
            return system, None
        if "name" not in system:
            command = system.get("command") or system["maelstrom"]
            return program_name(command.split() if isinstance(command, str) else list(map(str, command))), None
        variant = system.get("variant")
        return str(system["name"]), None if variant in (None, "none") else str(variant)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None, None


def is_live(plan: str | None) -> bool:
    """Whether the run of this plan was live, as `plan.yaml` in its folder says."""
    return re.search(r"^runtime: live\b", plan or "", re.MULTILINE) is not None


def program_name(command: list[str]) -> str:
    """A program that a plan starts, as a name: its command line up to the first option or placeholder."""
    words = list(takewhile(lambda word: not word.startswith("-") and "{" not in word, command))
    return " ".join(words or command[:1])


def original_of(plan: str) -> tuple[str, int] | None:
    """The plan and the seed that this plan was shrunk from, by the comment at its head; None if it says nothing."""
    comment = " ".join(line.lstrip("# ") for line in plan.partition("\nname:")[0].splitlines() if line.startswith("#"))
    found = _SHRUNK.search(comment)
    return None if found is None else (found[1], int(found[2]))
