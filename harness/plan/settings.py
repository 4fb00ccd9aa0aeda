"""`--set path=value`: fields of a plan are replaced before the plan is read."""

from __future__ import annotations

from clew.harness.plan.error import Place, PlanError
from clew.harness.plan.tree import Value, join, parse
from clew.histories.text import value_text


def override(root: Value, setting: str) -> Value:
    """The tree with one field replaced or added.

    `setting` is `path=value`, such as `workload.clients=3` or `nemesis.0.partition.every=2s`; the value is YAML. Errors
    about the value name the setting as their place. Raises `PlanError` if there is no `=`, if the value is not YAML, or
    if a step of the path is not in a mapping or a list.
    """
    path, equals, text = setting.partition("=")
    place = Place(f"--set {setting}")
    if not equals or not path:
        raise PlanError(place, "", "expected path=value, such as workload.clients=3")
    value = parse(text, place.file, lines=False)
    return _replace(root, path.split("."), "", value, place)


def _replace(tree: Value, steps: list[str], path: str, value: Value, place: Place) -> Value:
    if not steps:
        return Value(value.data, value.at, place)
    step, here = steps[0], join(path, steps[0])
    if tree.data is None or isinstance(tree.data, dict):
        fields = dict(tree.data or {})
        # The replaced field moves to the end: of two fields that conflict, the error points at the last one.
        child = fields.pop(step, Value(None, place, place))
        return Value({**fields, step: _replace(child, steps[1:], here, value, place)}, tree.at, tree.key_at)
    if isinstance(tree.data, tuple):
        items = tree.data
        if not (step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(items)):
            there_are = f"the entries 0 to {len(items) - 1}" if items else "no entries"
            raise PlanError(place, here, f"{path} is a list with {there_are}")
        index = int(step)
        replaced = _replace(items[index], steps[1:], here, value, place)
        return Value((*items[:index], replaced, *items[index + 1 :]), tree.at, tree.key_at)
    raise PlanError(place, here, f"{path} is {value_text(tree.data)} in the plan and has no fields")
