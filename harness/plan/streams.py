"""Random numbers by name. Whatever draws has a stream of its own, which depends on the seed and on a name only.

So removing an operation, a fault or a link does not change what is drawn for anything else. That makes runs shrinkable:
a run with something left out is otherwise the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from math import ceil
from random import Random
from struct import Struct

_WORDS = Struct("<4Q").unpack
Words = tuple[int, int, int, int]
"""Four independent numbers, uniformly distributed in [0, 2**64)."""


class Streams:
    """The streams of one run.

    They do not depend on PYTHONHASHSEED, on the machine, or on the order in which streams are first used.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}

    def get(self, name: str) -> Random:
        """The stream of this name ("workload/3"). A second call returns the same object, which goes on where it was."""
        stream = self._streams.get(name)
        if stream is None:
            digest = blake2b(f"{self.seed}/{name}".encode(), digest_size=16).digest()
            stream = self._streams[name] = Random(int.from_bytes(digest, "big"))
        return stream

    def words(self, prefix: str) -> Callable[[bytes], Words]:
        """A function from a name's suffix to four random numbers: a hash of seed, prefix and suffix, without state.

        Use it for what is drawn once, such as the fate of a message. The numbers of one name stay the same whatever
        else is drawn, before or after. The prefix is hashed only once. `uniform` makes a float of a number, and
        `threshold` compares it with a chance: most of the numbers are only compared.
        """
        start = blake2b(f"{self.seed}/{prefix}".encode(), digest_size=32).copy

        def of_suffix(suffix: bytes) -> Words:
            hashed = start()
            hashed.update(suffix)
            return _WORDS(hashed.digest())

        return of_suffix


def uniform(word: int) -> float:
    """A number in [0, 2**64) as a float in [0, 1). It keeps the upper 53 bits, as `Random.random` does."""
    return (word >> 11) * 2.0**-53


def threshold(chance: float) -> int:
    """The least number in [0, 2**64] whose float is not below `chance`.

    So `word < threshold(chance)` says the same as `uniform(word) < chance`, at a quarter of the cost.
    """
    return ceil(chance * 2.0**53) << 11
