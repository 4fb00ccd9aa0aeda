"""What goes wrong, whom it hits, and when: faults as data.

    plan ── Entry ── schedule ──► FaultEvent, FaultEvent, ... ──► effect: what the active faults add up to

Each kind of fault is one module, such as `crash`. `faults` lists them, and nothing else names them. Whoever runs the
cluster carries out what `effect` says.
"""

from clew.nemesis.disturbance import Disturbance
from clew.nemesis.effect import disturbance, down, excluded, paused, refused
from clew.nemesis.fault import Fault, FaultEvent
from clew.nemesis.faults import FAULTS
from clew.nemesis.latency import Constant, Exponential, Latency, Normal, Uniform
from clew.nemesis.schedule import AtTimes, Entry, Every, Randomly, schedule

__all__ = [
    "FAULTS",
    "AtTimes",
    "Constant",
    "Disturbance",
    "Entry",
    "Every",
    "Exponential",
    "Fault",
    "FaultEvent",
    "Latency",
    "Normal",
    "Randomly",
    "Uniform",
    "disturbance",
    "down",
    "excluded",
    "paused",
    "refused",
    "schedule",
]
