"""What carries a run out: who takes turns, what time it is, and what becomes of messages, disks and nodes."""
