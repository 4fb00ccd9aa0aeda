"""A sweep over registers that gives an operation its place only when its return forces that."""

from clew.checkers.lazy.sweep import decide

__all__ = ["decide"]
