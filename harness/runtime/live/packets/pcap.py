"""A pcap file: packets with their times, for Wireshark, tcpdump and all that read what they write.

The file has nanoseconds (magic number a1b23c4d) and packets without a link layer (link type 101, raw IP).
"""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct

BYTES_MAX = 1 << 30
"""A file does not get longer than this: 5 minutes of 20,000 small packets a second."""

_BUFFERED_BYTES = 1 << 18
_HEADER = Struct("<IHHiIII").pack(0xA1B23C4D, 2, 4, 0, 0, 65535, 101)
_RECORD = Struct("<IIII")


class PcapWriter:
    """Writes packets to a new file, many at a time. `close` writes the last ones."""

    def __init__(self, path: Path, bytes_max: int = BYTES_MAX) -> None:
        """Raises `OSError` if the file cannot be written."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._parts = [_HEADER]
        self._buffered = self._size = len(_HEADER)
        self._bytes_max = bytes_max
        self.full = False
        """Whether the file takes no more packets, because it is as long as it may be or the disk is full."""

    def packet(self, time: int, packet: bytes) -> bool:
        """Add a packet. `time` is in ns since 1970. Returns whether the file still takes it."""
        size = _RECORD.size + len(packet)
        if self.full or self._size + size > self._bytes_max:
            self.full = True
            return False
        self._parts += (_RECORD.pack(time // 1_000_000_000, time % 1_000_000_000, len(packet), len(packet)), packet)
        self._size += size
        self._buffered += size
        if self._buffered >= _BUFFERED_BYTES:
            self.flush()
        return True

    def flush(self) -> None:
        """Write what is buffered."""
        data = memoryview(b"".join(self._parts))
        self._parts.clear()
        self._buffered = 0
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:
            # A full disk ends the recording, not the network.
            self.full = True

    def close(self) -> None:
        """Write what is buffered and close the file."""
        self.flush()
        os.close(self._file)
