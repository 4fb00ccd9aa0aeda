"""What an entry of a plan may say about a fault, as data: plans read, check, draw, write and document it from here.

- crash: {target: minority, every: 2s, for: 1s}
          ^^^^^^ a parameter of the fault; when it happens is said for all faults alike (`clew.nemesis.schedule`)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec


class Words(msgspec.Struct, frozen=True):
    """The type of a parameter that is one of some words."""

    noun: str
    """What such a word names, for errors: `kind of partition`."""
    words: tuple[str, ...]
    """All words. `leader` is only allowed in a system that has a leader."""
    nodes_needed: Callable[[Any], int]
    """A word -> the size of the smallest cluster for which it means something."""


Type = Literal["chance", "latency", "target", "node", "grudge"] | Words
"""What a parameter's value may be, and what it is in an `Entry`:

chance      a number from 0 to 1                        float
latency     a duration, or a distribution of them       `clew.nemesis.latency.Latency`
target      which nodes                                 `clew.nemesis.target.Target`
node        one node                                    its name, or `one` for any
grudge      who refuses to hear whom                    `clew.nemesis.grudge.Grudge`
Words       one of these words                          str
"""


class Parameter(msgspec.Struct, frozen=True):
    """One key of a fault in a plan."""

    name: str
    """The key."""
    type: Type
    """What its value may be."""
    meaning: str
    """What it does, in a few words, for the documentation of plans."""
    required: bool = False
    """Whether a plan must give it."""
    default: Any = None
    """Its value if a plan leaves it out. None: it has none, and the entry does not have this parameter then."""


class ExactlyOne(msgspec.Struct, frozen=True):
    """A rule: a plan gives one of these parameters, and only one."""

    names: tuple[str, ...]


class AtLeastOne(msgspec.Struct, frozen=True):
    """A rule: a plan gives one or more of these parameters."""

    names: tuple[str, ...]
    what: str
    """What they are, for errors: `a change of the network`."""


Rule = ExactlyOne | AtLeastOne
