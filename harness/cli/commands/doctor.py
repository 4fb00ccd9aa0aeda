"""`clew doctor`: what this machine can do for live runs."""

from __future__ import annotations

import typer

from clew.harness.cli.options import JsonOption
from clew.harness.exit_codes import INTERNAL_ERROR


def doctor(json: JsonOption = False) -> None:
    """Say whether live runs work on this machine, and which commands mend what does not.

    The exit code is 0 if live runs work, 255 if not. What is only useful does not count.
    """
    from dataclasses import asdict
    from json import dumps

    from clew.harness.runtime.live.world.doctor import examine, live_runs_work

    findings = examine()
    works = live_runs_work(findings)
    if json:
        print(dumps({"live": works, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        print(f"Live runs {'work' if works else 'do not work'} on this machine.\n")
        width = max(len(finding.what) for finding in findings)
        for finding in findings:
            state = "yes" if finding.works else "NO" if finding.needed else "no"
            print(f"{finding.what:{width}}  {state:3}  {finding.found}")
            if finding.mend:
                print(f"{'':{width}}       {finding.mend}")
    raise typer.Exit(0 if works else INTERNAL_ERROR)
