"""However a plan is damaged, reading it gives a plan or a `PlanError`, never anything else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clew.harness.plan import Plan, PlanError, dump, loads, resolve

SCRAPS = st.sampled_from(
    ["{", "}", "[", "]", ":", ": ", "- ", "\n", "\n  ", "\t", "'", '"', "#", "&a ", "*a", "!", "!!int ", "%", "|",
     ">", "?", "~", "null", "true", "-1", "0", "1e400", "99999999999999999999999999", ".nan", "5ms", "-5ms", "5 ms",
     "1GiB", "n1", "n9", "c0", "\x00", "\ufeff", "é", "\u2028", "\\", "---", "...", "<<: ", "{choice: []}",
     "{choice: [1, 2]}", "{uniform: [2, 1]}", "{uniform: [1ms, 2ms]}", "{exponential: 5ms}",
     "{constant: {choice: [1ms]}}", "every", "at", "[]", "{}", "unique", "none", "stub.py", "caspaxos", "uniform",
     "choice", "''"]
)  # fmt: skip
PATHS = st.sampled_from(
    ["", "name", "system", "system.name", "system.nodes", "system.variant", "system.quorum", "system.back_off",
     "system.patience", "system.label", "system.ratio", "system.mode", "system.sizes", "runtime", "workload",
     "workload.kind", "workload.clients", "workload.keys", "workload.operations", "workload.mix",
     "workload.mix.read", "workload.values", "workload.rate", "workload.think", "workload.timeout",
     "workload.duration", "network", "network.latency", "network.drop", "network.reorder", "network.clients",
     "network.clients.latency", "nemesis", "nemesis.0", "nemesis.0.partition", "nemesis.0.partition.kind",
     "nemesis.0.partition.every", "nemesis.0.partition.for", "nemesis.1.crash.target", "nemesis.1.crash.from",
     "nemesis.1.crash.until", "nemesis.2.network.delay", "nemesis.2.network.at", "nemesis.3.partition.grudge",
     "recovery", "checks", "budget", "budget.memory", "seed"]
)  # fmt: skip


def answer(text: str, folder, *overrides: str) -> None:
    """Resolve, and what resolves must come back from its YAML."""
    try:
        plan = resolve(loads(text, "plan.yaml", folder), None, overrides)
    except PlanError:
        return
    assert isinstance(plan, Plan)
    assert resolve(loads(dump(plan), "plan.yaml", folder)) == plan


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), SCRAPS | st.text(max_size=4)), min_size=1, max_size=4))
def test_a_plan_with_pieces_replaced_is_a_plan_or_an_error(text, folder, edits):
    for where, length, scrap in edits:
        start = int(where * len(text))
        text = text[:start] + scrap + text[start + length :]
    answer(text, folder)


@settings(max_examples=24)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_a_plan_with_lines_out_of_place_is_a_plan_or_an_error(text, folder, swaps):
    lines = text.splitlines(keepends=True)
    for where in swaps:
        lines.append(lines.pop(int(where * (len(lines) - 1))))
    answer("".join(lines), folder)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | SCRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SCRAPS | st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(PATHS, VALUES | SCRAPS.map(str)), min_size=1, max_size=2))
def test_a_plan_with_anything_in_any_field_is_a_plan_or_an_error(text, folder, overrides):
    answer(text, folder, *(f"{path}={value}" for path, value in overrides))


@settings(max_examples=24)
@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_anything_at_all_is_an_error(folder, text):
    answer(text, folder)
