"""A run as a page: one file that needs nothing else, with everything from the run escaped.

Python says what is to be seen (`data`, `operations`, `cluster`), the page draws it (`drawing/`, with BokehJS, which
comes along): so a page costs a run a fraction of a second, and campaigns, which make none, nothing at all.
"""

from clew.harness.view.report.page import report

__all__ = ["report"]
