"""Depth-first search for a linearization: Wing & Gong's, just in time, with Lowe's cache. Decides any model."""

from clew.checkers.wgl.engine import answer_in_turns, decide

__all__ = ["answer_in_turns", "decide"]
