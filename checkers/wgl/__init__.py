"""Depth-first search for a linearization: Wing & Gong's, just in time, with Lowe's cache. Decides any model."""

from clew.checkers.wgl.engine import decide

__all__ = ["decide"]
