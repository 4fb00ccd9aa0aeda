"""What the faults of a hunt did to its operations, as rows of a table. Faults that touched nothing show nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


def coverage(counts: Mapping[str, Counter[str]], seeds: int) -> list[tuple[str, int, str]]:
    """The rows: what, how often in all seeds together, and how that compares to other counts.

    `counts` are the sums of `Trial.counts`.
    """
    none: Counter[str] = Counter()
    faults, touched = counts.get("faults", none), counts.get("touched", none)
    operations, messages = counts.get("operations", none), counts.get("messages", none)
    rows = [
        (f"{kind} faults", count, f"{_share(touched[kind], count)} touched an operation")
        for kind, count in sorted(faults.items())
    ]
    if not faults:
        rows.append(("faults", 0, "nothing was broken"))
    rows += [
        (name, count, f"{count / max(seeds, 1):.1f} a run")
        for name, count in sorted(counts.get("landmarks", none).items())
    ]
    done = operations.total()
    rows += [
        (f"{outcome} operations", operations[kind], _share(operations[kind], done))
        for kind, outcome in (("ok", "ok"), ("fail", "failed"), ("info", "unknown"))
    ]
    sent = messages["sent"]
    rows += [
        (f"messages {lost}", messages[kind], f"{_share(messages[kind], sent)} of those sent")
        for kind, lost in (("loss", "lost"), ("partition", "cut off"), ("down", "to dead nodes"))
    ]
    return rows


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"
