"""Randomness by name: each thing that draws has a stream of its own, a function of the seed and of what it serves.

Removing an operation, a fault or a link leaves the streams of all others as they were. That is what makes a run
shrinkable: the smaller run is the same story with something left out.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from struct import Struct

_WORDS = Struct("<4Q")
Four = tuple[float, float, float, float]


class Streams:
    """The streams of one run.

    They depend on the seed and the name alone: not on PYTHONHASHSEED, the machine, or the order in which streams are
    first asked for.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}

    def get(self, name: str) -> Random:
        """The stream of that name ("net/n1>n2", "workload/3"); asked again, the same one, where it had got to."""
        stream = self._streams.get(name)
        if stream is None:
            digest = blake2b(f"{self.seed}/{name}".encode(), digest_size=16).digest()
            stream = self._streams[name] = Random(int.from_bytes(digest, "big"))
        return stream

    def four(self, name: str) -> Four:
        """Four numbers in [0, 1) that belong to this name alone, for whatever is drawn once; there is no stream of it.

        What is drawn by such a name stays as it is when something else is left out, before it or after it.
        """
        a, b, c, d = _WORDS.unpack(blake2b(f"{self.seed}/{name}".encode(), digest_size=32).digest())
        # As `Random.random` does: 53 bits are what a float of this size holds.
        return (a >> 11) * 2.0**-53, (b >> 11) * 2.0**-53, (c >> 11) * 2.0**-53, (d >> 11) * 2.0**-53
