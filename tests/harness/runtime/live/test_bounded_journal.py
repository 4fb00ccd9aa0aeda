"""A message journal that does not grow without bound."""

from __future__ import annotations

from io import BytesIO

from clew.harness.runtime.live.bounded_journal import BoundedJournal
from clew.histories.journal import Journal


def test_messages_are_left_out_when_it_is_long_enough_and_what_becomes_of_earlier_ones_is_written() -> None:
    stream = BytesIO()
    journal = BoundedJournal(Journal(stream), bytes_max=400)
    for number in range(5):
        journal.send(number, number, "n1", "n2", b'"' + b"x" * 50 + b'"')
    for number in range(5):
        journal.receive(number, 10 + number)
        journal.drop(number, 20 + number, "loss")
    journal.crash(30, "n1", 0)
    journal.flush()
    said = stream.getvalue().decode()
    assert said.count('"send"') == said.count('"receive"') == said.count('"drop"') == 2
    assert '"id":1' in said
    assert '"id":2' not in said
    assert '"crash"' in said
    assert journal.notes() == ["the journal of messages was full: the last 3 messages are missing from it"]


def test_a_short_journal_needs_no_note() -> None:
    journal = BoundedJournal(Journal(BytesIO()))
    journal.send(0, 0, "n1", "n2", b"1")
    assert journal.notes() == []
