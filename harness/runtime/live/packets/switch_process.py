"""The switch process: it forwards the packets of a live run, and does nothing else.

`python -m clew.harness.runtime.live.packets.switch_process PARENT` has the control socket as its standard input. It
ends when that closes, and the kernel kills it when its parent ends (`die_with`).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import platform
import socket
import sys
from struct import Struct

import msgspec

from clew.harness.runtime.live.packets import switch_wire as wire
from clew.harness.runtime.live.packets.forwarder import Forwarder
from clew.harness.runtime.live.world.kernel import die_with

_SET_TIMERSLACK = 29
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The number of the system call `sched_setattr`, which has no function in the C library."""
_SCHED_ATTR = Struct("<IIQiIQQQII")
"""`struct sched_attr`: its size, policy, flags, niceness, priority, slice (ns), ..."""
SLICE = 100_000
"""Nanoseconds of processor time that the process asks for at a time."""


class SwitchProcess:
    """One life of the switch process: takes requests from the harness and feeds the forwarder."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        decode_setup = msgspec.msgpack.Decoder(wire.Setup).decode
        self._frames = wire.Frames(decode_setup)
        self._done = 0
        self._unsent = b""
        self.waits_to_send = False
        self._forwarder: Forwarder | None = None
        self._requests = msgspec.msgpack.Decoder(wire.Request).decode

    def run(self) -> None:
        """Until the harness says `Close` or is gone."""
        setup = self._first()
        if setup is None:
            return
        counters = wire.Counters(len(wire.links_of(setup.nodes, setup.clients)), setup.counters)
        try:
            forwarder = self._forwarder = Forwarder(setup, counters, self._tell)
        except OSError as error:
            self._tell(wire.Failed(str(error)))
            return
        self._finished_one()
        # Nothing here is in cycles, and thousands of waiting packets would make each collection long.
        gc.disable()
        self._control.setblocking(False)
        try:
            forwarder.run(self)
        finally:
            forwarder.close()

    def _first(self) -> wire.Setup | None:
        setup: wire.Setup
        while data := self._control.recv(1 << 16):
            for setup in self._frames.feed(data):
                self._frames.decode = self._requests
                return setup
        return None

    def fileno(self) -> int:
        """The control socket."""
        return self._control.fileno()

    def obey(self) -> bool:
        """Carry out the requests that have come. Returns whether to go on."""
        assert self._forwarder is not None
        if self._unsent:
            self._send(b"")
        try:
            data = self._control.recv(1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            return False
        for request in self._frames.feed(data):
            if isinstance(request, wire.Close):
                return False
            if isinstance(request, wire.Apply):
                self._forwarder.apply(request.faults, request.healed)
            elif isinstance(request, wire.Begin):
                self._forwarder.begin(request.t0)
            else:
                self._forwarder.life(request.node, request.life, request.starts)
            self._finished_one()
        return bool(data)

    def _finished_one(self) -> None:
        self._done += 1
        self._tell(wire.Done(self._done))

    def _tell(self, answer: wire.Answer) -> None:
        self._send(wire.frame(answer))

    def _send(self, data: bytes) -> None:
        """Send to the harness. If its socket does not take all of it now, the rest goes later: the loop never waits."""
        self._unsent += data
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._unsent = self._unsent[self._control.send(self._unsent) :]
        self.waits_to_send = bool(self._unsent)


def ask_for_short_slices() -> bool:
    """Have the kernel (6.12 or newer) let this process run soon after a packet or a request has come, even if all
    processors are busy. In return it may run for `SLICE` at a time. Returns whether the kernel does so.

    With twelve processes to each processor, nine faults in ten are in force after 1.4 to 3.7 ms; without this it took
    4.2 to 6.1 ms.
    """
    number = _SCHED_SETATTR.get(platform.machine())
    if number is None:
        return False
    niceness = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = _SCHED_ATTR.pack(_SCHED_ATTR.size, os.SCHED_OTHER, 0, niceness, 0, SLICE, 0, 0, 0, 0)
    return bool(ctypes.CDLL(None).syscall(number, 0, wanted, 0) == 0)


def main() -> None:
    """The process."""
    die_with(int(sys.argv[1]))
    # The kernel may otherwise be 50 us late with each delayed packet.
    ctypes.CDLL(None).prctl(_SET_TIMERSLACK, 1)
    ask_for_short_slices()
    with socket.socket(fileno=0) as control:
        SwitchProcess(control).run()


if __name__ == "__main__":
    main()
