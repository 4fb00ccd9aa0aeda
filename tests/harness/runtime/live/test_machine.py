"""Each reason why a machine refuses a world has its own remedy."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from clew.harness.runtime.live.world.machine import Facts, NoWorld, Stage, look, remedy

APPARMOR, CLONE, LIMIT = (
    "kernel.apparmor_restrict_unprivileged_userns",
    "kernel.unprivileged_userns_clone",
    "user.max_user_namespaces",
)


def facts(root: bool = False, container: bool = False, forbidding: tuple[str, ...] = (), tun: bool = True) -> Facts:
    return Facts(root=root, container=container, forbidding=forbidding, tun=tun)


@pytest.mark.parametrize(
    ("stage", "number", "known", "mend"),
    [
        ("users", errno.EPERM, facts(forbidding=(APPARMOR,)), f"sudo sysctl -w {APPARMOR}=0"),
        ("users", errno.EPERM, facts(forbidding=(CLONE,)), f"sudo sysctl -w {CLONE}=1"),
        ("users", errno.ENOSPC, facts(forbidding=(LIMIT,)), f"sudo sysctl -w {LIMIT}=10000"),
        ("network", errno.ENOSPC, facts(), "sudo sysctl -w user.max_net_namespaces=10000"),
        ("users", errno.EPERM, facts(container=True), "--security-opt seccomp=unconfined"),
        ("users", errno.EPERM, facts(root=True, container=True), "--cap-add SYS_ADMIN"),
        ("users", errno.EPERM, facts(), "run clew as root"),
        ("users", errno.EPERM, facts(root=True), "outside of it"),
        ("tun", errno.ENOENT, facts(tun=False), "sudo modprobe tun"),
        ("tun", errno.ENOENT, facts(tun=False, container=True), "--device /dev/net/tun"),
        ("tun", errno.EACCES, facts(), "sudo chmod 666 /dev/net/tun"),
        ("tun", errno.EPERM, facts(container=True), "--device /dev/net/tun"),
        ("network", errno.EMFILE, facts(), "ulimit -n"),
    ],
)
def test_a_refusal_says_what_mends_it(stage: Stage, number: int, known: Facts, mend: str) -> None:
    assert mend in remedy(stage, number, known)
    assert "\n" not in str(NoWorld(stage, number, "", known))


def test_the_settings_that_forbid_namespaces_are_found(tmp_path: Path) -> None:
    for name, value in ((APPARMOR, "1"), (CLONE, "1"), (LIMIT, "0")):
        path = tmp_path / "proc/sys" / name.replace(".", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    assert look(tmp_path).forbidding == (APPARMOR, LIMIT)
    assert not look(tmp_path).tun


def test_a_container_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert not look(tmp_path).container
    (tmp_path / ".dockerenv").touch()
    assert look(tmp_path).container
