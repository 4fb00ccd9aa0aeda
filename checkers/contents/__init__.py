"""Contents that grow at their end, and records: all that may be there is swept along the events."""

from clew.checkers.contents.engine import decide
from clew.checkers.contents.start import accesses_of

__all__ = ["accesses_of", "decide"]
