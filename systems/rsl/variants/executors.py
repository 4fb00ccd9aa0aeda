"""Executors that run requests twice, lose state, or answer from the wrong state or to the wrong request."""

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

    A request is decided twice when its client sends it again and a new leader does not know that it was proposed
    before. The reply of the second run replaces the first one in the cache.

    A client sees that a number is left out: some increment has counted twice.
    """

    def _handle_request_batch(self, ctx: Context, batch: RequestBatch) -> None:
        for index, request in enumerate(batch):
            reply = ReplyMessage(request.seqno, self.app.handle_request(request.request), self.ops_complete, index)
            self.reply_cache[request.client] = reply
            ctx.send(request.client, reply)


class SuppliesNoReplies(Executor):
    """Supplies its state to a replica that lags, but not its reply cache.

    IronFleet has done so since 94b6318 (2021). If requests must run at most once, the reply cache is part of the state:
    without it, the replica does not know which requests its new state contains.

    A client sees that a number is left out: the replica has run an increment once more, and its state differs from the
    others'.
    """

    def _supply(self) -> AppStateSupply:
        return replace(super()._supply(), reply_cache={})

    def _take_over_replies(self, m: AppStateSupply) -> None:
        return


class AsPublished(RunsRetransmissions, SuppliesNoReplies):
    """IronFleet's protocol as it is: requests may run twice, and a state is supplied without the reply cache.

    That is not a mistake there. The specification does not promise exactly-once, and says that an application which
    needs it must provide it. IronFleet's own counter does not. Fonseca et al. (EuroSys 2017) count this among the
    surprises of verified systems.

    A client sees that a number is left out: some increment was sent again to the next leader, and has counted twice.
    """


REPLIES = 255
"""How many clients the reply cache of IronFleet has room for."""


class EvictsReplies(Executor):
    """Remembers the replies to 255 clients. Another client's takes the place of one of these, whichever it finds first.

    IronFleet's implementation does so (UpdateReplyCache in ExecutorModel.i.dfy), and may: its specification does not
    promise that requests run once.

    A client sees that a number is left out. Its increment has run, but its reply was lost and has left the cache before
    the client asks again.
    """

    def _handle_request_batch(self, ctx: Context, batch: RequestBatch) -> None:
        for index, request in enumerate(batch):
            client, seqno = request.client, request.seqno
            if not self.satisfied(client, seqno):
                if len(self.reply_cache) == REPLIES:
                    del self.reply_cache[next(iter(self.reply_cache))]
                reply = self.app.handle_request(request.request)
                self.reply_cache[client] = ReplyMessage(seqno, reply, self.ops_complete, index)
            if self.reply_cache[client].seqno_reply == seqno:
                ctx.send(client, self.reply_cache[client])


class MislabelsItsState(Executor):
    """Supplies its state with the number of the next operation, as if that were in it already.

    `ops_complete` counts what is executed, and is read as the number of the last operation that is.

    A client sees an increment left out: the replica that takes over the state skips the next batch.
    """

    def _supply(self) -> AppStateSupply:
        return replace(super()._supply(), opn_state_supply=self.ops_complete + 1)


class InstallsOlderStates(Executor):
    """Takes over any state that is supplied, even an older one: `opn_state_supply > ops_complete` is missing.

    No client can tell. The replica has been in the older state before. It falls behind, and runs the same batches again
    with the same replies, or gets a newer state as any replica that lags. The invariants see its checkpoint fall.
    """

    def process_app_state_supply(self, ctx: Context, m: AppStateSupply) -> bool:
        self.ops_complete = min(self.ops_complete, m.opn_state_supply - 1)
        return super().process_app_state_supply(ctx, m)


class AnswersFromTheCache(Executor):
    """Answers every request of a client with the client's last reply: it does not compare request numbers.

    The client alone is the key of its cache. A client sees the result of an earlier request of its own.
    """

    def satisfied(self, client: str, seqno: int) -> bool:
        return client in self.reply_cache

    def process_request(self, ctx: Context, client: str, seqno: int) -> None:
        ctx.send(client, replace(self.reply_cache[client], seqno_reply=seqno))


class ReadsLocally(Replica):
    """Answers reads from the leader's own state, without asking a quorum whether it still leads.

    etcd 0.4.1 and Consul did (Jepsen, 2014). So do Rafts whose leaders hold leases without clocks that can be trusted.

    A client sees old values: a leader that is cut off returns what was true before its successor began.
    """

    def process_request(self, ctx: Context, source: str, m: RequestMessage) -> None:
        if self.proposer.current_state == 2 and isinstance(m.val, Read | Get):
            reply = self.executor.app.handle_request(m.val)
            ctx.send(source, ReplyMessage(m.seqno_req, reply, self.executor.ops_complete, 0))
        else:
            super().process_request(ctx, source, m)


class Amnesiac(Replica):
    """Loses everything in a crash, as if its disk had been replaced, and goes on as if nothing were missing.

    IronFleet's replicas would do so if they could restart: they keep nothing on disk. They delete their private key, so
    they cannot be restarted. In "Paxos Made Live" (2007), a replica that has lost its disk must not vote until it has
    caught up.

    A client sees acknowledged increments vanish: too few replicas remember them.
    """

    def __init__(self, params: Parameters) -> None:
        super().__init__(replace(params, durability="none"))
