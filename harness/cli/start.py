"""Where the `clew` command begins: Ctrl-C and SIGTERM are handled before anything that takes time is imported.

Until a command has something to clean up, they end the process at once, with a word. `stop_signals` is in charge after
that. A `KeyboardInterrupt` in the middle of an import would be a traceback of somebody else's code.

Python itself starts before that. A SIGTERM in these first hundredths of a second ends the process as the system does
it: a shell reports 143 then, and not 255.
"""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line and exit; see `clew.harness.cli.app.main`."""
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` ignores it
        signal.signal(signal.SIGHUP, _end)
    from clew.harness.cli.app import main

    main()


def _end(number: int, frame: FrameType | None) -> None:
    # 255 is INTERNAL_ERROR. Not `sys.exit`: that is an exception too.
    try:
        os.write(2, b"clew: interrupted\n")
    finally:
        os._exit(255)
