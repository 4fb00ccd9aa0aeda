"""Values as JSON on one line of standard output."""

from __future__ import annotations

import sys

import msgspec

from clew.harness.cli.output.ascii import escaped, is_ascii


def print_json(value: object) -> None:
    """Print a value as JSON, at once. Where only ASCII can be written, other characters are escaped: none is lost."""
    text = msgspec.json.encode(value).decode()
    print(escaped(text) if is_ascii(sys.stdout) else text, flush=True)
