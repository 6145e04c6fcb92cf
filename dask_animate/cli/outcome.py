"""How the program ends: the exit code, and one line on standard error that says why."""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from .. import errors
from .stopping import Stopped, stoppable

PROGRAM = "dask-animate"
#: Exit codes: of a render that fails, of wrong arguments. Signals give 128 and their number.
FAILED, WRONG_USAGE = 1, 2

#: What the library's messages call what is an option here.
_OPTIONS = {
    "output_file": "the output file",
    "param_by_frame": "--params",
    "n_frames": "--frames",
    "fps": "--fps",
    "video_quality": "--quality",
    "video_preset": "--preset",
    "partition_size": "--partition-size",
    "num_workers": "--workers",
    "overwrite=True": "--overwrite",
    "store=": "--store",
    "codec=": "--codec",
    "fps=": "--fps",
    "keep_partial": "--keep-partial",
}
_NAMES = re.compile("|".join(rf"(?<![\w.-]){re.escape(name)}(?!\w)" for name in sorted(_OPTIONS)[::-1]))
#: Advice of warnings that is about an argument for which there is no option.
_NO_OPTION = re.compile(r"\. Pass sequential=True to silence this warning and skip the check(?=;)")
#: Marks in the context of a command that the whole traceback is wanted.
_TRACEBACK = f"{__name__}.traceback"


class CommandError(errors.AnimateError):
    """A command cannot be carried out; the message says why."""


class CommandGroup(click.Group):
    """The commands of a program, all of which end in the same way."""

    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:  # type: ignore[override]
        """Run the program and exit."""
        try:
            code = super().main(args, **options | {"standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as exc:
            click.echo(exc.format_message(), err=True)
            code = exc.exit_code
        except click.UsageError as exc:
            hint = f" ({exc.ctx.command_path} --help shows how)" if exc.ctx is not None else ""
            say(f"error: {exc.format_message().removesuffix('.')}{hint}")
            code = exc.exit_code
        except click.ClickException as exc:
            if exc.message:
                say(f"error: {exc.format_message()}")
            code = exc.exit_code
        except click.Abort:
            code = 130
        sys.exit(code or 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whatever it raises becomes one line."""
        stopper = None
        try:
            with stoppable() as stopper, _warnings_in_one_line(), _log_in_one_line():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads any more
            raise _Ending("", FAILED) from None
        except BaseException as exc:
            shown = ctx.meta.get(_TRACEBACK, False)
            if shown:
                traceback.print_exc()
            received = None if stopper is None else stopper.received
            raise _ending(exc, received, hint=not shown) from None


class _Ending(click.ClickException):
    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        vars(self)["exit_code"] = exit_code


def show_traceback(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    """Take note of the option ``--traceback``."""
    ctx.meta[_TRACEBACK] = value


def say(text: str) -> None:
    """Write one line to standard error, in place of a progress bar that may stand there."""
    line = f"{PROGRAM}: {_one_line(text)}"
    if sys.stderr.isatty():
        line = f"\r\x1b[K{line}"
    click.echo(line, err=True)


def as_options(message: str) -> str:
    """Return a message of the library with the names of options in place of those of arguments."""
    return _NAMES.sub(lambda found: _OPTIONS[found[0]], message)


def where(exc: BaseException) -> str:
    """Return where in the caller's own code an exception was raised, or "" if there is no such place."""
    own = [
        frame
        for frame in traceback.extract_tb(exc.__traceback__)
        if os.path.isabs(frame.filename)  # those of compiled modules, such as av/error.py, are not
        and not {"site-packages", "dask_animate"} & set(Path(frame.filename).parts)
        and not frame.filename.startswith(os.fspath(Path(os.__file__).parent))
    ]
    return f" in {os.path.basename(own[-1].filename)}, line {own[-1].lineno}" if own else ""


def _ending(exc: BaseException, received: Stopped | None, *, hint: bool) -> _Ending:
    """Return the exit code for an exception, and the line that says what was wrong.

    If a signal was received before, the program ends by that, whatever came of it.
    """
    notes = [_one_line(note) for note in getattr(exc, "__notes__", [])]
    stopped = _stopped(exc)
    if stopped is not None:
        return _Ending("; ".join([str(stopped), *notes]), 128 + stopped.signal)
    if isinstance(exc, KeyboardInterrupt):
        return _Ending("; ".join(["interrupted", *notes]), 130)
    text = as_options(str(exc)) if isinstance(exc, errors.AnimateError) else errors.in_words(exc)
    is_usage = isinstance(exc, errors.OptionError | errors.OptionTypeError | errors.NoFramesError)
    cause = exc.__cause__ if isinstance(exc, errors.AnimateError) else exc
    place = "" if cause is None else where(cause)
    text += place
    if received is not None:
        return _Ending("; ".join([str(received), text, *notes]), 128 + received.signal)
    if hint and (place or cause is exc):
        notes.append("--traceback shows more")
    return _Ending("; ".join([text, *notes]), WRONG_USAGE if is_usage else FAILED)


def _stopped(exc: BaseException) -> Stopped | None:
    """Return the signal that an exception is, or after which it came while things were cleaned up."""
    found: BaseException | None = exc
    while found is not None and not isinstance(found, Stopped):
        found = found.__context__
    return found


@contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """Show the library's warnings in one line each."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def shown(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if category.__module__ == errors.__name__:
                say(f"warning: {as_options(_NO_OPTION.sub('', str(message)))}")
            else:
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = shown
        # What scripts that were written to be looked at do at their end.
        warnings.filterwarnings("ignore", ".* is non-interactive, and thus cannot be shown")
        yield


class _SaysWarnings(logging.Handler):
    """Shows log messages in one line each, unless something is to become of all messages."""

    def emit(self, record: logging.LogRecord) -> None:
        if not logging.getLogger().handlers:
            say(f"{record.levelname.lower()}: {as_options(record.getMessage())}")


@contextmanager
def _log_in_one_line() -> Iterator[None]:
    """Show what the library logs, from warnings on, in one line each."""
    logger, handler = logging.getLogger("dask_animate"), _SaysWarnings(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _one_line(text: str) -> str:
    return " ".join(text.split())
