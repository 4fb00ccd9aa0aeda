"""How a process ended, in words."""

from __future__ import annotations

import signal


def ended(status: int) -> str:
    """What `Process.wait` returned, to stand behind the name of the process."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def foreground(status: int) -> str:
    """Advice about a node that ended before it was ready. Status 0 is what a program returns that becomes a daemon."""
    return "; it must stay in the foreground" if status == 0 else ""
