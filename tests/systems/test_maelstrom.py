"""What Maelstrom's messages mean: requests, answers, and errors that are definite or not."""

from __future__ import annotations

from typing import Any

import pytest

from clew.systems import Complete, Operation
from clew.systems.maelstrom import ERRORS, BadAnswer, answer, init_body, request

READ = Operation(6, "read", 0, None)
WRITE = Operation(6, "write", 0, 3)
CAS = Operation(6, "cas", 0, [3, 4])
CREATE = Operation(6, "cas", 0, [None, 4])


def error(code: int, text: str = "") -> dict[str, Any]:
    """The body of an error that answers operation 6."""
    return {"type": "error", "in_reply_to": 7, "code": code, **({"text": text} if text else {})}


def test_the_requests_are_those_of_the_protocol() -> None:
    assert init_body("n2", ("n1", "n2")) == {"type": "init", "msg_id": 1, "node_id": "n2", "node_ids": ["n1", "n2"]}
    assert request(READ) == {"type": "read", "msg_id": 7, "key": 0}
    assert request(WRITE) == {"type": "write", "msg_id": 7, "key": 0, "value": 3}
    assert request(CAS) == {"type": "cas", "msg_id": 7, "key": 0, "from": 3, "to": 4}


@pytest.mark.parametrize(
    ("operation", "body", "done"),
    [
        (READ, {"type": "read_ok", "value": 5}, Complete("ok", 5, None)),
        (WRITE, {"type": "write_ok"}, Complete("ok", 3, None)),
        (CAS, {"type": "cas_ok", "msg_id": 1}, Complete("ok", [3, 4], None)),
    ],
)
def test_an_answer_completes_its_operation(operation: Operation, body: dict[str, Any], done: Complete) -> None:
    assert answer(operation, {**body, "in_reply_to": 7}) == done


@pytest.mark.parametrize("reply", [6, 8, None])
def test_the_answer_to_another_request_is_none_to_this_one(reply: int | None) -> None:
    assert answer(READ, {"type": "read_ok", "value": 5, "in_reply_to": reply}) is None


@pytest.mark.parametrize("code", [code for code in ERRORS if code not in (20, 22)])
def test_a_definite_error_says_that_nothing_happened_and_an_indefinite_one_that_nobody_knows(code: int) -> None:
    assert answer(WRITE, error(code)) == Complete(
        "fail" if code not in (0, 13) else "info", None, f"{code} {ERRORS[code].name}"
    )


def test_the_codes_of_a_program_itself_are_indefinite() -> None:
    assert answer(WRITE, error(1000, "who knows")) == Complete("info", None, "1000 unknown: who knows")


@pytest.mark.parametrize("code", ERRORS)
def test_a_read_that_has_no_answer_has_certainly_done_nothing(code: int) -> None:
    expected = "ok" if code == 20 else "fail"
    assert answer(READ, error(code)) == Complete(
        expected, None, None if expected == "ok" else f"{code} {ERRORS[code].name}"
    )


@pytest.mark.parametrize(
    ("operation", "code", "error_text"),
    [(CAS, 22, "mismatch"), (CAS, 20, "mismatch"), (CREATE, 22, "mismatch"), (CREATE, 20, "20 key-does-not-exist")],
)
def test_a_compare_and_set_that_found_another_value_is_an_observation(
    operation: Operation, code: int, error_text: str
) -> None:
    """A missing key holds null. So it is no other value for a compare-and-set from null."""
    assert answer(operation, error(code)) == Complete("fail", None, error_text)


def test_an_echo_of_what_was_sent_reads_null_and_any_other_reads_what_came_back() -> None:
    sent = request(READ, "echo")
    assert (sent["type"], sent["msg_id"]) == ("echo", 7)
    for echoed, read in ((sent["echo"], None), ("something else", "something else")):
        body = {"type": "echo_ok", "in_reply_to": 7, "echo": echoed}
        assert answer(READ, body, "echo") == Complete("ok", read, None)
    with pytest.raises(BadAnswer, match="answered echo with 'read_ok'; expected echo_ok or error"):
        answer(READ, {"type": "read_ok", "in_reply_to": 7}, "echo")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"type": "write_ok"}, "answered read with 'write_ok'; expected read_ok or error"),
        ({"type": "read_ok"}, "sent a read_ok without 'value'"),
        ({"type": "error", "code": "20"}, "sent an error with the code '20'; expected a whole number"),
    ],
)
def test_what_is_no_answer_is_refused(body: dict[str, Any], said: str) -> None:
    with pytest.raises(BadAnswer, match=said):
        answer(READ, {**body, "in_reply_to": 7})
