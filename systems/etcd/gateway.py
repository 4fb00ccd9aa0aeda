"""How etcd's JSON gateway takes texts, and what it means for a change if a request to it fails."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TypeVar

import requests
from etcd3gw.exceptions import Etcd3Exception
from urllib3.exceptions import MaxRetryError, NewConnectionError

from clew.systems.program import Failed

T = TypeVar("T")


def base64_of(text: str) -> str:
    """How the gateway takes keys and values."""
    return base64.b64encode(text.encode()).decode()


def changed(call: Callable[[], T]) -> T:
    """Make a call that changes something. Raises `Failed` only if no connection to the node came about."""
    try:
        return call()
    except Etcd3Exception as error:
        if never_connected(error):
            raise Failed("no connection") from error
        raise OSError(said(error)) from error


def never_connected(error: BaseException) -> bool:
    """Whether a request has failed before any of it was sent."""
    cause = error.__context__
    tried = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    return isinstance(tried, MaxRetryError) and isinstance(tried.reason, NewConnectionError)


def said(error: Etcd3Exception) -> str:
    """What etcd or the library says, in one line."""
    if never_connected(error):
        return "no connection"
    return (error.detail_text or str(error) or type(error).__name__).strip().splitlines()[0][:200]
