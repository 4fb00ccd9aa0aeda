"""What a configuration is remembered by depends on all of it, in both halves."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from clew.checkers.wgl.dead import configuration, zobrist


def test_configurations_with_one_open_operation_share_no_half_of_their_hash() -> None:
    """Each of 100 operations, at each of 200 positions: an operation must not stand for a position."""
    bits, ones, twos = zobrist(100), set[int](), set[int]()
    for position in range(200):
        for one, two in bits:
            at = SimpleNamespace(position=np.int64(position), state=np.int64(0), open_one=one, open_two=two)
            found = configuration.plainly(at)
            ones.add(int(found[0]))
            twos.add(int(found[1]))
    assert len(ones) == len(twos) == 100 * 200
