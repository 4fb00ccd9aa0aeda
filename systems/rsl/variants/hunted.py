"""By which shipped plan each variant of RSL is hunted."""

from __future__ import annotations

from collections.abc import Mapping

from systems.system import Hunted

HEAVY = Hunted("rsl-heavy-weather")
STORM = Hunted("rsl-storm")
RESTARTS = ("rsl-amnesia", ("system.durability=synced",))
DELAYS = (
    "system.baseline_view_timeout_period=20ms",
    "nemesis.3.network.for=2s",
    "nemesis.3.network.delay.uniform=[0ms, 2s]",
)

HUNTED: Mapping[str, Hunted] = {
    "forgets-promises": Hunted("rsl-forgets-promises"),
    "ignores-promises": Hunted("rsl-heavy-weather", DELAYS),
    "votes-without-promising": Hunted("rsl-votes-without-promising"),
    "promises-again": Hunted(
        "rsl-heavy-weather",
        unnoticed="a proposer takes one 1b from each acceptor, and there is no vote in its ballot before it has them",
    ),
    "reuses-ballots": Hunted("rsl-reuses-ballots"),
    "prefers-its-own": STORM,
    "picks-the-lowest-ballot": HEAVY,
    "half-quorums": HEAVY,
    "counts-duplicates": Hunted("rsl-storm", ("network.duplicate=0.3",)),
    "counts-across-ballots": HEAVY,
    "takes-any-1b": Hunted("rsl-takes-any-1b"),
    "answers-before-quorum": STORM,
    "reads-locally": HEAVY,
    "truncates-at-the-fastest": Hunted(
        "rsl-heavy-weather",
        unnoticed="every 1b tells its truncation point, and nothing is proposed below: the others wait for the state "
        "of the fastest, and in this plan the fastest comes back",
    ),
    "ignores-truncation": HEAVY,
    "supplies-no-replies": HEAVY,
    "installs-older-states": Hunted(
        "rsl-heavy-weather",
        unnoticed="an older state comes with the replies that go with it, and what is executed again gives the same",
    ),
    "answers-from-the-cache": HEAVY,
    "runs-retransmissions": Hunted("rsl-as-published"),
    "skips-holes": STORM,
    "as-published": Hunted("rsl-as-published"),
    "amnesia": Hunted(*RESTARTS),
    "handles-packets-twice": Hunted(
        "rsl-heavy-weather", unnoticed="the protocol is made for networks that double packets: handling is idempotent"
    ),
    "torn-writes": Hunted(*RESTARTS),
    "read-error-as-empty": Hunted(*RESTARTS),
    "fsync-lies": Hunted(*RESTARTS),
}
