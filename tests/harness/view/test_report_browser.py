"""The page of a run in a real browser: navigation and details; and no script from a run is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clew.harness.store.record import read_record
from clew.harness.view.browser import missing, open_page
from clew.harness.view.report import report
from tests.harness.shown import EVIL, GOOD, IMAGE, RACE, STALE, history_file
from tests.harness.view.browsing import SHADOWS, middle, severe, span, tip, wait

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def test_a_failing_run_opens_at_its_violation_without_errors(chromium: Any, failing: Path) -> None:
    open_page(chromium, failing / "report.html")
    assert severe(chromium) == []
    start, end = span(chromium)
    moment = chromium.execute_script("return clew.data.moments[0]")
    assert (start, end) == (pytest.approx(moment["start"]), pytest.approx(moment["end"]))
    assert all(chromium.find_element("id", name).is_displayed() for name in ("timeline", "messages", "lives", "rate"))
    assert len(chromium.execute_script("return clew.sources.counterexample.data.number")) >= 2
    assert "no order of the operations" in chromium.find_element("id", "moment").text


def test_the_keyboard_zooms_pans_jumps_and_steps_through_operations(failing_page: Any) -> None:
    plot = failing_page.find_element("css selector", "#timeline .plot")
    began = span(failing_page)
    plot.send_keys("+")
    start, end = span(failing_page)
    assert end - start == pytest.approx((began[1] - began[0]) / 2)
    plot.send_keys("-", "0")
    whole = span(failing_page)
    assert whole[0] <= 0
    assert whole[1] >= failing_page.execute_script("return clew.data.end")
    plot.send_keys("j")
    assert span(failing_page) == (pytest.approx(began[0]), pytest.approx(began[1]))
    own = "return Object.entries(clew.plots).filter(([, plot]) => plot.x_range !== clew.range).map(([name]) => name)"
    assert failing_page.execute_script(own) == ["overview"], "all others move together"
    plot.send_keys("n")
    first = failing_page.find_element("id", "details").text
    assert first.startswith("Operation ")
    plot.send_keys("n")
    assert failing_page.find_element("id", "details").text != first
    plot.send_keys("p")
    assert failing_page.find_element("id", "details").text == first


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


def test_buttons_jump_and_a_click_shows_the_details_of_an_operation(failing_page: Any) -> None:
    from selenium.webdriver import ActionChains

    failing_page.find_element("id", "whole").click()
    assert span(failing_page)[0] <= 0
    failing_page.find_element("css selector", "#timeline .plot").send_keys("n")
    assert failing_page.find_element("id", "details").text != ""
    failing_page.find_element("css selector", "#moments button").click()
    assert span(failing_page)[0] > 0
    assert failing_page.find_element("id", "details").text == "", "it told of what is no longer there"
    counterexample = failing_page.find_element("css selector", "#counterexample a")
    counterexample.click()
    assert failing_page.find_element("id", "details").text.startswith(f"Operation {counterexample.text} ")
    # In the middle of the picture of the lane and the time of the operation at which no order is left.
    failing_page.find_element("css selector", "#moments button").click()
    place = failing_page.execute_script("""
        const row = clew.data.operations.number.indexOf(clew.data.keys[0].stuck), o = clew.data.operations;
        const box = document.querySelector("#timeline .plot").getBoundingClientRect();
        const figure = Bokeh.documents[0].roots().find((root) => root.y_range.start === clew.data.lanes.length - 0.35
          && root.height > 84);
        const frame = Bokeh.index.get_by_id(figure.id).frame;
        return [frame.x_scale.compute((o.start[row] + o.end[row]) / 2) - box.width / 2,
                frame.y_scale.compute(o.lane[row]) - box.height / 2, clew.data.keys[0].stuck];
    """)
    plot = failing_page.find_element("css selector", "#timeline .plot")
    failing_page.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    ActionChains(failing_page).move_to_element_with_offset(plot, int(place[0]), int(place[1])).click().perform()
    wait(lambda: failing_page.find_element("id", "details").text.startswith(f"Operation {place[2]} "))
    assert severe(failing_page) == []


def test_the_keyboard_steps_through_messages_and_node_states(failing_page: Any) -> None:
    details = failing_page.find_element("id", "details")
    for picture, word in (("messages", "Message "), ("lives", "Node ")):
        plot = failing_page.find_element("css selector", f"#{picture} .plot")
        plot.send_keys("n")
        first = details.text
        assert first.startswith(word)
        plot.send_keys("n")
        second = details.text
        assert second.startswith(word)
        assert second != first
        plot.send_keys("p")
        assert details.text == first
    assert failing_page.execute_script("return clew.sources.pointed.data.id.length") == 1


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


def test_a_script_in_a_run_stays_text(chromium: Any, tmp_path: Path) -> None:
    evil = EVIL + IMAGE
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


def test_faults_and_broken_invariants_are_buttons_that_show_them(failing_page: Any) -> None:
    data = failing_page.execute_script("return clew.data")
    top = "return document.getElementById(arguments[0]).getBoundingClientRect().top"
    failing_page.execute_script("document.getElementById('faults').open = true")
    failing_page.find_elements("css selector", "[data-fault]")[-1].click()
    start, end = span(failing_page)
    assert start <= data["windows"]["start"][-1] <= data["windows"]["end"][-1] <= end + 1e-9
    height = failing_page.execute_script("return innerHeight")
    assert 0 <= failing_page.execute_script(top, "lives") < height / 2
    assert data["windows"]["words"][-1] in failing_page.find_element("id", "moment").get_attribute("textContent")
    broken = next(n for n, moment in enumerate(data["moments"]) if moment["check"] == "invariants")
    failing_page.execute_script(f"document.querySelector('[data-moment=\"{broken}\"]').click()")
    start, end = span(failing_page)
    assert start <= data["moments"][broken]["at"] <= end
    assert 0 <= failing_page.execute_script(top, "messages") < height / 2


def test_a_click_on_a_message_shows_its_whole_body(failing_page: Any) -> None:
    from selenium.webdriver import ActionChains

    chosen = failing_page.execute_script("""
        const m = clew.data.messages, { range } = clew;
        return m.sent.findIndex((sent, row) => sent > range.start && m.until[row] < range.end
          && m.until[row] > sent && m.fate[row] === "delivered");
    """)
    messages = failing_page.execute_script("return clew.data.messages")
    plot = failing_page.find_element("css selector", "#messages .plot")
    failing_page.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    halfway = [(messages[a][chosen] + messages[b][chosen]) / 2 for a, b in (("sent", "until"), ("from", "to"))]
    ActionChains(failing_page).move_to_element_with_offset(
        plot, *middle(failing_page, "messages", *halfway)
    ).click().perform()
    details = failing_page.find_element("id", "details")
    wait(lambda: details.text.startswith("Message "))
    number = int(details.text.split()[1])
    row = messages["id"].index(number)
    # Wherever the page is scrolled to, it is in sight.
    top, bottom = failing_page.execute_script(
        "const { top, bottom } = document.getElementById('details').getBoundingClientRect(); return [top, bottom]"
    )
    assert 0 < top < bottom <= failing_page.execute_script("return innerHeight")
    shown = json.loads(details.find_element("tag name", "pre").text)
    assert shown == json.loads(messages["body"][row])
    assert {"type", "ballot"} & set(shown)


def test_a_page_that_is_a_file_says_which_messages_it_has(failing_page: Any) -> None:
    note = failing_page.find_element("id", "elsewhere")
    assert note.text == "This page has the messages around each violation only; clew serve shows all."
    last = failing_page.execute_script("return Math.max(...clew.data.moments.map((moment) => moment.end))")
    failing_page.execute_script(f"clew.go({last + 0.01}, {last + 0.02})")
    wait(lambda: "none of this time" in note.text)
