"""A headless Chromium that opens a page: for PNG pictures, and for the tests of pages."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from clew.harness.errors import UserError

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVER = "chromedriver"
GUARD = Path(__file__).with_name("browser_guard.py")
"""The program that starts the driver, and ends it and its browser when clew ends, even by SIGKILL."""
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class NoBrowser(UserError):
    """There is no browser to make pictures with. The message says what to install."""


def missing() -> str | None:
    """What is missing for pictures, with the commands that install it; None if nothing is missing."""
    wanted = []
    if find_spec("selenium") is None:
        wanted.append("selenium (pip install 'clew[png]')")
    if _browser() is None or shutil.which(DRIVER) is None:
        wanted.append("a Chromium with its driver (Debian: apt install chromium chromium-driver)")
    return f"pictures need {' and '.join(wanted)}; the page itself needs neither" if wanted else None


@contextlib.contextmanager
def browser(*, width: int = 1300, height: int = 1000, scale: float = 1.0, dark: bool = False) -> Iterator[Chrome]:
    """A browser with an empty profile, closed at the end of the block. Raises `NoBrowser` if there is none.

    `width` and `height` are in CSS pixels; `scale` is device pixels per CSS pixel.
    """
    lacking = missing()
    if lacking is not None:
        raise NoBrowser(lacking)
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver import Chrome, ChromeOptions, ChromeService

    options = ChromeOptions()
    options.binary_location = _browser() or ""
    # As root, Chromium starts only without its sandbox. It opens nothing but clew's own pages.
    for flag in (*FLAGS, *(("--no-sandbox",) if os.geteuid() == 0 else ())):
        options.add_argument(flag)
    options.add_argument(f"--window-size={width},{height}")
    options.add_argument(f"--force-device-scale-factor={scale}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="clew-browser-", ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")

        class GuardedService(ChromeService):
            def command_line_args(self) -> list[str]:
                return ["-I", str(GUARD), profile, str(shutil.which(DRIVER)), *super().command_line_args()]

        try:
            # In a session of its own: who kills the whole process group of clew must not kill the guard too.
            service = GuardedService(sys.executable, popen_kw={"start_new_session": True})
            driver = Chrome(options=options, service=service)
        except WebDriverException as error:
            raise NoBrowser(f"Chromium does not start: {(error.msg or '').strip()}") from None
        try:
            scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
            yield driver
        finally:
            driver.quit()


def open_page(driver: Chrome, page: Path, seconds: float = 60.0) -> None:
    """Open a report and wait until its pictures are drawn. Raises `NoBrowser` if that takes more than `seconds`."""
    driver.get(page.resolve().as_uri())
    deadline = time.monotonic() + seconds
    while (drawn := driver.execute_script("return document.documentElement.dataset.drawn")) is None:
        if time.monotonic() > deadline:
            raise NoBrowser(f"{page} was not drawn within {seconds:g} s")
        time.sleep(0.05)
    if drawn != "yes":
        raise NoBrowser(f"{page}: {driver.execute_script('return document.getElementById(`status`).textContent')}")


def _browser() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name)) is not None), None)
