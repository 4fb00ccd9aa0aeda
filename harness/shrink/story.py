"""What is left of a failure, in words: the comment at the head of a shrunk plan."""

from __future__ import annotations

import textwrap

from clew.harness.plan import Plan
from clew.harness.shrink.explicit import members_of
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import OUTCOMES, Signature
from clew.histories import NEMESIS, History
from clew.histories.text import plural, printable
from clew.nemesis.fault import FaultEvent
from clew.nemesis.faults import from_value
from clew.nemesis.latency import describe_duration

WIDTH = 118


def story(original: Plan, plan: Plan, signature: Signature, result: Result, history: History) -> str:
    """The comment: where the plan comes from, what happens in it, what is wrong, and the command that shows it.

    A function of its arguments, without times of day or folders, but for that of a system in a file.
    """
    members = members_of(plan)
    faults = sum(isinstance(member, FaultEvent) for member in members)
    lines = [
        f"Shrunk from {original.name}, seed {original.seed}: {plural(len(members) - faults, 'operation')} and "
        f"{plural(faults, 'fault')} on {plural(plan.system.nodes, 'node')} are enough.",
        "",
        *_happened(history),
        "",
        f"What breaks: {signature.broke}. {result.checks[signature.broke].why}"
        if signature.broke in result.checks
        else f"What breaks: {signature.error}",
        "",
        "The same again, with this in ./plan.yaml: clew run ./plan.yaml",
    ]
    if plan.system.name.endswith(".py"):
        lines.append(f"It is of {plan.system.name}; where that is in another place, add: --set system.name=FILE")
    out: list[str] = []
    for line in "\n".join(lines).split("\n"):
        out += textwrap.wrap(printable(line), WIDTH, subsequent_indent="  ") or [""]
    return "".join(f"# {line}".rstrip() + "\n" for line in out)


def _happened(history: History) -> list[str]:
    """A line for each operation and fault, in the order of their beginnings."""
    lines: list[tuple[int, int, str]] = []
    operations = history.operations
    for i in range(len(operations)):
        start, row = int(operations.start[i]), int(operations.invoked[i])
        ended = int(operations.completed[i])
        outcome = OUTCOMES[int(operations.outcome[i])]
        f = history.fs[operations.f[i]]
        argument, result = history.values[operations.argument[i]], history.values[operations.result[i]]
        said = f"{f} {_value(argument)}".strip() + f": {outcome}"
        if outcome == "ok" and argument is None:
            said += f" {_value(result, 'nothing')}"
        at = f"{describe_duration(start)} to {describe_duration(int(history.time[ended])) if ended >= 0 else 'the end'}"
        lines.append((start, row, f"{at:<22} client process {int(operations.process[i])}: {said}"))
    for row, event in enumerate(history.events()):
        if event.process == NEMESIS and event.f.startswith("start-"):
            fault = from_value(event.value)
            end = "the end" if fault.until is None else describe_duration(fault.until)
            lines.append((event.time, row, f"{f'{describe_duration(fault.at)} to {end}':<22} {fault.fault.describe()}"))
    return [text for _, _, text in sorted(lines)]


def _value(value: object, nothing: str = "") -> str:
    if isinstance(value, list | tuple):
        return " -> ".join(_value(part, "nothing") for part in value)
    return nothing if value is None else str(value)
