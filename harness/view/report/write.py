"""`clew report`: the page of a run or a history as a file, and its pictures as PNG files beside it."""

from __future__ import annotations

import base64
import contextlib
import time
from pathlib import Path

from clew.harness.errors import UserError
from clew.harness.store.record import read_record
from clew.harness.view.browser import NoBrowser, browser, missing, open_page
from clew.harness.view.report.page import report

WHOLE = "clew.everything()"
MOMENT = "clew.data.moments.length ? clew.jump(clew.data.moments[0]) : clew.everything()"
VIEW = {
    "timeline": f"clew.data.keys.some((key) => key.stuck !== null) ? ({MOMENT}) : {WHOLE}",
    "messages": MOMENT,
    "lives": WHOLE,
    "latency": WHOLE,
    "rate": WHOLE,
}
"""The pictures, and what of the run each is to show."""
PLACE = """
const place = document.getElementById(arguments[0]).getBoundingClientRect();
return [place.x, place.y + scrollY, place.width, place.height];
"""
EDGE = 12
"""Pixels around a picture."""
SETTLED = 0.4
"""Seconds that a page takes to draw what it was moved to."""


def write(
    path: Path, out: Path | None = None, *, png: bool = False, dark: bool = False, model: str | None = None
) -> list[Path]:
    """Write the page of the run or history at `path` to `out`, and return what was written.

    Without `out`, a run's page is its `report.html`, and a history's stands in the working directory under its name.
    Raises `NoRun` and `HistoryError` as `read_record` does, `UserError` for an `out` that cannot be written,
    `NoBrowser` for pictures that cannot be made: before anything is written, if it can be known then.
    """
    if png and (lacking := missing()) is not None:
        raise NoBrowser(lacking)
    run = read_record(path, model)
    if out is None:
        out = run.folder.report if run.folder is not None else Path(f"{path.stem}.html")
    if out.is_dir():
        raise UserError(f"--out {out}: this is a folder; expected the file to write")
    page = report(run)
    aside = out.with_name(f".{out.name}.tmp")
    try:
        aside.write_text(page, encoding="utf-8")
        aside.replace(out)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {(error.strerror or str(error)).lower()}") from None
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
    return [out, *(pictures(out, dark=dark) if png else ())]


def pictures(page: Path, *, width: int = 1100, scale: float = 2.0, dark: bool = False) -> list[Path]:
    """The pictures of a page as PNG files beside it, at twice the resolution of a screen. Raises `NoBrowser`."""
    made = []
    with browser(width=width, height=1400, scale=scale, dark=dark) as driver:
        open_page(driver, page)
        # What hovers over the page would hover over its pictures.
        driver.execute_script("for (const id of ['bar', 'details']) document.getElementById(id).style.display = 'none'")
        for name in VIEW:
            if not driver.find_element("id", name).is_displayed():
                continue
            # What is about a moment shows that moment, the others the whole run.
            driver.execute_script(VIEW[name])
            time.sleep(SETTLED)
            x, y, w, h = driver.execute_script(PLACE, name)
            clip = {"x": x - EDGE, "y": y - EDGE, "width": w + 2 * EDGE, "height": h + 2 * EDGE, "scale": 1}
            shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
            picture = page.with_name(f"{page.stem}-{name}.png")
            picture.write_bytes(base64.b64decode(shot["data"]))
            made.append(picture)
    return made
