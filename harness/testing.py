"""clew in a user's own test suite: a plan as a Hypothesis strategy, and an assertion of one line.

    from hypothesis import given, settings
    from clew.harness.testing import assert_holds, plans

    @settings(max_examples=20, deadline=None)
    @given(plan=plans("tests/register.yaml"))
    def test_my_register_is_linearizable(plan):
        assert_holds(plan)

Hypothesis chooses the seeds and keeps the failing ones in its database. Its settings, profiles and `--hypothesis-seed`
work as usual. A failure prints the shrunk plan, which `clew run` can run.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from clew.harness.errors import UserError
from clew.harness.plan import Plan, dump, load, resolve
from clew.harness.run import simulate
from clew.harness.shrink.run import smallest_plan
from clew.harness.shrink.shrink import Tried
from clew.harness.shrink.story import story
from clew.harness.verdict.judge import judge
from clew.harness.verdict.signature import Signature, signature

__all__ = ["Broken", "assert_holds", "plans"]

SEEDS = 1 << 32


def plans(plan: str | Path, settings: Sequence[str] = ()) -> st.SearchStrategy[Plan]:
    """The plan in this file, or the shipped plan of this name, for any seed. Each seed draws its distributions anew.

    `settings` change fields as `--set` does. Raises `PlanError` at once for a plan that cannot be used.
    """
    source = load(str(plan))
    resolve(source, 0, settings)
    return st.builds(lambda seed: resolve(source, seed, settings), st.integers(0, SEEDS - 1))


def assert_holds(plan: Plan) -> None:
    """Run the plan inline and in memory, or live. Raises `Broken`, an `AssertionError`, if the run fails."""
    history, outcome = simulate(plan)
    result = judge(plan, history, outcome)
    found = signature(result, history, outcome)
    if found is not None:
        raise Broken(plan, found, result.explanation)


_smallest: dict[str, tuple[Plan, Tried]] = {}
"""What `smallest_plan` found, by the text of the failing plan: Hypothesis prints one example several times."""


class Broken(AssertionError):
    """A run failed. Printing this error shrinks the plan, which takes seconds. Hypothesis prints only its last one.

    The plan of a live run is not shrunk: each try takes as long as the run.
    """

    plan: Plan
    """The plan that failed."""
    signature: Signature
    """What broke."""

    explanation: str
    """The reason for the verdict."""

    def __init__(self, plan: Plan, signature: Signature, explanation: str) -> None:
        super().__init__(plan, signature, explanation)
        self.plan = plan
        self.signature = signature
        self.explanation = explanation

    def __str__(self) -> str:
        text = dump(self.plan)
        if self.plan.runtime == "live":
            return f"{self.plan.name}, seed {self.plan.seed}: {self.signature}\n\n{self.explanation}\n\n{text}"
        try:
            if text not in _smallest:
                _smallest[text] = smallest_plan(self.plan)
        except UserError as error:
            # A system that does not depend on its seed alone cannot be shrunk. Print what is known.
            return f"{self.plan.name}, seed {self.plan.seed}: {self.signature}\n\n{error}\n\n{text}"
        plan, tried = _smallest[text]
        history, outcome = simulate(plan)
        result = judge(plan, history, outcome)
        found = signature(result, history, outcome) or self.signature
        return (
            f"{self.plan.name}, seed {self.plan.seed}: {result.happened or found}\n\n"
            + story(self.plan, plan, tried, found, result, history)
            + dump(plan)
        )
