"""What a read of a string has lost, or brought back, is said in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checkers.evidence.test_sentences import done, told

SINCE = "and nothing written or appended since makes that up"


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (
            (("append", "1.", "1."), ("delete", None, None), ("append", "2.", "2."), ("get", None, "1.2.")),
            f'A get returned "1.2." after a delete was acknowledged, {SINCE}.',
        ),
        (
            (("put", "1.", "1."), ("append", "2.", "2."), ("get", None, "1.2."), ("append", "3.", "3."),
             ("get", None, "1.3.")),
            f'A get returned "1.3." after another get had returned "1.2.", {SINCE}.',
        ),
        (
            (("append", "1.", "1."), ("put", "2.", "2."), ("append", "3.", "3."), ("get", None, "1.3.")),
            f'A get returned "1.3." after a put of "2." was acknowledged, {SINCE}.',
        ),
        (
            (("put", "1.", "1."), ("cas", ["1.", "2."], ["1.", "2."]), ("append", "3.", "3."),
             ("get", None, "1.3.")),
            f'A get returned "1.3." after a cas to "2." was acknowledged, {SINCE}.',
        ),
        (
            (("append", "1.", "1."), ("append", "2.", "2."), ("append", "1.", "1."), ("get", None, "1.2.")),
            f'A get returned "1.2." after the append of "1." was acknowledged, {SINCE}.',
        ),
    ],
)  # fmt: skip
def test_a_read_of_what_the_content_cannot_have_become_says_since_when(
    steps: tuple[tuple[str, Any, Any], ...], sentence: str
) -> None:
    events = [step for f, argument, result in steps for step in done(0, "ok", f, argument, result)]
    assert told("kv", *events) == sentence


def test_an_acknowledged_append_is_gone_though_others_wrote_at_the_same_time() -> None:
    steps = [(1, "invoke", "put", "9.", None), *done(0, "ok", "append", "1."), *done(0, "ok", "append", "2.")]
    steps += [*done(0, "ok", "get", None, "1."), (1, "ok", "put", "9.", None)]
    assert told("kv", *steps) == f'The acknowledged append of "2." is gone: a later get returned "1.", {SINCE}.'


@pytest.mark.parametrize(
    ("model", "steps", "sentence"),
    [
        (
            "append-list",
            (("append", 1, 1), ("append", 2, 2), ("read", None, [1])),
            "A read returned [1] after the append of 2 was acknowledged.",
        ),
        (
            "kv",
            (("append", "1.", "1."), ("append", "2.", "2."), ("get", None, "1.")),
            'A get returned "1." after the append of "2." was acknowledged.',
        ),
        (
            "set",
            (("add", 2, 2), ("contains", 2, False)),
            "A contains did not find 2 after its add was acknowledged, and nobody removed it since.",
        ),
    ],
)  # fmt: skip
def test_what_a_later_read_has_is_not_gone(model: str, steps: tuple[tuple[str, Any, Any], ...], sentence: str) -> None:
    later = {"append-list": ("read", None, [1, 2]), "kv": ("get", None, "1.2."), "set": ("read", None, [2])}[model]
    whole, gone = (
        told(model, *(step for f, argument, result in those for step in done(0, "ok", f, argument, result)))
        for those in ((*steps, later), steps)
    )
    assert whole == sentence
    assert "is gone" in gone
