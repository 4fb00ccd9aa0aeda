"""The words of the comment above a shrunk plan: the sentence, clients by their names, and times in few digits."""

from __future__ import annotations

import pytest

from clew.harness.plan import load, resolve
from clew.harness.run import simulate
from clew.harness.shrink.run import smallest_plan
from clew.harness.shrink.story import _Operation as Operation
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


def test_the_sentence_stands_below_the_first_line_and_clients_have_their_names() -> None:
    original = resolve(load("caspaxos-highest-version"), 2)
    plan, tried = smallest_plan(original)
    history, outcome = simulate(plan)
    result = judge(plan, history, outcome)
    found = signature(result, history, outcome)
    assert found is not None
    comment = story(original, plan, tried, found, result, history)
    assert comment.splitlines()[1] == "# Two clients both swapped the unset value: one to 1, one to 2."
    assert "client 1: cas nothing -> 1: ok" in comment
    assert says(comment) is tried


def test_a_client_has_its_processes_beside_it() -> None:
    one = Operation(0, 0, "3ms", thread=1, processes=(6,), what="read: info", ok=False)
    assert one.line().endswith("client 1 (process 6): read: info")
    many = Operation(0, 0, "3ms", thread=1, processes=(1, 6, 11), what="read: info", ok=False)
    assert many.line().endswith("client 1 (processes 1 ... 11): read: info, 3 times")
