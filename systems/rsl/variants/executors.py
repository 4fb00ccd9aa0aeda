"""Executors that answer wrongly: twice, too early, from the wrong state, or to the wrong request."""

from __future__ import annotations

from msgspec.structs import replace

from clew.systems.node import Context
from clew.systems.rsl.application import Get, Read
from clew.systems.rsl.executor import Executor
from clew.systems.rsl.messages import AppStateSupply, ReplyMessage, RequestMessage
from clew.systems.rsl.parameters import Parameters
from clew.systems.rsl.replica import Replica
from clew.systems.rsl.types import RequestBatch


class RunsRetransmissions(Executor):
    """Runs a request each time that it is decided.

    A client that sends again, and a leader that has lost its memory of who asked for what with the view, are enough to
    have it decided twice. The second run's reply replaces the first in the cache.

    A client sees a number left out: some increment counted twice.
    """

    def _handle_request_batch(self, ctx: Context, batch: RequestBatch) -> None:
        for index, request in enumerate(batch):
            reply = ReplyMessage(request.seqno, self.app.handle_request(request.request), self.ops_complete, index)
            self.reply_cache[request.client] = reply
            ctx.send(request.client, reply)


class SuppliesNoReplies(Executor):
    """Supplies its state to a replica that lags, but not the replies that go with it.

    IronFleet has done so since 94b6318 (2021). Where requests must run at most once, the two are one state: the replica
    that was helped does not know which requests its state has in it.

    A client sees a number left out: that replica ran its increment once more, and answers from a state of its own.
    """

    def _supply(self) -> AppStateSupply:
        return replace(super()._supply(), reply_cache={})

    def _take_over_replies(self, m: AppStateSupply) -> None:
        return


class AsPublished(RunsRetransmissions, SuppliesNoReplies):
    """IronFleet's protocol as it is: no request is run at most once, and no reply goes with a state.

    It is not a mistake there. The specification says that it does not promise exactly-once, and that an application
    which needs it must see to that itself; Fonseca et al. (EuroSys 2017) count it among the surprises of verified
    systems all the same. The counter that comes with it does not see to it.

    A client sees a number left out: some increment counted twice, after it was sent again to the next leader.
    """


class InstallsOlderStates(Executor):
    """Takes over any state that is supplied, an older one too: `opn_state_supply > ops_complete` is missing.

    No client can notice. An older state is one that this replica has been in. It falls behind, answers as it did
    before if it comes to execute the same batches again, and is helped as any replica that lags.
    """

    def process_app_state_supply(self, ctx: Context, m: AppStateSupply) -> bool:
        self.ops_complete = min(self.ops_complete, m.opn_state_supply - 1)
        return super().process_app_state_supply(ctx, m)


class AnswersFromTheCache(Executor):
    """Answers any request of a client that it has a reply for with that reply: the numbers are not compared.

    A reply cache with the client as its key and nothing else.

    A client sees the result of its request before the last.
    """

    def satisfied(self, client: str, seqno: int) -> bool:
        return client in self.reply_cache

    def process_request(self, ctx: Context, client: str, seqno: int) -> None:
        ctx.send(client, replace(self.reply_cache[client], seqno_reply=seqno))


class ReadsLocally(Replica):
    """Answers reads from the leader's own state, without asking a quorum whether it still leads.

    etcd 0.4.1 and Consul did (Jepsen, 2014), and many Rafts do by way of a lease without a clock to hold it.

    A client sees the past: a leader that is cut off answers what was true before its successor began.
    """

    def process_request(self, ctx: Context, source: str, m: RequestMessage) -> None:
        if self.proposer.current_state == 2 and isinstance(m.val, Read | Get):
            reply = self.executor.app.handle_request(m.val)
            ctx.send(source, ReplyMessage(m.seqno_req, reply, self.executor.ops_complete, 0))
        else:
            super().process_request(ctx, source, m)


class Amnesiac(Replica):
    """Comes back from a crash with nothing, as if its disk had been replaced, and goes on as if nothing were missing.

    IronFleet's replicas would, were they to restart: they keep nothing on disk, and delete their private key so that
    nobody tries. Paxos Made Live (2007) tells of a replica that lost its disk and must not vote until it has caught up.

    A client sees acknowledged increments vanish: of the quorum that remembered them, too few are left.
    """

    def __init__(self, params: Parameters) -> None:
        super().__init__(replace(params, durability="none"))
