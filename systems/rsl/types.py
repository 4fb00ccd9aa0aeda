"""The specification's datatypes (Types.i.dfy): ballots, requests and votes, as frozen values.

Batches travel in every 2a, 2b and vote, so what they are made of is written as JSON arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from clew.systems.rsl.application import AppRequest

OperationNumber = int
"""The place of a batch in the log, from 0."""


class Ballot(NamedTuple):
    """A view: a sequence number, and the index of the replica that leads it. Tuples compare as BalLt and BalLeq say."""

    seqno: int
    proposer_id: int

    def __str__(self) -> str:
        return f"{self.seqno}.{self.proposer_id}"


ZERO = Ballot(0, 0)
"""Below the ballot of every view there is: the first is 1.0."""


class Request(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a client asks for: its address, a number that grows with its requests, and the application's part."""

    client: str
    seqno: int
    request: AppRequest


RequestBatch = tuple[Request, ...]
"""What one operation number decides; empty for a hole that was filled."""


class Vote(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What an acceptor voted for last at some operation number, and in which ballot."""

    max_value_bal: Ballot
    max_val: RequestBatch


Votes = dict[OperationNumber, Vote]
