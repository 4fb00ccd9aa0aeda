"""All configurations at once, swept along the events. Decides any model, and can run beside a test."""

from clew.checkers.linear.going_back import decide as decide_going_back
from clew.checkers.linear.sweep import Configuration, Sweep, decide

__all__ = ["Configuration", "Sweep", "decide", "decide_going_back"]
