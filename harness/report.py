"""A run as a page: one file that needs nothing else, with everything from the run escaped."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.result import Result

TEMPLATE = Path(__file__).with_name("report.html")


def report(result: Result, lines: Iterable[str], plan: str) -> str:
    """The page for a run: its result, what happened as lines of text, and its plan as YAML."""
    # Imported here: it costs 50 ms, and campaigns make no pages.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(result=result, lines=lines, plan=plan)
