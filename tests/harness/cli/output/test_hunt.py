"""What a hunt prints at its end about failing runs without a folder."""

from __future__ import annotations

import pytest

from clew.harness.cli.output.hunt import print_hunt
from clew.harness.hunt.hunt import KEPT, Found, Hunt
from clew.harness.verdict.signature import Signature


def printed(capsys: pytest.CaptureFixture[str], *runs: str | None, interrupted: bool = False) -> str:
    """The summary of a hunt whose failing runs have these folders."""
    broke = Signature("linearizable")
    failures = [Found(seed, broke, run, 0.1) for seed, run in enumerate(runs)]
    print_hunt(Hunt(seeds=len(runs), failures=failures, seconds=1.0, interrupted=interrupted), json=False)
    return capsys.readouterr().out


def test_if_every_failing_run_has_a_folder_nothing_is_said_about_folders(capsys: pytest.CaptureFixture[str]) -> None:
    assert "folder" not in printed(capsys, "store/a", "store/b")


def test_an_interrupted_hunt_says_that_its_last_failing_run_has_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    output = printed(capsys, "store/a", None, interrupted=True)
    assert "the last failing run has no folder: the hunt ended before it was kept" in output
    assert str(KEPT) not in output


def test_a_hunt_with_more_failures_than_it_keeps_says_how_many_have_no_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = printed(capsys, *["store/a"] * KEPT, None, None, None)
    assert f"the first {KEPT} failing runs have folders; the other 3 have none" in output
