"""What a checker answers, and how long it may take to answer."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Answer = Literal["valid", "invalid", "unknown"]
Why = Literal["time", "memory", "stopped"]
"""What ran out; or that the violation of another key made an answer unnecessary."""


class Budget(msgspec.Struct, frozen=True):
    """What one call of `check` may use: wall-clock seconds, and bytes of memory for what the search remembers."""

    seconds: float = 60.0
    bytes: int = 1 << 30


class KeyVerdict(msgspec.Struct, frozen=True):
    """The verdict on the operations of one key.

    Operations are named by their number: their position in `History.operations`.

    - `witness`, of a valid partition: the operations that took effect, in the order in which they did. Operations that
      failed are not in it, unless they observed a mismatch; nor those of unknown outcome that need not have happened.
    - `stuck`, of an invalid one: the index of the first event (a completion) at which no linearization is left; that
      is, no order explains this completion and all before it, even knowing how the others will end. Where
      `stuck_is_first` is False, the budget did not suffice to show that there is no earlier one.
    - `prefix`, of an invalid or undecided one: an order that explains all completions before some event, as far as
      the search came; if invalid, all before `stuck`.
    - `counterexample`, of an invalid one: the operations of the smallest sub-history found that is still not
      linearizable.
    """

    key: Any
    verdict: Answer
    operations: int
    engine: str
    why: Why | None = None
    witness: tuple[int, ...] | None = None
    stuck: int | None = None
    stuck_is_first: bool = True
    prefix: tuple[int, ...] | None = None
    counterexample: tuple[int, ...] | None = None
    explanation: str | None = None


class Verdict(msgspec.Struct, frozen=True):
    """Was the history linearizable? `verdict` is "valid", "invalid", or "unknown" and then `why` says what ran out.

    It is invalid if one partition is, otherwise unknown if one partition is. `explanation` says in words why it is
    invalid, `counterexample` names the operations that this takes (those of the first invalid partition). `seconds` is
    the only field that is not a function of history, model and engine (as long as the budget suffices).
    """

    verdict: Answer
    model: str
    engine: str
    operations: int
    keys: tuple[KeyVerdict, ...]
    why: Why | None = None
    explanation: str | None = None
    counterexample: tuple[int, ...] | None = None
    seconds: float = 0.0
