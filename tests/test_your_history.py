"""The recorders of `docs/your-history.md` record what `clew check` reads; their lines are few, and they run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import clew
from clew.checkers import check
from clew.histories.reading import NAMES
from tests.readme import NAMED, ROOT, prepare

PAGE = ROOT / "docs" / "your-history.md"
MAIN = """
package main

import (
	"errors"
	"sync"
)

func main() {
	recorder, err := NewRecorder("recorded.jsonl", "register")
	if err != nil {
		panic(err)
	}
	var store sync.Map
	var clients sync.WaitGroup
	for number := 0; number < 4; number++ {
		clients.Add(1)
		go func(number int) {
			defer clients.Done()
			client := recorder.Client()
			for i := 0; i < 50; i++ {
				value := number*1000 + i
				client.Call("write", "x", value, func() (any, error) {
					if i%7 == 3 {
						return nil, Refused
					}
					store.Store("x", value)
					if i%10 == 5 {
						return nil, errors.New("timeout")
					}
					return nil, nil
				})
				client.Call("read", "x", nil, func() (any, error) {
					found, _ := store.Load("x")
					return found, nil
				})
			}
		}(number)
	}
	clients.Wait()
}
"""
UNSURE = """
from recorder import Recorder, Refused

recorder = Recorder("recorded.jsonl", "register")
def breaks(error):
    raise error
for error in (Refused("no"), TimeoutError("late")):
    try:
        recorder.call(lambda: breaks(error), "write", value=1)
    except type(error):
        pass
recorder.call(lambda: 1, "read")
"""


def history_in(folder: Path) -> clew.History:
    return clew.load(folder / "recorded.jsonl")


def outcomes(history: clew.History) -> set[str]:
    return {event.type for event in history.events()}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the files of the page."""
    prepare(tmp_path, PAGE)
    return tmp_path


def test_the_recorder_in_python_records_a_history(files: Path) -> None:
    subprocess.run([sys.executable, "load.py"], cwd=files, check=True, timeout=60)
    history = history_in(files)
    assert len(history.operations) == 800
    assert check(history, "register").verdict == "valid"


def test_the_recorder_in_python_knows_what_is_refused_from_what_is_unknown(files: Path) -> None:
    subprocess.run([sys.executable, "-c", UNSURE], cwd=files, check=True, timeout=60)
    events = list(history_in(files).events())
    assert [event.type for event in events] == ["invoke", "fail", "invoke", "info", "invoke", "ok"]
    assert events[2].process == events[3].process == events[0].process != events[4].process
    assert check(history_in(files), "register").verdict == "valid"


def test_the_recorder_in_go_records_a_history(files: Path) -> None:
    if shutil.which("go") is None:
        pytest.skip("this machine has no Go")
    (files / "main.go").write_text(MAIN)
    environment = {"HOME": str(files), "PATH": "/usr/local/go/bin:/usr/bin:/bin", "GOFLAGS": "-mod=mod"}
    (files / "go.mod").write_text("module load\n\ngo 1.18\n")
    subprocess.run(["go", "vet", "."], cwd=files, env=environment, check=True, timeout=300)
    subprocess.run(["go", "run", "."], cwd=files, env=environment, check=True, timeout=300)
    history = history_in(files)
    assert len(history.operations) == 400
    assert outcomes(history) == {"invoke", "ok", "fail", "info"}
    assert check(history, "register").verdict == "valid"


def test_the_recorders_are_short() -> None:
    lengths = {name: len(content.splitlines()) for name, content in NAMED.findall(PAGE.read_text())}
    assert lengths["recorder.py"] <= 45
    assert lengths["recorder.go"] <= 75


def test_the_page_names_every_field() -> None:
    text = PAGE.read_text()
    assert [name for name in NAMES if f"`{name}`" not in text] == []
