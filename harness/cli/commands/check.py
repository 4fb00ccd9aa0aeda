"""`clew check`: only the checker, on histories from anywhere."""

from __future__ import annotations

from typing import Annotated

import typer

from clew.harness.cli.options import FieldsOption, ModelOption, RenumberOption, VerdictJsonOption, WordsOption

_BUDGET = (
    "What all checks of a history together may use: time by the clock, memory or both. Reading the file and compiling "
    "come on top, and what a search does until it looks at the clock: mostly less than a second."
)


def check(
    histories: Annotated[
        list[str], typer.Argument(metavar="RUN|HISTORY...", help="Run folders, history files, or patterns of them.")
    ],
    model: ModelOption = None,
    format: Annotated[
        str | None, typer.Option(help="jsonl, edn, jepsen-log, ... Default: detect it from the file.")
    ] = None,
    fields: FieldsOption = None,
    words: WordsOption = None,
    renumber: RenumberOption = False,
    budget: Annotated[str, typer.Option(help=_BUDGET)] = "60s,1GiB",
    engine: Annotated[str, typer.Option(help="Use this engine only. The default runs several.")] = "competition",
    cut: Annotated[
        bool, typer.Option("--cut", help="If a file ends in the middle of a line, check the lines before it.")
    ] = False,
    checks: Annotated[
        str, typer.Option(help="What to check: linearizable, sequential, session, staleness, with commas.")
    ] = "linearizable",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Check all keys. The default stops at the first violated key.")
    ] = False,
    json: VerdictJsonOption = False,
) -> None:
    """Decide whether recorded histories are linearizable, and if not, what holds instead."""
    from functools import partial

    from clew.harness.check import budget_of, check_file, check_files, checks_of, exit_code, expand
    from clew.harness.cli.output.result import print_checked_files, print_result
    from clew.harness.cli.signals import stop_signals

    paths = expand(histories)
    judge = partial(
        check_file,
        model=model,
        format=format,
        budget=budget_of(budget),
        engine=engine,
        keep_going=keep_going,
        cut=cut,
        fields=fields,
        words=words,
        renumber=renumber,
        checks=checks_of(checks),
    )
    with stop_signals():
        if len(paths) == 1:
            checked = [judge(paths[0])]
            assert checked[0].result is not None
            print_result(checked[0].result, json, engine=checked[0].engine, seconds=checked[0].seconds)
        else:
            checked = print_checked_files(check_files(paths, judge), json)
    raise typer.Exit(exit_code(checked))
