"""What a sweep by gaps found: each explains one more result (see `gaps`)."""

from __future__ import annotations

import numpy as np

from clew.checkers.encoding import NEVER
from clew.checkers.kernel import raw_kernel
from clew.checkers.linear.gap_tables import CODE, KEYS, PRICE, gain_of
from clew.checkers.wrong_list import NOBODY


@raw_kernel
def note(g, source, result, mask, price, one, two):  # type: ignore[no-untyped-def]
    """Note what explains one more result, if it is possible and not too bad.

    `mask` says which of the open adds are in the gap, `one` and `two` are further ones of unknown outcome, or NOBODY.
    """
    at = g.at
    latest = g.call[result]
    for op in (one, two):
        if op != NOBODY:
            latest = max(latest, g.call[op])
    for i in range(at.adds):
        if (mask >> np.uint64(i)) & np.uint64(1):
            latest = max(latest, g.call[g.adds[i]])
    for i in range(at.known):
        if not (mask >> np.uint64(i)) & np.uint64(1) and g.ret[g.adds[i]] < latest:
            if g.delta[g.adds[i]] != 0:
                return
            mask |= np.uint64(1) << np.uint64(i)  # what it is called after has returned before `latest` too
    if mask >> np.uint64(at.known) != np.uint64(0) and not _known_first(g, mask):
        return
    code = np.uint64(g.rows[source, CODE]) ^ g.random[result]
    score, known = at.score + gain_of(g, result), 0
    for i in range(at.adds):
        if (mask >> np.uint64(i)) & np.uint64(1):
            code ^= g.random[g.adds[i]]
            score += g.gain[i]
            known += i < at.known and g.delta[g.adds[i]] != 0
    for op in (one, two):
        if op != NOBODY:
            code ^= g.random[op]
            score += gain_of(g, op)
    if g.ret[result] == NEVER:
        price += g.gap_of_unknown[1, 1]
    price += g.gap[at.known - min(at.forced, known), known - min(at.forced, known)]
    score = max(0, min(score + price, KEYS - 1))
    if score > at.bound:
        at.dropped = 1
        return
    if at.found == len(g.found):
        _leave_out(g)
    new = g.found[at.found]
    new.source, new.result, new.mask, new.one, new.two = source, result, mask, one, two
    new.score, new.price, new.code = score, g.rows[source, PRICE] + price, code
    g.tally[score] += 1
    at.found += 1


@raw_kernel
def _known_first(g, mask):  # type: ignore[no-untyped-def]
    """Whether of open adds of one number a gap has those of known outcome before any other."""
    at = g.at
    for i in range(at.known):
        if not (mask >> np.uint64(i)) & np.uint64(1) and g.call[g.adds[i]] < at.soonest:
            for j in range(at.known, at.adds):
                if (mask >> np.uint64(j)) & np.uint64(1) and g.delta[g.adds[j]] == g.delta[g.adds[i]]:
                    return False
    return True


@raw_kernel
def _leave_out(g):  # type: ignore[no-untyped-def]
    """Keep the best quarter of what was found, and note only what is better from now on."""
    at, room, score = g.at, len(g.found) // 4, 0
    at.dropped = 1
    at.work += at.found
    while room >= g.tally[score]:
        room -= g.tally[score]
        score += 1
    kept = 0
    for i in range(at.found):
        if g.found[i].score < score or (g.found[i].score == score and room > 0):
            room -= g.found[i].score == score
            g.found[kept] = g.found[i]
            kept += 1
    for i in range(score, KEYS):
        g.tally[i] = 0
    at.found, at.bound = kept, score - 1
