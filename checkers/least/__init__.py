"""Priority queues to which elements are put many times: an order in which few takes are wrong is mended."""

from clew.checkers.least.engine import decide

__all__ = ["decide"]
