"""The story of a shrunk failure: the comment at the head of its plan."""

from __future__ import annotations

import textwrap
from itertools import groupby

import msgspec

from clew.harness.plan import Plan
from clew.harness.shrink.explicit import members_of
from clew.harness.shrink.shrink import Tried
from clew.harness.verdict.result import Result
from clew.harness.verdict.signature import OUTCOMES, Signature
from clew.histories import NEMESIS, History
from clew.histories.rounding import Moments, Rounding
from clew.histories.text import plural, printable, times, value_text
from clew.nemesis.fault import FaultEvent
from clew.nemesis.faults import from_value

WIDTH = 118
"""Characters in a line, without the `# `."""
NOT_REARRANGED = (
    "With any one of them left out, the failure was gone. Other arrangements were tried as far as the budget went."
)
"""Said if leaving out was tried to its end, and no more."""
NOT_FINISHED = "The search ended before it had tried everything: fewer may be enough."
"""Said if less was tried."""
LIVE_LEAVING_OUT = "With any one of them left out, the failure was gone or rare."
"""Said of a live run if leaving out was tried to its end."""


def story(original: Plan, plan: Plan, tried: Tried, signature: Signature, result: Result, history: History) -> str:
    """The comment: where the plan comes from, what happens in it, what breaks, and the command that shows it.

    `tried` is how much of the search was done on this plan. `signature`, `result` and `history` are those of the
    plan's run. The comment follows from the arguments: no time of day, and no folder but that of a system in a file.
    """
    members = members_of(plan)
    faults = sum(isinstance(member, FaultEvent) for member in members)
    left = (
        f"{plural(len(members) - faults, 'operation')} and {plural(faults, 'fault')} "
        f"on {plural(plan.system.nodes, 'node')}"
    )
    origin = f"Shrunk from {original.name}, seed {original.seed}"
    broke = signature.broke
    happened = [] if result.happened is None else [result.happened]
    lines = [
        {
            Tried.EVERYTHING: f"{origin}: {left} are enough.",
            Tried.LEAVING_OUT: f"{origin}: {left} are enough. {NOT_REARRANGED}",
            Tried.PART: f"{origin}, to {left}. {NOT_FINISHED}",
        }[tried],
        *happened,
        "",
        *timeline(history, plan.workload.clients),
        "",
        f"What breaks: {broke}. {result.checks[broke].why}" if broke in result.checks else broken_part(signature),
        "",
        "The same again, with this in ./plan.yaml: clew run ./plan.yaml",
    ]
    if plan.system.name.endswith(".py"):
        lines.append(f"The system is in {plan.system.name}. If it is elsewhere, add: --set system.name=FILE")
    return _comment(lines)


def _comment(lines: list[str]) -> str:
    out: list[str] = []
    for line in "\n".join(lines).split("\n"):
        out += textwrap.wrap(printable(line), WIDTH, subsequent_indent="  ") or [""]
    return "".join(f"# {line}".rstrip() + "\n" for line in out)


def live_story(
    original: Plan, plan: Plan, signature: Signature, result: Result, history: History, often: str, tried: Tried
) -> str:
    """The comment of a plan that was shrunk from a live run. `often` is how often it failed: "4 of 5 times".

    `signature`, `result` and `history` are those of one failing run: the next one will differ.
    """
    members = members_of(plan)
    faults = sum(isinstance(member, FaultEvent) for member in members)
    broke = signature.broke
    lines = [
        f"Shrunk from {original.name}, seed {original.seed}, a live run: {plural(len(members) - faults, 'operation')} "
        f"and {plural(faults, 'fault')} on {plural(plan.system.nodes, 'node')} failed {often}. "
        f"{NOT_FINISHED if tried is Tried.PART else LIVE_LEAVING_OUT}",
        *([] if result.happened is None else [result.happened]),
        "",
        "One run in which it failed:",
        *timeline(history, plan.workload.clients),
        "",
        f"What breaks: {broke}. {result.checks[broke].why}" if broke in result.checks else broken_part(signature),
        "",
        "No two live runs are alike. How often this one fails: clew run ./plan.yaml, then clew replay --times 20 "
        "store/latest",
    ]
    return _comment(lines)


