"""`clew serve`: the store as a web page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clew.harness.cli.options import StoreOption


def serve(
    store: StoreOption = Path("store"),
    host: Annotated[
        str,
        typer.Option(
            help="The address to listen on. The default is open to this machine only. With another address, everyone "
            "who can reach it can read the store."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes any free port.", min=0, max=65535)] = 8080,
) -> None:
    """Serve the store as a local web page, until Ctrl-C."""
    from clew.harness.cli.signals import stop_signals
    from clew.harness.view.serve import serve as serve_store

    with stop_signals():
        serve_store(store, host, port)
