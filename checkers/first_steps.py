"""The first steps of a search as plain Python: for a small history they take less time than to import numba.

A kernel names the fields of records: `ops[op].next`. Here a record is an object with attributes of these names. So the
kernel as it is written (`Kernel.plain`) makes the same steps as the compiled one. When it has made enough of them, the
arrays get what the objects hold, and the compiled kernel goes on from there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from clew.checkers.kernel import Kernel


class FirstSteps:
    """A search that begins as plain Python, if numba is not imported. Call it as the kernel is called.

    The last argument of the kernel is a named tuple of tables, which the kernel can go on from. `tables.at` is a record
    of registers. For every register `x` in `costs` there is a `pause_x`: when `x` is that much, the kernel returns
    `pause`. One more of `x` takes plain Python as long as `costs[x]` elements of `Kernel.for_few`.

    If a call ends with the status `ask`, only the tables `at` and `asked` are up to date, until `put_back` is called.
    After any other status all are, and from then on the kernel is compiled.
    """

    def __init__(self, kernel: Kernel, tables: Any, costs: Mapping[str, float], pause: int, ask: int = -1) -> None:
        self._kernel, self._costs, self._pause, self._ask = kernel, costs, pause, ask
        self._plain: Any = None
        if Kernel.plain_left():
            self._plain = type(tables)(*(_plain_table(table) for table in tables))

    def __call__(self, *arguments: Any) -> Any:
        """Call the kernel, plain or compiled."""
        tables = arguments[-1]
        if self._plain is None:
            return self._kernel(*arguments)
        at = self._plain.at
        for name in tables.at.dtype.names:
            setattr(at, name, tables.at[name].item())
        began = {name: getattr(at, name) for name in self._costs}
        left = Kernel.plain_left() / len(self._costs)
        for name, cost in self._costs.items():
            setattr(at, f"pause_{name}", min(getattr(at, f"pause_{name}"), began[name] + int(left / cost)))
        status = self._kernel.plainly(*arguments[:-1], self._plain)
        for name in tables.at.dtype.names:
            if not name.startswith("pause"):
                tables.at[name] = getattr(at, name)
        Kernel.did_plainly(sum(cost * (getattr(at, name) - began[name]) for name, cost in self._costs.items()))
        if status == self._ask:
            self._plain.asked.put_back()
            return status
        self.put_back()
        # It may have paused only because enough is done. The compiled kernel finds out.
        return self._kernel(*arguments) if status == self._pause else status

    def put_back(self) -> None:
        """Let the arrays have what the tables hold. There are no plain steps after that."""
        for table in self._plain or ():
            if isinstance(table, Rows):
                table.put_back()
        self._plain = None


class Rows(dict[int, Any]):
    """An array of records of which few are looked at: a row is made then. One that is put in is copied."""

    def __init__(self, table: NDArray[np.void]) -> None:
        super().__init__()
        self._table, self._row = table, _row_of(table.dtype)

    def __missing__(self, number: int) -> Any:
        row = self._row(*self._table[number].item())
        super().__setitem__(number, row)
        return row

    def __setitem__(self, number: int, row: Any) -> None:
        super().__setitem__(number, copy(row))

    def __len__(self) -> int:
        return len(self._table)

    def put_back(self) -> None:
        """Let the array have what the rows hold."""
        self._table[list(self)] = np.array(list(map(msgspec.structs.astuple, self.values())), self._table.dtype)


def _plain_table(table: Any) -> Any:
    """Records as objects. What is no record is looked at in its array."""
    dtype = getattr(table, "dtype", None)
    if dtype is None or dtype.names is None:
        return table
    return Rows(table) if table.ndim else _row_of(dtype)(*table.item())


@functools.cache
def _row_of(dtype: np.dtype[Any]) -> Callable[..., Any]:
    return msgspec.defstruct("Row", dtype.names or ())
