"""Copying rows in kernels, entry by entry.

numba's own `row[:] = other` compiles the texts of the errors that it could raise along with it: seconds for a kernel.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def copy(source, target):  # type: ignore[no-untyped-def]
    """target[:] = source, of two rows that are equally long."""
    for i in range(len(source)):
        target[i] = source[i]
