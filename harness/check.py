"""Check histories from anywhere, files and run folders, and write them in other formats."""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from clew.checkers import Budget, check
from clew.checkers.check import ENGINES
from clew.checkers.models import find_model
from clew.harness.errors import UserError, unwritable
from clew.harness.exit_codes import BAD_ARGUMENTS, EXIT_CODES
from clew.harness.quantity import BYTES, NANOSECONDS, duration_hint, parse_duration, parse_size, size_hint
from clew.harness.store.folder import NoRun
from clew.harness.store.open import open_history
from clew.harness.verdict import model_file
from clew.harness.verdict.judge import check_result, judge_history
from clew.harness.verdict.result import CheckResult, Result, worst
from clew.harness.verdict.weaker import FAMILIES, weaker_checks
from clew.histories import Header, HistoryError
from clew.histories.codecs import write
from clew.histories.event import FORMAT
from clew.histories.oddities import oddities
from clew.histories.text import plural, value_text

CHECKS = ("linearizable", *FAMILIES)
"""What can be checked of a history."""

_DEFAULT_BUDGET = Budget()

_OUT_OF_RANGE = re.compile(rf"[0-9]+(?:\.[0-9]+)? ?(?:{'|'.join((*NANOSECONDS, *BYTES))})")
"""What looks like a budget. If it is none, it is too small or too large, or no whole number of its smallest unit."""


class Checked(msgspec.Struct, frozen=True):
    """One file or run folder that was checked."""

    path: Path
    result: Result | None
    """None if it cannot be checked."""
    engine: str = ""
    """The engines that decided, separated by commas."""
    seconds: float = 0.0
    """How long it took, reading included."""
    error: str | None = None
    """Why it cannot be checked."""


def budget_of(text: str) -> Budget:
    """`10s`, `1GiB`, or `10s,1GiB` as a budget for one history. Raises `UserError`."""
    given: dict[str, float] = {}
    for part in text.split(","):
        duration, size = parse_duration(part.strip()), parse_size(part.strip())
        if duration is not None and duration > 0:
            name, amount = "seconds", duration / 1e9
        elif size is not None and size > 0:
            name, amount = "bytes", size
        elif _OUT_OF_RANGE.fullmatch(part.strip()):
            raise UserError(
                f"--budget: found {value_text(part.strip())}; expected more than 0, at most 292 years or 2^63 bytes, "
                "and no fraction of a nanosecond or a byte"
            )
        else:
            raise UserError(
                f"--budget: found {value_text(part)}; "
                f"expected {duration_hint(part)}, {size_hint(part)}, or both with a comma"
            )
        if name in given:
            raise UserError(
                f"--budget: found {value_text(text)}, which gives {name} twice; expected time, memory, or one of each"
            )
        given[name] = amount
    return msgspec.convert(given, Budget)


def checks_of(text: str) -> tuple[str, ...]:
    """`linearizable,session` as checks. Raises `UserError`."""
    found = tuple(part.strip() for part in text.split(","))
    for part in found:
        if part not in CHECKS:
            raise UserError(f"--checks: found {value_text(part)}; expected some of {', '.join(CHECKS)}, with commas")
    return found


def expand(patterns: Sequence[str]) -> list[Path]:
    """The files and folders that these patterns (`logs/*.log`) name. Raises `UserError` for one that names none."""
    paths: list[Path] = []
    for pattern in patterns:
        if Path(pattern).exists() or not glob.has_magic(pattern):
            paths.append(Path(pattern))
            continue
        matched = sorted(glob.glob(pattern, recursive=True))
        if not matched:
            raise UserError(f"no file matches {pattern}")
        paths += map(Path, matched)
    return paths


