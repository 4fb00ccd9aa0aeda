"""The log of one server and its snapshot, in memory and on disk (5.3 and section 7).

     snapshot                entries
    ┌──────────────────────┬────┬────┬────┐
    │ state after 1 ... 40 │ 41 │ 42 │ 43 │        places are counted from 1
    └──────────────────────┴────┴────┴────┘

On disk each place is a value of its own, so that appending an entry costs one entry and not the whole log. A crash
keeps the writes of a step up to some point. So the order of the writes below matters: the log on disk is whole at every
such point.
"""

from __future__ import annotations

import msgspec

from clew.systems.node import Context
from clew.systems.raft.messages import Configuration, Entry
from clew.systems.raft.store import Store


class Snapshot(msgspec.Struct, frozen=True):
    """The state after the entries up to a place."""

    index: int
    term: int
    """The term of the entry at `index`."""
    state: str
    configuration: Configuration | None = None
    """The latest one up to `index`. None: that of the plan."""


BEFORE_ALL = Snapshot(0, 0, Store().serialize())


class Log:
    """The entries after the snapshot. Nothing is safe from crashes until `ctx.disk.sync()`."""

    def __init__(self) -> None:
        self.snapshot = BEFORE_ALL
        self._entries: list[Entry] = []
        self._changes: list[int] = []
        """The places of the configurations after the snapshot."""

    def load(self, ctx: Context) -> None:
        """Read what survived the last life. Raises `UnreadableDisk`."""
        self.snapshot = ctx.disk.read("snapshot", Snapshot) or BEFORE_ALL
        last = ctx.disk.read("log/last", int) or 0
        for index in range(self.snapshot.index + 1, last + 1):
            entry = ctx.disk.read(f"log/{index}", Entry)
            if entry is None:
                break  # Only a disk that loses synced writes can do this.
            self._add(entry)

    @property
    def last_index(self) -> int:
        """The last place."""
        return self.snapshot.index + len(self._entries)

    @property
    def last_term(self) -> int:
        """The term of the entry there."""
        return self._entries[-1].term if self._entries else self.snapshot.term

    @property
    def configuration(self) -> Configuration | None:
        """The latest configuration, committed or not. None: that of the plan."""
        return self._configuration_at(self._changes[-1]) if self._changes else self.snapshot.configuration

    @property
    def changed_at(self) -> int:
        """The place of the latest configuration, or that of the snapshot that has it."""
        return self._changes[-1] if self._changes else self.snapshot.index

    def _configuration_at(self, index: int) -> Configuration:
        configuration = self.entry(index).command
        assert isinstance(configuration, Configuration)
        return configuration

    def term_at(self, index: int) -> int | None:
        """The term of the entry at a place; None if the place is beyond the end, or only the snapshot knows it."""
        if index == self.snapshot.index:
            return self.snapshot.term
        place = index - self.snapshot.index - 1
        return self._entries[place].term if 0 <= place < len(self._entries) else None

    def entry(self, index: int) -> Entry:
        """The entry at a place after the snapshot."""
        return self._entries[index - self.snapshot.index - 1]

    def after(self, index: int, most: int) -> tuple[Entry, ...]:
        """The entries after a place, `most` of them at most."""
        place = index - self.snapshot.index
        return tuple(self._entries[place : place + most])

    def append(self, ctx: Context, entries: tuple[Entry, ...]) -> None:
        """Append entries at the end."""
        for entry in entries:
            self._add(entry)
            ctx.disk.write(f"log/{self.last_index}", entry)
        ctx.disk.write("log/last", self.last_index)

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)
        if type(entry.command) is Configuration:
            self._changes.append(self.last_index)

    def cut(self, ctx: Context, index: int) -> None:
        """Remove the entries from a place on. Its new end is on disk before anything is appended there.

        If a configuration is removed, the one before it is the latest again (thesis, 4.1).
        """
        del self._entries[index - self.snapshot.index - 1 :]
        self._changes = [place for place in self._changes if place < index]
        ctx.disk.write("log/last", self.last_index)

    def compact(self, ctx: Context, index: int, state: str) -> None:
        """Replace the entries up to a place by the state after them."""
        term = self.term_at(index)
        assert term is not None
        changes = [place for place in self._changes if place <= index]
        configuration = self._configuration_at(changes[-1]) if changes else self.snapshot.configuration
        first = self.snapshot.index + 1
        del self._entries[: index - self.snapshot.index]
        self._replace(ctx, Snapshot(index, term, state, configuration), first)

    def install(self, ctx: Context, snapshot: Snapshot) -> None:
        """Take a leader's snapshot. Entries after it stay if the log has the snapshot's last entry (Figure 13)."""
        first, last = self.snapshot.index + 1, self.last_index
        if self.term_at(snapshot.index) == snapshot.term:
            del self._entries[: snapshot.index - self.snapshot.index]
        else:
            self._entries.clear()
            self._changes.clear()
            ctx.disk.write("log/last", min(last, snapshot.index))
        self._replace(ctx, snapshot, first, last)

    def _replace(self, ctx: Context, snapshot: Snapshot, first: int, last: int | None = None) -> None:
        """Set the snapshot, and erase the places that it stands for."""
        self.snapshot = snapshot
        self._changes = [place for place in self._changes if place > snapshot.index]
        ctx.disk.write("snapshot", snapshot)
        end = snapshot.index if last is None else min(snapshot.index, last)
        for index in range(first, end + 1):
            ctx.disk.write(f"log/{index}", None)
