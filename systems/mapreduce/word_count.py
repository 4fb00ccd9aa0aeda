"""The job: how often is each word in the input? (section 2.1)

    count(records)  ==  all parts together of reduce_(part, [the part's pairs of map_(split), for each split])

The left side is the sequential function, which the clients believe in. The right side is what workers do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from clew.systems.mapreduce.messages import Pair, Word


def count(records: Iterable[Word]) -> tuple[Pair, ...]:
    """The sequential function: each word, and how often it is there, in the order of the words."""
    return tuple(sorted(Counter(records).items()))


def partition(word: Word, parts: int) -> int:
    """Which reduce task gets a word."""
    return word % parts


def map_(records: Iterable[Word], parts: int) -> list[tuple[Pair, ...]]:
    """The output of a map task, for each reduce task.

    The pairs of one word are added up here already (section 4.3, the combiner function).
    """
    counted = count(records)
    return [tuple(pair for pair in counted if partition(pair[0], parts) == part) for part in range(parts)]


def reduce_(pieces: Iterable[Iterable[Pair]]) -> tuple[Pair, ...]:
    """The output of a reduce task: the sum of what it got from each map task."""
    total: Counter[Word] = Counter()
    for pairs in pieces:
        for word, number in pairs:
            total[word] += number
    return tuple(sorted(total.items()))
