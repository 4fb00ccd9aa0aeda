"""Live runs: real processes, real packets, the wall clock. No root is needed.

live            the runtime: the conductor's orders by the wall clock
cluster         the contract of what it runs: our own protocols, anybody's programs, Maelstrom's
keeper          brings each node where the faults want it
world/          namespaces and addresses, and processes that cannot leave them
packets/        the network: every packet passes through the switch
protocols/      hosts for sans-IO nodes, and their clients
programs/       ordinary programs, their clients, and Maelstrom's pipes
logs            what processes print, in files that cannot grow without bound
data_folder     where nodes keep their data
bounded_journal messages, in a file that cannot grow without bound
vanishing_folder  a folder that is gone when its process is

Nothing is imported here: the processes of a run start with a few of these modules.
"""
