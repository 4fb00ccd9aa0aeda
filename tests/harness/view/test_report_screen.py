"""The page of a run on a screen and on a phone: what is seen first, and that nothing is cut off."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clew.harness.store.record import read_record
from clew.harness.view.browser import missing, open_page
from clew.harness.view.report import report
from tests.harness.shown import GOOD, STALE, history_file
from tests.harness.view.browsing import go, span, wait

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.mark.parametrize(("width", "height"), [pytest.param(1280, 800, marks=pytest.mark.long), (390, 844)])
def test_what_happened_and_the_counterexample_are_on_the_first_screen(
    chromium: Any, failing: Path, width: int, height: int
) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 640}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        open_page(chromium, failing / "report.html")
        assert chromium.execute_script("return scrollY") == 0
        bottom = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom"
        heights = [chromium.execute_script(bottom, name) for name in ("#happened", "#bar", "#timeline .plot")]
        assert heights == sorted(heights), "the sentence, then where to look, then the picture"
        assert heights[-1] <= height
        buttons = "return [...document.querySelectorAll('#bar button')].map((one) => one.getBoundingClientRect().right)"
        assert max(chromium.execute_script(buttons)) <= width, "a button is cut off"
        start, end = span(chromium)
        data = chromium.execute_script("return clew.data")
        for number in data["keys"][0]["counterexample"]:
            row = data["operations"]["number"].index(number)
            assert start <= data["operations"]["end"][row] <= end
        tables = [chromium.execute_script(bottom, name) for name in ("#counterexample", "#verdict", "#run")]
        assert heights[-1] < min(tables)
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_narrow_screen_scrolls_tables_and_not_the_page(chromium: Any, failing: Path, tmp_path: Path) -> None:
    long = [(ms, p, t, f, "k" * 90, ["v" * 90, v]) for ms, p, t, f, _, v in STALE]
    file = history_file(
        tmp_path / "h.jsonl", [*long, *((ms + 9, p + 2, *rest) for ms, p, *rest in GOOD)], plan="p" * 90
    )
    (tmp_path / "long.html").write_text(report(read_record(file, "cas-register")))
    metrics = {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for page in (failing / "report.html", tmp_path / "long.html"):
            open_page(chromium, page)
            assert chromium.execute_script("return document.documentElement.scrollWidth") <= 400
        canvas = "Bokeh.index.get_by_id(clew.plots.timeline.id).canvas_view.events_el"
        assert chromium.execute_script(f"return getComputedStyle({canvas}).touchAction") == "pan-y", (
            "a page of pictures"
        )
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_phone_shows_a_short_history_of_another_program_in_its_own_names_and_units(
    chromium: Any, tmp_path: Path
) -> None:
    lines = [
        '{"time": 0, "process": "a", "f": "write", "type": "invoke", "value": 5}',
        '{"time": 55000, "process": "a", "f": "write", "type": "ok", "value": 5}',
        '{"time": 57000, "process": "b", "f": "read", "type": "invoke"}',
        '{"time": 58000, "process": "b", "f": "read", "type": "ok", "value": 123456}',
    ]
    (tmp_path / "h.jsonl").write_text("\n".join(lines) + "\n")
    page = tmp_path / "h.html"
    page.write_text(report(read_record(tmp_path / "h.jsonl", "register", fields="time=time")))
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        open_page(chromium, page)
        axis = "[...clew.plots.timeline.xaxis][0]"
        ticks = f"return [{axis}.axis_label, ...{axis}.formatter.doFormat([0, 0.00003], {{ loc: 0 }})]"
        assert chromium.execute_script(ticks) == ["microseconds", "0", "30"]
        named = "return [...[...clew.plots.timeline.yaxis][0].major_label_overrides.values()]"
        assert chromium.execute_script(named) == ["client 0\na", "client 1\nb"]
        cell = chromium.find_element("css selector", "#counterexample tbody td:nth-child(2)")
        assert cell.text == "client 1 b"
        [place] = chromium.execute_script("return clew.sources.bold.data.x")
        start, end = span(chromium)
        assert (end - place) / (end - start) * 300 > 7 * len("read → 123456"), "the name is not cut off"
        right = "return document.querySelector('#counterexample caption').getBoundingClientRect().right"
        assert chromium.execute_script(right) <= 390
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_long_numbers_are_neither_cut_off_nor_written_over_each_other(chromium: Any, tmp_path: Path) -> None:
    huge = 10**40
    lines: list[tuple[Any, ...]] = []
    for n in range(60):
        lines += [(n / 2, n % 2, "invoke", "add", None, huge), (n / 2 + 0.2, n % 2, "ok", "add", None, huge)]
    for ms, seen in ((40, 60 * huge), (42, 2 * huge)):
        lines += [(ms, 2, "invoke", "read", None, None), (ms + 1, 2, "ok", "read", None, seen)]
    file = history_file(tmp_path / "h.jsonl", lines)
    (tmp_path / "h.html").write_text(report(read_record(file, "counter")))
    open_page(chromium, tmp_path / "h.html")
    written = """
        const { sources, plots } = clew, { start, end } = plots.timeline.x_range;
        const scale = Bokeh.index.get_by_id(plots.timeline.id).frame.bbox.width / (end - start);
        const pen = document.createElement("canvas").getContext("2d");
        return ["states", "bold"].map((name) => {
          pen.font = `bold ${name === "bold" ? 12 : 11}px helvetica`;
          const { x, y, text } = sources[name].data;
          return text.map((words, row) => {
            const wide = pen.measureText(words).width / scale;
            const left = name === "bold" ? x[row] : x[row] - wide / 2;
            return [name === "bold" ? y[row] : 0, left, left + wide];
          });
        });"""
    go(chromium, 0, 0.06)
    for places in chromium.execute_script(written):
        assert len(places) > 1
        assert min(left for _, left, _ in places) >= 0, "a number that is cut off would be another number"
        for (line, _, right), (below, left, _) in pairwise(sorted(places)):
            assert below > line or left >= right


def test_a_state_stands_beside_a_bar_that_has_no_width(chromium: Any, tmp_path: Path) -> None:
    lines = [(0, 0, "invoke", "write", None, 3), (20, 0, "ok", "write", None, 3)]
    lines += [(500, 0, "invoke", "write", None, 5), (500, 0, "ok", "write", None, 5)]
    lines += [(700, 0, "invoke", "read", None, None), (1700, 0, "ok", "read", None, 3)]
    file = history_file(tmp_path / "h.jsonl", lines)
    (tmp_path / "h.html").write_text(report(read_record(file, "register")))
    open_page(chromium, tmp_path / "h.html")
    found = "const { x, text } = clew.sources.states.data; return x[text.indexOf('= 5')]"
    wait(lambda: chromium.execute_script(found) is not None)
    assert chromium.execute_script(found) > 0.5, "the bar would be drawn through the middle of the words"
