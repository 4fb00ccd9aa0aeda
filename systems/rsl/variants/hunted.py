"""How each variant of RSL is hunted."""

from __future__ import annotations

from collections.abc import Mapping

from clew.systems.protocol import Hunted

HEAVY = Hunted("rsl-heavy-weather")
RESTARTS = ("rsl-amnesia", ("system.durability=synced",))
POWER_FAILURE = "nemesis.0.crash.target=all"
"""All nodes crash at once, so that what they wrote last is lost everywhere."""

HUNTED: Mapping[str, Hunted] = {
    "forgets-promises": Hunted("rsl-forgets-promises"),
    "ignores-promises": Hunted("rsl-votes-without-promising"),
    "votes-without-promising": Hunted("rsl-votes-without-promising"),
    "promises-again": Hunted(
        "rsl-heavy-weather",
        unnoticed="a proposer counts one 1b of each acceptor, and its ballot gets no votes before it has a quorum",
    ),
    "reuses-ballots": Hunted("rsl-reuses-ballots"),
    "prefers-its-own": Hunted("rsl-picks-the-lowest-ballot"),
    "picks-the-lowest-ballot": Hunted("rsl-picks-the-lowest-ballot"),
    "half-quorums": HEAVY,
    "counts-duplicates": Hunted("rsl-counts-across-ballots"),
    "counts-across-ballots": Hunted("rsl-counts-across-ballots"),
    "takes-any-1b": Hunted("rsl-takes-any-1b"),
    "counts-a-1b-twice": Hunted(
        "rsl-heavy-weather",
        (
            "system.nodes=5",
            "system.max_batch_size=1",
            "system.max_log_length=1000",
            "system.heartbeat_period=50ms",
            "system.baseline_view_timeout_period=50ms",
            "network.drop=0.2",
            "network.duplicate=1",
        ),
    ),
    "leads-foreign-views": HEAVY,
    "reuses-its-buffer": HEAVY,
    "answers-before-quorum": Hunted("rsl-counts-across-ballots"),
    "reads-locally": HEAVY,
    "truncates-at-the-fastest": Hunted(
        "rsl-heavy-weather",
        unnoticed="no leader proposes below a truncation point: the replicas wait for the state of the fastest, which "
        "always comes back in this plan",
    ),
    # Found less often when replicas beat in turn.
    "ignores-truncation": Hunted("rsl-heavy-weather", ("system.heartbeats=together",)),
    "supplies-no-replies": HEAVY,
    "evicts-replies": Hunted(
        "rsl-as-published",
        (
            "workload.clients=280",
            "workload.rate=1500",
            "workload.duration=1600ms",
            "nemesis.0.partition.every=800ms",
        ),
    ),
    "mislabels-its-state": HEAVY,
    "installs-older-states": Hunted(
        "rsl-heavy-weather",
        unnoticed="an older state comes with its reply cache, and the same batches run again give the same replies",
    ),
    "answers-from-the-cache": HEAVY,
    "runs-retransmissions": Hunted("rsl-as-published"),
    "skips-holes": Hunted("rsl-counts-across-ballots"),
    "as-published": Hunted("rsl-as-published"),
    "amnesia": Hunted(*RESTARTS),
    "handles-packets-twice": Hunted(
        "rsl-heavy-weather", unnoticed="networks copy packets, so the protocol is made to handle copies"
    ),
    "torn-writes": Hunted(*RESTARTS),
    "read-error-as-empty": Hunted(RESTARTS[0], (*RESTARTS[1], POWER_FAILURE)),
    "fsync-lies": Hunted(*RESTARTS),
}
