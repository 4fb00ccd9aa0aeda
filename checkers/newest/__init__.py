"""Stacks to which elements are pushed many times: all that may lie on the stack is swept along the events."""

from clew.checkers.newest.engine import decide

__all__ = ["decide"]
