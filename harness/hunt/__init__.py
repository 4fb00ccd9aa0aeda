"""Many seeds until something breaks: a campaign of trials over an executor, its failures by what broke, its coverage.

trial       one seed: drawn, simulated inline, judged             runs in a worker
campaign    trials in the order of their seeds, however many workers there are
executor    whose workers: the cores of this machine, or a cluster's
hunt        the campaign, with the failing runs kept and grouped
"""

from clew.harness.hunt.campaign import campaign
from clew.harness.hunt.executor import at_home, on_cluster
from clew.harness.hunt.hunt import Found, Hunt, hunt
from clew.harness.hunt.trial import Trial, trial

__all__ = ["Found", "Hunt", "Trial", "at_home", "campaign", "hunt", "on_cluster", "trial"]
