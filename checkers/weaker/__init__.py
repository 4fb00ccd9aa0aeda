"""What does hold when a history is not linearizable: sequential consistency, session guarantees, bounded staleness.

what_holds      all of them, for one history
promise         the answer about one of them
sequential      one order of everything that keeps the order of each process
session         the four guarantees of Terry et al.
staleness       how old the reads are
counts          counts of words that no order explains
observations    who saw whose write, session by session
before          orders, and the cycles that forbid them
"""
