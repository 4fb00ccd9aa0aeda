"""The fork server: the process that node processes are forked from.

`python -m clew.systems.fork_server PARENT SYSTEM` imports the system once and then forks nodes on request. So a node
starts in milliseconds: importing the system takes a tenth of a second.

No process outlives its parent, however that ends: the kernel then sends SIGKILL to the fork server, and to every node
when the fork server ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import traceback
from typing import NoReturn

from clew.systems.node_process import run_node
from clew.systems.registry import find_system


def die_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends. Exit at once if it has ended already.

    Systems know nothing of live runs, so this repeats two lines of their module `kernel`.
    The kernel acts when the *thread* that started this process ends (PR_SET_PDEATHSIG). So start such a process from a
    main thread.
    """
    set_pdeathsig = 1
    ctypes.CDLL(None).prctl(set_pdeathsig, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def fork_nodes(control: socket.socket) -> None:
    """Answer requests until the socket closes.

    `spawn`, sent with three descriptors, forks a node; the answer is its process id. `reap <pid>` waits until that node
    has ended; the answer is its exit status, negative if a signal killed it.
    """
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, 64, 3)
        if not request:
            return
        if request == b"spawn":
            me = os.getpid()
            pid = os.fork()
            if pid == 0:
                control.close()
                become_node(me, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            control.send(b"%d" % pid)
        else:
            _, status = os.waitpid(int(request.split()[1]), 0)
            control.send(b"%d" % os.waitstatus_to_exitcode(status))


def become_node(parent: int, descriptors: list[int]) -> NoReturn:
    """Live one life of a node in this process, which was just forked.

    `descriptors` are where the node reads its lines, where it writes lines, and its log.
    """
    # Ctrl-C goes to the whole foreground process group. The harness alone decides what becomes of the nodes.
    os.setsid()
    die_with(parent)
    source, sink, log = descriptors
    os.dup2(source, 0)
    os.dup2(log, 2)
    # A node that prints must not write among the lines for the harness, so its stdout is its log too.
    os.dup2(log, 1)
    try:
        run_node(0, sink)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    find_system(sys.argv[2])
    with socket.socket(fileno=0) as control:
        control.send(b"ready")
        fork_nodes(control)
