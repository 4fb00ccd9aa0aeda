"""What goes wrong, to whom, and when: faults as data.

A plan's `Entry`s say what and when, `schedule` unrolls them into `FaultEvent`s, and `refused`, `down` and `disturbance`
say what the faults that are active at a moment add up to. Whoever runs the cluster does the breaking.
"""

from clew.nemesis.describe import describe
from clew.nemesis.effect import Disturbance, disturbance, down, paused, refused
from clew.nemesis.fault import Crash, Fault, FaultEvent, Network, Partition
from clew.nemesis.latency import Constant, Exponential, Latency, Normal, Uniform
from clew.nemesis.schedule import At, Cut, Disturb, Entry, Every, Kill, Randomly, schedule

__all__ = [
    "At",
    "Constant",
    "Crash",
    "Cut",
    "Disturb",
    "Disturbance",
    "Entry",
    "Every",
    "Exponential",
    "Fault",
    "FaultEvent",
    "Kill",
    "Latency",
    "Network",
    "Normal",
    "Partition",
    "Randomly",
    "Uniform",
    "describe",
    "disturbance",
    "down",
    "paused",
    "refused",
    "schedule",
]
