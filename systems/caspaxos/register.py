"""What a proposer knows of one register: the round that it is in, and the requests that wait."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

import msgspec

from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import Read, Versioned
from clew.systems.caspaxos.messages import Accept, Key, Promise, Replicate, Request


class Phase(Enum):
    """What the proposer is doing with a register."""

    IDLE = auto()
    """Nothing: there is no request."""
    PREPARING = auto()
    """Waiting for promises."""
    ACCEPTING = auto()
    """Waiting for votes."""
    PAUSING = auto()
    """Waiting after a conflict, before it prepares again."""


class Attempt:
    """A request, over all its rounds."""

    votes: int | None = None
    """How many acceptors must accept, if a collector asks. None: a quorum of the configuration."""

    def __init__(self, client: str, request: Request, deadline: int) -> None:
        self.client = client
        """The client that waits for the reply."""
        self.request = request
        self.deadline = deadline
        """When to give up: nanoseconds since the start of the run."""
        self.conflicts = 0
        """How many of its rounds were lost to higher ballots."""
        self.made: dict[str, int] = {}
        """The versions, by uuid, of the values that this request made. Acceptors may hold them."""


class Replication(Attempt):
    """The identity change for a collector. It gives way to clients."""

    def __init__(self, collector: str, message: Replicate, deadline: int) -> None:
        super().__init__(collector, Request(0, message.key, Read()), deadline)
        self.votes = message.votes


class Promised(msgspec.Struct, frozen=True):
    """What the proposer remembers for the one-round-trip optimization: the next round can begin with its accept."""

    ballot: Ballot
    """A quorum has promised this ballot."""
    base: Ballot
    """The same quorum accepted `value` at this ballot."""
    value: Versioned


class Register:
    """One register as this proposer sees it: the round that it is in, and the requests that wait."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.waiting: deque[Attempt] = deque()
        """Requests that have not begun."""
        self.attempt: Attempt | None = None
        """The request that is under way."""
        self.phase = Phase.IDLE
        self.ballot = NEVER
        """The ballot of this round."""
        self.promises: dict[str, Promise] = {}
        """The promises of this round, by acceptor."""
        self.accept: Accept | None = None
        """What this round proposes."""
        self.accepted: set[str] = set()
        """The acceptors that have voted in this round."""
        self.refused: set[str] = set()
        """The acceptors that have refused in this phase of the round."""
        self.promised: Promised | None = None
