"""The live runtime: real processes, real packets, the wall clock.

live              the runtime: the conductor's orders by the wall clock
cluster           what a cluster offers, and what it has around it
keeper            brings a node where the faults want it
world             namespaces, addresses and processes
switch            the network between the namespaces
protocol_cluster  the nodes and clients of a protocol; node_host is one life of a node
program_cluster   the nodes of a program, and its clients: client_host for Python classes, line_clients for JSON lines
maelstrom_cluster the nodes of a Maelstrom program, with pipes as their network

Nothing is imported here: the processes of a run start with a few of these modules.
"""
