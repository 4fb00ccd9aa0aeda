"""Ctrl-C and the other stop signals end a command cleanly; what it has found so far is kept.

SIGTERM and SIGHUP mean the same as Ctrl-C (SIGINT): `stop_signals` turns them into it. What Ctrl-C does depends on
the command:

    hunt, shrink, bench   raise KeyboardInterrupt; they catch it and return what they have found
    run, replay           `run_in_foreground`: the first Ctrl-C stops the run, which is then checked; the second one
                          ends everything
    serve                 the server stops
    the others            end; half a file is never left

Before that, while a command is imported, `clew.harness.cli.start` ends the process at once.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def stop_signals() -> Iterator[None]:
    """Inside the block, SIGTERM and SIGHUP do what Ctrl-C (SIGINT) does.

    SIGINT gets Python's own handler first: a shell makes background jobs ignore it. An ignored SIGHUP stays ignored,
    because `nohup` asks for that.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: interrupt, signal.SIGHUP: interrupt}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
