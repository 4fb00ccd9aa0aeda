"""`clew plans`: the plans that come with clew."""

from __future__ import annotations


def plans() -> None:
    """List the shipped plans."""
    from clew.harness.cli.output.wrap import plain
    from clew.harness.plan import shipped

    for name, comment in shipped():
        print(name)
        for line in comment.splitlines():
            plain(f"    {line}", indent=4)
