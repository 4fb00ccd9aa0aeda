"""The datatypes of the specification (Types.i.dfy): ballots, requests and votes, as frozen values.

Every 2a, 2b and vote contains a batch. To keep them short, requests and votes are JSON arrays (`array_like`).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from clew.systems.rsl.application import AppRequest

OperationNumber = int
"""The place of a batch in the log, from 0."""


class Ballot(NamedTuple):
    """A ballot, which is also the name of a view. Ballots are ordered by number, then by leader (BalLt, BalLeq)."""

    seqno: int
    """The number of the view."""
    proposer_id: int
    """The index of the replica that leads it."""

    def __str__(self) -> str:
        """`1/n2`, as CASPaxos prints its ballots. The replica of index 0 is n1."""
        return f"{self.seqno}/n{self.proposer_id + 1}"


ZERO = Ballot(0, 0)
"""Below the ballot of every view. The first view is 1/n1."""


class Request(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A client's request."""

    client: str
    """The address of the client."""
    seqno: int
    """A number that grows with the requests of the client."""
    request: AppRequest
    """What the application is asked to do."""


RequestBatch = tuple[Request, ...]
"""What is decided at one place of the log. It is empty where a hole was filled."""


class Vote(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The last vote of an acceptor at one place of the log."""

    max_value_bal: Ballot
    """The ballot of the vote."""
    max_val: RequestBatch
    """The batch that it voted for."""


Votes = dict[OperationNumber, Vote]
