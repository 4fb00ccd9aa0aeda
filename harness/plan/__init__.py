"""A run as data: a YAML file is read, checked, and drawn for one seed. The result is a `Plan`.

    load(path or shipped name) -> Source ── resolve(source, seed, settings) -> Plan ── dump(plan) -> YAML, and back

A mistake in a plan is a `PlanError`. It says file, line, field, what was found and what is expected. `docs/plans.md`
lists every key of a plan.
"""

from clew.harness.plan.dump import dump
from clew.harness.plan.error import PlanError
from clew.harness.plan.schema import Plan, PlannedOperation
from clew.harness.plan.source import Source, load, loads, resolve, shipped

__all__ = ["Plan", "PlanError", "PlannedOperation", "Source", "dump", "load", "loads", "resolve", "shipped"]
