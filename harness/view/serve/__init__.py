"""The store as a local web page.

run          one run as a row of the table
catalogue    what is in the store, kept in memory
index        the same on disk
links        from one run to others
added        what the server adds to the page of a run
pages        the table as HTML
application  the addresses, and what each of them returns
"""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import trio

from clew.harness.errors import UserError
from clew.harness.exception_groups import unwrap_exception_groups


def serve(store: Path, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve the store until Ctrl-C (SIGINT), and print the address.

    Raises `UserError` if the address cannot be used, or if the store is no folder.
    """
    if not store.is_dir():
        raise UserError(f"--store {store}: there is no such folder; clew run PLAN makes one")
    with unwrap_exception_groups():
        trio.run(serve_until_stopped, store, host, port, lambda address: print(f"{address}  (Ctrl-C ends)", flush=True))


async def serve_until_stopped(
    store: Path, host: str, port: int, ready: Callable[[str], None] = lambda address: None
) -> None:
    """Serve the store until SIGINT or a cancellation. `ready` is called with the address once it can be opened."""
    from hypercorn.config import Config
    from hypercorn.trio import serve as hypercorn

    from clew.harness.view.serve.application import application

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise UserError(f"--host {host}: {error.strerror}") from None
    config = Config()
    config.accesslog = None
    # Errors go to stderr. `ready` says that the server has begun.
    config.errorlog, config.loglevel = "-", "WARNING"
    config.graceful_timeout = 1.0
    with socket.socket(family, kind, protocol) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Bind here, not in the server: an address that is taken is the user's error, in one line.
        try:
            listening.bind(address)
        except OSError as error:
            raise UserError(f"{host} port {port} cannot be used: {(error.strerror or str(error)).lower()}") from None
        listening.listen(100)
        port = listening.getsockname()[1]
        # From here on the socket belongs to the server, which closes it.
        config.bind = [f"fd://{listening.detach()}"]
        name = f"[{host}]" if ":" in host else host
        with trio.open_signal_receiver(signal.SIGINT) as interrupts:

            async def stopped() -> None:
                async for _ in interrupts:
                    return

            app = application(store, names(host))
            # The socket listens already: a request that comes before the server has begun waits for it.
            ready(f"http://{name}:{port}/")
            await hypercorn(app, config, shutdown_trigger=stopped, mode="asgi")  # type: ignore[arg-type]


def names(host: str) -> frozenset[str]:
    """The host names, in lower case, that requests to this server may use. IP addresses are always allowed.

    This prevents DNS rebinding: a page elsewhere could make its own host name point to this server, and then read the
    store in the browser of a user who visits it. It cannot do so with an address, or with a name of this machine.
    """
    here = set()
    with contextlib.suppress(ValueError):
        if not ipaddress.ip_address(host).is_loopback:
            here = {socket.gethostname(), socket.getfqdn()}
    return frozenset(name.lower() for name in {"localhost", host, *here})
