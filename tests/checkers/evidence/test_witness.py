"""A witness that is wrong in one way only is refused: what is trusted in the end is `verify_witness`."""

from __future__ import annotations

import msgspec
import pytest

from clew.checkers import Budget, Stuck, Verdict, WitnessError, check, verdict_on, verify_witness
from clew.checkers.evidence import stuck
from clew.checkers.verdict import KeyVerdict
from clew.histories import Event, EventType, History

Step = tuple[int, EventType, str, str, object, str | None]
STEPS: list[Step] = [
    (0, "invoke", "write", "a", 1, None), (0, "ok", "write", "a", 1, None),  # 0
    (1, "invoke", "write", "a", 2, None), (1, "info", "write", "a", 2, None),  # 1: may have taken effect
    (2, "invoke", "cas", "a", [9, 4], None), (2, "fail", "cas", "a", [9, 4], "refused"),  # 2: tells nothing
    (2, "invoke", "cas", "a", [9, 4], None), (2, "fail", "cas", "a", [9, 4], "mismatch"),  # 3
    (2, "invoke", "read", "a", None, None), (2, "ok", "read", "a", 1, None),  # 4
    (2, "invoke", "read", "a", None, None), (2, "ok", "read", "a", 1, None),  # 5
    (2, "invoke", "write", "a", 5, None),  # 6, open together with
    (3, "invoke", "read", "a", None, None), (3, "ok", "read", "a", 1, None),  # 7
    (2, "ok", "write", "a", 5, None),
    (4, "invoke", "write", "b", 1, None), (4, "ok", "write", "b", 1, None),  # 8
]  # fmt: skip
HISTORY = History.of(
    Event(at, at, process, kind, f, key, value, error) for at, (process, kind, f, key, value, error) in enumerate(STEPS)
)
SOUND = check(HISTORY, "cas-register")


def said_of(witness: tuple[int, ...] | None) -> Verdict:
    """The verdict with another witness for key a."""
    first, *others = SOUND.keys
    return msgspec.structs.replace(SOUND, keys=(msgspec.structs.replace(first, witness=witness), *others))


@pytest.mark.parametrize("witness", [SOUND.keys[0].witness, (0, 3, 4, 5, 7, 6), (0, 3, 4, 5, 7, 6, 1)])
def test_a_linearization_is_a_witness_whatever_the_unknown_did(witness: tuple[int, ...]) -> None:
    verify_witness(HISTORY, "cas-register", said_of(witness))


@pytest.mark.parametrize(
    ("witness", "said"),
    [
        (None, "has no witness"),
        ((0, 3, 4, 5, 7, 6, 6), "does not hold exactly the operations that count"),
        ((0, 3, 4, 5, 6), "does not hold exactly the operations that count"),  # without the read 7
        ((0, 4, 5, 7, 6), "does not hold exactly the operations that count"),  # without the mismatch
        ((0, 2, 3, 4, 5, 7, 6), "does not hold exactly the operations that count"),  # with what failed
        ((0, 3, 4, 5, 7, 6, 8), "does not hold exactly the operations that count"),  # with one of another key
        ((0, 3, 5, 4, 7, 6), "operation 4 stands after one that was invoked only when it had returned"),
        ((0, 3, 4, 5, 6, 7), "operation 7 is impossible in state"),
        ((0, 1, 3, 4, 5, 7, 6), "operation 4 is impossible in state"),
    ],
)
def test_a_witness_that_is_wrong_in_one_way_is_refused(witness: tuple[int, ...] | None, said: str) -> None:
    with pytest.raises(WitnessError, match=said):
        verify_witness(HISTORY, "cas-register", said_of(witness))


def test_every_key_needs_one_verdict_and_no_other_key_has_one() -> None:
    a, b = SOUND.keys

    def refused(*keys: KeyVerdict) -> str:
        with pytest.raises(WitnessError) as error:
            verify_witness(HISTORY, "cas-register", msgspec.structs.replace(SOUND, keys=keys))
        return str(error.value)

    assert refused(a) == "there is no verdict on key 'b'"
    assert refused(a, b, b) == "there are two verdicts on key 'b'"
    elsewhere = msgspec.structs.replace(b, key="c")
    assert refused(a, b, elsewhere) == "there is a verdict on key 'c', which the history does not have"


@pytest.mark.parametrize("seconds", [60, 0])
def test_a_completion_that_an_order_explains_is_not_called_impossible(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if that is found only when the key is looked at alone. A test was stopped by a mistake of clew's."""
    found = check(HISTORY, "cas-register", budget=Budget(seconds))
    assert found.verdict == ("valid" if seconds else "unknown")
    monkeypatch.setattr(stuck, "check", lambda *_, **__: found)
    read = int(HISTORY.operations.completed[5])
    with pytest.raises(WitnessError, match="an order was found that explains"):
        verdict_on(HISTORY, "cas-register", Stuck(read))
