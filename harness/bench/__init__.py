"""What clew is measured by: the known bugs that it finds."""

from harness.bench.bugs import Bug, bugs, measure, seeds_to_failure, table

__all__ = ["Bug", "bugs", "measure", "seeds_to_failure", "table"]
