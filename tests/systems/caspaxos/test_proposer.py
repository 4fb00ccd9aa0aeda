"""What a proposer sends to acceptors, and what it replies to clients."""

from __future__ import annotations

from random import Random

from clew.systems import Context, find_protocol
from clew.systems.caspaxos.ballot import NEVER, Ballot
from clew.systems.caspaxos.change import EMPTY, Versioned, Write
from clew.systems.caspaxos.messages import Accept, Accepted, Conflict, Prepare, Promise, Reply, Request
from clew.systems.caspaxos.parameters import Parameters
from clew.systems.caspaxos.proposer import Proposer
from clew.systems.node import Send
from tests.systems.cluster import Cluster

CASPAXOS = find_protocol("caspaxos")


def three(parameters: Parameters | None = None) -> Cluster:
    return Cluster(CASPAXOS, parameters, nodes=3)


def sent(cluster: Cluster, kind: type) -> list[object]:
    """The different messages of a kind, in the order in which they were first sent."""
    return list(dict.fromkeys(sent.message for sent in cluster.journal if type(sent.message) is kind))


def done(cluster: Cluster, thread: int, f: str, value: object = None) -> tuple[str, object, str | None]:
    operation = cluster.invoke(thread, f, value)
    cluster.settle()
    end = cluster.completed[operation]
    return end.type, end.value, end.error


def test_operations_on_one_register_do_what_they_say() -> None:
    cluster = three()
    assert done(cluster, 0, "read") == ("ok", None, None)
    assert done(cluster, 1, "write", 1) == ("ok", 1, None)
    assert done(cluster, 2, "cas", [1, 2]) == ("ok", [1, 2], None)
    assert done(cluster, 0, "cas", [1, 3]) == ("fail", [1, 3], "mismatch")
    assert done(cluster, 1, "read") == ("ok", 2, None)


def test_each_change_makes_a_version_and_the_identity_makes_none() -> None:
    cluster = three()
    for f, value in (("read", None), ("write", 1), ("cas", [1, 2]), ("cas", [1, 3]), ("read", None), ("write", 2)):
        done(cluster, 0, f, value)
    values = [accept.value for accept in sent(cluster, Accept)]  # type: ignore[attr-defined]
    assert [(value.version, value.state) for value in values] == [(0, None), (1, 1), (2, 2), (2, 2), (2, 2), (3, 2)]
    assert len({value.uuid for value in values}) == 4


def test_a_mismatch_goes_through_the_accept_round() -> None:
    cluster = three()
    operation = cluster.round(0, "cas", [1, 2], prepare=("n1", "n2"), accept=())
    assert operation not in cluster.completed


def test_two_round_trips_take_a_prepare_each_and_one_round_trip_only_the_first() -> None:
    for parameters, prepares in ((Parameters(), 3), (Parameters(one_round_trip=True), 1)):
        cluster = three(parameters)
        for value in range(3):
            assert done(cluster, 0, "write", value)[0] == "ok"
        assert len(sent(cluster, Prepare)) == prepares


def test_a_proposer_whose_piggy_backed_promise_was_overtaken_prepares_again() -> None:
    cluster = three(Parameters(one_round_trip=True))
    done(cluster, 0, "write", 1)
    done(cluster, 1, "write", 2)
    assert done(cluster, 0, "cas", [2, 3]) == ("ok", [2, 3], None)
    assert cluster.violations == []


def test_requests_for_one_key_wait_for_each_other_at_a_proposer() -> None:
    cluster = three()
    operations = [cluster.invoke(thread, "write", thread) for thread in (0, 3, 6)]
    other = cluster.invoke(9, "write", 9, key="another")
    for flight in list(cluster.flying):
        cluster.deliver(flight)
    assert len(sent(cluster, Prepare)) == 2
    cluster.settle()
    assert {cluster.completed[operation].type for operation in (*operations, other)} == {"ok"}
    assert sent(cluster, Conflict) == []


