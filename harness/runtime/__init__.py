"""The runtime: it carries a run out.

conductor     the story of a run: threads, timeouts, faults, final reads; a state machine without I/O
script        what each client thread does
runtime       the contract of whatever starts nodes, feeds the conductor, and carries out its orders
open          which runtime carries a plan out
network       the model of the network: which messages are lost, doubled or late; shared by all runtimes
simulation/   a runtime in virtual time; nothing outside this room imports from it
"""
