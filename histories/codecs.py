"""The file formats of histories, by name: reading, writing and detecting them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from clew.histories import edn, jepsen_log, jsonl, porcupine_kv
from clew.histories.history import History, HistoryError

_SAMPLE_BYTES = 1 << 16
"""Bytes that a format is recognized by. They hold the first event, also of a log that begins with other lines."""


@dataclass(frozen=True)
class Codec:
    """One file format."""

    name: str
    load: Callable[[Path], History]
    dump: Callable[[History, IO[bytes]], None] | None
    """Writes a history; None if clew does not write this format."""
    matches: Callable[[bytes], bool]
    """Whether the first bytes of a file look like this format."""


def _is_jsonl(sample: bytes) -> bool:
    return sample[:1] == b"{" and b'"clew-history"' in sample.partition(b"\n")[0]


def _is_edn(sample: bytes) -> bool:
    return sample.lstrip()[:1] in (b"{", b"[", b"(", b"#", b";") and b":process" in sample


CODECS = {
    codec.name: codec
    for codec in (
        Codec("jsonl", jsonl.load, jsonl.dump, _is_jsonl),
        Codec("jepsen-log", jepsen_log.load, None, lambda sample: jepsen_log.PREFIX in sample),
        Codec("porcupine-kv", porcupine_kv.load, None, lambda sample: _is_edn(sample) and b":key " in sample),
        Codec("edn", edn.load, edn.dump, _is_edn),
        Codec("jepsen-txt", jepsen_log.load, None, lambda sample: b"\t:invoke\t" in sample),
    )
}
"""All formats by name. `detect` tries them in this order."""


def detect(path: Path) -> Codec:
    """The format of a file, by its first bytes. Raises `HistoryError` if no format matches."""
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE_BYTES)
    for codec in CODECS.values():
        if codec.matches(sample):
            return codec
    found = "an empty file" if not sample.strip() else repr(sample[:40])
    raise HistoryError(
        f"expected a history in one of the formats {', '.join(CODECS)}; found {found}", source=str(path), line=1
    )


def read(path: Path, format: str | None = None) -> History:
    """Read a history. Without a `format`, detect it.

    Raises `HistoryError` for a malformed history, `ValueError` for an unknown format, and `OSError`.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        return _read_pipe(path, format)
    return (detect(path) if format is None else _codec(format)).load(path)


def _read_pipe(path: Path, format: str | None) -> History:
    """Read a history from a pipe, by way of a file: a pipe can be read only once."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history"
        with path.open("rb") as stream, file.open("wb") as copy:
            shutil.copyfileobj(stream, copy)
        try:
            return replace(read(file, format), source=str(path))
        except HistoryError as error:
            raise HistoryError(error.message, source=str(path), line=error.line) from None


def write(history: History, stream: IO[bytes], format: str = "jsonl") -> None:
    """Write a history. Raises `ValueError` for a format that clew does not write."""
    dump = _codec(format).dump
    if dump is None:
        writable = ", ".join(codec.name for codec in CODECS.values() if codec.dump)
        raise ValueError(f"clew does not write {format}; it writes {writable}")
    dump(history, stream)


def _codec(name: str) -> Codec:
    if name not in CODECS:
        raise ValueError(f"there is no format {name!r}; there are {', '.join(CODECS)}")
    return CODECS[name]
