"""The web application: a table of runs, and below `/runs/` their files.

    /                                the table
    /table                           only the table, for the page to refresh itself
    /diff?run=G/N&run=G/N            two runs compared
    /runs/GROUP/NAME/                the files of a run
    /runs/GROUP/NAME/FILE            one file; `report.html` is made if the run has none
    /runs/GROUP/NAME/messages        the messages of a stretch of time, for the page of this run alone
    /runs/GROUP/NAME.zip             all files of a run

A request never names a path. Its run must be in the catalogue and its file in the run's folder; only then are the
names joined to a path. Links are not followed.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
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

from clew.harness.store.run_files import RUN_FILES
from clew.harness.view.serve.added import messages_as_json, token_of, with_added
from clew.harness.view.serve.catalogue import Catalogue
from clew.harness.view.serve.links import address, links_of
from clew.harness.view.serve.pages import SCRIPT, View, diff_page, listing, runs_page
from clew.harness.view.serve.run import Run
from clew.harness.view.templates import script_hash

_ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}
PLAIN = {
    **_ALWAYS,
    "Content-Security-Policy": f"default-src 'none'; script-src {script_hash(SCRIPT)}; style-src 'unsafe-inline'; "
    "img-src data: blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}
"""The headers of clew's own pages. They run clew's script and no other."""
FOREIGN = {
    **_ALWAYS,
    "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src {messages}; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
"""The headers of a report. The file may come from anywhere, so it gets an origin of its own, and may connect to the
messages of its own run alone: its scripts cannot read the store.
"""
_HOST = re.compile(r"[A-Za-z0-9_.:\[\]-]+")
"""What a Host header may be to be put into another header."""
REFRESH_SECONDS = 0.5
"""How long the catalogue is used before the store is read again."""
CHUNK_BYTES = 1 << 16
LONGEST_SECONDS = 1e9
"""No run is as long as this."""


def application(store: Path, names: frozenset[str]) -> Starlette:
    """The application that serves the store. It answers requests for these host names, and for IP addresses."""
    catalogue = Catalogue(store.resolve())
    fresh = _Fresh(catalogue)
    # Version numbers start anew with each server. The token keeps a browser from mixing up two servers.
    server = secrets.token_hex(8)
    secret = secrets.token_bytes(32)

    async def index(request: Request) -> Response:
        await fresh.wait()
        body = await trio.to_thread.run_sync(lambda: runs_page(catalogue, View.of(request.query_params), whole=True))
        return HTMLResponse(body, headers=PLAIN)

    async def table(request: Request) -> Response:
        await fresh.wait()
        tag = f'"{server}-{catalogue.version}"'
        if request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers={"ETag": tag, **PLAIN})
        body = await trio.to_thread.run_sync(lambda: runs_page(catalogue, View.of(request.query_params), whole=False))
        return HTMLResponse(body, headers={"ETag": tag, **PLAIN})

    async def find(request: Request) -> tuple[Run, Path]:
        await fresh.wait()
        return _find(catalogue, request.path_params["group"], request.path_params["name"])

    async def diff(request: Request) -> Response:
        await fresh.wait()
        places = [place.partition("/") for place in request.query_params.getlist("run")]
        if len(places) != 2:
            raise HTTPException(400, f"two runs can be compared, and {len(places)} are ticked")
        sides = [_find(catalogue, group, name) for group, _, name in places]
        return HTMLResponse(await trio.to_thread.run_sync(_diff, sides), headers=PLAIN)

    async def files(request: Request) -> Response:
        run, folder = await find(request)
        if not request.url.path.endswith("/"):
            return RedirectResponse(request.url.path + "/")
        there = [name for name, _ in contents(folder)]
        missing = [name for name in RUN_FILES if name not in there]
        links = [link for link in links_of(run, catalogue.runs) if link[0] != "files"]
        body = listing(run.place, sorted({"report.html", *there}), missing, links)
        return HTMLResponse(body, headers=PLAIN)

    async def file(request: Request) -> Response:
        run, folder = await find(request)
        name = request.path_params["file"]
        found = dict(contents(folder)).get(name)
        # Only the report may act as a page. Every other file is plain text.
        if name == "report.html":
            # A run that was killed or still goes on has no page. Make one of what there is.
            page = await trio.to_thread.run_sync(_report if found is None else Path.read_bytes, found or folder)
            return _foreign(request, run, page, there=(folder / "messages.jsonl").is_file())
        if found is None:
            raise HTTPException(404, "there is no such file")
        return FileResponse(found, media_type="text/plain; charset=utf-8", headers=PLAIN)

    def _foreign(request: Request, run: Run, page: bytes, *, there: bool) -> Response:
        """The page of a run with what the server adds to it, and its headers."""
        where = f"{address(run)}/messages"
        host = request.headers.get("Host", "")
        source = f"{request.url.scheme}://{host}{where}" if there and _HOST.fullmatch(host) else "'none'"
        headers = {name: value.replace("{messages}", source) for name, value in FOREIGN.items()}
        asked = f"{where}?token={token_of(secret, run.place)}" if there else None
        return HTMLResponse(with_added(page, links_of(run, catalogue.runs), asked), headers=headers)

    async def messages(request: Request) -> Response:
        run, folder = await find(request)
        query = request.query_params
        if not hmac.compare_digest(query.get("token", "").encode(), token_of(secret, run.place).encode()):
            raise HTTPException(403, "this is for the page of the run")
        journal = dict(contents(folder)).get("messages.jsonl")
        try:
            start, end = float(query.get("start", "")), float(query.get("end", ""))
        except ValueError:
            raise HTTPException(400, "start and end are numbers of seconds") from None
        if journal is None or not 0 <= start <= end < LONGEST_SECONDS:
            raise HTTPException(404, "there are no such messages")
        places = query.get("places", "").split("\n")
        body = await trio.to_thread.run_sync(_messages, journal, start, end, places)
        # The page has no origin, which is called "null". Other pages may have none too, but they have no token.
        headers = {**PLAIN, "Access-Control-Allow-Origin": "null"}
        return Response(body, media_type="application/json", headers=headers)

    async def archive(request: Request) -> Response:
        _, folder = await find(request)
        packed = await trio.to_thread.run_sync(pack, folder)
        headers = {**PLAIN, "Content-Disposition": f'attachment; filename="{folder.name}.zip"'}
        return StreamingResponse(_read(packed), media_type="application/zip", headers=headers)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/table", table),
            Route("/diff", diff),
            Route("/runs/{group}/{name}.zip", archive),
            Route("/runs/{group}/{name}", files),
            Route("/runs/{group}/{name}/", files),
            Route("/runs/{group}/{name}/messages", messages),
            Route("/runs/{group}/{name}/{file:path}", file),
        ],
        middleware=[Middleware(_HostCheck, names=names)],
    )


class _HostCheck:
    """Refuses requests for other host names (see `clew.harness.view.serve.names`)."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = host_of(Headers(scope=scope).get("host", "")) if scope["type"] == "http" else None
        if host is None or host in self._names or _is_address(host):
            await self._app(scope, receive, send)
            return
        words = f"This server is not called {host}. Use its IP address, or the name of its machine."
        await PlainTextResponse(words, 400, headers=PLAIN)(scope, receive, send)


