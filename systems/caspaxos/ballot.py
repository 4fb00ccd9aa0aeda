"""Ballots: the numbers by which proposers take turns (paper, 2.1)."""

from __future__ import annotations

from typing import NamedTuple


class Ballot(NamedTuple):
    """A number that only one proposer uses, and only once. Ballots are ordered by round, then by proposer."""

    round: int
    """The proposer's counter."""
    proposer: str
    """The name of the proposer, so that no two proposers use the same ballot."""

    def __str__(self) -> str:
        return f"{self.round}/{self.proposer}" if self.proposer else "never"


NEVER = Ballot(0, "")
"""Below every ballot in use: what a new acceptor has promised, and the ballot of the empty register."""
