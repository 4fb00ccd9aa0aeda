"""A process that works for another one, and ends with it.

A new worker first imports the module of the function that it is told to begin with. This module imports next to
nothing, so a worker whose parent is killed while it starts ends soon, and not after all imports.
"""

from __future__ import annotations

import signal


def become_worker(parent: int) -> None:
    """Have this process end when `parent` ends, and leave Ctrl-C to `parent`, which alone decides what workers do."""
    # Ctrl-C reaches every process of the foreground group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from clew.systems.fork_server import die_with

    die_with(parent)
