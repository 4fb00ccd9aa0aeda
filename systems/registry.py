"""Where systems are found: shipped ones by name, your own by the path of a Python file, others by entry point."""

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

from clew.systems.system import System

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

SHIPPED = {"caspaxos": "clew.systems.caspaxos", "rsl": "clew.systems.rsl"}
GROUP = "clew.systems"
"""The entry-point group under which a package offers a `System`."""


class UnknownSystem(LookupError):
    """No such system; the message says what was looked for and what there is."""


def names() -> list[str]:
    """Systems that can be named: shipped ones first, then entry points."""
    return [*SHIPPED, *sorted(point.name for point in _entry_points())]


def _entry_points() -> Sequence[EntryPoint]:
    # Imported here: it costs 20 ms, and few look a system up this way.
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


@cache
def find_system(name: str) -> System:
    """The system of that name, or the `system` defined by the Python file at that path (`*.py`).

    Raises `UnknownSystem` if there is none, and whatever importing the user's file raises.
    """
    if name in SHIPPED:
        module = importlib.import_module(SHIPPED[name])
    elif name.endswith(".py"):
        path = Path(name)
        if not path.is_file():
            raise UnknownSystem(f"there is no file {name}")
        module = module_at(path)
    else:
        for point in _entry_points():
            if point.name == name:
                loaded = point.load()
                if not isinstance(loaded, System):
                    raise UnknownSystem(f"the entry point {name!r} of {point.value} is not a systems.System")
                return loaded
        raise UnknownSystem(f"there is no system {name!r}; there are {', '.join(names())}, or the path of a .py file")
    system = getattr(module, "system", None)
    if not isinstance(system, System):
        raise UnknownSystem(f"{name} defines no `system = System(...)`")
    return system


def module_at(path: Path) -> ModuleType:
    """The module that somebody's Python file is. Raises whatever importing it raises."""
    digest = blake2b(str(path.resolve()).encode(), digest_size=8).hexdigest()
    spec = importlib.util.spec_from_file_location(f"clew_file_{digest}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Type annotations are looked up in the module by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
