"""What a checker answers, and how long it may take to answer."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Answer = Literal["valid", "invalid", "unknown"]
Why = Literal["time", "memory", "stopped"]
"""What ran out. "stopped": the violation of another key made an answer unnecessary."""


class Budget(msgspec.Struct, frozen=True):
    """What one call of `check` may use."""

    seconds: float = 60.0
    """Wall-clock seconds."""
    bytes: int = 1 << 30
    """Memory for what the search remembers."""


class KeyVerdict(msgspec.Struct, frozen=True):
    """The verdict on the operations of one key.

    Operations are named by their number, which is their position in `History.operations`.
    """

    key: Any
    verdict: Answer
    operations: int
    """How many operations count: those that failed do not, unless they observed a mismatch."""
    engine: str
    """The engine that decided."""
    why: Why | None = None
    """If unknown: what ran out."""
    witness: tuple[int, ...] | None = None
    """If valid: the operations that took effect, in the order in which they did. It holds no operation that failed,
    except mismatches, and none of unknown outcome that need not have happened."""
    stuck: int | None = None
    """If invalid: the index of the first event, a completion, that no order explains together with everything before
    it. Operations that were open then may have taken effect or not. If so, they had the result that came later."""
    stuck_is_first: bool = True
    """If invalid: False if the budget did not suffice to show that there is no earlier one, or if an earlier one takes
    many operations to show and this one few."""
    prefix: tuple[int, ...] | None = None
    """If invalid or unknown: an order that explains a beginning of the history, the longest that was found. If invalid
    and `stuck_is_first`, it explains everything that completed before `stuck`."""
    counterexample: tuple[int, ...] | None = None
    """If invalid: the smallest set of operations found that are impossible together, with those that say where their
    values came from."""
    contradiction: tuple[int, ...] | None = None
    """If invalid: the operations of the counterexample that contradict each other. The others only say where a value
    came from. None of these can be left out, if the budget sufficed to show it."""
    explanation: str | None = None
    """If invalid or unknown: the reason in words."""
    happened: str | None = None
    """If invalid: one sentence that says what happened, such as "A read returned 1 after 2 was acknowledged."."""


class Verdict(msgspec.Struct, frozen=True):
    """Was the history linearizable?

    Every field but `seconds` is a function of the history, the model and the engine, as long as the budget suffices.
    """

    verdict: Answer
    """Invalid if a key is invalid, otherwise unknown if a key is unknown, otherwise valid. Unknown if there are no
    operations."""
    model: str
    engine: str
    """The engine that was asked for."""
    operations: int
    """How many operations the history has."""
    keys: tuple[KeyVerdict, ...]
    """The verdict on each key, in the order of the keys' first appearance."""
    why: Why | None = None
    """If unknown: what ran out, for the first key that is unknown."""
    explanation: str | None = None
    """The explanation of the first key that is invalid, or else unknown."""
    counterexample: tuple[int, ...] | None = None
    """The counterexample of the first key that is invalid."""
    happened: str | None = None
    """What happened, in one sentence, for the first key that is invalid."""
    core: tuple[str, ...] = ()
    """The operations of the counterexample in words, in the order in which they began. Of a long one the beginning."""
    seconds: float = 0.0
    """Wall-clock seconds that the check took."""

    @property
    def valid(self) -> bool:
        """True if the verdict is "valid". Write `assert verdict.valid`: pytest prints what happened if it is not."""
        return self.verdict == "valid"

    def __repr__(self) -> str:
        """The verdict and what happened: what a failed assertion shows."""
        if self.happened is None:
            why = "" if self.why is None else f", out of {self.why}"
            return f"<{self.verdict}{why}: {self.operations} operations of a {self.model}>"
        return f"<{self.verdict}: {self.happened} {'; '.join(self.core)}>"
