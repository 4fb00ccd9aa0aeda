"""Plain ASCII, where the locale of the terminal has no UTF-8: `read > 5` instead of `read → 5`.

Each of our own signs becomes one ASCII character, so that columns stay columns. Any other character, such as one of a
history, becomes its escape in JSON and Python: `\\u00e9`.
"""

from __future__ import annotations

import codecs
import os
import sys
from io import TextIOWrapper

SIGNS = {
    "→": ">", "…": "~", "·": ".", "×": "x", "–": "-", "—": "-",
    "┏": "+", "┗": "+", "┃": "|", "┌": ",", "└": "`", "│": "|", "─": "-",
    "◆": "*", "◇": "o", "✗": "X", "▒": "#", "⋮": ":", "✓": "v",
}  # fmt: skip
"""What stands for our own signs."""
_HANDLER = "clew.ascii"
_COERCED = "C.UTF-8"
"""What Python sets `LC_CTYPE` to if it finds the locale C."""


def ascii_text(text: str) -> str:
    """The text in ASCII."""
    return text if text.isascii() else "".join(c if c.isascii() else SIGNS.get(c) or escaped(c) for c in text)


def escaped(text: str) -> str:
    """The text with everything but ASCII as escapes, as in JSON: `\\u00e9`; other signs than `ascii_text` gives."""
    if text.isascii():
        return text
    units = text.encode("utf-16-be", "surrogatepass")
    pairs = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    return "".join(chr(unit) if unit < 128 else f"\\u{unit:04x}" for unit in pairs)


def has_utf8(stream: TextIOWrapper) -> bool:
    """Whether what reads this stream understands UTF-8, as far as the environment tells.

    In the locale C, Python writes UTF-8 all the same (PEP 540), and if it can it sets `LC_CTYPE` to say so (PEP 538).
    A terminal of such a locale shows something else. So `LC_ALL=C` and `LANG=C` count. Without any locale, as in most
    containers, the terminal is outside and most likely has UTF-8.
    """
    if stream.encoding.lower().replace("-", "") not in ("utf8", "utf8sig"):
        return False
    if os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8"):
        return True
    chosen = {name: os.environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")}
    if chosen["LC_CTYPE"] == _COERCED and chosen["LANG"]:
        del chosen["LC_CTYPE"]
    locale = next((value for value in chosen.values() if value), "utf8")
    return "utf8" in locale.lower().replace("-", "")


def prepare(stream: TextIOWrapper) -> None:
    """Make a stream write ASCII if its locale has no UTF-8. In any case, no character is an error."""
    if has_utf8(stream):
        stream.reconfigure(errors="backslashreplace")
        return
    codecs.register_error(_HANDLER, _replaced)
    stream.reconfigure(encoding="ascii", errors=_HANDLER)


def is_ascii(stream: object) -> bool:
    """Whether a stream was prepared to write ASCII."""
    return getattr(stream, "errors", None) == _HANDLER


def spinner() -> str:
    """The name of the spinner of rich that standard error can show."""
    return "line" if is_ascii(sys.stderr) else "dots"


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return ascii_text(error.object[error.start : error.end]), error.end
