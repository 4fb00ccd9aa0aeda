"""The page of a run in a real browser: pictures, navigation, details; and no script from a run is run."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clew.harness.store.record import read_record
from clew.harness.view.browser import missing, open_page
from clew.harness.view.report import report
from clew.harness.view.report.write import pictures
from tests.harness.shown import EVIL, GOOD, IMAGE, RACE, STALE, history_file, many_writes

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


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
    assert len(chromium.execute_script("return clew.sources.counterexample.data.number")) >= 2
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
    own = "return Object.entries(clew.plots).filter(([, plot]) => plot.x_range !== clew.range).map(([name]) => name)"
    assert chromium.execute_script(own) == ["overview"], "all others move together"
    plot.send_keys("n")
    first = chromium.find_element("id", "details").text
    assert first.startswith("Operation ")
    plot.send_keys("n")
    assert chromium.find_element("id", "details").text != first
    plot.send_keys("p")
    assert chromium.find_element("id", "details").text == first


def test_every_stop_of_the_tab_key_has_a_name(chromium: Any, failing: Path) -> None:
    from selenium.webdriver import ActionChains

    open_page(chromium, failing / "report.html")
    stops = []
    inner = "return document.activeElement.shadowRoot?.activeElement ?? document.activeElement.tagName"
    while len(stops) < 40:
        ActionChains(chromium).send_keys("\ue004").perform()
        where = chromium.execute_script(inner)
        if where == "BODY":
            break
        assert isinstance(where, str), "nothing within a picture is a stop of its own"
        stops.append(chromium.switch_to.active_element.accessible_name)
    assert all(stops)
    assert len([name for name in stops if "Arrow keys pan" in name]) == 6
    assert any("jump to the violation" in name for name in stops)


def test_buttons_jump_and_a_click_shows_the_details_of_an_operation(chromium: Any, failing: Path) -> None:
    from selenium.webdriver import ActionChains

    open_page(chromium, failing / "report.html")
    chromium.find_element("id", "whole").click()
    assert span(chromium)[0] <= 0
    chromium.find_element("css selector", "#timeline .plot").send_keys("n")
    assert chromium.find_element("id", "details").text != ""
    chromium.find_element("css selector", "#moments button").click()
    assert span(chromium)[0] > 0
    assert chromium.find_element("id", "details").text == "", "it told of what is no longer there"
    counterexample = chromium.find_element("css selector", "#counterexample a")
    counterexample.click()
    assert chromium.find_element("id", "details").text.startswith(f"Operation {counterexample.text} ")
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


def test_operations_messages_and_nodes_have_tooltips(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    data = chromium.execute_script("return clew.data")
    stuck = data["operations"]["number"].index(data["keys"][0]["stuck"])
    middle_of = (data["operations"]["start"][stuck] + data["operations"]["end"][stuck]) / 2
    told = tip(chromium, "timeline", middle_of, data["operations"]["lane"][stuck] + 0.2)
    assert data["operations"]["label"][stuck] in told
    start, end = span(chromium)
    row = next(
        row
        for row, sent in enumerate(data["messages"]["sent"])
        if start < sent < data["messages"]["until"][row] < end and data["messages"]["fate"][row] == "delivered"
    )
    sent, until = data["messages"]["sent"][row], data["messages"]["until"][row]
    way = (data["messages"]["from"][row] + data["messages"]["to"][row]) / 2
    assert "sent" in tip(chromium, "messages", (sent + until) / 2, way)
    chromium.execute_script("clew.everything()")
    time.sleep(0.2)
    down = data["lives"]["state"].index("down")
    when = (data["lives"]["start"][down] + data["lives"]["end"][down]) / 2
    assert data["lives"]["words"][down] in tip(chromium, "lives", when, data["lives"]["lane"][down])


def test_the_keyboard_steps_through_messages_and_node_states(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    details = chromium.find_element("id", "details")
    for picture, word in (("messages", "Message "), ("lives", "Node ")):
        plot = chromium.find_element("css selector", f"#{picture} .plot")
        plot.send_keys("n")
        first = details.text
        assert first.startswith(word)
        plot.send_keys("n")
        second = details.text
        assert second.startswith(word)
        assert second != first
        plot.send_keys("p")
        assert details.text == first
    assert chromium.execute_script("return clew.sources.pointed.data.id.length") == 1


def test_the_dark_scheme_has_colours_of_its_own_and_the_pictures_follow(chromium: Any, failing: Path) -> None:
    def scheme(name: str) -> tuple[list[list[str]], dict[str, str]]:
        features = [{"name": "prefers-color-scheme", "value": name}]
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        painted, page = chromium.execute_script(
            "const style = getComputedStyle(document.documentElement);"
            "const names = ['paper', 'ink', 'ok', 'fail', 'info', 'bad', 'good'];"
            "const colour = (name) => [name, style.getPropertyValue(`--${name}`).trim()];"
            "return [clew.colours(), Object.fromEntries(names.map(colour))];"
        )
        return painted, page

    open_page(chromium, failing / "report.html")
    light, page = scheme("light")
    assert page["paper"] == "#ffffff"
    dark, dark_page = scheme("dark")
    try:
        assert all(page[name] != dark_page[name] for name in page)
        assert len(dark) == len(light) > 50
        # The pictures hear of the change a moment later than the page.
        wait(lambda: all(colour == dark_page[name] for name, colour in scheme("dark")[0] if name in dark_page))
        assert all(colour == page[name] for name, colour in light if name in page)
    finally:
        scheme("light")


def test_legends_name_what_is_drawn(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    said = {
        name: chromium.find_element("css selector", f"#{name} .legend").text
        for name in ("timeline", "messages", "lives", "latency", "rate")
    }
    fates = set(chromium.execute_script("return clew.data.messages.fate"))
    words = {"delivered": "delivered", "delayed": "delayed", "duplicated": "second copy", "dropped": "dropped"}
    for fate, text in {**words, "under way": "under way"}.items():
        assert (text in said["messages"]) == (fate in fates), fate
    states = set(chromium.execute_script("return clew.data.lives.state"))
    words = {"down": "down", "cut off": "cut off from most", "parted": "cut off from a few", "disturbed": "disturbed"}
    for state, text in words.items():
        assert (text in said["lives"]) == (state in states), state
    assert all("violation" in text for text in said.values()), "the dashed lines"


def test_choosing_a_key_moves_to_it(chromium: Any, tmp_path: Path) -> None:
    """The violation is of "x", early; "y" comes late and was not decided."""
    late = [(ms + 5000, p + 2, t, f, "y", value) for ms, p, t, f, _, value in GOOD]
    page = tmp_path / "h.html"
    page.write_text(report(read_record(history_file(tmp_path / "h.jsonl", STALE + late), "cas-register")))
    open_page(chromium, page)

    def choose(value: str) -> None:
        chromium.execute_script(
            "const k = document.getElementById('key'); k.value = arguments[0]; k.dispatchEvent(new Event('change'))",
            value,
        )

    at_x = span(chromium)
    assert at_x[1] < 1
    assert "no order" in chromium.find_element("id", "moment").text
    choose('="y"')
    assert span(chromium)[1] > 5
    assert chromium.find_element("id", "moment").text == ""
    plot = chromium.find_element("css selector", "#timeline .plot")
    plot.send_keys("+", "j")
    assert span(chromium)[1] > 1, "there is no violation of y to jump to"
    choose('="x"')
    assert span(chromium) == (pytest.approx(at_x[0]), pytest.approx(at_x[1]))
    choose("")
    assert span(chromium)[1] > 5
    plot.send_keys("j")
    assert span(chromium) == (pytest.approx(at_x[0]), pytest.approx(at_x[1]))


def test_the_violated_key_is_chosen_first(chromium: Any, tmp_path: Path) -> None:
    file = history_file(tmp_path / "h.jsonl", sorted(GOOD + [(ms + 10, p + 2, *rest) for ms, p, *rest in STALE]))
    page = tmp_path / "h.html"
    page.write_text(report(read_record(file, "cas-register")))
    open_page(chromium, page)
    labels = "return clew.sources.ok.data.key"
    assert chromium.find_element("id", "key").get_attribute("value") == '="x"'
    assert set(chromium.execute_script(labels)) == {'"x"'}
    chromium.execute_script(
        "const k = document.getElementById('key'); k.value = ''; k.dispatchEvent(new Event('change'))"
    )
    assert set(chromium.execute_script(labels)) == {'"x"', '"y"'}


@pytest.mark.parametrize("evil", [EVIL, IMAGE])
def test_a_script_in_a_run_stays_text(chromium: Any, tmp_path: Path, evil: str) -> None:
    events = [(ms * 1000, p, t, evil, evil, evil) for ms, p, t, *_ in STALE]
    page = tmp_path / "evil.html"
    page.write_text(report(read_record(history_file(tmp_path / "evil.jsonl", events, plan=evil, seed=1))))
    open_page(chromium, page)
    assert chromium.find_element("css selector", "h1").text.startswith(evil)
    plot = chromium.find_element("css selector", "#timeline .plot")
    plot.send_keys("n")
    assert evil in chromium.find_element("id", "details").text
    # The tip of the first operation, where Bokeh puts the words of the run into a page of its own.
    assert evil in tip(chromium, "timeline", 0.5, 0.15)
    made = SHADOWS + (
        "return shadows(document).concat(document).map((root) => root.querySelectorAll('img, script').length)"
        ".reduce((a, b) => a + b, 0)"
    )
    assert chromium.execute_script(made) == 4, "our scripts, and nothing else"
    assert chromium.title != "owned"
    assert severe(chromium) == []


def test_ten_thousand_operations_are_drawn(chromium: Any, tmp_path: Path) -> None:
    many: list[tuple[Any, ...]] = []
    for n in range(10_000):
        many += [(n, n % 5, "invoke", "write", None, n), (n + 0.5, n % 5, "ok", "write", None, n)]
    page = tmp_path / "many.html"
    page.write_text(report(read_record(history_file(tmp_path / "many.jsonl", many, model="register"))))
    assert page.stat().st_size < 2_000_000
    open_page(chromium, page)
    assert chromium.execute_script("return clew.sources.ok.data.number.length") == 10_000
    # Two seconds are promised; a machine that tests in parallel gets some more.
    assert chromium.execute_script("return clew.drawn") < 8000


def test_zooming_in_shows_the_operations_that_were_left_out(
    chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clew.harness.view.report.operations.DRAWN_MAX", 100)
    monkeypatch.setattr("clew.harness.view.report.operations.AROUND_VIOLATION", 5)
    page = tmp_path / "many.html"
    file = history_file(tmp_path / "many.jsonl", many_writes(3000, 900), model="cas-register")
    page.write_text(report(read_record(file)))
    open_page(chromium, page)

    def shown(start: float, end: float) -> tuple[list[int], str]:
        chromium.execute_script("clew.go(arguments[0], arguments[1])", start, end)
        time.sleep(0.3)
        return (
            chromium.execute_script("return clew.sources.ok.data.number"),
            chromium.find_element("id", "sketch").text,
        )

    whole, said = shown(0, 3)
    counterexample = set(chromium.execute_script("return clew.data.keys[0].counterexample"))
    assert 50 <= len(whole) <= 100
    assert counterexample <= set(whole)
    assert said == f"{len(whole)} of the 3,001 operations in view are drawn. Zoom in for the others."
    assert max(b - a for a, b in itertools.pairwise(whole)) < 100, "no stretch of time is left out"
    some, _ = shown(1, 1.4)
    assert {number for number in whole if 1003 < number < 1398} < set(some), "none of those that were seen goes"
    few, said = shown(2, 2.05)
    assert few == list(range(2001, 2052))
    assert said == ""
    points = chromium.execute_script("return clew.sources.points.data.number")
    assert points == []
    few, _ = shown(0.5, 0.55)
    assert chromium.execute_script("return clew.sources.points.data.number") == few


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


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
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
        start, end = span(chromium)
        data = chromium.execute_script("return clew.data")
        for number in data["keys"][0]["counterexample"]:
            row = data["operations"]["number"].index(number)
            assert start <= data["operations"]["end"][row] <= end
        tables = [chromium.execute_script(bottom, name) for name in ("#counterexample", "#verdict", "#run")]
        assert heights[-1] < min(tables)
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_an_address_leads_to_an_operation_and_back(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    data = chromium.execute_script("return clew.data")
    numbers = data["operations"]["number"]
    details = chromium.find_element("id", "details")
    chromium.get(f"{(failing / 'report.html').as_uri()}#op-{numbers[-1]}")
    wait(lambda: details.text.startswith(f"Operation {numbers[-1]} "))
    start, end = span(chromium)
    assert start <= data["operations"]["start"][-1] <= end
    # As a page that is opened there, not only as a step on it.
    chromium.refresh()
    wait(lambda: chromium.execute_script("return document.documentElement.dataset.drawn") == "yes")
    details = chromium.find_element("id", "details")
    wait(lambda: details.text.startswith(f"Operation {numbers[-1]} "))
    chromium.find_element("css selector", "#timeline .plot").send_keys("n")
    wait(lambda: chromium.execute_script("return location.hash") == f"#op-{numbers[0]}")
    chromium.execute_script("location.hash = '#op-99999'")
    wait(lambda: "not on this page" in details.text)


def test_an_operation_tells_how_far_the_history_can_be_explained_with_it(chromium: Any, tmp_path: Path) -> None:
    (tmp_path / "h.html").write_text(
        report(read_record(history_file(tmp_path / "h.jsonl", RACE, model="cas-register")))
    )
    open_page(chromium, tmp_path / "h.html")
    details = chromium.find_element("id", "details")

    def told(number: int) -> tuple[str, str, list[int]]:
        chromium.execute_script("clew.visit(arguments[0])", number)
        words = [line.text for line in details.find_elements("css selector", ".far, .order")]
        return (
            words[0],
            words[1] if len(words) > 1 else "",
            chromium.execute_script("return clew.sources.points.data.number"),
        )

    far, order, drawn = told(2)
    assert (
        far == "If it took effect, the history can be explained until 5.000 ms, but then not operation 1 (cas [0, 1])."
    )
    assert order == "0 write 0 = 0 → 2 cas [0, 2] = 2"
    assert drawn == [0, 2], "the picture shows this order"
    far, order, drawn = told(1)
    assert far == "The order that explains most has it: everything until 6.000 ms, but not operation 2."
    assert drawn == [0, 1]
    assert told(4)[0] == "It began after the violation, and no order gets past that."
    chromium.find_element("css selector", "#details .close").click()
    assert details.text == ""


def test_faults_and_broken_invariants_are_buttons_that_show_them(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    data = chromium.execute_script("return clew.data")
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    chromium.execute_script("document.getElementById('faults').open = true")
    chromium.find_elements("css selector", "[data-fault]")[-1].click()
    start, end = span(chromium)
    assert start <= data["windows"]["start"][-1] <= data["windows"]["end"][-1] <= end + 1e-9
    height = chromium.execute_script("return innerHeight")
    assert 0 <= chromium.execute_script(top, "lives") < height / 2
    assert data["windows"]["words"][-1] in chromium.find_element("id", "moment").get_attribute("textContent")
    broken = next(n for n, moment in enumerate(data["moments"]) if moment["check"] == "invariants")
    chromium.execute_script(f"document.querySelector('[data-moment=\"{broken}\"]').click()")
    start, end = span(chromium)
    assert start <= data["moments"][broken]["at"] <= end
    assert 0 <= chromium.execute_script(top, "messages") < height / 2


def test_a_click_on_a_message_shows_its_whole_body(chromium: Any, failing: Path) -> None:
    from selenium.webdriver import ActionChains

    open_page(chromium, failing / "report.html")
    chosen = chromium.execute_script("""
        const m = clew.data.messages, { range } = clew;
        return m.sent.findIndex((sent, row) => sent > range.start && m.until[row] < range.end
          && m.until[row] > sent && m.fate[row] === "delivered");
    """)
    messages = chromium.execute_script("return clew.data.messages")
    plot = chromium.find_element("css selector", "#messages .plot")
    chromium.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    halfway = [(messages[a][chosen] + messages[b][chosen]) / 2 for a, b in (("sent", "until"), ("from", "to"))]
    ActionChains(chromium).move_to_element_with_offset(plot, *middle(chromium, "messages", *halfway)).click().perform()
    details = chromium.find_element("id", "details")
    wait(lambda: details.text.startswith("Message "))
    number = int(details.text.split()[1])
    row = messages["id"].index(number)
    # Wherever the page is scrolled to, it is in sight.
    top, bottom = chromium.execute_script(
        "const { top, bottom } = document.getElementById('details').getBoundingClientRect(); return [top, bottom]"
    )
    assert 0 < top < bottom <= chromium.execute_script("return innerHeight")
    shown = json.loads(details.find_element("tag name", "pre").text)
    assert shown == json.loads(messages["body"][row])
    assert {"type", "ballot"} & set(shown)


def test_a_page_that_is_a_file_says_which_messages_it_has(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    note = chromium.find_element("id", "elsewhere")
    assert note.text == "This page has the messages around each violation only; clew serve shows all."
    last = chromium.execute_script("return Math.max(...clew.data.moments.map((moment) => moment.end))")
    chromium.execute_script(f"clew.go({last + 0.01}, {last + 0.02})")
    wait(lambda: "none of this time" in note.text)


def test_pictures_that_say_nothing_are_left_out(chromium: Any, tmp_path: Path) -> None:
    (tmp_path / "h.html").write_text(
        report(read_record(history_file(tmp_path / "h.jsonl", STALE, model="cas-register")))
    )
    open_page(chromium, tmp_path / "h.html")
    shown = [
        name
        for name in ("timeline", "overview", "messages", "lives", "latency", "rate")
        if chromium.find_element("id", name).is_displayed()
    ]
    assert shown == ["timeline"]
    assert "Statistics" not in chromium.find_element("tag name", "body").text


def test_the_heading_says_how_far_the_order_goes(chromium: Any, tmp_path: Path) -> None:
    later = [(ms + 100 * n, *rest) for n in range(1, 4) for ms, *rest in GOOD]
    both = history_file(
        tmp_path / "h.jsonl", sorted(GOOD + later + [(ms + 10, p + 2, *rest) for ms, p, *rest in STALE])
    )
    (tmp_path / "h.html").write_text(report(read_record(both, "cas-register")))
    open_page(chromium, tmp_path / "h.html")
    heading = chromium.find_element("css selector", "#timeline h2")
    note = chromium.find_element("css selector", "#rate .note.all")
    told = []
    for key in ("'\"x\"'", "'\"y\"'", "null"):
        chromium.execute_script(f"clew.choose({key})")
        told.append((heading.text, note.is_displayed()))
    order = "Operations, and the order that explains them"
    assert told == [(f"{order}, up to the violation", True), (order, True), ("Operations on all keys", False)]


def test_no_picture_makes_a_pattern_for_each_fault(chromium: Any, failing: Path) -> None:
    """With a hundred faults, hatching each by itself was a third of the time that a page took to open."""
    open_page(chromium, failing / "report.html")
    assert chromium.execute_script("return clew.data.windows.start.length") > 0
    kinds = chromium.execute_script("""
        return Object.values(clew.plots).flatMap((plot) => plot.renderers.map((drawn) =>
          "field" in (drawn.glyph.hatch_pattern ?? {}) ? "a fault each" : "one"))""")
    assert set(kinds) == {"one"}


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


def test_of_many_lanes_only_some_are_named_and_one_can_zoom_in_on_them(chromium: Any, tmp_path: Path) -> None:
    many = [(n, p, kind, "write", None, p) for p in range(200) for n, kind in ((0, "invoke"), (1, "ok"))]
    file = history_file(tmp_path / "h.jsonl", sorted(many))
    (tmp_path / "h.html").write_text(report(read_record(file)))
    open_page(chromium, tmp_path / "h.html")

    def lanes() -> tuple[float, float, int]:
        y = "clew.plots.timeline.y_range"
        top, bottom, ticks = chromium.execute_script(
            f"return [{y}.end, {y}.start, [...clew.plots.timeline.yaxis][0].ticker.ticks]"
        )
        return top, bottom, len([tick for tick in ticks if top <= tick <= bottom])

    plot = chromium.find_element("css selector", "#timeline .plot")
    height = chromium.execute_script("return clew.plots.timeline.height")
    top, bottom, named = lanes()
    assert bottom - top > 200
    assert 10 < named <= height / 16
    assert chromium.execute_script("return clew.sources.words.data.text") == [], "words need room"
    plot.send_keys("zzzz")
    top, bottom, named = lanes()
    assert bottom - top == pytest.approx(200.3 / 16)
    assert named >= 12, "now there is room for all"
    wait(lambda: len(chromium.execute_script("return clew.sources.words.data.text")) >= 12)
    plot.send_keys("\ue015")  # the arrow down
    assert lanes()[0] == pytest.approx(top + (bottom - top) / 5)
    plot.send_keys("n")
    assert lanes()[0] == pytest.approx(-0.65), "what is told of is in sight"
    plot.send_keys("0")
    assert lanes()[1] - lanes()[0] == pytest.approx(200.3)
