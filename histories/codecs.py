"""The file formats of histories, by name: reading, writing and detecting them."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from clew.histories import edn, jepsen_log, json_lines, jsonl, porcupine_kv
from clew.histories.history import History
from clew.histories.history_error import HistoryError
from clew.histories.line_errors import excerpt, json_object
from clew.histories.reading import BadReading, reading_of
from clew.histories.renumber import renumbered
from clew.histories.text import value_text

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


def _is_json_lines(sample: bytes) -> bool:
    first = sample.lstrip().partition(b"\n")[0]
    return first[:1] == b"{" and isinstance(json_object(first), dict)


def _is_edn(sample: bytes) -> bool:
    return sample.lstrip()[:1] in (b"{", b"[", b"(", b"#", b";") and b":process" in sample


CODECS = {
    codec.name: codec
    for codec in (
        Codec("jsonl", jsonl.load, jsonl.dump, _is_jsonl),
        Codec("json-lines", json_lines.load, None, _is_json_lines),
        Codec("jepsen-log", jepsen_log.load, None, lambda sample: jepsen_log.PREFIX in sample),
        Codec("porcupine-kv", porcupine_kv.load, None, lambda sample: _is_edn(sample) and b":key " in sample),
        Codec("edn", edn.load, edn.dump, _is_edn),
        Codec("jepsen-txt", jepsen_log.load, None, lambda sample: b"\t:invoke\t" in sample),
    )
}
"""All formats by name. `detect` tries them in this order."""


def _begin(path: Path, count: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(count)


def _is_utf16(sample: bytes) -> bool:
    """Whether this looks like UTF-16 without a byte order mark: every other byte of a text in ASCII is zero then."""
    return any(sample[at::2].count(0) > 0.4 * len(sample) and sample[1 - at] for at in (0, 1)) if sample[1:] else False


def detect(path: Path) -> Codec:
    """The format of a file, by its first bytes. Raises `HistoryError` if no format matches."""
    sample = _begin(path, _SAMPLE_BYTES)
    for codec in CODECS.values():
        if codec.matches(sample):
            return codec
    found = "an empty file" if not sample.strip() else excerpt(sample[:40])
    if sample[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or _is_utf16(sample):
        found = "text in UTF-16; save the file as UTF-8"
    raise HistoryError(
        f"expected a history in one of the formats {', '.join(CODECS)}; found {found}", source=str(path), line=1
    )


def read(
    path: str | Path,
    format: str | None = None,
    *,
    fields: str | None = None,
    words: str | None = None,
    renumber: bool = False,
) -> History:
    """Read a history, from a file or the folder of a run. Without a `format`, detect it.

    `fields` and `words` say how to read the JSON lines of another program: `time=ts_us*1000,f=op` and `get=read`.
    With `renumber`, a process that goes on after an unknown outcome becomes a fresh one. `docs/your-history.md` has
    all of it.

    Raises `HistoryError` for a malformed history, `ValueError` for an unknown format and for `fields` and `words` that
    cannot be used, and `OSError`.
    """
    path = Path(path)
    if (path / "history.jsonl").is_file():
        path = path / "history.jsonl"
    if path.exists() and not path.is_file() and not path.is_dir():
        return _read_copy(path, format, fields=fields, words=words, renumber=renumber)
    if path.is_file() and _begin(path, len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
        return _read_copy(path, format, fields=fields, words=words, renumber=renumber)
    if fields is not None or words is not None:
        if format not in (None, "json-lines"):
            raise BadReading(f"--fields and --words are for JSON lines, and not for {format}")
        history = json_lines.load(path, reading_of(fields, words))
    else:
        history = (detect(path) if format is None else _codec(format)).load(path)
    return renumbered(history) if renumber else history


def _read_copy(path: Path, format: str | None, **options: Any) -> History:
    """Read a history by way of a file: a pipe can be read only once.

    The copy has no byte order mark. Editors and shells of Windows write one at the beginning of a text in UTF-8.
    """
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "history"
        with path.open("rb") as stream, file.open("wb") as copy:
            begin = stream.read(len(codecs.BOM_UTF8))
            copy.write(begin.removeprefix(codecs.BOM_UTF8))
            shutil.copyfileobj(stream, copy)
        try:
            return replace(read(file, format, **options), source=str(path))
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
        raise ValueError(f"there is no format {value_text(name)}; there are {', '.join(CODECS)}")
    return CODECS[name]
