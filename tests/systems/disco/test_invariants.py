"""Every invariant reports the message that breaks its promise, and explains it in words."""

from __future__ import annotations

import pytest

from clew.systems.disco.messages import (
    ABSENT,
    NEVER,
    Blob,
    BlobPut,
    Changed,
    Copied,
    Number,
    PutTag,
    Remove,
    TagCommitted,
    TagContents,
    TagData,
    TagHeld,
)
from tests.systems.observing import Line, explain

NODES = ("n2", "n3", "n4")


def blob(count: int) -> Blob:
    return Blob((1, count), NODES)


def pushed(count: int, nodes: tuple[str, ...] = NODES) -> list[Line]:
    return [(node, "c0", BlobPut(1, (1, count))) for node in nodes]


def put(version: Number, *blobs: int) -> list[Line]:
    data = TagData(version, tuple(map(blob, blobs)))
    return [("n1", node, PutTag(3, data)) for node in NODES]


def committed(version: Number, nodes: tuple[str, ...] = NODES) -> list[Line]:
    return [(node, "n1", TagCommitted(3, version)) for node in nodes]


def written(version: Number, *blobs: int) -> list[Line]:
    return [*put(version, *blobs), *committed(version)]


def changed(version: Number) -> Line:
    return "n1", "c0", Changed(1, 3, version)


def answered(version: Number, *blobs: int) -> Line:
    return "n1", "c1", TagContents(2, 3, TagData(version, tuple(map(blob, blobs))))


ONE = [*pushed(1), *written((1, 2), 1), changed((1, 2)), answered((1, 2), 1)]
TWO = [*ONE, *pushed(3), *written((1, 4), 1, 3), changed((1, 4)), answered((1, 4), 1, 3)]
COPIED: Line = ("n5", "n1", Copied(3, (1, 1)))
DELETED = [*TWO, *written((1, 5)), changed((1, 5)), ("n1", "n2", Remove(((1, 1), (1, 3)), ((3, (1, 5)),)))]
RIGHT = [*DELETED, COPIED, ("n2", "n1", TagHeld(3, 2, ABSENT)), answered(NEVER), changed(NEVER)]


@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [
        ("versions-grow", "version 1.1 of tag 3 is put after version 1.2", [*ONE, put((1, 1), 1)[0]]),
        ("versions-grow", "version 1.4 of tag 3 is put after version 1.4", [*TWO, put((1, 4), 1)[0]]),
        (
            "tagged-blobs-are-replicated",
            "tag 3 is to name blob 1.1, which 2 nodes have",
            [*pushed(1, NODES[:2]), put((1, 2), 1)[0]],
        ),
        (
            "tagged-blobs-are-replicated",
            "tag 3 is to name blob 1.1, which 2 nodes have",
            [*pushed(1), ("n1", "n4", Remove(((1, 1),), ())), put((1, 2), 1)[0]],
        ),
        (
            "named-blobs-stay",
            "blob 1.1 is removed, which version 1.4 of tag 3 names",
            [*TWO, ("n1", "n2", Remove(((1, 1),), ()))],
        ),
        (
            "changes-keep-the-rest",
            "version 1.6 of tag 3 follows from no version that is still there",
            [*TWO, *pushed(5), put((1, 6), 3, 5)[0]],
        ),
        (
            "acknowledged-is-replicated",
            "version 1.2 of tag 3 is acknowledged, and 2 nodes have it",
            [*pushed(1), *put((1, 2), 1), *committed((1, 2), NODES[:2]), changed((1, 2))],
        ),
        (
            "answers-are-the-newest",
            "version 1.2 of tag 3 is the answer, and version 1.4 was acknowledged",
            [*TWO, answered((1, 2), 1)],
        ),
        (
            "answers-are-the-newest",
            "version 0.0 of tag 3 is the answer, and version 1.4 was acknowledged",
            [*TWO, answered(NEVER)],
        ),
        (
            "answers-are-the-newest",
            "version 1.4 of tag 3 is the answer, and version 1.5 was acknowledged",
            [*DELETED, answered((1, 4), 1, 3)],
        ),
    ],
)
def test_a_broken_promise_is_found_and_explained(name: str, words: str, lines: list[Line]) -> None:
    assert words in explain("disco", name, *lines)
