"""What becomes of requests: each comes from a client, and each runs at most once."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.application import AppRequest
from clew.systems.rsl.invariants.log import Log
from clew.systems.rsl.messages import Message2a, ReplyMessage, RequestMessage

REMEMBERED = 8
"""How many requests of a client are remembered before those are forgotten that have run below the horizon."""


class RequestsAreFromClients:
    """A client has sent each request that is proposed, with this number and these contents.

    (lemma_RequestIn2aMessageHasCorrespondingRequestMessage, and so lemma_DecidedRequestWasSentByClient.) A request that
    is not above the client's last one below the horizon is not looked up: all executors skip it.
    """

    name = "requests-are-from-clients"
    watches: tuple[type, ...] = (RequestMessage, Message2a)

    def __init__(self, log: Log) -> None:
        self._log = log
        self._sent: dict[str, dict[int, AppRequest]] = {}
        """For each client: what it has sent, by number."""

    def observe(self, sent: Sent) -> Violation | None:
        """Look up the requests of a new 2a among those that clients have sent."""
        m = sent.message
        if type(m) is RequestMessage:
            requests = self._sent.setdefault(sent.source, {})
            requests[m.seqno_req] = m.val
            done = self._done(sent.source)
            while len(requests) > REMEMBERED and (oldest := next(iter(requests))) <= done:
                del requests[oldest]
        elif self._log.propose(sent)[1] == sent.id:
            for request in m.val_2a:
                known = self._sent.get(request.client, {}).get(request.seqno)
                if known is request.request:
                    continue
                if (known is None or known != request.request) and request.seqno > self._done(request.client):
                    return Violation(
                        self.name,
                        f"{sent.source} proposes at {m.opn_2a} in ballot {m.bal_2a} number {request.seqno} of "
                        f"{request.client}, {request.request!r}, "
                        + ("which it never sent" if known is None else f"but it sent {known!r}"),
                        sent.time,
                        (sent.id,),
                    )
        return None

    def _done(self, client: str) -> int:
        """The number of the client's last request that has run below the horizon, or -1."""
        last = self._log.state.replies.get(client)
        return -1 if last is None else last.seqno_reply


class RequestsRunOnce:
    """A request runs at one place of the log, however often it is sent and decided.

    IronFleet's specification does not promise it (AbstractService.s.dfy says so). Here the reply cache does.
    """

    name = "requests-run-once"
    watches: tuple[type, ...] = (ReplyMessage,)

    def __init__(self, log: Log) -> None:
        self._log = log

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the place that a reply names with that of the first reply to the same request.

        What ran below the horizon is forgotten, but for the last request of each client. No earlier one may run again.
        """
        m = sent.message
        late = m.opn_reply < self._log.horizon
        last = self._log.state.replies.get(sent.destination)
        if last is not None and m.seqno_reply <= last.seqno_reply:
            if late and (m.seqno_reply < last.seqno_reply or (m.opn_reply, m.index) == (last.opn_reply, last.index)):
                return None
            return Violation(
                self.name,
                f"{sent.source} runs number {m.seqno_reply} of {sent.destination} as request {m.index} of the batch at "
                f"{m.opn_reply}, but number {last.seqno_reply} of that client ran before, as request {last.index} of "
                f"the batch at {last.opn_reply}",
                sent.time,
                (sent.id,),
            )
        if late:
            return None
        _, first, replica, number = self._log.answer(sent)[1]
        if first.opn_reply == m.opn_reply and first.index == m.index:
            return None
        return Violation(
            self.name,
            f"number {m.seqno_reply} of {sent.destination} ran twice: {replica} ran it as request {first.index} of the "
            f"batch at {first.opn_reply}, {sent.source} as request {m.index} of the batch at {m.opn_reply}",
            sent.time,
            (number, sent.id),
        )
