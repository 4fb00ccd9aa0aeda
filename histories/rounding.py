"""Times rounded to what matters: "11.610 s" in a run of 18 s, "121.6 ms" in one of 0.4 s.

Stories, explanations, diagrams and pages all write times so. Exact times are in `--json` and in the details of a page.
`drawing/frame.js` has the same rule for what a page writes later.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from clew.histories.history import History

UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))


_FINEST = 10**6
"""How many of its steps a unit has at most, unless the times are longer than one of the unit: six digits."""
Told = tuple[int, int]
"""A time in ns, and the number of the client whose operation began or ended then."""


class Rounding(NamedTuple):
    """How times are written: in units of `size` ns, with the fewest digits that show steps of `step` ns."""

    unit: str
    size: int
    step: int
    """A power of ten, at most `size`."""

    def of(self, ns: int) -> int:
        """The time as a whole number of steps, halves rounded up."""
        return (ns + self.step // 2) // self.step

    def text(self, ns: int) -> str:
        """The time with its unit: `11.610 s`."""
        steps, digits = self.of(ns), len(str(self.size // self.step)) - 1
        sign, whole = "-" if steps < 0 else "", str(abs(steps)).rjust(digits + 1, "0")
        point = len(whole) - digits
        return f"{sign}{whole[:point]}{'.' if digits else ''}{whole[point:]} {self.unit}"


def rounding(last: int, begun: Iterable[Told] = (), over: Iterable[Told] = (), others: Iterable[int] = ()) -> Rounding:
    """How to write the times (ns) of a run that ends at `last`: four digits of the whole, and at least to the ms.

    `begun` and `over` are the beginnings and ends of operations that are told together. They get more digits if
    otherwise a beginning and an end would look equal: their order is what an explanation is about. Two beginnings may
    look equal, because their order does not matter. An end and the next beginning of the same client may look equal,
    because everybody knows their order. All times, `others` too, get fewer digits if these are all zeros.
    """
    unit, size = _unit(last)
    seconds = max(last, 1) / 1e9
    step: int = 10 ** (9 - min(9, max(3, math.floor(4.5 - math.log10(seconds)))))
    found = Rounding(unit, size, min(step, size))
    begun, over = set(begun), set(over)
    while found.step > 1 and _look_equal(found, begun, over):
        found = found._replace(step=found.step // 10)
    told = [*others, *(time for time, _ in begun | over)]
    if found.step * _FINEST < found.size:
        # So many digits are read more easily in the unit of the times themselves: 1 ns, and not 0.000000001 s.
        unit, size = _unit(max(map(abs, told)))
        found = Rounding(unit, size, min(found.step, size))
    while told and found.step < size and all(time % (found.step * 10) == 0 for time in told):
        found = found._replace(step=found.step * 10)
    return found


def exact(last: int, times: Iterable[int]) -> Rounding:
    """How to write these times (ns) without rounding, in the unit that fits a run that ends at `last`."""
    unit, size = _unit(last)
    step = size
    for time in times:
        while time % step:
            step //= 10
    return Rounding(unit, size, step)


def _unit(ns: int) -> tuple[str, int]:
    """The largest unit that is not larger than this, and its ns."""
    return next((found for found in UNITS if ns >= found[1]), UNITS[-1])


def _look_equal(found: Rounding, begun: set[Told], over: set[Told]) -> bool:
    beginnings = defaultdict(list)
    for start, client in begun:
        beginnings[found.of(start)].append((start, client))
    return any(
        start < end or (start > end and client != other)
        for end, other in over
        for start, client in beginnings.get(found.of(end), ())
    )


class Moments:
    """When the events of some operations happened, in words: "11.610 s", or "event 12" of a history without times."""

    def __init__(
        self, history: History, numbers: Iterable[int], others: Iterable[int] = (), *, exactly: bool = False
    ) -> None:
        """`numbers` are the operations that are told together, and `others` the times (ns) that are told with them.

        All are rounded, unless `exactly`.
        """
        operations = history.operations
        numbers = sorted(set(numbers))
        last = int(history.time[-1]) if len(history) else 0
        lanes = history.lanes
        begun = [(int(operations.start[number]), int(lanes[number])) for number in numbers]
        rows = [(int(operations.completed[number]), int(lanes[number])) for number in numbers]
        over = [(int(history.time[row]), lane) for row, lane in rows if row >= 0]
        self.rounding = (
            exact(last, [time for time, _ in begun + over]) if exactly else rounding(last, begun, over, others)
        )
        self._history = history

    def of(self, row: int) -> str:
        """When the event of this row happened."""
        history = self._history
        return self.time(int(history.time[row])) if history.clock else f"event {history.index[row]}"

    def time(self, ns: int) -> str:
        """A time of a history that has times."""
        return self.rounding.text(ns)
