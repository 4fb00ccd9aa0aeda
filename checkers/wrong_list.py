"""The list of what is wrong in an order that is mended: a draw from it says where the next move begins."""

from __future__ import annotations

from clew.checkers.kernel import raw_kernel

NOBODY = -1
"""In place of an operation, an access, an element, or a place in the list."""


@raw_kernel
def note(t, one, is_wrong):  # type: ignore[no-untyped-def]
    """Put one on the list if it is wrong, or take it off if it is not.

    `t.wrong` is the list, `t.at.wrongs` how many are on it, and `t.place_of_wrong` has the place of each, or NOBODY.
    """
    at, place = t.at, t.place_of_wrong[one]
    if is_wrong and place == NOBODY:
        t.wrong[at.wrongs] = one
        t.place_of_wrong[one] = at.wrongs
        at.wrongs += 1
    elif not is_wrong and place != NOBODY:
        at.wrongs -= 1
        last = t.wrong[at.wrongs]
        t.wrong[place] = last
        t.place_of_wrong[last] = place
        t.place_of_wrong[one] = NOBODY
