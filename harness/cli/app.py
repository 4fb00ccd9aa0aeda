"""The `clew` command: all its subcommands, and how exceptions become exit codes.

Nothing heavy is imported before a command needs it, so `clew --help` answers at once.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from clew.harness.cli.commands.bench import bench_app
from clew.harness.cli.commands.check import check
from clew.harness.cli.commands.diff import diff
from clew.harness.cli.commands.doctor import doctor
from clew.harness.cli.commands.export import export
from clew.harness.cli.commands.hunt import hunt
from clew.harness.cli.commands.init import init
from clew.harness.cli.commands.plans import plans
from clew.harness.cli.commands.replay import replay
from clew.harness.cli.commands.report import report
from clew.harness.cli.commands.run import run
from clew.harness.cli.commands.serve import serve
from clew.harness.cli.commands.show import show
from clew.harness.cli.commands.shrink import shrink
from clew.harness.cli.commands.systems import systems
from clew.harness.cli.options import help_without_command
from clew.harness.cli.output.ascii import prepare
from clew.harness.cli.output.wrap import plain
from clew.harness.cli.standard_streams import ensure_standard_streams
from clew.harness.errors import MachineError, UserError
from clew.harness.exit_codes import BAD_ARGUMENTS, INTERNAL_ERROR

NARROW = 52
"""The least columns for which the help finds its width by itself."""
INTERRUPTED = 130
"""The exit code that typer returns for a `KeyboardInterrupt`."""

LIKE_BUDGET = ("--seconds", "--time", "--timeout", "--memory", "--limit")
"""What people try where the option is called `--budget`."""
LIKE_COMMAND = {
    "explain": "clew check says why, clew show and clew report show all that happened",
    "verify": "clew check does that",
    "minimize": "clew shrink does that",
    "convert": "clew export does that",
}
"""What people try where a command has another name."""

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (init, run, hunt, shrink, replay, check, export, show, report, diff, serve, plans, systems, doctor):
    app.command()(command)
app.add_typer(bench_app, name="bench")
for registered in (*app.registered_commands, *bench_app.registered_commands):
    # A summary that is made of the docstring would be cut to the width of the terminal. One that is given wraps.
    registered.short_help = (registered.callback.__doc__ or "").partition("\n")[0] if registered.callback else None


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"clew {version('clew')}")
        raise typer.Exit(0)


@app.callback(invoke_without_command=True)
def clew(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version of clew.")
    ] = False,
) -> None:
    """Break a replicated system, record what its clients saw, and decide whether it was linearizable."""
    help_without_command(context)


def main() -> None:
    """Run the command line and exit. A user's mistake is one line on stderr and exit code 254, never a traceback."""
    ensure_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A plan's name may hold characters that the terminal's encoding lacks.
            prepare(stream)
    try:
        # By itself the help is never narrower than 50 characters, and a narrow terminal breaks its words.
        columns = shutil.get_terminal_size().columns
        narrow = {"terminal_width": columns - 2} if columns < NARROW else {}
        code = app(standalone_mode=False, **narrow)
        if sys.stdout is not None:
            # Flush here: if the reader is gone, the error must be raised inside this block.
            sys.stdout.flush()
    except SystemExit as end:
        # typer and rich exit with 1 when the reader of our output is gone. In clew, 1 means invalid.
        if end.code != 1:
            raise
        _end_by_sigpipe()
    except BrokenPipeError:
        _end_by_sigpipe()
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        _fail(f"{error.strerror or error}{place}", INTERNAL_ERROR)
    except Exception as error:
        if isinstance(error, MachineError):
            _fail(str(error), INTERNAL_ERROR)
        if _is_user_error(error):
            _fail(_words_of(error), BAD_ARGUMENTS)
        traceback.print_exc()
        _fail("this is a bug in clew, not a mistake of yours", INTERNAL_ERROR)
    if code == INTERRUPTED:
        _fail("interrupted", INTERNAL_ERROR)
    sys.exit(code)


def _is_user_error(error: Exception) -> bool:
    """Whether the user can mend it: it is about a plan, a history, a run or an option."""
    if hasattr(error, "format_message"):
        # The exceptions of the option parser. Their class is in a private module of typer.
        return True
    from clew.harness.plan import PlanError
    from clew.harness.store.folder import NoRun
    from clew.histories import HistoryError

    return isinstance(error, UserError | PlanError | NoRun | HistoryError)


def _words_of(error: Exception) -> str:
    if not hasattr(error, "format_message"):
        return str(error)
    # The option parser proposes what is spelt alike.
    name, context = getattr(error, "option_name", None), getattr(error, "ctx", None)
    options = [] if context is None else [option for known in context.command.params for option in known.opts]
    if name in LIKE_BUDGET and "--budget" in options:
        return f"No such option: {name} (Possible options: --budget, such as --budget 10s,1GiB)"
    message: str = error.format_message()
    for name, hint in LIKE_COMMAND.items():
        if message.startswith(f"No such command '{name}'"):
            return f"No such command '{name}': {hint}"
    return message


def _fail(message: str, code: int) -> NoReturn:
    if not message.isascii() or not message.isprintable():
        # Imported only here: a Ctrl-C may have come in the middle of an import that this one needs.
        from clew.histories.text import printable

        message = printable(message)
    plain(f"clew: {message}", indent=6, stderr=True)
    sys.exit(code)


def _end_by_sigpipe() -> NoReturn:
    """End silently by SIGPIPE, as programs do whose reader (`head`, a pager) has left. A shell reports 141.

    The exit code of a verdict would be wrong here: the verdict has not been read.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    raise AssertionError("SIGPIPE ends a process")
