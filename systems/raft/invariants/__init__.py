"""The lemmas of the proof that Raft is safe, as invariants over the messages.

    State Machine Safety ── Leader Completeness ─┬─ Log Matching ── Leader Append-Only
                                                 └─ Election Safety ── a vote a term, of a majority, for fresh logs

The names are those of Figure 3 of the paper (Ongaro and Ousterhout, "In Search of an Understandable Consensus
Algorithm", 2014). Ongaro's thesis adds `one-change-at-a-time`. docs/raft.md has a table: lemma, invariant, and the
variants that break it.

A message counts when it is sent: what it relies on is on the sender's disk by then. Each invariant costs a few
dictionary look-ups a message, and memory for what was sent since all servers were at the same place (`horizon.py`).
"""

from __future__ import annotations

from clew.systems.invariant import Invariant
from clew.systems.raft.invariants.answers import AnswersAreCommitted, ReadsAreCurrent, StateMachineSafety
from clew.systems.raft.invariants.changes import OneChangeAtATime
from clew.systems.raft.invariants.committed import Committed
from clew.systems.raft.invariants.elections import (
    ElectionSafety,
    LeadersHaveAMajority,
    TermsOnlyGrow,
    VotesNeedFreshLogs,
    VotesOncePerTerm,
)
from clew.systems.raft.invariants.horizon import Horizon
from clew.systems.raft.invariants.logs import (
    CommitsAreCommitted,
    LeaderAppendOnly,
    LeaderCompleteness,
    LogMatching,
    SnapshotsAgree,
)
from clew.systems.raft.parameters import Parameters


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run of a cluster of this many servers."""
    horizon = Horizon(nodes)
    committed = Committed(nodes, horizon)
    found: list[Invariant] = [
        OneChangeAtATime(committed, horizon),
        TermsOnlyGrow(horizon),
        VotesOncePerTerm(horizon),
        VotesNeedFreshLogs(horizon),
        LeadersHaveAMajority(committed, horizon),
        ElectionSafety(horizon),
        LeaderAppendOnly(horizon),
        LogMatching(horizon),
        LeaderCompleteness(committed),
        CommitsAreCommitted(committed),
    ]
    if parameters.object == "kv":
        found += [
            SnapshotsAgree(horizon),
            StateMachineSafety(horizon),
            AnswersAreCommitted(committed, nodes),
            ReadsAreCurrent(),
        ]
    return found