def test_a_request_that_comes_twice_is_done_once() -> None:
    cluster = three()
    operation = cluster.invoke(0, "write", 1)
    request = cluster.flying[0]
    cluster.deliver(request, again=True)
    cluster.deliver(request, again=True)
    cluster.settle()
    cluster.deliver(request, again=True)
    cluster.settle()
    assert cluster.completed[operation].type == "ok"
    assert len(sent(cluster, Accept)) == 1
    assert len(sent(cluster, Request)) == 1


def test_messages_that_got_lost_are_sent_again_at_the_same_ballot() -> None:
    cluster = three()
    operation = cluster.invoke(0, "write", 1)
    cluster.deliver(cluster.flying[0])
    for _ in range(2):  # the prepares, then the accepts
        cluster.flying = [flight for flight in cluster.flying if flight[2] == "n1"]
        cluster.deliver(cluster.flying[0])
        cluster.deliver(cluster.flying[0])
        assert operation not in cluster.completed
        cluster.wake("n1", "0")
        assert {flight[2] for flight in cluster.flying} == {"n2", "n3"}
        while operation not in cluster.completed and type(cluster.flying[0][3]) in (Prepare, Promise):
            cluster.deliver(cluster.flying[0])
    cluster.settle()
    assert cluster.completed[operation].type == "ok"
    assert len(sent(cluster, Prepare)) == 1
    assert len(sent(cluster, Accept)) == 1


def test_without_a_quorum_of_promises_a_change_certainly_fails() -> None:
    cluster = three()
    for name in ("n2", "n3"):
        cluster.crash(name)
    assert done(cluster, 0, "write", 1) == ("fail", 1, "no quorum")
    assert Parameters().give_up_after <= cluster.now < 2 * Parameters().give_up_after
    assert sent(cluster, Accept) == []


def test_without_a_quorum_of_votes_the_outcome_of_a_change_is_unknown_and_a_read_fails() -> None:
    for f, value, end in (("write", 1, ("info", "accept round failed")), ("read", None, ("fail", "no quorum"))):
        cluster = three()
        operation = cluster.round(0, f, value, prepare=("n1", "n2"), accept=("n1",))
        for name in ("n2", "n3"):
            cluster.crash(name)
        cluster.settle()
        assert (cluster.completed[operation].type, cluster.completed[operation].error) == end


def failed_accept(cluster: Cluster, others: int) -> int:
    """A write that only n1 has accepted, and after it `others` changes that n2 and n3 have accepted."""
    operation = cluster.round(0, "write", "ours", prepare=("n1", "n2"), accept=("n1",))
    for number in range(others):
        cluster.round(1, "write", number, prepare=("n2", "n3"), accept=("n2", "n3"))
    return operation


def test_after_a_failed_accept_round_a_value_that_is_still_there_is_proposed_again_as_it_is() -> None:
    cluster = three()
    operation = failed_accept(cluster, others=0)
    cluster.settle()
    assert cluster.completed[operation].type == "ok"
    assert len({accept.value for accept in sent(cluster, Accept)}) == 1  # type: ignore[attr-defined]


def test_after_a_failed_accept_round_a_change_is_applied_to_a_value_that_cannot_descend_from_its_own() -> None:
    cluster = three()
    operation = failed_accept(cluster, others=1)
    cluster.settle()
    assert cluster.completed[operation].type == "ok"
    assert done(cluster, 2, "read") == ("ok", "ours", None)
    assert sent(cluster, Accept)[-1].value.version == 2  # type: ignore[attr-defined]
    assert cluster.verdict().verdict == "valid"


def test_after_a_failed_accept_round_the_outcome_of_a_change_that_may_be_an_ancestor_is_unknown() -> None:
    cluster = three()
    operation = failed_accept(cluster, others=2)
    cluster.settle()
    end = cluster.completed[operation]
    assert (end.type, end.error) == ("info", "overtaken after a failed accept round")


