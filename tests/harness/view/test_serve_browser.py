"""The served pages in a real browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clew.harness.view.browser import missing
from tests.harness.shown import EVIL, IMAGE, STALE, history_file
from tests.harness.view.stores import make, serving


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_the_table_filters_as_one_types_and_opens_a_report(store: Path, chromium: Any) -> None:
    driver = chromium
    with serving(store) as (address, _):
        driver.get(address)

        def rows() -> list[str]:
            found: list[str] = driver.execute_script(
                "return [...document.querySelectorAll('tbody tr')].map((row) => row.textContent)"
            )
            return found

        def wait(condition: Callable[[], Any]) -> None:
            deadline = time.monotonic() + 10
            while not condition():
                assert time.monotonic() < deadline, rows()
                time.sleep(0.05)

        assert len(rows()) == 5
        make(store, "newest", 59, None)
        wait(lambda: len(rows()) == 6)
        # A choice that a browser tells of by `change` alone.
        choose = (
            "const v = document.getElementsByName('verdict')[0]; v.value = arguments[0];"
            "v.dispatchEvent(new Event('change', { bubbles: true }))"
        )
        driver.execute_script(choose, "valid")
        wait(lambda: len(rows()) == 3)
        driver.execute_script(choose, "")
        wait(lambda: len(rows()) == 6)
        driver.find_element("name", "words").send_keys("storm")
        wait(lambda: len(rows()) == 1)
        driver.find_element("link text", "storm").click()
        wait(lambda: driver.title == "a report")
        assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []

        # Names that would be elements if anything were left unescaped, as the page comes and as it renews itself.
        make(store, IMAGE, 57, "valid")
        for place in (address, f"{address}?grouped=1"):
            driver.get(place)
            wait(lambda: IMAGE in driver.find_element("id", "table").text)
            assert EVIL in driver.find_element("id", "table").text
            # What is typed makes the page fetch its table anew.
            driver.execute_script("document.getElementById('table').replaceChildren()")
            driver.find_element("name", "words").send_keys("2026")
            wait(lambda: IMAGE in driver.find_element("id", "table").text)
            made = "return document.querySelectorAll('main img, main script').length"
            assert driver.execute_script(made) == 0
            assert driver.title != "owned"

        # A report from elsewhere may run what it likes, and gets at nothing.
        folder = make(store, "foreign", 58, "valid")
        (folder / "report.html").write_text(
            "<!doctype html><title>it runs</title><script>fetch('/table').then((answer) => answer.text())"
            ".then((text) => { document.title = `read ${text}`; }, () => { document.title = `kept out ${origin}`; });"
            "</script>"
        )
        time.sleep(0.6)
        driver.get(f"{address}runs/foreign/{folder.name}/report.html")
        wait(lambda: driver.title not in ("", "it runs"))
        assert driver.title == "kept out null"


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_a_served_report_is_drawn(tmp_path: Path, chromium: Any) -> None:
    folder = make(tmp_path, "killed", 40, None)
    history_file(folder / "history.jsonl", STALE, model="cas-register")
    driver = chromium
    with serving(tmp_path) as (address, _):
        driver.get(f"{address}runs/killed/{folder.name}/report.html")
        deadline = time.monotonic() + 30
        while (drawn := driver.execute_script("return document.documentElement.dataset.drawn")) is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert drawn == "yes"
        assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_a_served_report_has_all_messages_and_links_to_other_runs(tmp_path: Path, failing: Path, chromium: Any) -> None:
    before = make(tmp_path, "caspaxos-forgets-promises", 1)
    shutil.copytree(failing, before.parent / "20260101T010000.000Z-2")
    driver = chromium

    def wait(condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, driver.get_log("browser")
            time.sleep(0.05)

    with serving(tmp_path) as (address, _):
        driver.get(f"{address}runs/{before.parent.name}/20260101T010000.000Z-2/report.html#op-3")
        wait(lambda: driver.execute_script("return document.documentElement.dataset.drawn") == "yes")
        wait(lambda: driver.find_element("id", "details").text.startswith("Operation 3 "))
        whole = "return clew.data.moments.some((moment) => moment.start <= arguments[0] && moment.end >= arguments[1])"
        at = next(at / 10 for at in range(1, 100) if not driver.execute_script(whole, at / 10, at / 10 + 0.05))
        inside = (
            "return ['delivered', 'dropped', 'delayed'].flatMap((fate) => clew.sources[fate].data.sent)"
            f".filter((time) => time > {at} && time < {at + 0.05}).length"
        )
        assert driver.execute_script(inside) == 0
        driver.execute_script(f"clew.go({at}, {at + 0.05})")
        wait(lambda: driver.execute_script(inside) > 0)
        assert driver.find_element("id", "elsewhere").text == ""
        assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []
        driver.find_element("link text", "diff with the run before").click()
        wait(lambda: driver.title.startswith("clew: caspaxos-forgets-promises/"))
        assert "Two runs compared" in driver.find_element("tag name", "h1").text
        # In the table, two ticks are needed.
        driver.get(address)
        button = driver.find_element("css selector", "#compare button")
        wait(lambda: not button.is_enabled())
        for box in driver.find_elements("name", "run"):
            box.click()
        # A new run renews the table, and the ticks stay.
        make(tmp_path, "another", 3)
        wait(lambda: len(driver.find_elements("name", "run")) == 3)
        assert button.is_enabled()
        button.click()
        wait(lambda: driver.title.startswith("clew: caspaxos-forgets-promises/"))
