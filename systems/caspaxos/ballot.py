"""Ballots: the numbers by which proposers take turns, unique to a proposer and ordered by round first (paper, 2.1)."""

from __future__ import annotations

from typing import NamedTuple


class Ballot(NamedTuple):
    """A number that one proposer uses once: its counter, and its name to tell equal counters apart."""

    round: int
    proposer: str

    def __str__(self) -> str:
        return f"{self.round}/{self.proposer}" if self.proposer else "never"


NEVER = Ballot(0, "")
"""Below every ballot that is ever used: when the empty register was "accepted", and what a fresh acceptor promised."""
