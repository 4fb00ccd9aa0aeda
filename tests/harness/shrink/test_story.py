"""The comment above a shrunk plan: the sentence, clients by their names, and times in few digits."""

from __future__ import annotations

import pytest

from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.harness.shrink.shrink import Tried
from clew.harness.shrink.story import rounded, says, story
from clew.harness.verdict.judge import judge
from clew.harness.verdict.signature import signature


@pytest.mark.parametrize(
    ("ns", "text"),
    [(0, "0s"), (1, "0s"), (1_234, "1us"), (4_033_000, "4ms"), (121_597_000, "122ms"), (999_600_000, "1s"),
     (11_610_154_000, "11.61s")],
)  # fmt: skip
def test_a_time_has_few_digits(ns: int, text: str) -> None:
    assert rounded(ns) == text


def test_the_sentence_stands_below_the_first_line_and_clients_have_their_processes_beside_them() -> None:
    plan = resolve(load("caspaxos-highest-version"), 2)
    history, outcome = simulate(plan)
    result = judge(plan, history, outcome)
    found = signature(result, history, outcome)
    assert found is not None
    comment = story(plan, plan, Tried.EVERYTHING, found, result, history)
    assert comment.splitlines()[1] == "# Two clients both swapped 151: one to 39, one to 154."
    assert "client 0 (process 9): cas 151 -> 39: ok" in comment
    assert "client process" not in comment
    assert says(comment) is Tried.EVERYTHING
