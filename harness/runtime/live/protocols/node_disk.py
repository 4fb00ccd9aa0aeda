"""The disk of a live node: one file, to which every write is appended, and an fsync for every sync.

    length of key, length of value, CRC of both   key   value      for each write

A start reads it from the beginning, and cuts it off at the first record that is not whole: a crash left that one.
Writes wait in the memory of the process until the next sync, so a SIGKILL loses what was not synced.
"""

from __future__ import annotations

import os
from pathlib import Path
from struct import Struct
from zlib import crc32

from clew.systems.node import NOTHING

_HEAD = Struct("<III")

WAITING_MOST = 1 << 20
"""Bytes of writes that wait in memory. More are written, without an fsync, as any program would."""
COMPACT_ABOVE = 1 << 24
"""A file is written anew when it is larger than this, and four times as large as what it holds."""


class NodeDisk:
    """The disk of one life of a node. `contents` is what the lives before have left."""

    contents: dict[str, bytes]
    """What is on the disk: key -> value (JSON)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self.contents, self._size = _replay(self._file)
        os.ftruncate(self._file, self._size)
        os.lseek(self._file, self._size, os.SEEK_SET)
        self._waiting = bytearray()
        self._to_sync = 0

    def write(self, key: str, value: bytes) -> None:
        """Write `value` at `key`; `NOTHING` removes what was there. A crash may lose it until the next `sync`."""
        self._waiting += _record(key, value)
        _put(self.contents, key, value)

    def sync(self) -> None:
        """Have the next `flush` make all writes so far safe."""
        self._to_sync = len(self._waiting)

    def flush(self) -> None:
        """Carry out the syncs. Returns when everything that was synced is on the disk."""
        if self._to_sync:
            self._append(self._to_sync)
            os.fdatasync(self._file)
            self._to_sync = 0
            if self._size > COMPACT_ABOVE:
                self._compact()
        elif len(self._waiting) > WAITING_MOST:
            self._append(len(self._waiting))

    def _append(self, count: int) -> None:
        view = memoryview(self._waiting)[:count]
        while view:
            view = view[os.write(self._file, view) :]
        view.release()
        del self._waiting[:count]
        self._size += count

    def _compact(self) -> None:
        if self._waiting:
            # `contents` has writes that are not synced; they must not become safe by this.
            return
        whole = b"".join(_record(key, value) for key, value in self.contents.items())
        if len(whole) * 4 > self._size:
            return
        aside = self._path.with_suffix(".new")
        file = os.open(aside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        view = memoryview(whole)
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
        aside.replace(self._path)
        os.close(self._file)
        self._file, self._size = file, len(whole)


def _put(contents: dict[str, bytes], key: str, value: bytes) -> None:
    if value == NOTHING:
        contents.pop(key, None)
    else:
        contents[key] = value


def _record(key: str, value: bytes) -> bytes:
    name = key.encode()
    return _HEAD.pack(len(name), len(value), crc32(value, crc32(name))) + name + value


def _replay(file: int) -> tuple[dict[str, bytes], int]:
    """What a file holds, and how many bytes of it are whole."""
    data = b""
    while chunk := os.read(file, 1 << 20):
        data += chunk
    contents: dict[str, bytes] = {}
    place = 0
    while place + _HEAD.size <= len(data):
        key_bytes, value_bytes, checksum = _HEAD.unpack_from(data, place)
        start = place + _HEAD.size
        end = start + key_bytes + value_bytes
        name, value = data[start : start + key_bytes], data[start + key_bytes : end]
        if end > len(data) or crc32(value, crc32(name)) != checksum:
            break
        _put(contents, name.decode(), value)
        place = end
    return contents, place