def check_file(
    path: Path,
    model: str | None = None,
    *,
    format: str | None = None,
    budget: Budget = _DEFAULT_BUDGET,
    engine: str = "competition",
    keep_going: bool = False,
    cut: bool = False,
    fields: str | None = None,
    words: str | None = None,
    renumber: bool = False,
    checks: Sequence[str] = ("linearizable",),
) -> Checked:
    """Check one history, in a file or a run folder.

    `model` is a name or the path of a Python file; None takes the model that the history names. The keys after the
    first one that is not linearizable are not checked, unless `keep_going`. A file that ends in the middle of a line,
    as after a killed run, is refused unless `cut`: what is missing might change the verdict. `fields`, `words` and
    `renumber` are those of `codecs.read`. What is odd in a file becomes notes of the result. `checks` are some of
    `CHECKS`; if the history is not linearizable, the result says what holds instead.

    Raises `NoRun` and `HistoryError` for what cannot be checked, `UserError` for an unknown model, format or engine.
    """
    began = time.monotonic()
    if engine not in ENGINES:
        raise UserError(f"--engine: there is no engine {value_text(engine)}; there are {', '.join(ENGINES)}")
    judge = model_file.load(model) if model is not None else None
    history, folder = open_history(path, format, fields=fields, words=words, renumber=renumber)
    if history.cut and not cut:
        line = 2 if history.lines is None or not len(history.lines) else int(history.lines.max()) + 1
        message = (
            f"the file is cut in the middle of this line; --cut checks the {plural(len(history), 'event')} before it"
        )
        raise HistoryError(message, source=history.source, line=line)
    header = history.header
    if judge is None:
        if header is None or header.model is None:
            message = "does not say what it is a history of; give its model with --model"
            raise HistoryError(message, source=history.source, line=1)
        try:
            judge = find_model(header.model)
        except ValueError as error:
            raise HistoryError(f"{error}; another one can be given with --model", source=str(path), line=1) from None
    try:
        # A user's model may print. That must not mix with our output.
        with contextlib.redirect_stdout(sys.stderr):
            results: dict[str, CheckResult] = {}
            if "linearizable" in checks:
                verdict = check(history, judge, budget=budget, engine=engine, keep_going=keep_going)
                results["linearizable"] = check_result(verdict)
            # One budget for all checks: what the first has left is for the others.
            left = max(0.0, budget.seconds - (verdict.seconds if results else 0.0))
            more, holds = weaker_checks(
                history, judge, checks, left, budget.bytes, linearizable=results.get("linearizable")
            )
    except HistoryError:
        raise
    except (Exception, SystemExit) as error:
        if model is not None and model.endswith(".py"):
            raise model_file.failure(Path(model), error) or error from error
        if engine == "lazy" and isinstance(error, ValueError):
            raise UserError(f"--engine: {error}") from None
        raise
    # A path that is not text is written as a terminal would show it.
    place = os.fsencode(path if folder is None else folder.path).decode(errors="backslashreplace")
    result = judge_history(history, {**results, **more}, place, holds)
    if folder is None:
        result = msgspec.structs.replace(result, notes=oddities(history))
    if "linearizable" in checks:
        engines = ", ".join(sorted({key.engine for key in verdict.keys if key.engine})) or engine
    else:
        engines = ", ".join(results or more)
    return Checked(path, result, engines, time.monotonic() - began)


def check_files(paths: Sequence[Path], judge: Callable[[Path], Checked]) -> Iterator[Checked]:
    """Check each of these with `judge`. A file that cannot be checked gives a `Checked` with an `error`."""
    for path in paths:
        try:
            yield judge(path)
        except (HistoryError, NoRun) as error:
            yield Checked(path, None, error=str(error))
        except OSError as error:
            yield Checked(path, None, error=f"{path}: {error.strerror or error}")


def exit_code(checked: Sequence[Checked]) -> int:
    """The exit code of the worst: a file that cannot be checked, then invalid, then unknown, then valid."""
    if any(one.result is None for one in checked):
        return BAD_ARGUMENTS
    return EXIT_CODES[worst([one.result.verdict for one in checked if one.result is not None])]


def export(
    source: Path,
    target: Path,
    *,
    read_as: str | None = None,
    write_as: str | None = None,
    fields: str | None = None,
    words: str | None = None,
    renumber: bool = False,
    model: str | None = None,
) -> int:
    """Write the history of a run or file in another format. The answer is the number of its events.

    The format is `write_as`, or follows from the target's name. The target is written whole or not at all. `fields`,
    `words` and `renumber` are those of `codecs.read`. The header of what is written names the `model`.

    Raises as `open_history` does, and `UserError` for a format that clew does not write.
    """
    if write_as is None:
        write_as = {".edn": "edn", ".jsonl": "jsonl"}.get(target.suffix)
        if write_as is None:
            raise UserError(f"{target}: expected a name that ends with .edn or .jsonl, or the format with --to")
    if target.is_dir() or not target.parent.is_dir():
        raise UserError(f"{target}: expected a file to write in an existing folder")
    history, _ = open_history(source, read_as, fields=fields, words=words, renumber=renumber)
    if model is not None:
        header = msgspec.structs.replace(history.header or Header(FORMAT), model=model)
        history = dataclasses.replace(history, header=header)
    # A pipe or /dev/stdout is written to. Only a file is replaced.
    aside = target if target.exists() and not target.is_file() else target.with_name(target.name + ".tmp")
    try:
        with aside.open("wb") as stream:
            try:
                write(history, stream, write_as)
            except ValueError as error:
                raise UserError(f"--to: {error}") from None
        if aside != target:
            aside.replace(target)
    except OSError as error:
        raise unwritable(target, error) from None
    finally:
        if aside != target:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
    return len(history)
