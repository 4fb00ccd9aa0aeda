"""Many seeds until something breaks.

trial       one seed: drawn, simulated inline, judged; runs in a worker
campaign    trials in the order of their seeds, for any number of workers
executor    where the workers are: on this machine, or in a cluster
live        a seed as a live run, which is written aside
hunt        a campaign, with its failing runs kept and grouped
coverage    what the faults did to the operations, as a table
"""

from clew.harness.hunt.campaign import campaign
from clew.harness.hunt.executor import at_home, on_cluster, results
from clew.harness.hunt.hunt import Found, Hunt, hunt
from clew.harness.hunt.live import is_live, live_workers
from clew.harness.hunt.trial import Trial, trial

__all__ = [
    "Found",
    "Hunt",
    "Trial",
    "at_home",
    "campaign",
    "hunt",
    "is_live",
    "live_workers",
    "on_cluster",
    "results",
    "trial",
]
