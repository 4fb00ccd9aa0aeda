"""What the server adds to the page of a run: links to other runs, and the messages that the page itself does not hold.

A report may come from anywhere, so its page has an origin of its own (see `application.FOREIGN`). It can ask for one
thing: the messages of its own run, with a token that only this page has got.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from pathlib import Path

import msgspec

from clew.harness.view.serve.links import Link
from clew.histories.journal_search import bytes_between, messages_between

MESSAGES_MAX = 1_500
"""How many messages are sent for one stretch of time. With more of them, a picture shows nothing."""
BYTES_MAX = 24 << 20
"""A stretch of a journal longer than this is not read: it takes a second, and has too many messages."""


def token_of(secret: bytes, place: str) -> str:
    """The token of a run's page. It is different for each run and for each server."""
    return hmac.digest(secret, place.encode(), "sha256").hex()


def with_added(page: bytes, links: Sequence[Link], messages: str | None) -> bytes:
    """A page with links, and with the address of its messages. A page that is not clew's does not look at them."""
    told = {"links": links, **({} if messages is None else {"messages": messages})}
    # A "<" could end the element.
    text = msgspec.json.encode(told).replace(b"<", b"\\u003c")
    return page + b'<script type="application/json" id="served">' + text + b"</script>\n"


def messages_as_json(journal: Path, start: float, end: float, places: Sequence[str]) -> bytes:
    """The messages from `start` to `end` (s) between these lanes, as the page draws them, and how many are left out.

    Of too many, the last are kept. Raises `HistoryError` for a journal that is none.
    """
    # Imported here because it takes longer than everything else that a server needs to start.
    from clew.harness.view.report.messages import message_table, place_name

    first, last = int(max(start, 0) * 1e9), int(max(end, 0) * 1e9)
    if bytes_between(journal, first, last) > BYTES_MAX:
        return msgspec.json.encode({"messages": message_table([], [], end), "left_out": None})
    found = messages_between(journal, first, last)
    # Lanes have the names that pictures use.
    names = {name: place_name(name) for message in found for name in (message.source, message.destination)}
    there = [message for message in found if {names[message.source], names[message.destination]} <= set(places)]
    kept = there[-MESSAGES_MAX:]
    table = message_table(kept, list(places), end)
    return msgspec.json.encode({"messages": table, "left_out": len(found) - len(kept)})
