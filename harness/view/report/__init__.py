"""A run as a web page: one file that needs no other file and no network; all text from the run is escaped.

Python decides what there is to see (`gather`), and the page draws it (`drawing/`, with BokehJS inside the file). So a
page costs a run a fraction of a second. Hunts make no pages.

    page_data    what the page gets, as columns
    gather       puts them together, from the four files below
    operations   the timeline, the checker's evidence, latencies and rates
    moments      what there is to jump to
    messages     messages as arrows
    nodes        the states of the nodes, and the marks of the protocol
    page         the page itself
    write        `clew report`: the page as a file, its pictures as PNG files
"""

from clew.harness.view.report.page import report

__all__ = ["report"]
