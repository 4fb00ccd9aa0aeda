"""Depth-first search for a linearization: Wing & Gong's, just in time, with Lowe's cache. Decides any model."""

from clew.checkers.wgl.search import decide

__all__ = ["decide"]
