"""What a partition means for nodes, and how it shrinks."""

from __future__ import annotations

from clew.nemesis.partition import Partition

CUT = Partition({"n1": ("n2", "n3"), "n2": ("n1",), "n3": ("n1",)})


def test_the_picture_marks_who_lost_most_of_the_others_and_who_lost_few() -> None:
    states = [(state.node, state.state, state.words) for state in CUT.states(("n1", "n2", "n3"))]
    assert states == [
        ("n1", "cut off", "cut off from n2 n3"),
        ("n2", "parted", "parted from n1"),
        ("n3", "parted", "parted from n1"),
    ]


def test_a_node_that_is_not_heard_is_marked_too_and_clients_count_for_nothing() -> None:
    muted = Partition({"n10": ("n9",), "n2": ("n9", "c0"), "n1": ("c0",)})
    words = {state.node: state.words for state in muted.states(("n1", "n2", "n9", "n10"))}
    assert words == {"n2": "parted from c0 n9", "n9": "cut off from n2 n10", "n10": "parted from n9"}


def test_of_two_nodes_that_become_one_the_cut_between_them_is_gone() -> None:
    assert CUT.renamed({"n1": "n1", "n2": "n1", "n3": "n2"}) == Partition({"n1": ("n2",), "n2": ("n1",)})
    assert CUT.renamed({"n1": "n1", "n2": "n1", "n3": "n1"}) is None
    assert CUT.renamed({"n2": "n1", "n3": "n2"}) is None


def test_two_partitions_join_to_one_that_cuts_what_both_cut() -> None:
    assert Partition({"n2": ("n3",)}).joined(CUT) == Partition({"n1": ("n2", "n3"), "n2": ("n1", "n3"), "n3": ("n1",)})
