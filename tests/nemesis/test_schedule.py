"""When faults happen, and that one entry never moves the faults of another."""

from __future__ import annotations

import json
from itertools import islice, pairwise, takewhile

from clew.harness.plan.streams import Streams
from clew.nemesis import AtTimes, Entry, Every, Randomly, schedule
from clew.nemesis.crash import Crash
from clew.nemesis.fault import name, to_value
from clew.nemesis.faults import from_value
from clew.nemesis.network import BadNetwork
from clew.nemesis.partition import Partition
from clew.nemesis.schedule import END

NODES = ("n1", "n2", "n3", "n4", "n5")
S = 1_000_000_000
ENTRIES = (
    Entry("partition", {"kind": "majority"}, Every(2 * S), S),
    Entry("crash", {"target": "minority"}, Randomly(3 * S), S),
    Entry("partition", {"kind": "one-way"}, Randomly(S), S),
    Entry("network", {"drop": 0.5, "target": "one"}, AtTimes((3 * S, 9 * S)), S),
)


def faults(entries, until=60 * S, seed=1):
    events = schedule(entries, NODES, Streams(seed).get)
    return list(takewhile(lambda event: event.at < until, events))


def story(events):
    """The faults with their times, but without their numbers, which count the faults of all entries."""
    return [(event.at, event.until, event.fault) for event in events]


def test_a_periodic_fault_comes_first_after_one_period():
    events = faults([Entry("crash", {"target": "one"}, Every(2 * S), S)], until=7 * S)
    assert [(event.at, event.until) for event in events] == [(2 * S, 3 * S), (4 * S, 5 * S), (6 * S, 7 * S)]


def test_faults_at_given_times_end():
    events = list(schedule([Entry("crash", {"target": ("n2",)}, AtTimes((5, 3)), 10)], NODES, Streams(1).get))
    assert story(events) == [(3, 13, Crash(("n2",))), (5, 15, Crash(("n2",)))]


def test_random_faults_have_gaps_of_the_mean():
    events = list(islice(schedule([Entry("crash", {"target": "one"}, Randomly(2 * S))], NODES, Streams(3).get), 5000))
    assert all(a.at < b.at for a, b in pairwise(events))
    assert 1.9 * S < events[-1].at / len(events) < 2.1 * S


def test_without_a_duration_a_fault_lasts_until_the_workload_ends():
    assert faults([Entry("crash", {"target": "one"}, AtTimes((3,)))])[0].until is None


def test_a_fault_stays_to_the_end_of_the_run_if_its_entry_says_so():
    one, two = faults([Entry("crash", {"target": "one"}, AtTimes((3, 4)), end=END)])
    assert [(event.at, event.until, event.stays) for event in (one, two)] == [(3, None, True), (4, None, True)]
    assert from_value(json.loads(json.dumps(to_value(one)))) == one
    assert not faults([Entry("crash", {"target": "one"}, AtTimes((3,)))])[0].stays


def test_a_window_holds_beginnings_and_ends():
    entry = Entry("crash", {"target": "one"}, Every(2 * S), 5 * S, start=S, end=6 * S)
    assert [(event.at, event.until) for event in faults([entry])] == [(3 * S, 6 * S), (5 * S, 6 * S)]


def test_a_window_holds_its_beginning_and_not_its_end():
    entry = Entry("crash", {"target": "one"}, AtTimes((0, S, 2 * S, 3 * S)), None, start=S, end=3 * S)
    assert [event.at for event in faults([entry])] == [S, 2 * S]
    periodic = Entry("crash", {"target": "one"}, Every(S), None, end=3 * S)
    assert [event.at for event in faults([periodic])] == [S, 2 * S]


def test_an_open_ended_fault_heals_where_its_window_ends():
    assert [event.until for event in faults([Entry("crash", {"target": "one"}, Every(2 * S), None, end=3 * S)])] == [
        3 * S
    ]


def test_faults_of_all_entries_come_in_the_order_of_time_and_are_counted():
    events = faults(ENTRIES)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert [event.number for event in events] == list(range(len(events)))
    assert {type(event.fault) for event in events} == {Partition, Crash, BadNetwork}


def test_entries_that_begin_at_the_same_time_keep_their_order():
    both = [Entry("crash", {"target": ("n1",)}, AtTimes((5,))), Entry("crash", {"target": ("n2",)}, AtTimes((5,)))]
    assert [event.fault for event in faults(both)] == [Crash(("n1",)), Crash(("n2",))]


def test_a_schedule_is_a_function_of_the_seed():
    assert faults(ENTRIES) == faults(ENTRIES)
    assert faults(ENTRIES, seed=1) != faults(ENTRIES, seed=2)


def test_removing_the_last_entry_leaves_the_others_as_they_were():
    for count in range(1, len(ENTRIES)):
        kept = [event for event in story(faults(ENTRIES)) if event in story(faults(ENTRIES[:count]))]
        assert kept == story(faults(ENTRIES[:count]))


def test_another_kind_of_fault_happens_at_the_same_times():
    def times(fault, **parameters):
        return [event.at for event in faults([Entry(fault, parameters, Randomly(S), S)])]

    whole = times("partition", kind="majority")
    assert whole == times("partition", kind="one-way") == times("crash", target="all") == times("network", drop=0.1)


def test_a_schedule_written_out_as_explicit_faults_is_the_same_schedule():
    events = faults(ENTRIES)
    explicit = [
        Entry(name(event.fault), event.fault.parameters_of_entry(), AtTimes((event.at,)), event.until - event.at)
        for event in events
    ]
    assert faults(explicit, seed=99) == events
