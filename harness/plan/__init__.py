"""A run as data: a YAML file in, a validated and fully drawn `Plan` out.

    load(path or shipped name) -> Source ── resolve(source, seed, settings) -> Plan ── dump(plan) -> YAML, and back

Every mistake is a `PlanError` that says file, line, field, what was found and what is allowed.
"""

from clew.harness.plan.dump import dump
from clew.harness.plan.error import PlanError
from clew.harness.plan.schema import Plan, PlannedOperation
from clew.harness.plan.source import Source, load, loads, resolve, shipped

__all__ = ["Plan", "PlanError", "PlannedOperation", "Source", "dump", "load", "loads", "resolve", "shipped"]
