"""Configurations: which acceptors a proposer asks, and how many of them must answer (paper, 2.3).

A change of the membership goes through configurations in which the set to prepare and the set to accept differ. Each
prepare quorum shares an acceptor with each accept quorum of the configurations that are in use at the same time.
"""

from __future__ import annotations

import msgspec


class Configuration(msgspec.Struct, frozen=True):
    """What a proposer works with. Configurations with higher numbers replace those with lower ones."""

    number: int
    """The number of the step of a change that made it. The configuration of the plan is number 0."""
    prepare: tuple[str, ...]
    """The acceptors that get prepares."""
    prepare_quorum: int
    """How many of them must promise."""
    accept: tuple[str, ...]
    """The acceptors that get accepts."""
    accept_quorum: int
    """How many of them must accept."""


def majority(members: tuple[str, ...]) -> int:
    """The size of the smallest majority: F + 1 of 2F + 1, F + 2 of 2F + 2."""
    return len(members) // 2 + 1


def configuration(number: int, prepare: tuple[str, ...], accept: tuple[str, ...]) -> Configuration:
    """The configuration in which majorities of these acceptors promise and accept."""
    return Configuration(number, prepare, majority(prepare), accept, majority(accept))
