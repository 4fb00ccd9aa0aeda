"""Stacks to which elements are pushed many times, decided by a search for who popped which push."""

from clew.checkers.pairing.engine import applies, search

__all__ = ["applies", "search"]
