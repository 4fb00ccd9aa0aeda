"""What all pages share: one style, and templates into which nothing from a run comes unescaped."""

from __future__ import annotations

import base64
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

SHARED = Path(__file__).parent / "style.css"


def render(template: Path, **values: object) -> str:
    """The page that a template makes of these values; its `style` is the shared one with `page.css` beside it."""
    style = SHARED.read_text(encoding="utf-8") + template.with_name("page.css").read_text(encoding="utf-8")
    return _environment(template.parent).get_template(template.name).render(style=style, **values)


def hashed(script: str) -> str:
    """What names a script to a browser that is to run it and no other (a source of a Content-Security-Policy)."""
    return f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'"


@cache
def _environment(folder: Path) -> Environment:
    # Imported here: it costs 50 ms, and campaigns make no pages.
    from urllib.parse import quote

    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["segment"] = lambda text: quote(str(text), safe="")
    return environment
