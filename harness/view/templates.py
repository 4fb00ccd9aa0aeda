"""What all pages share: one style, and templates that escape everything from a run."""

from __future__ import annotations

import base64
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

SHARED_STYLE = Path(__file__).parent / "style.css"


def render(template: Path, **values: object) -> str:
    """The page that a template makes of these values.

    The template also gets `style`: the style of all pages, then the `page.css` beside the template.
    """
    style = SHARED_STYLE.read_text(encoding="utf-8") + template.with_name("page.css").read_text(encoding="utf-8")
    return _environment(template.parent).get_template(template.name).render(style=style, **values)


def script_hash(script: str) -> str:
    """The hash of a script, as a source in a Content-Security-Policy: the browser runs this script and no other."""
    return f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'"


@cache
def _environment(folder: Path) -> Environment:
    # Imported here because it takes 50 ms, and hunts make no pages.
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
