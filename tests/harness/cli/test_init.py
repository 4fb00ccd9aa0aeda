"""`clew init` writes a plan, a client and a stand-in, and never overwrites anything.

That they run as they are, `tests/test_readme.py` shows: `docs/your-own-system.md` runs them."""

from __future__ import annotations

from pathlib import Path

from tests.harness.conftest import Clew
from tests.readme import ROOT

WRITTEN = ["client.py", "plan.yaml", "server.py"]


def written(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_it_fills_an_empty_folder_or_a_new_one(clew_call: Clew, tmp_path: Path) -> None:
    done = clew_call("init", "new/one")
    assert (done.returncode, done.stderr) == (0, "")
    assert "clew run new/one/plan.yaml" in done.stdout
    assert written(tmp_path / "new" / "one") == WRITTEN
    (tmp_path / "empty").mkdir()
    assert clew_call("init", "empty").returncode == 0
    assert written(tmp_path / "empty") == WRITTEN


def test_it_overwrites_nothing(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("mine")
    done = clew_call("init")
    assert done.returncode == 254
    assert done.stderr == (
        "clew: . is not empty: it has plan.yaml; expected an empty folder, and nothing is overwritten\n"
    )
    assert written(tmp_path) == ["plan.yaml"]
    assert (tmp_path / "plan.yaml").read_text() == "mine"


def test_a_file_is_no_folder(clew_call: Clew, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = clew_call("init", "file")
    assert done.returncode == 254
    assert done.stderr == "clew: file: File exists; expected a folder that can be written\n"


def test_the_page_shows_the_plan_and_the_client_that_it_writes(clew_call: Clew, tmp_path: Path) -> None:
    clew_call("init")
    page = (ROOT / "docs" / "your-own-system.md").read_text()
    assert f"```yaml\n{(tmp_path / 'plan.yaml').read_text()}```" in page
    assert f"```python\n{(tmp_path / 'client.py').read_text()}```" in page
