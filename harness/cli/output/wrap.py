"""Long lines on a terminal: they wrap at words and keep their indentation. What is piped is never wrapped.

      linearizable invalid a read that is told
                   in a line longer than the
                   terminal

A word that is longer than a line, such as a path, is not broken: it can still be copied.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WORD = re.compile(r"\s*\S+")
_NARROWEST = 24
"""The least characters beside an indentation. On a very narrow terminal the indentation shrinks."""


def parts(line: str, width: int, indent: int | None = None) -> Iterator[tuple[int, int, int]]:
    """Where a line wraps: begin and end of each part, and the spaces that stand before it.

    `indent` is for all parts but the first; by default two more than the line has. Widths are in columns.
    """
    if indent is None:
        indent = len(line) - len(line.lstrip(" ")) + 2
    indent = max(min(indent, width - _NARROWEST), 0)
    columns = _columns(line)
    begin = end = used = 0
    for word in _WORD.finditer(line):
        wide = columns(word[0])
        # A word that fits on no line stays where it is.
        if end > begin and used + wide > width >= indent + columns(word[0].lstrip()):
            yield begin, end, indent if begin else 0
            begin = word.end() - len(word[0].lstrip())
            used, wide = indent, columns(word[0].lstrip())
        end, used = word.end(), used + wide
    yield begin, end, indent if begin else 0


def _columns(line: str) -> Callable[[str], int]:
    """The function that gives the columns of a text. Only other scripts than Latin need more than `len`."""
    if line.isascii():
        return len
    from rich.cells import cell_len

    return cell_len


def wrapped(text: Text, width: int, indent: int | None = None) -> list[Text]:
    """A styled line as lines of at most `width` columns; see `parts`."""
    from rich.text import Text

    return [Text(" " * spaces) + text[begin:end] for begin, end, spaces in parts(text.plain, width, indent)]


def say(console: Console, text: Text, indent: int | None = None) -> None:
    """Print a text of one line or several. On a terminal, long lines wrap."""
    for line in text.split("\n", allow_blank=True):
        for part in wrapped(line, console.width, indent) if console.is_terminal else [line]:
            console.print(part, soft_wrap=True, highlight=False)


def plain(text: str, *, indent: int | None = None, stderr: bool = False) -> None:
    """Print a text without styles; see `say`. It loads nothing, so errors can be told with it."""
    stream = sys.stderr if stderr else sys.stdout
    if stream is None or not stream.isatty():
        print(text, file=stream)
        return
    width = shutil.get_terminal_size().columns
    for line in text.split("\n"):
        for begin, end, spaces in parts(line, width, indent):
            print(" " * spaces + line[begin:end], file=stream)


def story(line: str) -> None:
    """Print a line of the comment above a plan. Every part of it is a comment, too."""
    if not sys.stdout.isatty():
        print(line)
        return
    body = line.removeprefix("#").removeprefix(" ")
    for begin, end, spaces in parts(body, shutil.get_terminal_size().columns - 2):
        print(f"# {' ' * spaces}{body[begin:end]}".rstrip())