def host_of(header: str) -> str:
    """The name or address in a Host header, without the port."""
    return (header.partition("]")[0].removeprefix("[") if header.startswith("[") else header.partition(":")[0]).lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class _Fresh:
    """Reads the store again if the catalogue is older than `REFRESH_SECONDS`; once for all requests that wait."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = trio.Lock()
        self._read = float("-inf")

    async def wait(self) -> None:
        async with self._lock:
            if trio.current_time() - self._read > REFRESH_SECONDS:
                await trio.to_thread.run_sync(self._catalogue.refresh)
                self._read = trio.current_time()


def contents(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a run: their names relative to its folder, and their paths. Links are left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.is_symlink() for part in (path, *path.parents) if folder in part.parents):
            yield path.relative_to(folder).as_posix(), path


def pack(folder: Path) -> IO[bytes]:
    """The files of a run as a zip, kept on disk if it is large. The caller closes it."""
    packed: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=16 << 20)  # noqa: SIM115
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in contents(folder):
            archive.write(path, f"{folder.name}/{name}")
    packed.seek(0)
    return packed


def _read(packed: IO[bytes]) -> Iterator[bytes]:
    with packed:
        while chunk := packed.read(CHUNK_BYTES):
            yield chunk


def _find(catalogue: Catalogue, group: str, name: str) -> tuple[Run, Path]:
    """A run and its folder. Raises a 404 if there is none."""
    run, folder = catalogue.find(group, name), catalogue.folder(group, name)
    if run is None or folder is None or folder.is_symlink():
        raise HTTPException(404, "there is no such run")
    return run, folder


def _messages(journal: Path, start: float, end: float, places: list[str]) -> bytes:
    from clew.histories import HistoryError

    try:
        return messages_as_json(journal, start, end, places)
    except HistoryError as error:
        raise HTTPException(404, str(error)) from None


def _diff(sides: list[tuple[Run, Path]]) -> str:
    from clew.harness.store.folder import NoRun
    from clew.harness.view.diff import compare
    from clew.histories import HistoryError

    (one, first), (other, second) = sides
    try:
        return diff_page(one, other, compare(first, second))
    except (NoRun, HistoryError) as error:
        raise HTTPException(404, str(error)) from None


def _report(folder: Path) -> bytes:
    from clew.harness.store.folder import NoRun
    from clew.harness.store.record import read_record
    from clew.harness.view.report import report
    from clew.histories import HistoryError

    try:
        return report(read_record(folder, seconds=10)).encode()
    except (NoRun, HistoryError) as error:
        raise HTTPException(404, str(error)) from None
