"""Calls of Linux that Python 3.11 has no function for: namespaces, mounts, parent-death signals, network interfaces.

It imports only what starts fast: the processes of a world import it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Mapping
from typing import Any

from clew.harness.runtime.live.world.addresses import PREFIX_LENGTH

NEW_MOUNTS, NEW_USERS, NEW_PIDS, NEW_NETWORK = 0x00020000, 0x10000000, 0x20000000, 0x40000000
"""The kinds of namespaces (`CLONE_NEWNS`, ...): arguments of `unshare` and `enter`."""

NETWORK_ADMIN, SYSTEM_ADMIN = 12, 21
"""The rights (capabilities) that namespaces and network interfaces need."""

TUN = "/dev/net/tun"
"""The device that makes TUN interfaces."""

MTU = 65000
"""How many bytes a packet of a TUN may have: few packets for much data, and room for a datagram of 60,000 bytes."""

QUEUE_PACKETS = 10_000
"""How many packets wait for the switch at a TUN. The kernel drops what comes when they are so many, and nobody counts
it: the usual 500 are used up in 5 ms without a turn on a busy machine."""

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(kinds: int) -> None:
    """Leave namespaces of these kinds for new ones. Of PIDs: the next child is the first process of a new one.

    Raises OSError if the machine does not allow it.
    """
    _check(_libc.unshare(kinds), "unshare")


def enter(namespace: int, kind: int) -> None:
    """Go into the namespace of this descriptor. Of PIDs: the next child will be in it. Raises OSError."""
    _check(_libc.setns(namespace, kind), "setns")


def become_root_of_a_user_namespace() -> None:
    """Go into a new user namespace with all rights in it, under the same user and group ids. Raises OSError."""
    user, group = os.geteuid(), os.getegid()
    unshare(NEW_USERS)
    # An unprivileged process may map its own ids only, and its group only after it gave up `setgroups`.
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def receive_mounts_only() -> None:
    """Keep what is mounted in this mount namespace from the outside; what is mounted outside appears in it."""
    recursive, slave = 0x4000, 1 << 19
    _check(_libc.mount(None, b"/", None, recursive | slave, None), "mount")


def mount_proc() -> None:
    """Mount a /proc that shows the PID namespace of this process. Raises OSError where /proc is partly hidden."""
    no_set_uid, no_devices, no_programs = 2, 4, 8
    _check(_libc.mount(b"proc", b"/proc", b"proc", no_set_uid | no_devices | no_programs, None), "mount")


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """Have the kernel send this signal to this process when the *thread* that forked it ends (PR_SET_PDEATHSIG).

    The parent may have ended already: `die_with` looks for that. A change of credentials takes the signal back.
    """
    _check(_libc.prctl(1, signal_number, 0, 0, 0), "prctl")


def die_with(parent: int, signal_number: int = signal.SIGKILL) -> None:
    """As `die_with_parent`, and exit at once if `parent`, the process that forked this one, has ended already.

    Start such a process from a main thread, or from one that lives as long.
    """
    die_with_parent(signal_number)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends (PR_SET_CHILD_SUBREAPER)."""
    _check(_libc.prctl(36, 1, 0, 0, 0), "prctl")


def be_called(name: str) -> None:
    """The name of this process in `ps` and /proc, up to 15 bytes (PR_SET_NAME)."""
    _libc.prctl(15, name.encode(), 0, 0, 0)


def may_administer() -> bool:
    """Whether this process may do all that a world needs without a user namespace, as root may outside containers."""
    needed = 1 << SYSTEM_ADMIN | 1 << NETWORK_ADMIN
    return os.geteuid() == 0 and _rights()[1][0] & needed == needed


def keep_right_to_enter() -> None:
    """Have the program that this process becomes keep CAP_SYS_ADMIN, without which `setns` is refused.

    Programs of any user but root lose all rights at `exec`, except the ambient ones. Raises OSError.
    """
    header, sets = _rights()
    inheritable = 2
    sets[inheritable] |= 1 << SYSTEM_ADMIN
    _check(_libc.capset(header, sets), "capset")
    ambient, raise_it = 47, 2
    _check(_libc.prctl(ambient, raise_it, SYSTEM_ADMIN, 0, 0), "prctl")


