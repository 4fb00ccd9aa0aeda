"""Ctrl-C at any moment of any command is one line or a verdict, and never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

SECONDS = 0.6
"""A command imports for about this long."""
START = "from clew.harness.cli.start import main; print('here', flush=True); main()"
COMMANDS = (
    "run caspaxos-contention-storm --nodes process",
    "run caspaxos-contention-storm --nodes inline",
    "hunt caspaxos-contention-storm --seeds 0:1000 --jobs 2",
    "shrink RUN",
    "replay RUN --times 20 --nodes inline",
    "check RUN",
    "export RUN out.edn",
    "show RUN",
    "report RUN --out out.html",
    "diff RUN RUN",
    "plans",
    "systems",
    "serve --port 0",
    "bench bugs --system caspaxos",
    "--help",
)


@pytest.mark.parametrize("moments", [1, pytest.param(25, marks=pytest.mark.long)])
@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_at_any_moment_is_no_traceback(failing: Path, tmp_path: Path, command: str, moments: int) -> None:
    """At random moments, in as many equal parts of the time, other ones for each command. As on a terminal: every
    process of the group gets it."""
    random = Random(command)
    (tmp_path / "store").mkdir()  # for `serve`
    words = [str(failing) if word == "RUN" else word for word in command.split()]
    for part in range(moments):
        script = f"if __name__ == '__main__':\n {START}"
        started = subprocess.Popen(
            [sys.executable, "-P", "-c", script, *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert started.stdout is not None
        assert started.stdout.readline() == "here\n"
        # Before `main` Python itself is in charge, for some milliseconds. Its first line takes less than this.
        time.sleep(0.005 + (part + random.random()) / moments * SECONDS)
        os.killpg(started.pid, signal.SIGINT)
        _, errors = started.communicate(timeout=60)
        assert "Traceback" not in errors, errors
        assert "Exception ignored" not in errors, errors
        # Python gives the signal back to the system just before it is gone. By then everything is printed.
        assert started.returncode in (0, 1, 2, 255, -signal.SIGINT), errors
        if started.returncode == 255:
            assert errors.strip().endswith("clew: interrupted"), errors
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp" or path.name.startswith(".")]


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_command_is_imported_ends_it_with_a_word(kind: signal.Signals) -> None:
    script = f"""
import os, sys
class Import:
    def find_spec(self, name, path, target=None):
        if name == "clew.harness.cli.app":
            os.kill(os.getpid(), {int(kind)})
sys.meta_path.insert(0, Import())
from clew.harness.cli.start import main
main()"""
    done = subprocess.run([sys.executable, "-c", script, "run"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (255, "clew: interrupted\n")


def test_ctrl_c_while_a_replay_is_judged_ends_the_replays(
    failing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run is whole by then, so nothing but the signal says that it was interrupted."""
    from clew.harness import run
    from clew.harness.cli.app import main

    judged = []

    def interrupted(*arguments: object, **options: object) -> object:
        judged.append(arguments)
        if len(judged) == 2:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.3)  # in a thread; the main one handles the signal
        return judge(*arguments, **options)  # type: ignore[arg-type]

    judge = run.judge
    monkeypatch.setattr(run, "judge", interrupted)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["clew", "replay", str(failing), "--times", "9", "--nodes", "inline"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "identical 2 times out of 2, failed 2 times out of 2" in capsys.readouterr().out
