"""What the harness costs in a live run: a system that does nothing, on the loopback, with clients that never pause.

    python -m tests.benchmarks.live [--seconds 5]

Its one node answers each request at once. So what is left is what any live run pays for a request: the client's step,
the conductor's, two lines of history on disk, and the datagrams. The first row has no clew in it: a loop of sockets
against a loop that sends everything back, both in Python. The last line says what the recorder takes of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import select
import socket
import tempfile
import time
from pathlib import Path

import trio

from clew.harness.bench.rsl import bench_plan, measure
from clew.harness.plan import loads, resolve
from clew.harness.run import header
from clew.histories import Recorder

CLIENTS = (32, 256)

NOTHING = """
import msgspec
from clew.systems import Protocol, Reply

class Ask(msgspec.Struct, frozen=True, tag="ask"):
    id: int

class Answer(Reply, frozen=True, tag="answer"):
    pass

class Node:
    def start(self, ctx): pass
    def receive(self, ctx, source, message):
        ctx.send(source, Answer(message.id))

class Client:
    def invoke(self, ctx, operation):
        ctx.send("n1", Ask(operation.id))
    def receive(self, ctx, source, message):
        ctx.complete("ok")

system = Protocol(
    name="nothing", summary="answers", messages=Ask | Answer, node=lambda p: Node(), client=lambda p: Client(),
    model="register", functions=("read", "write"),
)
"""

PLAN = """
name: nothing
system: {name: nothing.py, nodes: 1}
runtime: live
live: {network: loopback}
workload: {kind: cas-register, mix: {write: 1}, clients: 1, duration: 1s, timeout: 5s}
recovery: {after: 10ms}
checks: [liveness]
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    print("requests/s, and microseconds of processor time for a request")
    for clients in CLIENTS:
        rate, ours, theirs = bare(clients, seconds)
        print(f"  {clients:>3} clients  sockets alone      {rate:>9,.0f}  clients {ours:4.1f}   server {theirs:4.1f}")
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "nothing.py").write_text(NOTHING)
            settings = [f"workload.clients={clients}", f"workload.duration={round(seconds * 1e9)}ns"]
            plan = resolve(loads(PLAN, "plan", Path(folder)), None, settings)
            served = trio.run(lambda: measure(plan, Path(folder), trio.CancelScope(), watch=lambda progress: None))  # noqa: B023
        p50, p99 = served.latency[1], served.latency[3]
        print(
            f"  {clients:>3} clients  a live run         {served.rate:>9,.0f}  harness {served.harness:4.1f}   "
            f"node {served.nodes:4.1f}   latency {p50:.2f} ms, 99 % {p99:.2f} ms"
        )
    print(f"  of the harness's: the recorder {recorder():.1f}")


def recorder(events: int = 200_000) -> float:
    """Microseconds to record a request: two events, each written to disk when it happens."""
    with tempfile.TemporaryFile(buffering=0) as stream:
        made = Recorder(header(bench_plan("loopback", 1, 1)))
        made.write_to(stream)
        began = time.process_time()
        for number in range(events // 2):
            made.record(2 * number, number % 32, "invoke", "add-and-get", 0, 1)
            made.record(2 * number + 1, number % 32, "ok", "add-and-get", 0, number)
        return (time.process_time() - began) / (events / 2) * 1e6


def bare(clients: int, seconds: float) -> tuple[float, float, float]:
    """Closed-loop clients in one loop, and a server that sends everything back: requests a second, and microseconds of
    processor time for a request of the clients and of the server."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        used = multiprocessing.Value("d")
        process = multiprocessing.Process(target=echo, args=(server, used), daemon=True)
        process.start()
        sockets = {}
        poll = select.epoll()
        for _ in range(clients):
            one = socket.socket(type=socket.SOCK_DGRAM)
            one.bind(("127.0.0.1", 0))
            sockets[one.fileno()] = one
            poll.register(one, select.EPOLLIN)
        asked = bytes(60)
        began, before, requests = time.monotonic(), time.process_time(), 0
        for one in sockets.values():
            one.sendto(asked, server.getsockname())
        while time.monotonic() - began < seconds:
            for descriptor, _ in poll.poll():
                one = sockets[descriptor]
                one.recvfrom(65_536)
                one.sendto(asked, server.getsockname())
                requests += 1
        took = time.process_time() - before
        poll.close()
        next(iter(sockets.values())).sendto(b"", server.getsockname())
        process.join()
        for one in sockets.values():
            one.close()
    return requests / seconds, took / requests * 1e6, used.value / requests * 1e6


def echo(server: socket.socket, used: object) -> None:
    """Send everything back until an empty datagram comes."""
    while True:
        data, address = server.recvfrom(65_536)
        if not data:
            used.value = time.process_time()  # type: ignore[attr-defined]
            return
        server.sendto(data, address)


if __name__ == "__main__":
    main()