def says(comment: str) -> Tried:
    """What a comment of `story` says of the search: how much was tried."""
    text = " ".join(comment.replace("\n#", " ").split())
    if NOT_FINISHED in text:
        return Tried.PART
    return Tried.LEAVING_OUT if NOT_REARRANGED in text else Tried.EVERYTHING


def broken_part(signature: Signature) -> str:
    return f"What breaks: the {signature.broke}. {signature.error}"


class _Operation(msgspec.Struct, frozen=True):
    """One operation of the story, or several of one client in a row that went alike."""

    start: int
    row: int
    end: int | None
    """When it ended (ns); None if it never did."""
    thread: int
    processes: tuple[int, ...]
    what: str
    """What was asked for, and what came out."""
    ok: bool

    def line(self, moments: Rounding) -> str:
        """The operation in a line. `moments` says how times are written."""
        when = f"{moments.text(self.start)} to {'the end' if self.end is None else moments.text(self.end)}"
        if len(self.processes) == 1:
            beside = "" if self.processes[0] == self.thread else f" (process {self.processes[0]})"
            return f"{when:<22} client {self.thread}{beside}: {self.what}"
        between = "to" if self.processes[1] == self.processes[0] + 1 else "..."
        processes = f"{self.processes[0]} {between} {self.processes[-1]}"
        return f"{when:<22} client {self.thread} (processes {processes}): {self.what}, {len(self.processes)} times"


def timeline(history: History, clients: int) -> list[str]:
    """A line for each operation and fault, in the order of their beginnings.

    A client that asks for the same thing again and again, without an answer, gets one line with a count. Keys are named
    if there are several.
    """
    lines: list[tuple[int, int, str]] = []
    moments = Moments(history, range(len(history.operations))).rounding
    operations = sorted(_operations(history, clients), key=lambda operation: (operation.thread, operation.row))
    for (_, _, ok), group in groupby(
        operations, key=lambda operation: (operation.thread, operation.what, operation.ok)
    ):
        alike = list(group)
        for some in [[one] for one in alike] if ok else [alike]:
            processes = tuple(process for one in some for process in one.processes)
            one = msgspec.structs.replace(some[0], processes=processes, end=some[-1].end)
            lines.append((one.start, one.row, one.line(moments)))
    for row, event in enumerate(history.events()):
        if event.process == NEMESIS and event.f.startswith("start-"):
            fault = from_value(event.value)
            end = "the end" if fault.until is None else moments.text(fault.until)
            when = f"{moments.text(fault.at)} to {end}"
            lines.append((event.time, row, f"{when:<22} {fault.fault.describe()}"))
    return [text for _, _, text in sorted(lines)]


def _operations(history: History, clients: int) -> list[_Operation]:
    operations = history.operations
    several = len(set(operations.key.tolist())) > 1
    found = []
    for i in range(len(operations)):
        ended, process = int(operations.completed[i]), int(operations.process[i])
        outcome = OUTCOMES[int(operations.outcome[i])]
        argument, result = history.values[operations.argument[i]], history.values[operations.result[i]]
        f = history.fs[operations.f[i]]
        on_key = f" on key {value_text(history.keys[operations.key[i]])}" if several else ""
        what = f"{f} {_value(f, argument)}".strip() + f"{on_key}: {outcome}"
        if outcome == "ok" and argument is None:
            what += f" {_value(f, result, 'nothing')}"
        found.append(
            _Operation(
                start=int(operations.start[i]),
                row=int(operations.invoked[i]),
                end=int(history.time[ended]) if ended >= 0 else None,
                # The processes of a thread differ by the number of threads.
                thread=process % clients,
                processes=(process,),
                what=what,
                ok=outcome == "ok",
            )
        )
    return found


def _value(f: str, value: object, nothing: str = "") -> str:
    """A value as the story tells it: of a cas what it changes to what, of a count how often it found each word."""
    if isinstance(value, list | tuple):
        if f == "cas":
            return " -> ".join(_value(f, part, "nothing") for part in value)
        if f == "count" and all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in value):
            return ", ".join(f"word {word} {times(often)}" for word, often in value) or "nothing"
        return value_text(value)
    return nothing if value is None else str(value)
