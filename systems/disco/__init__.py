"""A distributed file system like Disco's: tags that name blobs, with K replicas of each, and one master.

It is modelled on the Disco Distributed Filesystem (https://disco.readthedocs.io, "Disco Distributed Filesystem"), a
version of which the authors of "Verifying Distributed Programs via Canonical Sequentialization" (OOPSLA 2017) verify.
Read `messages.py` first, then `storage.py`, and `tag_server.py`, which is the heart of the master. `collector.py` is
what goes on in the background, `master.py` the rest. `invariants.py` watches what the parts promise each other.
`variants.py` has known mistakes, those that Disco's documentation describes among them.
"""

from clew.systems.disco.client import DiscoClient
from clew.systems.disco.invariants import invariants
from clew.systems.disco.messages import Message
from clew.systems.disco.node import DiscoNode
from clew.systems.disco.parameters import Parameters, validate
from clew.systems.disco.variants import HUNTED, VARIANTS
from clew.systems.protocol import Protocol

system = Protocol(
    name="disco",
    summary="Disco's file system: tags name replicated blobs; put and append push a blob, get reads a tag's blobs",
    messages=Message,
    node=DiscoNode,
    client=DiscoClient,
    model="kv",
    functions=("get", "put", "append", "delete"),
    parameters=Parameters,
    validate=validate,
    invariants=invariants,
    variants=VARIANTS,
    hunted=HUNTED,
)
