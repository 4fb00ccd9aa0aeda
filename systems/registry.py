"""Finds systems: shipped ones and those of installed packages by name, your own by the path of a Python file."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from clew.systems.protocol import Protocol
from clew.systems.service import Service

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_FOLDERS = sorted(found.parent.name for found in Path(__file__).parent.glob("*/__init__.py"))
SHIPPED = {name.replace("_", "-"): f"clew.systems.{name}" for name in _FOLDERS}
"""The systems in the folders beside this file, in the order of the alphabet. `a-b` is the folder `a_b`."""
DESCRIBED = {"command": "clew.systems.command", "maelstrom": "clew.systems.maelstrom"}
"""Systems that a plan describes instead of naming one. `names` leaves them out."""
GROUP = "clew.systems"
"""The entry-point group of packages that bring a `Protocol` or a `Program`."""


class UnknownSystem(LookupError):
    """There is no such system. The message says what was looked for, and which systems there are."""


def names() -> list[str]:
    """The names of all systems: shipped ones first, then those of entry points."""
    return [*SHIPPED, *sorted(point.name for point in _entry_points())]


def protocols() -> list[str]:
    """The names of all systems that clew can simulate."""
    return [name for name in names() if isinstance(find_system(name), Protocol)]


def _entry_points() -> Sequence[EntryPoint]:
    # Imported here because it costs 20 ms, and most runs do not need it.
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


@cache
def find_system(name: str) -> Service:
    """The system of that name, or the `system` that the Python file at that path (`*.py`) defines.

    Raises `UnknownSystem` if there is none, and whatever importing the user's file raises. The answer is remembered.
    """
    if name in SHIPPED:
        module = importlib.import_module(SHIPPED[name])
    elif name in DESCRIBED:
        module = importlib.import_module(DESCRIBED[name])
    elif name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise UnknownSystem(f"there is no file {name}")
        module = import_file(path)
    else:
        for point in _entry_points():
            if point.name == name:
                loaded = point.load()
                if not isinstance(loaded, Service):
                    raise UnknownSystem(
                        f'the entry point "{name}" of {point.value} is no clew.systems.Protocol or Program'
                    )
                return loaded
        raise UnknownSystem(f'there is no system "{name}"; expected {", ".join(names())} or the path of a .py file')
    system = getattr(module, "system", None)
    if not isinstance(system, Service):
        raise UnknownSystem(f"{name} defines no `system = Protocol(...)` or `system = Program(...)`")
    return system


def find_protocol(name: str) -> Protocol:
    """The protocol of that name, found as `find_system` finds it. Raises `UnknownSystem` for a program too."""
    system = find_system(name)
    if not isinstance(system, Protocol):
        raise UnknownSystem(f"{name} is a program; expected a protocol")
    return system


def import_file(path: Path) -> ModuleType:
    """Import the Python file at `path` as a module of its own. Raises whatever importing it raises."""
    digest = blake2b(str(path.resolve()).encode(), digest_size=8).hexdigest()
    spec = importlib.util.spec_from_file_location(f"clew_file_{digest}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # msgspec looks the names in type annotations up in sys.modules.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
