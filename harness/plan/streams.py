"""Randomness by name: each thing that draws has a stream of its own, a function of the seed and of what it serves.

Removing an operation, a fault or a link leaves the streams of all others as they were. That is what makes a run
shrinkable: the smaller run is the same story with something left out.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from random import Random
from struct import Struct

_WORDS = Struct("<4Q").unpack
Uniforms = tuple[float, float, float, float]


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

    def uniforms(self, beginning: str) -> Callable[[bytes], Uniforms]:
        """Gives four numbers in [0, 1) to each name that begins like this, by how it goes on; there is no stream of it.

        They belong to the name alone, for whatever is drawn once: what is drawn by such a name stays as it is when
        something else is left out, before it or after it. The beginning is read once for all of them.
        """
        begun = blake2b(f"{self.seed}/{beginning}".encode(), digest_size=32).copy

        def four(end: bytes) -> Uniforms:
            name = begun()
            name.update(end)
            a, b, c, d = _WORDS(name.digest())
            # As `Random.random` does: 53 bits are what a float of this size holds.
            return (a >> 11) * 2.0**-53, (b >> 11) * 2.0**-53, (c >> 11) * 2.0**-53, (d >> 11) * 2.0**-53

        return four
