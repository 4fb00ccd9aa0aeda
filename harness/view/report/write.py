"""`clew report`: the page of a run or a history as a file, and its pictures as PNG files beside it."""

from __future__ import annotations

import base64
import contextlib
import time
from pathlib import Path

from clew.harness.errors import UserError, unwritable
from clew.harness.store.record import read_record
from clew.harness.view.browser import NoBrowser, browser, missing, open_page
from clew.harness.view.report.page import report

WHOLE_RUN = "clew.everything()"
FIRST_MOMENT = "clew.data.moments.length ? clew.jump(clew.data.moments[0]) : clew.everything()"
VIEW = {
    "timeline": f"clew.data.keys.some((key) => key.stuck !== null) ? ({FIRST_MOMENT}) : {WHOLE_RUN}",
    "messages": FIRST_MOMENT,
    "lives": WHOLE_RUN,
    "latency": WHOLE_RUN,
    "rate": WHOLE_RUN,
}
"""The pictures, and the script that moves each to what it should show."""
BOX = """
const place = document.getElementById(arguments[0]).getBoundingClientRect();
return [place.x, place.y + scrollY, place.width, place.height];
"""
"""A script that returns the position and size of an element on the page."""
MARGIN = 12
"""Pixels around a picture."""
REDRAW_SECONDS = 0.4
"""How long a page takes to draw after it was moved."""


def write(
    path: Path,
    out: Path | None = None,
    *,
    png: bool = False,
    dark: bool = False,
    model: str | None = None,
    fields: str | None = None,
    words: str | None = None,
    renumber: bool = False,
) -> list[Path]:
    """Write the page of the run or history at `path` to `out`, and return the files that were written.

    Without `out`, the page of a run is its `report.html`; that of a history goes into the working directory, under
    the history's name. The other options are those of `read_record`.

    Raises `NoRun`, `HistoryError` and `UserError` as `read_record` does, `UserError` too if `out` cannot be written,
    and `NoBrowser` if pictures are wanted but cannot be made (before anything is written, if possible).
    """
    if png and (lacking := missing()) is not None:
        raise NoBrowser(lacking)
    run = read_record(path, model, fields=fields, words=words, renumber=renumber)
    if out is None:
        out = run.folder.report if run.folder is not None else Path(f"{path.stem}.html")
    if out.is_dir():
        raise UserError(f"--out {out}: this is a folder; expected the file to write")
    page = report(run, out.parent)
    temporary = out.with_name(f".{out.name}.tmp")
    try:
        temporary.write_text(page, encoding="utf-8")
        temporary.replace(out)
    except OSError as error:
        raise unwritable(out, error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return [out, *(pictures(out, dark=dark) if png else ())]


def pictures(page: Path, *, width: int = 1100, scale: float = 2.0, dark: bool = False) -> list[Path]:
    """Write the pictures of a page as PNG files beside it, and return them. Raises `NoBrowser`.

    `width` is that of the page in CSS pixels, `scale` the pixels of a picture per CSS pixel.
    """
    made = []
    with browser(width=width, height=1400, scale=scale, dark=dark) as driver:
        open_page(driver, page)
        # Hide what floats over the page, and what is about the page: it would be in its pictures.
        driver.execute_script(
            "for (const id of ['bar', 'details', 'elsewhere']) document.getElementById(id).style.display = 'none'"
        )
        for name, view in VIEW.items():
            if not driver.find_element("id", name).is_displayed():
                continue
            driver.execute_script(view)
            time.sleep(REDRAW_SECONDS)
            x, y, w, h = driver.execute_script(BOX, name)
            clip = {"x": x - MARGIN, "y": y - MARGIN, "width": w + 2 * MARGIN, "height": h + 2 * MARGIN, "scale": 1}
            shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
            picture = page.with_name(f"{page.stem}-{name}.png")
            picture.write_bytes(base64.b64decode(shot["data"]))
            made.append(picture)
    return made
