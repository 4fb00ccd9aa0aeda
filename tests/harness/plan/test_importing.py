"""A system that cannot be imported is told with the line that raised, and one that takes long with where it is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from clew.harness.plan import PlanError, importing, loads, resolve

PLAN = "name: x\nsystem: {name: broken.py, nodes: 1}\nworkload: {kind: cas-register, clients: 1, operations: 1}\n"


def mistake(folder: Path, code: str) -> str:
    (folder / "broken.py").write_text(code)
    with pytest.raises(PlanError) as caught:
        resolve(loads(PLAN, "plan.yaml", folder))
    return str(caught.value)


def test_the_line_that_raised_is_named(tmp_path: Path) -> None:
    said = mistake(tmp_path, "import json\n\njson.loads('{')\n")
    assert (
        f"plan.yaml:2:16: system.name: importing the system failed: {tmp_path}/broken.py:3: JSONDecodeError: " in said
    )
    assert f"{tmp_path}/broken.py:2: NameError: name 'nobody' is not defined" in mistake(tmp_path, "\nnobody\n")


def test_the_line_of_a_syntax_error_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}/broken.py:3: SyntaxError: " in mistake(tmp_path, "\n\nsystem = (\n")


def test_a_folder_whose_name_begins_like_that_of_clew_is_not_of_clew() -> None:
    mine = f"{Path(importing.__file__).resolve().parents[2]}-mine/raft.py"
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile("\n1 / 0", mine, "exec"))
    assert importing.line_of(caught.value, mine).startswith(f"{mine}:2: ")


def test_a_slow_import_says_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    told = threading.Event()
    monkeypatch.setattr(importing, "SLOW_SECONDS", 0.01)
    monkeypatch.setattr(
        importing, "print", lambda *words, **options: (print(*words, **options), told.set()), raising=False
    )
    monkeypatch.setattr(threading, "told_in_test", told, raising=False)
    mistake(tmp_path, "import threading\n\nthreading.told_in_test.wait(20)\n")
    err = capfd.readouterr().err
    assert err.startswith(f"clew: the import of {tmp_path}/broken.py is not over after 0.01 s; it is at ")
    assert err.count("\n") == 1
