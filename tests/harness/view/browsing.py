"""What tests ask of a page in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def span(driver: Any) -> tuple[float, float]:
    start, end = driver.execute_script("return [clew.range.start, clew.range.end]")
    return start, end


def settle(driver: Any, moved: str, *where: float) -> None:
    """Move the pictures, and wait until the page has written anew what stands in them, 60 ms later."""
    driver.execute_async_script(f"{moved}; setTimeout(arguments[arguments.length - 1], 61)", *where)


def go(driver: Any, start: float, end: float) -> None:
    settle(driver, "clew.go(arguments[0], arguments[1])", start, end)


def severe(driver: Any) -> list[str]:
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def middle(driver: Any, plot: str, x: float, y: float) -> tuple[int, int]:
    """Where a point of a picture (seconds, lane) lies, from the middle of the picture, in pixels."""
    found = driver.execute_script(
        """
        const box = document.querySelector(`#${arguments[0]} .plot`).getBoundingClientRect();
        const { frame } = Bokeh.index.get_by_id(clew.plots[arguments[0]].id);
        const place = [frame.x_scale.compute(arguments[1]), frame.y_scale.compute(arguments[2])];
        return [place[0] - box.width / 2, place[1] - box.height / 2];
        """,
        plot,
        x,
        y,
    )
    return int(found[0]), int(found[1])


def tip(driver: Any, plot: str, x: float, y: float) -> str:
    """What is told of a point of a picture that is hovered over: the text of the tips, through their shadow roots."""
    from selenium.webdriver import ActionChains

    element = driver.find_element("css selector", f"#{plot} .plot")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    ActionChains(driver).move_to_element_with_offset(element, *middle(driver, plot, x, y)).perform()
    time.sleep(0.3)
    found: str = driver.execute_script(SHADOWS + "return shadows(document).map((root) => root.textContent).join(' ')")
    return found


SHADOWS = """
const shadows = (root) => [...root.querySelectorAll('*')].flatMap((element) =>
  element.shadowRoot === null ? [] : [
    ...(element.classList.contains('bk-Tooltip') ? [element.shadowRoot] : []), ...shadows(element.shadowRoot)]);
"""
