"""Numbers are turned down as far as a test allows."""

from __future__ import annotations

from clew.harness.shrink.reduce import search, turn_down


def test_dials_are_turned_down_as_far_as_the_test_allows() -> None:
    assert turn_down([1] * 20, lambda dials: bool(dials[3] and dials[11])) == tuple(
        int(i in (3, 11)) for i in range(20)
    )
    assert turn_down([900, 40, 7], lambda dials: dials[0] + dials[1] >= 50 and dials[2] > 1) == (10, 40, 2)
    assert turn_down([5, 5], lambda dials: dials == (5, 5)) == (5, 5)
    assert turn_down([0, 0], lambda dials: True) == (0, 0)
    far = [301, 302, 303, 304, 305]
    assert turn_down(far, lambda dials: dials == tuple(far)) == tuple(far)
    # Only the start and dials near it fail, and some dials are down already.
    near = [0, 8, 22, 1, 0, 1, 5]
    assert turn_down(near, lambda dials: dials[2] >= 21 and dials[6] == 5) == (0, 0, 21, 0, 0, 0, 5)


def test_a_search_finds_the_simplest_of_what_is_easy_to_find() -> None:
    assert search([20, 20], lambda dials: dials[0] >= 5, 100) == (5, 0)
    assert search([20, 20], lambda dials: False, 100) is None
