"""What becomes of requests: each comes from a client, and each runs at most once."""

from __future__ import annotations

from clew.systems.invariant import Sent, Violation
from clew.systems.rsl.application import AppRequest
from clew.systems.rsl.invariants.ballots import Proposals
from clew.systems.rsl.messages import Message2a, ReplyMessage, RequestMessage
from clew.systems.rsl.types import OperationNumber


class RequestsAreFromClients:
    """A client has sent each request that is proposed, with this number and these contents.

    (lemma_RequestIn2aMessageHasCorrespondingRequestMessage, and so lemma_DecidedRequestWasSentByClient.)
    """

    name = "requests-are-from-clients"
    watches: tuple[type, ...] = (RequestMessage, Message2a)

    def __init__(self, proposals: Proposals) -> None:
        self._proposals = proposals
        self._sent: dict[tuple[str, int], AppRequest] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Look up the requests of a new 2a among those that clients have sent."""
        m = sent.message
        if type(m) is RequestMessage:
            self._sent[sent.source, m.seqno_req] = m.val
        elif self._proposals.add(sent)[1] == sent.id:
            for request in m.val_2a:
                known = self._sent.get((request.client, request.seqno))
                if known is not request.request and (known is None or known != request.request):
                    return Violation(
                        self.name,
                        f"{sent.source} proposes at {m.opn_2a} in ballot {m.bal_2a} number {request.seqno} of "
                        f"{request.client}, {request.request!r}, "
                        + ("which it never sent" if known is None else f"but it sent {known!r}"),
                        sent.time,
                        (sent.id,),
                    )
        return None


class RequestsRunOnce:
    """A request runs at one place of the log, however often it is sent and decided.

    IronFleet's specification does not promise it (AbstractService.s.dfy says so). Here the reply cache does.
    """

    name = "requests-run-once"
    watches: tuple[type, ...] = (ReplyMessage,)

    def __init__(self) -> None:
        self._ran: dict[tuple[str, int], tuple[OperationNumber, int, str, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the place that a reply names with that of the first reply to the same request."""
        m = sent.message
        request = (sent.destination, m.seqno_reply)
        first = self._ran.get(request)
        if first is None:
            self._ran[request] = (m.opn_reply, m.index, sent.source, sent.id)
            return None
        opn, index, replica, number = first
        if opn == m.opn_reply and index == m.index:
            return None
        return Violation(
            self.name,
            f"number {m.seqno_reply} of {sent.destination} ran twice: {replica} ran it as request {index} of the batch "
            f"at {opn}, {sent.source} as request {m.index} of the batch at {m.opn_reply}",
            sent.time,
            (number, sent.id),
        )
