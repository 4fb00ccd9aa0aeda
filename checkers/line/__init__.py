"""FIFO queues to which elements are put many times: a search for one line of pairs."""

from clew.checkers.line.engine import applies, decide

__all__ = ["applies", "decide"]
