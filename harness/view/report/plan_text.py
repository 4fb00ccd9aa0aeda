"""What a page reads from the text of a plan. A plan that cannot be read must not prevent the page."""

from __future__ import annotations


def system_and_variant(plan: str | None) -> tuple[str | None, str | None]:
    """The names of the system and of its variant; None for what the plan does not say."""
    import yaml

    try:
        system = yaml.safe_load(plan or "")["system"]
        if isinstance(system, str):
            return system, None
        variant = system.get("variant")
        return str(system["name"]), None if variant in (None, "none") else str(variant)
    except (yaml.YAMLError, KeyError, TypeError, AttributeError):
        return None, None