def test_a_ballot_is_never_used_again_after_a_restart() -> None:
    cluster = three(Parameters(one_round_trip=True))
    for value in range(3):
        cluster.invoke(0, "write", value)
        cluster.settle()
        cluster.crash("n1")
        cluster.restart("n1")
    accepts = sent(cluster, Accept)
    ballots = {ballot for accept in accepts for ballot in (accept.ballot, accept.promise)}  # type: ignore[attr-defined]
    assert len(ballots) == 2 * len(accepts)


def test_a_conflict_makes_the_proposer_jump_past_the_higher_ballot() -> None:
    cluster = three()
    for value in range(5):
        done(cluster, 1, "write", value)
    assert done(cluster, 0, "write", 9)[0] == "ok"
    rounds = [prepare.ballot.round for prepare in sent(cluster, Prepare)]  # type: ignore[attr-defined]
    assert rounds == [1, 2, 3, 4, 5, 1, 6]


def test_votes_of_an_earlier_round_do_not_count() -> None:
    cluster = three()
    operation = cluster.invoke(0, "write", 1)
    while not any(type(flight[3]) is Accept for flight in cluster.flying):
        cluster.deliver(cluster.flying[0])
    accepts = [flight for flight in cluster.flying if type(flight[3]) is Accept]
    cluster.deliver(accepts[0])
    vote = next(flight for flight in cluster.flying if type(flight[3]) is Accepted)
    for _ in range(3):
        cluster.deliver(vote, again=True)
    assert operation not in cluster.completed


def test_a_request_that_comes_again_after_a_restart_is_not_applied_again() -> None:
    cluster = three()
    operation = cluster.invoke(0, "write", "once")
    (request,) = (flight for flight in cluster.flying if type(flight[3]) is Request)
    cluster.deliver(request, again=True)
    cluster.settle()
    assert cluster.completed[operation].type == "ok"
    assert done(cluster, 1, "write", "later") == ("ok", "later", None)
    cluster.crash("n1")
    cluster.restart("n1")
    cluster.deliver(request, again=True)
    cluster.settle()
    assert done(cluster, 2, "read") == ("ok", "later", None)


def test_a_value_above_the_oldest_of_ours_may_descend_from_it() -> None:
    """One change has made two values. A value above the older one may descend from it, even if not above the newer."""
    proposer = Proposer(Parameters())
    ctx = Context("n1", ("n1", "n2", "n3"), Random(1), {})
    proposer.start(ctx)
    proposer.request(ctx, "c0", Request(7, 0, Write("ours")))

    def prepared(*values: Versioned) -> Accept | Reply:
        """Answer the proposer's prepare. Returns what it sends next."""
        sends = [effect.message for effect in ctx.take() if isinstance(effect, Send)]
        ballot = next(message.ballot for message in sends if isinstance(message, Prepare))
        for node, value in zip(("n1", "n2"), values, strict=True):
            accepted = Ballot(ballot.round - 1, node) if value.version else NEVER
            proposer.promise(ctx, node, Promise(0, ballot, accepted, value))
        done = [effect.message for effect in ctx.effects if isinstance(effect, Send)][-1]
        if isinstance(done, Accept):
            ctx.take()
            for node in ("n2", "n3"):
                proposer.conflict(ctx, node, Conflict(0, done.ballot, Ballot(done.ballot.round + 5, "n3")))
            ctx.take()
            proposer.wake(ctx, repr(0))
        return done

    first = prepared(EMPTY, EMPTY)
    assert isinstance(first, Accept)
    assert first.value.version == 1
    second = prepared(EMPTY, Versioned(1, "theirs", "x"))
    assert isinstance(second, Accept)
    assert second.value.version == 2
    third = prepared(EMPTY, Versioned(2, "others", "y"))
    assert isinstance(third, Reply)
    assert (third.outcome, third.error) == ("info", "overtaken after a failed accept round")
