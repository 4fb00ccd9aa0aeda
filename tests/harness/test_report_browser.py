"""The page of a run in a real browser: it draws, moves, jumps, tells; and nothing from a run runs in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.browser import browser, missing, open_page
from harness.recorded import recorded
from harness.report import report
from harness.report.write import pictures
from tests.harness.shown import EVIL, GOOD, STALE, failing_run, history_file

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return failing_run(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as driver:
        yield driver


def wait(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def span(driver: Any) -> tuple[float, float]:
    start, end = driver.execute_script("return [clew.range.start, clew.range.end]")
    return start, end


def severe(driver: Any) -> list[str]:
    return [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]


def test_a_failing_run_opens_at_its_violation_without_errors(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    assert severe(chromium) == []
    start, end = span(chromium)
    moment = chromium.execute_script("return clew.data.moments[0]")
    assert (start, end) == (pytest.approx(moment["start"]), pytest.approx(moment["end"]))
    assert all(chromium.find_element("id", name).is_displayed() for name in ("timeline", "messages", "lives", "rate"))
    assert len(chromium.execute_script("return clew.sources.core.data.number")) >= 2
    assert "no order of the operations" in chromium.find_element("id", "moment").text


def test_the_keyboard_zooms_pans_jumps_and_steps_through_operations(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    plot = chromium.find_element("css selector", "#timeline .plot")
    began = span(chromium)
    plot.send_keys("+")
    start, end = span(chromium)
    assert end - start == pytest.approx((began[1] - began[0]) / 2)
    plot.send_keys("-", "0")
    whole = span(chromium)
    assert whole[0] <= 0
    assert whole[1] >= chromium.execute_script("return clew.data.end")
    plot.send_keys("j")
    assert span(chromium) == (pytest.approx(began[0]), pytest.approx(began[1]))
    plot.send_keys("n")
    first = chromium.find_element("id", "details").text
    assert first.startswith("Operation ")
    plot.send_keys("n")
    assert chromium.find_element("id", "details").text != first
    plot.send_keys("p")
    assert chromium.find_element("id", "details").text == first


def test_buttons_jump_and_a_click_tells_an_operation(chromium: Any, failing: Path) -> None:
    from selenium.webdriver import ActionChains

    open_page(chromium, failing / "report.html")
    chromium.find_element("id", "whole").click()
    assert span(chromium)[0] <= 0
    chromium.find_element("css selector", "#moments button").click()
    assert span(chromium)[0] > 0
    core = chromium.find_element("css selector", "#core button")
    core.click()
    assert chromium.find_element("id", "details").text.startswith(f"Operation {core.text} ")
    # In the middle of the picture of the lane and the time of the operation at which no order is left.
    chromium.find_element("css selector", "#moments button").click()
    place = chromium.execute_script("""
        const row = clew.data.operations.number.indexOf(clew.data.keys[0].stuck), o = clew.data.operations;
        const box = document.querySelector("#timeline .plot").getBoundingClientRect();
        const figure = Bokeh.documents[0].roots().find((root) => root.y_range.start === clew.data.lanes.length - 0.35
          && root.height > 84);
        const frame = Bokeh.index.get_by_id(figure.id).frame;
        return [frame.x_scale.compute((o.start[row] + o.end[row]) / 2) - box.width / 2,
                frame.y_scale.compute(o.lane[row]) - box.height / 2, clew.data.keys[0].stuck];
    """)
    plot = chromium.find_element("css selector", "#timeline .plot")
    chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    ActionChains(chromium).move_to_element_with_offset(plot, int(place[0]), int(place[1])).click().perform()
    wait(lambda: chromium.find_element("id", "details").text.startswith(f"Operation {place[2]} "))
    assert severe(chromium) == []


def test_a_key_is_chosen_and_the_violated_one_is_first(chromium: Any, tmp_path: Path) -> None:
    file = history_file(tmp_path / "h.jsonl", sorted(GOOD + [(ms + 10, p + 2, *rest) for ms, p, *rest in STALE]))
    page = tmp_path / "h.html"
    page.write_text(report(recorded(file, "cas-register")))
    open_page(chromium, page)
    labels = "return clew.sources.ok.data.key"
    assert chromium.find_element("id", "key").get_attribute("value") == '="x"'
    assert set(chromium.execute_script(labels)) == {'"x"'}
    chromium.execute_script(
        "const k = document.getElementById('key'); k.value = ''; k.dispatchEvent(new Event('change'))"
    )
    assert set(chromium.execute_script(labels)) == {'"x"', '"y"'}


def test_a_script_in_a_run_stays_text(chromium: Any, tmp_path: Path) -> None:
    from selenium.webdriver import ActionChains

    events = [(ms, p, t, EVIL, EVIL, EVIL) for ms, p, t, *_ in STALE]
    page = tmp_path / "evil.html"
    page.write_text(report(recorded(history_file(tmp_path / "evil.jsonl", events, plan=EVIL, seed=1))))
    open_page(chromium, page)
    assert chromium.find_element("css selector", "h1").text.startswith(EVIL)
    plot = chromium.find_element("css selector", "#timeline .plot")
    plot.send_keys("n")
    assert EVIL in chromium.find_element("id", "details").text
    ActionChains(chromium).move_to_element(plot).perform()
    time.sleep(0.3)
    assert chromium.execute_script("return document.querySelectorAll('script').length") == 4, "ours, and no other"
    assert severe(chromium) == []


def test_ten_thousand_operations_are_drawn(chromium: Any, tmp_path: Path) -> None:
    many: list[tuple[Any, ...]] = []
    for n in range(10_000):
        many += [(n, n % 5, "invoke", "write", None, n), (n + 0.5, n % 5, "ok", "write", None, n)]
    page = tmp_path / "many.html"
    page.write_text(report(recorded(history_file(tmp_path / "many.jsonl", many, model="register"))))
    assert page.stat().st_size < 2_000_000
    open_page(chromium, page)
    assert chromium.execute_script("return clew.sources.ok.data.number.length") == 10_000
    # Two seconds are promised; a machine that tests in parallel gets some more.
    assert chromium.execute_script("return clew.drawn") < 8000


def test_pictures_are_files_of_twice_the_resolution(failing: Path) -> None:
    made = pictures(failing / "report.html", width=900)
    assert [path.name for path in made] == [
        f"report-{name}.png" for name in ("timeline", "messages", "lives", "latency", "rate")
    ]
    for path in made:
        png = path.read_bytes()
        assert png.startswith(b"\x89PNG")
        assert int.from_bytes(png[16:20], "big") > 1600
        assert len(png) > 10_000, "an empty picture is small"