def _rights() -> tuple[Any, Any]:
    """The rights of this process, as `capset` takes them: a header; effective, permitted and inheritable ones.

    The first three numbers are the rights 0 to 31, the next three the others.
    """
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    _check(_libc.capget(header, sets), "capget")
    return header, sets


def reset_signals() -> None:
    """Give every signal its default action, and block none, as a program expects when a shell starts it."""
    for number in signal.valid_signals():
        # SIGKILL, SIGSTOP, and two that the C library keeps for itself.
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def arrange_descriptors(wanted: Mapping[int, int], keep: int) -> int:
    """Give descriptors the numbers that a program expects (number -> descriptor), and close all others but `keep`.

    Returns the new number of `keep`, which closes at `exec`.
    """
    # Above all wanted numbers first, so that no descriptor overwrites one that is still to be moved.
    above = max(wanted) + 1
    moved = {number: fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above) for number, descriptor in wanted.items()}
    keep = fcntl.fcntl(keep, fcntl.F_DUPFD_CLOEXEC, above)
    for number, descriptor in moved.items():
        os.dup2(descriptor, number)
    close_others({*wanted, keep})
    return keep


def close_others(kept: set[int]) -> None:
    """Close every descriptor but these."""
    start = 0
    for descriptor in sorted(kept):
        # `os.closerange(0, 0)` closes all there are.
        if start < descriptor:
            os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, max(os.sysconf("SC_OPEN_MAX"), start))


def open_tun(address: str) -> int:
    """Make the network of this network namespace: loopback, and a TUN interface with this address.

    Returns the other end of the TUN, not blocking: each `os.read` is an IP packet that was sent, each `os.write` is
    one that arrives. Raises OSError.
    """
    name = b"clew0"
    tun, no_header = 0x0001, 0x1000
    set_interface, set_persistent = 0x400454CA, 0x400454CB
    descriptor = os.open(TUN, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.ioctl(descriptor, set_interface, struct.pack("16sH22x", name, tun | no_header))
        # It goes with its namespace, then. Closing the descriptor would wait 20 ms for the kernel to remove it.
        fcntl.ioctl(descriptor, set_persistent, 1)
        # Otherwise the kernel sends IPv6 packets of its own to find routers. Where /proc/sys is read-only it does.
        with contextlib.suppress(OSError):
            _write(f"/proc/sys/net/ipv6/conf/{name.decode()}/disable_ipv6", "1")
        mask = socket.inet_ntoa((0xFFFFFFFF << 32 - PREFIX_LENGTH & 0xFFFFFFFF).to_bytes(4, "big"))
        set_flags, set_address, set_mask, set_mtu = 0x8914, 0x8916, 0x891C, 0x8922
        up_and_running = 0x41
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            for request, value in ((set_address, address), (set_mask, mask)):
                sockaddr = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
                fcntl.ioctl(any_socket, request, struct.pack("16s16s8x", name, sockaddr))
            fcntl.ioctl(any_socket, set_mtu, struct.pack("16si20x", name, MTU))
            _set_queue_length(name.decode(), QUEUE_PACKETS)
            for interface in (name, b"lo"):
                fcntl.ioctl(any_socket, set_flags, struct.pack("16sH22x", interface, up_and_running))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _set_queue_length(interface: str, packets: int) -> None:
    """Over netlink: the `ioctl` for it is refused in a user namespace."""
    new_link, request_and_acknowledge, queue_length = 16, 0x5, 13
    link = struct.pack("BxHiII", socket.AF_UNSPEC, 0, socket.if_nametoindex(interface), 0, 0)
    body = link + struct.pack("HHI", 8, queue_length, packets)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.send(struct.pack("IHHII", 16 + len(body), new_link, request_and_acknowledge, 1, 0) + body)
        (problem,) = struct.unpack_from("i", netlink.recv(4096), 16)
    if problem:
        raise OSError(-problem, f"the queue of {interface}: {os.strerror(-problem)}")


def _write(path: str, text: str) -> None:
    # One `write`: the kernel takes the maps of a user namespace in one piece or not at all.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
