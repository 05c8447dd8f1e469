"""The program: registers the commands, turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from voicestand import __version__
from voicestand.cli import exit_code, interruption
from voicestand.cli.printing import print_error
from voicestand.errors import VoicestandError

app = typer.Typer(
    name="voicestand",
    help="Captions and coaching for your calls, on your own machine.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"voicestand {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Captions and coaching for your calls, on your own machine."""


def _call(arguments: Sequence[str] | None) -> int:
    """Runs one command; returns the exit code of design.md, having printed at most one line."""
    try:
        result = app(args=arguments, prog_name="voicestand", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return exit_code.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone: nobody is left to tell, and Python must not try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_code.FAILED
    except typer.Abort:
        return exit_code.INTERRUPTED
    except Exception as error:
        return exit_code.INTERRUPTED if interruption.asked() else _explain(error)
    return result if isinstance(result, int) else 0


def _explain(error: Exception) -> int:
    """Prints what was wrong; returns the exit code."""
    if isinstance(error, VoicestandError):
        print_error(error)
        return error.exit_code
    format_message = getattr(error, "format_message", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # it moved from click to typer's own copy
        print(format_message() if format_message else error, file=sys.stderr)
        return exit_code.USAGE
    if format_message is not None:  # a usage error of the command-line library
        print_error(f"{format_message()} (see voicestand --help)")
        return int(getattr(error, "exit_code", exit_code.USAGE))
    if os.environ.get("VOICESTAND_DEBUG"):
        raise error
    print_error(
        f"internal error, {type(error).__name__}: {error} "
        "(set VOICESTAND_DEBUG=1 to see where, and please report it)"
    )
    return exit_code.FAILED


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point of the ``voicestand`` command."""
    from voicestand.cli import commands

    commands.register(app)
    # `--show-completion zsh` names the shell. Left to itself the library takes no name and guesses
    # from the parent process: it fails under make or an editor, and prints bash's for zsh's users.
    os.environ["_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"] = "1"
    sys.exit(_call(arguments))
