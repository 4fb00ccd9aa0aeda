"""MapReduce (Dean and Ghemawat, "MapReduce: Simplified Data Processing on Large Clusters", OSDI 2004).

Sections in the docstrings are those of the paper. Clients append records to inputs, and submit jobs that count the
words of an input. Read `messages.py` first, then `word_count.py`, which is the job, `master.py` and `worker.py`;
`file_system.py` is the global file system under them. `node.py` puts all on the nodes, and `client.py` asks them.
`invariants.py` watches what section 3.3 promises. `variants.py` has known ways to break the promise.
"""

from clew.systems.mapreduce.client import JobClient
from clew.systems.mapreduce.invariants import invariants
from clew.systems.mapreduce.messages import Message
from clew.systems.mapreduce.node import MapReduceNode
from clew.systems.mapreduce.parameters import Parameters, validate
from clew.systems.mapreduce.variants import HUNTED, VARIANTS
from clew.systems.protocol import Protocol

system = Protocol(
    name="mapreduce",
    summary="MapReduce: a master gives tasks to workers that die; clients count the words of inputs that grow",
    messages=Message,
    node=MapReduceNode,
    client=JobClient,
    model="word-count",
    functions=("append", "count"),
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    variants=VARIANTS,
    hunted=HUNTED,
)
