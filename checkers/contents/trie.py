"""The contents that operations must find, or write, as a trie: a node for each beginning of one of them.

The nodes are numbered from above, and from left to right. So the nodes under one follow it without a gap.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from clew.checkers.deadline import Deadline
from clew.checkers.forms import Ints

Content = Any
"""A string or a tuple."""

_SLICES_PER_LOOK = 4_096
"""Pieces that are looked up between two looks at the deadline."""


class Trie(NamedTuple):
    """The nodes, and where pieces lead."""

    node: dict[Content, int]
    """The node of each content that it was made of."""
    parent: Ints
    """For each node the one above it. The first one, which is empty, is its own."""
    end: Ints
    """For each node the number behind the last one under it."""
    steps: list[tuple[int, int, int]]
    """(node, number of a piece, the node to which it leads); what is not listed leads out of the trie."""


def trie_of(contents: Collection[Content], pieces: Sequence[Content], deadline: Deadline) -> Trie | None:
    """The trie of some contents, the empty one among them. None if the deadline passes.

    O(n log n) comparisons of contents, and a step for each node and each length that a piece has.
    """
    numbers = {piece: number for number, piece in enumerate(pieces)}
    lengths = sorted(set(map(len, pieces)))
    node: dict[Content, int] = {}
    parent, end, steps, path = [0], [0], list[tuple[int, int, int]](), [0]
    last: Content = min(contents, key=len)
    assert not last
    per_look = 1 + _SLICES_PER_LOOK // (1 + len(lengths))
    for content in _in_order(contents):
        shared = _shared(last, content)
        for above in path[shared + 1 :]:
            end[above] = len(parent)
        del path[shared + 1 :]
        for length in range(shared + 1, len(content) + 1):
            here = len(parent)
            if here % per_look == 0 and deadline.passed():
                return None
            parent.append(path[-1])
            end.append(0)
            path.append(here)
            for size in lengths:
                if size > length:
                    break
                number = numbers.get(content[length - size : length])
                if number is not None:
                    steps.append((path[length - size], number, here))
        node[content], last = path[-1], content
    for above in path:
        end[above] = len(parent)
    return Trie(node, np.array(parent, np.int64), np.array(end, np.int64), steps)


def _in_order(contents: Collection[Content]) -> list[Content]:
    """The contents in an order in which those that begin alike stand together.

    Elements of several types have no order of their own. They get numbers.
    """
    kinds = set(map(type, chain.from_iterable(contents)))
    if kinds <= {int} or kinds <= {str}:
        return sorted(contents)
    numbers = {element: number for number, element in enumerate(dict.fromkeys(chain.from_iterable(contents)))}
    return sorted(contents, key=lambda content: tuple(map(numbers.__getitem__, content)))


def _shared(one: Content, two: Content) -> int:
    """How many elements both begin with."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == two[low:middle] else (low, middle - 1)
    return low
