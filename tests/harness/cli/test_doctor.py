"""`clew doctor` says whether live runs work here, and what mends what does not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from clew.harness.errors import MachineError
from clew.harness.runtime.live.world import doctor
from clew.harness.runtime.live.world.machine import Facts, NoWorld
from clew.systems import Server
from clew.systems import find_system as find_program
from tests.harness.conftest import Clew
from tests.harness.runtime.live.worlds import as_nobody, need_namespaces, refusal

MAIN = "from clew.harness.cli.app import main; main()"


def test_the_exit_code_says_whether_live_runs_work(clew_call: Clew) -> None:
    done = clew_call("doctor")
    works = refusal() is None
    assert done.returncode == (0 if works else 255)
    assert done.stdout.startswith("Live runs work" if works else "Live runs do not work")
    assert re.search("^loopback +yes", done.stdout, re.MULTILINE)


def test_json_says_the_same(clew_call: Clew) -> None:
    done = clew_call("doctor", "--json")
    said = json.loads(done.stdout)
    assert said["live"] == (done.returncode == 0)
    whole = {finding["what"]: finding for finding in said["findings"]}
    assert whole["five nodes"]["works"] == said["live"]
    assert all(finding["works"] or finding["mend"] or not finding["needed"] for finding in said["findings"])


@pytest.mark.parametrize("missing", ["namespaces", "network"])
def test_what_is_missing_comes_with_the_command_that_mends_it(
    clew_call: Clew, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    def refuse(endpoints: object) -> object:
        raise error

    facts = Facts(root=False, container=False, forbidding=("kernel.unprivileged_userns_clone",), tun=False)
    error = NoWorld("users" if missing == "namespaces" else "tun", 1, "", facts)
    monkeypatch.setattr(doctor, "open_world", refuse)
    monkeypatch.setattr(doctor, "names", list)  # to ask the servers for their versions takes longest
    done = clew_call("doctor")
    assert done.returncode == 255
    lines = done.stdout.splitlines()
    (place,) = (number for number, line in enumerate(lines) if line.startswith(f"{missing} "))
    assert lines[place].split()[1] == "NO"
    assert "sudo " in lines[place + 1]
    assert re.search("^five nodes +NO   not tried", done.stdout, re.MULTILINE)


def test_a_world_that_breaks_otherwise_does_not_work(clew_call: Clew, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(endpoints: object) -> object:
        raise MachineError("it broke")

    monkeypatch.setattr(doctor, "open_world", refuse)
    monkeypatch.setattr(doctor, "names", list)  # to ask the servers for their versions takes longest
    done = clew_call("doctor")
    assert done.returncode == 255
    assert re.search("^five nodes +NO   it broke", done.stdout, re.MULTILINE)


def test_a_server_is_found_with_its_version(clew_call: Clew, monkeypatch: pytest.MonkeyPatch) -> None:
    there, not_there = Server(sys.executable, "python", "json"), Server("nix-nix", "nix", "json")
    needs = {"there": (there,), "not": (not_there,)}
    monkeypatch.setattr(doctor, "names", lambda: list(needs))
    monkeypatch.setattr(doctor, "find_system", lambda name: replace(find_program("etcd"), servers=needs[name]))
    version = ".".join(map(str, sys.version_info[:3]))
    said = clew_call("doctor").stdout
    assert f"python       yes  {version} {sys.executable}" in said
    assert "nix          no   not installed\n                  sudo apt-get install nix\n" in said


def test_a_user_who_may_open_the_tun_needs_no_root() -> None:
    need_namespaces()
    done = subprocess.run([*as_nobody(), "-c", MAIN, "doctor"], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "without root" in done.stdout or os.geteuid() == 0
