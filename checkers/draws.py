"""Random numbers for kernels: the same ones from the same seed, on every machine."""

from __future__ import annotations

import numpy as np

from clew.checkers.kernel import raw_kernel


@raw_kernel
def draw(at, below):  # type: ignore[no-untyped-def]
    """A random number from 0 to before `below`. The register `at.random` is the state (splitmix64)."""
    at.random += np.uint64(0x9E3779B97F4A7C15)
    x = at.random
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((x ^ (x >> np.uint64(31))) >> np.uint64(2)) % below
