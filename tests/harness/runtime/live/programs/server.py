"""A register on each node, over TCP: a line of JSON in, one out. `python server.py BEHAVIOUR HOST PORT DATA`.

well        it serves
exits       it says why and exits with status 3
leaves      it exits with status 0 at once, as a program does that becomes a daemon
late        it exits with status 7 when it is asked for the tenth time
never       it never listens
elsewhere   it listens on the port above
floods      it prints 40 MB before it serves, and more with each request
daemon      it serves in a daemon that it has started
stale       half of its reads return what was written before the last write
"""

from __future__ import annotations

import itertools
import json
import os
import socketserver
import sys
import threading
import time
from pathlib import Path

behaviour, host, port, data = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
requests = itertools.count(1)
lock = threading.Lock()
FLOOD = "x" * 99 + "\n"


class Register(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        file = data / "value"
        for line in self.rfile:
            number = next(requests)
            if behaviour == "late" and number == 10:
                print("the tenth request is too much", flush=True)
                os._exit(7)
            if behaviour == "floods":
                print(FLOOD * 100, end="", flush=True)
            f, value = json.loads(line)
            with lock:
                old = json.loads(file.read_text()) if file.exists() else [None, None]
                if f == "write":
                    (data / "new").write_text(json.dumps([value, old[0]]))
                    (data / "new").replace(file)
                    old = [value, None]
            stale = behaviour == "stale" and f == "read" and number % 2
            self.wfile.write(json.dumps(old[1 if stale else 0]).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if behaviour == "exits":
    print("no configuration", file=sys.stderr)
    sys.exit(3)
if behaviour == "leaves":
    sys.exit(0)
if behaviour == "never":
    time.sleep(1000)
if behaviour == "floods":
    for _ in range(4000):
        sys.stdout.write(FLOOD * 100)
    sys.stdout.flush()
if behaviour == "daemon":
    if os.fork():
        time.sleep(1000)
    os.setsid()
    if os.fork():
        os._exit(0)
print(f"serving on {port}", flush=True)
with Server((host, port + (behaviour == "elsewhere")), Register) as server:
    server.serve_forever()
