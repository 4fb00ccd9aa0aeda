"""Where plans come from: files, texts, and the plans that come with clew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from clew.harness.plan.error import Place, PlanError, one_of
from clew.harness.plan.schema import Plan
from clew.harness.plan.sections import read_plan
from clew.harness.plan.tree import Value, parse
from clew.histories.text import value_text

SHIPPED = Path(__file__).parent.parent / "plans"
LARGEST = 64 << 20
"""The largest plan in bytes. A larger file was probably named by mistake."""


class Source(msgspec.Struct, frozen=True):
    """A plan as it is written. `resolve` makes a `Plan` of it, one for each seed."""

    file: str
    """What errors call it."""
    folder: Path
    """Paths in the plan are relative to this folder."""
    root: Value
    """The YAML tree: a mapping whose fields are not checked yet."""


def load(plan: str) -> Source:
    """The plan in a file, or the shipped plan of this name. A name has no slash and does not end in `.yaml`.

    Raises `PlanError` if there is no such plan, if it cannot be read, or if it is not a YAML mapping. `resolve` checks
    its fields.
    """
    if "/" in plan or plan.endswith((".yaml", ".yml")):
        path = Path(plan)
    else:
        path = SHIPPED / f"{plan}.yaml"
        names = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
        if plan not in names:
            known = f"expected {one_of(names, plan)}, or" if names else "expected"
            raise PlanError(Place(plan), "", f"there is no shipped plan of this name; {known} the path of a .yaml file")
    # Absolute, because a worker of a hunt may have another working directory.
    return loads(_read(path), str(path), path.parent.absolute())


def loads(text: str, file: str, folder: Path) -> Source:
    """The plan in a text. Errors call it `file`, and paths in it are relative to `folder`."""
    root = parse(text, file)
    if not isinstance(root.data, dict):
        kind = {tuple: "a list", type(None): "nothing"}.get(type(root.data), value_text(root.data, 60))
        raise PlanError(root.at, "", f"expected a plan, a mapping with name, system and workload; found {kind}")
    return Source(file, folder, root)


def resolve(source: Source, seed: int | None = None, settings: Sequence[str] = ()) -> Plan:
    """The complete and valid plan for a seed. If the seed is None, the plan's own is used.

    `settings` (`workload.clients=3`) are applied first, in their order. The same source, seed and settings give the
    same plan on any machine. Raises `PlanError` for the first mistake in the plan or in a setting.
    """
    return read_plan(source.root, source.folder, seed, settings)


def shipped() -> list[tuple[str, str]]:
    """The plans that come with clew: name, and the comment at the head of the file. Sorted by name."""
    return [(path.stem, _leading_comment(path.read_text("utf-8"))) for path in sorted(SHIPPED.glob("*.yaml"))]


def _leading_comment(text: str) -> str:
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
    return "\n".join(lines).strip()


def _read(path: Path) -> str:
    place = Place(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise PlanError(place, "", "there is no such file") from None
    except IsADirectoryError:
        raise PlanError(place, "", "this is a folder; expected a .yaml file") from None
    except (OSError, ValueError) as error:
        raise PlanError(place, "", f"this file cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > LARGEST:
        raise PlanError(place, "", f"this file is too large for a plan: more than {LARGEST >> 20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise PlanError(Place(str(path), line, column), "", "this is not UTF-8 text") from None
