"""Registers, one or many: an order in which few reads are wrong, mended until none is."""

from clew.checkers.mending.engine import decide, decide_register

__all__ = ["decide", "decide_register"]
