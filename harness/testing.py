"""clew in a user's own test suite: a plan as a Hypothesis strategy, and an assertion of one line.

    from hypothesis import given, settings
    from clew.harness.testing import assert_holds, plans

    @settings(max_examples=20, deadline=None)
    @given(plan=plans("tests/register.yaml"))
    def test_my_register_is_linearizable(plan):
        assert_holds(plan)

Hypothesis chooses the seeds and remembers the failing ones in its database; its settings, profiles and
`--hypothesis-seed` are honoured. What is printed on failure is the shrunk plan, which anybody can run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from clew.harness.errors import UserError
from clew.harness.plan import Plan, dump, load, resolve
from clew.harness.run import simulate
from clew.harness.shrink.run import smallest
from clew.harness.shrink.story import story
from clew.harness.verdict.judge import judge
from clew.harness.verdict.signature import Signature, signature

__all__ = ["Broken", "assert_holds", "plans"]

SEEDS = 1 << 32


def plans(plan: str | Path, settings: Sequence[str] = ()) -> st.SearchStrategy[Plan]:
    """The plan in that file (or the shipped one of that name) for any seed, every distribution in it drawn anew.

    `settings` change fields as `--set` does. Raises `PlanError` at once for a plan that cannot be.
    """
    source = load(str(plan))
    resolve(source, 0, settings)
    return st.builds(lambda seed: resolve(source, seed, settings), st.integers(0, SEEDS - 1))


def assert_holds(plan: Plan) -> None:
    """Run the plan inline and in memory; raises `Broken`, an `AssertionError`, if a check of it is invalid."""
    history, outcome = simulate(plan)
    broke = signature(judge(plan, history, outcome), history, outcome)
    if broke is not None:
        raise Broken(plan, broke)


_known: dict[str, Plan] = {}


def _shrunk(text: str, plan: Plan) -> Plan:
    """The smallest plan found: Hypothesis runs a failing example several times, and prints each as if it were new."""
    if text not in _known:
        _known[text] = smallest(plan)
    return _known[text]


class Broken(AssertionError):
    """A run that fails. Printing it shrinks it first: it takes seconds, and Hypothesis prints only its last example."""

    def __init__(self, plan: Plan, signature: Signature) -> None:
        super().__init__(plan, signature)
        self.plan = plan
        self.signature = signature

    def __str__(self) -> str:
        try:
            plan = _shrunk(dump(self.plan), self.plan)
        except UserError as mistake:
            # A system that is no function of its seed cannot be shrunk: what failed is told all the same.
            return f"{self.plan.name}, seed {self.plan.seed}: {self.signature}\n\n{mistake}\n\n{dump(self.plan)}"
        history, outcome = simulate(plan)
        result = judge(plan, history, outcome)
        broke = signature(result, history, outcome) or self.signature
        return (
            f"{self.plan.name}, seed {self.plan.seed}: {broke}\n\n{story(self.plan, plan, broke, result, history)}"
            + dump(plan)
        )
