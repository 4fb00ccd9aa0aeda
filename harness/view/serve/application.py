"""The web application: a table, and below `/runs/` the files of the runs that are in it.

A file is found by the names of a run that the catalogue knows and of a file that a run has, never by a path: nothing
that a request says is joined to a path before it was found among those. Links are not followed.
"""

from __future__ import annotations

import ipaddress
import secrets
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import trio
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from clew.harness.store.folder import RUN_FILES
from clew.harness.view.serve.catalogue import Catalogue
from clew.harness.view.serve.pages import SCRIPT, View, listing, runs_page
from clew.harness.view.templates import script_hash

_ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
PLAIN = {
    **_ALWAYS,
    "Content-Security-Policy": f"default-src 'none'; script-src {script_hash(SCRIPT)}; style-src 'unsafe-inline'; "
    "img-src data: blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}
"""The headers of our own pages: they run our script and no other."""
FOREIGN = {
    **_ALWAYS,
    "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src 'none'; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
"""Those of a report. The file in the folder may be from anywhere, so it gets an origin of its own and no connection:
what runs in it can read nothing of the store.
"""
REFRESH = 0.5
"""Seconds for which a look at the store is good."""
CHUNK = 1 << 16


def application(store: Path, names: frozenset[str]) -> Starlette:
    """The application that serves the store. It answers to these names, and to addresses."""
    catalogue = Catalogue(store.resolve())
    fresh = _Fresh(catalogue)
    # The versions of two servers have nothing to do with each other: what one had sent, the next must send again.
    mine = secrets.token_hex(8)

    async def index(request: Request) -> Response:
        await fresh.wait()
        body = await trio.to_thread.run_sync(lambda: runs_page(catalogue, View.of(request.query_params), whole=True))
        return HTMLResponse(body, headers=PLAIN)

    async def table(request: Request) -> Response:
        await fresh.wait()
        tag = f'"{mine}-{catalogue.version}"'
        if request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers={"ETag": tag, **PLAIN})
        body = await trio.to_thread.run_sync(lambda: runs_page(catalogue, View.of(request.query_params), whole=False))
        return HTMLResponse(body, headers={"ETag": tag, **PLAIN})

    async def run(request: Request) -> Path:
        await fresh.wait()
        folder = catalogue.folder(request.path_params["group"], request.path_params["name"])
        if folder is None or folder.is_symlink():
            raise HTTPException(404, "there is no such run")
        return folder

    async def files(request: Request) -> Response:
        folder = await run(request)
        if not request.url.path.endswith("/"):
            return RedirectResponse(request.url.path + "/")
        there = [name for name, _ in contents(folder)]
        missing = [name for name in RUN_FILES if name not in there]
        body = listing(f"{folder.parent.name}/{folder.name}", sorted({"report.html", *there}), missing)
        return HTMLResponse(body, headers=PLAIN)

    async def file(request: Request) -> Response:
        folder = await run(request)
        name = request.path_params["file"]
        found = dict(contents(folder)).get(name)
        if name == "report.html" and found is None:
            # A run that was killed, or is going on, has no page yet: here is the page of what there is.
            return HTMLResponse(await trio.to_thread.run_sync(_report, folder), headers=FOREIGN)
        if found is None:
            raise HTTPException(404, "there is no such file")
        # A report is a page; nothing else from a run may act as one.
        if name == "report.html":
            return FileResponse(found, media_type="text/html", headers=FOREIGN)
        return FileResponse(found, media_type="text/plain; charset=utf-8", headers=PLAIN)

    async def archive(request: Request) -> Response:
        folder = await run(request)
        packed = await trio.to_thread.run_sync(pack, folder)
        headers = {**PLAIN, "Content-Disposition": f'attachment; filename="{folder.name}.zip"'}
        return StreamingResponse(_read(packed), media_type="application/zip", headers=headers)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/table", table),
            Route("/runs/{group}/{name}.zip", archive),
            Route("/runs/{group}/{name}", files),
            Route("/runs/{group}/{name}/", files),
            Route("/runs/{group}/{name}/{file:path}", file),
        ],
        middleware=[Middleware(_Named, names=names)],
    )


class _Named:
    """Answers only to whoever calls the server by its address or by one of its names (see
    `clew.harness.view.serve.names`)."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        called = called_by(Headers(scope=scope).get("host", "")) if scope["type"] == "http" else None
        if called is None or called in self._names or _is_address(called):
            await self._app(scope, receive, send)
            return
        words = f"This server is not called {called}. Ask for it by its address, or by the name of its machine."
        await PlainTextResponse(words, 400, headers=PLAIN)(scope, receive, send)


def called_by(host: str) -> str:
    """The name or address in a Host header, without the port."""
    return (host.partition("]")[0].removeprefix("[") if host.startswith("[") else host.partition(":")[0]).lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class _Fresh:
    """Looks at the store again if the last look was too long ago; once, however many wait for it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = trio.Lock()
        self._looked = float("-inf")

    async def wait(self) -> None:
        async with self._lock:
            if trio.current_time() - self._looked > REFRESH:
                await trio.to_thread.run_sync(self._catalogue.refresh)
                self._looked = trio.current_time()


def contents(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a run, by their names below its folder; links are left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.is_symlink() for part in (path, *path.parents) if folder in part.parents):
            yield path.relative_to(folder).as_posix(), path


def pack(folder: Path) -> IO[bytes]:
    """The files of a run as a zip, on disk if it is a large one. The caller closes it."""
    packed: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=16 << 20)  # noqa: SIM115
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in contents(folder):
            archive.write(path, f"{folder.name}/{name}")
    packed.seek(0)
    return packed


def _read(packed: IO[bytes]) -> Iterator[bytes]:
    with packed:
        while chunk := packed.read(CHUNK):
            yield chunk


def _report(folder: Path) -> str:
    from clew.harness.store.folder import NoRun
    from clew.harness.store.record import read_record
    from clew.harness.view.report import report
    from clew.histories import HistoryError

    try:
        return report(read_record(folder, seconds=10))
    except (NoRun, HistoryError) as error:
        raise HTTPException(404, str(error)) from None
