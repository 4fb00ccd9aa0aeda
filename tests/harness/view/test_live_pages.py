"""What is shown of a live run says that it was live, and promises nothing that only a simulation keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.conftest import Clew, clew_called_in
from tests.harness.lying import lying


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of two live runs of a plan: the first one failed."""
    folder = tmp_path_factory.mktemp("live")
    lying(folder, (1,))
    call = clew_called_in(folder)
    done = [call("run", "echo.yaml"), call("run", "echo.yaml")]
    assert [one.returncode for one in done] == [1, 0]
    assert " of cluster time" not in done[0].stdout
    return folder


@pytest.fixture
def call(live: Path) -> Clew:
    return clew_called_in(live)


def runs(live: Path) -> list[Path]:
    return sorted((live / "store" / "echo").iterdir())


def test_the_page_says_that_no_two_live_runs_are_alike(live: Path, call: Clew) -> None:
    (runs(live)[0] / "packets.pcap").write_bytes(b"packets")
    assert call("report", runs(live)[0]).returncode == 0
    page = (runs(live)[0] / "report.html").read_text()
    assert "No two live runs are alike" in page
    assert "--times 20</code>" in page
    assert '<a href="packets.pcap">' in page
    assert '<a href="nodes/n1.log">' in page or not (runs(live)[0] / "nodes" / "n1.log").stat().st_size
    # Its clients said nothing.
    assert "clients.log" not in page


def test_show_counts_no_events_of_a_simulation(live: Path, call: Clew) -> None:
    done = call("show", runs(live)[0])
    assert "operations " in done.stdout
    assert "simulation" not in done.stdout


def test_two_live_runs_are_not_expected_to_be_the_same(live: Path, call: Clew) -> None:
    done = call("diff", *runs(live))
    assert done.returncode == 1
    assert "Both runs were live, and no two live runs are alike." in done.stdout


def test_a_simulation_is_still_said_to_be_one(recorded: Path, tmp_path: Path) -> None:
    call = clew_called_in(tmp_path)
    assert "simulation " in call("show", recorded).stdout
    page = (recorded / "report.html").read_text()
    assert "No two live runs are alike" not in page
    assert "--times 20" not in page
    assert "live" not in call("diff", recorded, recorded).stdout
