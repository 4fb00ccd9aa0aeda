"""`clew systems`: the systems that come with clew."""

from __future__ import annotations


def systems() -> None:
    """List the systems and their known-broken variants."""
    import clew.systems as known
    from clew.harness.cli.output.wrap import plain

    for name in known.names():
        system = known.find_system(name)
        plain(f"{name}: {system.summary}")
        variants = system.variants.values() if isinstance(system, known.Protocol) else ()
        for variant in variants:
            plain(f"    {variant.name}: {variant.summary}")
