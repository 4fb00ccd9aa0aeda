"""What clew finds, measured: the known bugs."""

from harness.bench.bugs import Bug, Missed, bugs, measured, rewritten, table

__all__ = ["Bug", "Missed", "bugs", "measured", "rewritten", "table"]
