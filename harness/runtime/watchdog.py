"""Ends a run in which an inline step does not return.

An inline step runs in the thread of the run, so nothing there can stop it: no deadline, no Ctrl-C, no trio. A thread
looks once in a while whether the same step is still being taken. If a step takes too long, the thread has an exception
raised in it, and the run ends as for any node that breaks.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from types import FrameType, TracebackType

from clew.harness.runtime.failure import Part, SystemFailure, report
from clew.harness.runtime.outcome import Progress

STEP_SECONDS_MAX = 10.0
"""A step that takes longer than this (of real time) hangs. A step computes for microseconds and never waits; what is
left is room for a machine that is busy or asleep."""
LOOKS = 10
"""How often the watchdog looks within `STEP_SECONDS_MAX`."""


class _Hangs(BaseException):
    """Raised inside a step that does not return. Not an `Exception`: a node that catches those must not catch this."""


NOT_OURS = (_Hangs, KeyboardInterrupt)
"""What a step can raise that is no mistake of the system: the watchdog, and a person who presses Ctrl-C."""


class Watchdog:
    """Watches the inline steps of one run, made by the thread that enters it: `with Watchdog(progress):`.

    Leaves the block with `SystemFailure` for a step that takes longer than `STEP_SECONDS_MAX`. A step that waits inside
    a C function is only interrupted if the run is on the main thread; there a signal can reach it.
    """

    def __init__(self, progress: Progress) -> None:
        self.stepping: tuple[Part, str] | None = None
        """The part that is taking a step just now: the kind of part and its name."""
        self._progress = progress
        self._thread = threading.get_ident()
        self._over = threading.Event()
        # Whoever interrupts a step holds it, so that no interrupt comes after the block has ended.
        self._interrupting = threading.Lock()
        self._hangs: tuple[Part, str] | None = None
        self._before: object = None

    def __enter__(self) -> Watchdog:
        self._thread = threading.get_ident()
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGUSR2, self._raise)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._interrupting:
            self._over.set()
        if self._before is not None:
            signal.signal(signal.SIGUSR2, self._before)  # type: ignore[arg-type]
        if isinstance(error, _Hangs):
            assert self._hangs is not None
            what = f"hangs: one step takes longer than {STEP_SECONDS_MAX:g} s"
            # Where it hangs; the last line names the node and not the exception, which is the watchdog's own.
            *where, _ = report(error).splitlines()
            detail = "\n".join([*where, f"{self._hangs[1]} {what}"])
            raise SystemFailure(*self._hangs, what, detail) from None

    def _watch(self) -> None:
        last: tuple[object, int] | None = None
        looks = 0
        while not self._over.wait(STEP_SECONDS_MAX / LOOKS):
            stepping = self.stepping
            seen = (stepping, self._progress.events)
            looks = looks + 1 if seen == last and stepping is not None else 0
            last = seen
            if stepping is not None and looks >= LOOKS:
                with self._interrupting:
                    if self.stepping == stepping and not self._over.is_set():
                        self._hangs = stepping
                        self._interrupt()

    def _interrupt(self) -> None:
        if self._before is not None:
            signal.pthread_kill(self._thread, signal.SIGUSR2)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), ctypes.py_object(_Hangs))

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if self.stepping is not None:
            raise _Hangs
