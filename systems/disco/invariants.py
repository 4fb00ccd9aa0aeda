"""What the parts of the file system promise each other, as invariants over the messages.

A node has what it says that it has. A version is *written* when K nodes have said that they have committed it. A
message counts when it is sent.
"""

from __future__ import annotations

from clew.systems.disco.messages import (
    NEVER,
    BlobPut,
    Changed,
    Copied,
    Number,
    PutTag,
    Remove,
    Tag,
    TagCommitted,
    TagContents,
    TagData,
    TagHeld,
)
from clew.systems.disco.parameters import Parameters
from clew.systems.invariant import Invariant, Sent, Violation


def invariants(parameters: Parameters, nodes: int) -> list[Invariant]:
    """All invariants, new for one run."""
    replicas = parameters.replicas
    return [
        VersionsGrow(),
        TaggedBlobsAreReplicated(replicas),
        NamedBlobsStay(replicas),
        ChangesKeepTheRest(replicas),
        AcknowledgedIsReplicated(replicas),
        AnswersAreTheNewest(),
    ]


class VersionsGrow:
    """The versions of a tag grow, and each is put with one content."""

    name = "versions-grow"
    watches: tuple[type, ...] = (PutTag,)

    def __init__(self) -> None:
        self._last: dict[Tag, tuple[TagData, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare what is put with what was put last."""
        tag, data = sent.message.tag, sent.message.data
        last, number = self._last.setdefault(tag, (data, sent.id))
        if data == last:
            return None
        self._last[tag] = (data, sent.id)
        if data.version > last.version:
            return None
        words = f"version {_n(data.version)} of tag {tag} is put after version {_n(last.version)}"
        return Violation(self.name, words, sent.time, (number, sent.id))


class TaggedBlobsAreReplicated:
    """A tag never names a blob that fewer than K nodes have."""

    name = "tagged-blobs-are-replicated"
    watches: tuple[type, ...] = (BlobPut, Copied, Remove, PutTag)

    def __init__(self, replicas: int) -> None:
        self._replicas = replicas
        self._having: dict[Number, set[str]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Count the nodes that have what a tag names."""
        message = sent.message
        if type(message) is PutTag:
            for blob in message.data.blobs:
                having = len(self._having.get(blob.name, ()))
                if having < self._replicas:
                    words = f"tag {message.tag} is to name blob {_n(blob.name)}, which {having} nodes have"
                    return Violation(self.name, words, sent.time, (sent.id,))
        elif type(message) is Remove:
            for name in message.blobs:
                self._having.get(name, set()).discard(sent.destination)
                if not self._having.get(name, True):
                    del self._having[name]
        else:
            self._having.setdefault(message.blob, set()).add(sent.source)
        return None


class _Versions:
    """The versions of all tags: those that were written last, and what was put since."""

    def __init__(self, replicas: int) -> None:
        self._replicas = replicas
        self._committed: dict[tuple[Tag, Number], set[str]] = {}
        self.put: dict[Tag, dict[Number, TagData]] = {}
        """The versions of each tag that were put, from the written one on."""
        self.written: dict[Tag, TagData] = {}
        """The newest version of each tag that was written."""

    def observe(self, sent: Sent) -> None:
        """Learn of a version that is put, or that a node has committed."""
        message, tag = sent.message, sent.message.tag
        if type(message) is PutTag:
            self.put.setdefault(tag, {})[message.data.version] = message.data
            return
        version = message.version
        nodes = self._committed.setdefault((tag, version), set())
        nodes.add(sent.source)
        if len(nodes) >= self._replicas and version in self.put.get(tag, {}):
            self.written[tag] = self.put[tag][version]
            self.put[tag] = {each: data for each, data in self.put[tag].items() if each >= version}
            self._committed = {
                each: nodes for each, nodes in self._committed.items() if each[0] != tag or each[1] >= version
            }


class NamedBlobsStay:
    """No blob is removed that the last written version of a tag names."""

    name = "named-blobs-stay"
    watches: tuple[type, ...] = (PutTag, TagCommitted, Remove)

    def __init__(self, replicas: int) -> None:
        self._versions = _Versions(replicas)

    def observe(self, sent: Sent) -> Violation | None:
        """Look up what is removed in what tags name."""
        message = sent.message
        if type(message) is not Remove:
            self._versions.observe(sent)
            return None
        removed = set(message.blobs)
        for tag, data in self._versions.written.items():
            for blob in data.blobs:
                if blob.name in removed:
                    words = f"blob {_n(blob.name)} is removed, which version {_n(data.version)} of tag {tag} names"
                    return Violation(self.name, words, sent.time, (sent.id,))
        return None


class ChangesKeepTheRest:
    """A version with several blobs names those of the version before, and one more at most. No change is lost."""

    name = "changes-keep-the-rest"
    watches: tuple[type, ...] = (PutTag, TagCommitted)

    def __init__(self, replicas: int) -> None:
        self._versions = _Versions(replicas)

    def observe(self, sent: Sent) -> Violation | None:
        """Compare a new version with the last one that was written, and with those that may have been."""
        message, tag = sent.message, sent.message.tag
        before = self._versions.put.get(tag, {})
        if type(message) is PutTag and message.data.version not in before and len(message.data.blobs) > 1:
            names = [blob.name for blob in message.data.blobs]
            known = [[blob.name for blob in data.blobs] for data in before.values()]
            if names not in known and names[:-1] not in known:
                words = f"version {_n(message.data.version)} of tag {tag} follows from no version that is still there"
                return Violation(self.name, words, sent.time, (sent.id,))
        self._versions.observe(sent)
        return None


class AcknowledgedIsReplicated:
    """When a client is told of a change, K nodes have it, or something newer."""

    name = "acknowledged-is-replicated"
    watches: tuple[type, ...] = (TagCommitted, TagHeld, Changed)

    def __init__(self, replicas: int) -> None:
        self._replicas = replicas
        self._held: dict[Tag, dict[str, Number]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Count the nodes that have what is acknowledged."""
        message = sent.message
        held = self._held.setdefault(message.tag, {})
        if type(message) is not Changed:
            version = message.data.version if type(message) is TagHeld else message.version
            held[sent.source] = max(version, held.get(sent.source, NEVER))
            return None
        having = sum(version >= message.version for version in held.values())
        if having >= self._replicas or message.version == NEVER:
            return None
        words = f"version {_n(message.version)} of tag {message.tag} is acknowledged, and {having} nodes have it"
        return Violation(self.name, words, sent.time, (sent.id,))


class AnswersAreTheNewest:
    """No answer is older than an acknowledged change. But a deleted tag may be answered as one that never was."""

    name = "answers-are-the-newest"
    watches: tuple[type, ...] = (PutTag, Changed, TagContents)

    def __init__(self) -> None:
        self._deletions: dict[Tag, set[Number]] = {}
        """The versions without blobs, from the newest acknowledged one on."""
        self._newest: dict[Tag, tuple[Number, int]] = {}

    def observe(self, sent: Sent) -> Violation | None:
        """Compare the version of an answer with the newest that was acknowledged."""
        message, tag = sent.message, sent.message.tag
        deletions = self._deletions.setdefault(tag, set())
        if type(message) is PutTag:
            if not message.data.blobs:
                deletions.add(message.data.version)
            return None
        version = message.version if type(message) is Changed else message.data.version
        newest, number = self._newest.get(tag, (NEVER, sent.id))
        if version < newest and not (version == NEVER and deletions):
            words = f"version {_n(version)} of tag {tag} is the answer, and version {_n(newest)} was acknowledged"
            return Violation(self.name, words, sent.time, (number, sent.id))
        if type(message) is Changed and version > newest:
            self._newest[tag] = (version, sent.id)
            self._deletions[tag] = {each for each in deletions if each >= version}
        return None


def _n(number: Number) -> str:
    return f"{number[0]}.{number[1]}"
