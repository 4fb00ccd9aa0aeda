"""By which shipped plan each variant of RSL is hunted."""

from __future__ import annotations

from collections.abc import Mapping

from clew.systems.protocol import Hunted

HEAVY = Hunted("rsl-heavy-weather")
RESTARTS = ("rsl-amnesia", ("system.durability=synced",))
POWER_FAILURE = "nemesis.0.crash.target=all"
"""What everybody wrote last is lost at once, where nobody else has it."""

HUNTED: Mapping[str, Hunted] = {
    "forgets-promises": Hunted("rsl-forgets-promises"),
    "ignores-promises": Hunted("rsl-votes-without-promising"),
    "votes-without-promising": Hunted("rsl-votes-without-promising"),
    "promises-again": Hunted(
        "rsl-heavy-weather",
        unnoticed="a proposer takes one 1b from each acceptor, and there is no vote in its ballot before it has them",
    ),
    "reuses-ballots": Hunted("rsl-reuses-ballots"),
    "prefers-its-own": Hunted("rsl-picks-the-lowest-ballot"),
    "picks-the-lowest-ballot": Hunted("rsl-picks-the-lowest-ballot"),
    "half-quorums": HEAVY,
    "counts-duplicates": Hunted("rsl-counts-across-ballots"),
    "counts-across-ballots": Hunted("rsl-counts-across-ballots"),
    "takes-any-1b": Hunted("rsl-takes-any-1b"),
    "answers-before-quorum": Hunted("rsl-counts-across-ballots"),
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
