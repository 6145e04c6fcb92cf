"""The program's commands and their options. What a command does is imported when it runs."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .outcome import PROGRAM, CommandGroup, show_traceback

if TYPE_CHECKING:
    from .cluster import ClusterArguments
    from .frame_params import FrameRange

Command = TypeVar("Command", bound=Callable[..., Any])

CODECS = ("h264", "hevc", "av1", "vp9", "ffv1", "gif", "apng", "webp")
# A file as a str, and no Path, which would make a directory "s3:" of a URL.
_FILE = click.Path()

BATCH_SYSTEMS = ("slurm", "pbs", "lsf", "sge")

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True}


class _Option(click.Option):
    """An option that ``--help`` shows in a section.

    Parameters
    ----------
    section : str
        Its heading.
    """

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class _Command(click.Command):
    """A command whose ``--help`` has sections."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if isinstance(option, click.Option) and record is not None:
                sections.setdefault(getattr(option, "section", "Options"), []).append(record)
        others = sections.pop("Options")
        for heading, records in (*sections.items(), ("Options", others)):
            with formatter.section(heading):
                formatter.write_dl(records, col_max=24)


def _option(section: str, *names: str, **kwargs: Any) -> Callable[[Command], Command]:
    """Return a decorator that adds an option to a section of a command's help."""
    return click.option(*names, cls=_Option, section=section, **kwargs)


def _fps(ctx: click.Context, option: click.Parameter, value: str | None) -> Fraction | None:
    if value is None:
        return None
    try:
        rate = Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter(f"{value!r} is no number such as 30 or 30000/1001") from None
    if rate <= 0:
        raise click.BadParameter(f"{value!r} is not above 0")
    return rate


def _batch_system(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    """Make one argument of several flags."""
    given = ctx.params.setdefault("batch_system", None)
    if value and given is not None:
        raise click.UsageError(f"--{given} and --{option.name} exclude each other")
    if value:
        ctx.params["batch_system"] = option.name


def _dpi(ctx: click.Context, option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not 0 < value < math.inf:
        raise click.BadParameter(f"{value} is no number above 0")
    return value


def _frames(ctx: click.Context, option: click.Parameter, value: str | None) -> FrameRange | None:
    from .frame_params import FrameRange

    return None if value is None else FrameRange(value)


def _ends_in(*suffixes: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Return a callback that checks the name of a file on this machine."""

    def check(ctx: click.Context, option: click.Parameter, value: str | None) -> str | None:
        if value is None:
            return None
        if "://" in value:
            raise click.BadParameter(f"{value!r} is a URL: give a path on this machine")
        if Path(value).suffix.lower() not in suffixes:
            raise click.BadParameter(f"{value!r} must end in {' or '.join(suffixes)}")
        return value

    return check


def _stacked(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Return a decorator that adds options, in the order of ``--help``."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_scheduler = _option(
    "Who draws",
    "--scheduler",
    metavar="ADDRESS|FILE",
    help="The workers of this Dask scheduler: its address, such as host:8786, or the file that it wrote "
    "by --scheduler-file.",
)
_traceback = click.option(
    "--traceback",
    is_flag=True,
    expose_value=False,
    callback=show_traceback,
    is_eager=True,
    help="Show the whole traceback of an error.",
)
_quiet = click.option("-q", "--quiet", is_flag=True, help="Show no progress.")
_encoding = _stacked(
    _option(
        "The video",
        "--codec",
        type=click.Choice(CODECS),
        metavar="NAME",
        help=f"One of {', '.join(CODECS)}; by default the suffix selects it.",
    ),
    _option(
        "The video",
        "--quality",
        type=int,
        metavar="0-51",
        help="Lower is better and makes larger files.",
    ),
    _option(
        "The video",
        "--preset",
        metavar="NAME",
        help="Speed preset of the encoder, such as slow for H.264.",
    ),
)
_keep_partial = _option(
    "Going on later",
    "--keep-partial",
    is_flag=True,
    help="Keep the frames so far as a file that plays, such as wave.partial.mp4, if it fails.",
)
_jobs = _stacked(
    *(
        _option(
            "Jobs of a batch system",
            f"--{name}",
            is_flag=True,
            expose_value=False,
            callback=_batch_system,
            help=f"Draw in jobs of {name.upper() if name != 'slurm' else 'Slurm'}.",
        )
        for name in BATCH_SYSTEMS
    ),
    _option(
        "Jobs of a batch system",
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        help="Number of jobs to submit.",
    ),
    _option("Jobs of a batch system", "--queue", metavar="NAME", help="Queue or partition of the jobs."),
    _option(
        "Jobs of a batch system",
        "--walltime",
        metavar="TIME",
        help="Longest time of a job, such as 01:00:00.",
    ),
    _option("Jobs of a batch system", "--memory", metavar="SIZE", help="Memory of a job, such as 16GB."),
    _option(
        "Jobs of a batch system",
        "--cores",
        type=click.IntRange(1),
        metavar="N",
        help="Cores of a job; each runs one worker.",
    ),
)


@click.group(
    cls=CommandGroup,
    context_settings=_CONTEXT,
    epilog="Exit codes: 0 the command did what it should, 1 it failed, or --check has found something, "
    "2 an argument is wrong, and 128 + n it was ended by signal n, such as 130 by Ctrl-C and 143 by "
    "SIGTERM. Errors and warnings are one line each on standard error.",
)
@click.version_option(package_name="dask_animate", prog_name=PROGRAM)
def program() -> None:
    """Turn a matplotlib figure and per-frame parameters into a video, with Dask."""


@program.command(
    cls=_Command,
    epilog="\b\ndask-animate render wave.py:Wave -p 'linspace(0, 6.28, 60)' -o wave.mp4\n"
    "dask-animate render plots.py:animation -o plots.gif",
)
@click.argument("animation", metavar="FILE_OR_MODULE:NAME")
@_option(
    "What is drawn",
    "-p",
    "--params",
    metavar="WHAT",
    help="The parameters of the frames: FILE_OR_MODULE:NAME of a sequence, an array, or a function that "
    "returns one; a file .npy (a slice for each frame) or .csv (a row for each frame); the path or URL "
    "of a zarr array; or a range: 'range(0, 300)', 'arange(0, 1, 0.01)', 'linspace(0, 2*pi, 300, "
    "endpoint=False)', 'geomspace(1, 1000, 60)'.",
)
@_option(
    "What is drawn",
    "--frames",
    callback=_frames,
    metavar="START:STOP",
    help="Only these frames, such as 0:300, drawn as they are in the whole video. Of a "
    "FuncAnimation or an ArtistAnimation, they have to begin with 0.",
)
@_option(
    "What is drawn",
    "--dpi",
    type=float,
    callback=_dpi,
    metavar="N",
    help="Dots per inch; by default the figure's. Not for a Clip.",
)
@_option(
    "The video",
    "-o",
    "--output",
    type=_FILE,
    metavar="FILE",
    help="The video to write, a path or a URL.",
)
@_option(
    "The video",
    "--fps",
    callback=_fps,
    metavar="RATE",
    help="Frames per second, such as 30 or 30000/1001; by default those of the animation, else 30.",
)
@_encoding
@_scheduler
@_jobs
@_option(
    "Who draws",
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="The most processes of this machine, or workers of the scheduler, that draw; 1 draws in this "
    "process alone.",
)
@_option(
    "Who draws",
    "--partition-size",
    type=click.IntRange(1),
    metavar="N",
    help="Frames in a task of a worker.",
)
@_option(
    "Going on later",
    "--store",
    metavar="PLACE",
    help="Keep finished frames there, a directory or URL, so that the same command goes on after it "
    "was ended, or draws what has changed.",
)
@_option("Going on later", "--overwrite", is_flag=True, help="Discard the frames in the store.")
@_keep_partial
@_option(
    "Looking at it",
    "--preview",
    type=_FILE,
    callback=_ends_in(".png"),
    metavar="FILE.png",
    help="First write nine of the frames to one image. Without --output, that is all. Not for a "
    "FuncAnimation or an ArtistAnimation.",
)
@_option(
    "Looking at it",
    "--check",
    is_flag=True,
    help="First check that frames depend on their parameters alone, and that all workers can draw and "
    "encode them and reach the store; if not, end with code 1. Without --output, that is all. Not for "
    "a FuncAnimation, an ArtistAnimation or a Clip.",
)
@_option(
    "Looking at it",
    "--report",
    type=_FILE,
    callback=_ends_in(".html", ".htm"),
    metavar="FILE.html",
    help="Write a report on the render: what its time went into, and frames of the video.",
)
@_quiet
@_traceback
def render(
    animation: str,
    params: str | None,
    output: str | None,
    fps: Fraction | None,
    frames: FrameRange | None,
    preview: str | None,
    check: bool,
    report: str | None,
    **options: Any,
) -> None:
    """Draw an animation and write it to a video.

    FILE_OR_MODULE:NAME, such as wave.py:Wave, names an Animator or a FrameSource, a class of one, a
    FuncAnimation or an ArtistAnimation of matplotlib, a Clip, data of xarray, or a function without
    arguments that returns one of these.

    A file may use modules in its directory; workers elsewhere need neither.
    """
    cluster = _cluster(options)
    # Nothing is shown on a screen, also where there is one.
    os.environ.setdefault("MPLBACKEND", "agg")
    from .render import RenderArguments
    from .render import render as carry_out

    arguments = RenderArguments(
        animation, output, params, fps, frames, preview, check, report, _video_options(options)
    )
    if not carry_out(arguments, cluster):
        click.get_current_context().exit(1)


@program.command(cls=_Command, short_help="Write the frames of a store to a video.")
@click.argument("store", metavar="STORE")
@click.argument("output", type=_FILE, metavar="OUTPUT")
@_option("The video", "--fps", callback=_fps, default="30", metavar="RATE", help="Frames per second.")
@_encoding
@_quiet
@_traceback
def encode(store: str, output: str, fps: Fraction, **options: Any) -> None:
    """Write the frames of a finished store to a video, without drawing.

    STORE is what render --store has filled, or any zarr array of frames.
    """
    from .files import encode_store

    encode_store(store, output, fps, _video_options(options))


@program.command(cls=_Command, short_help="Make one video of several, as they are.")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE FILE...")
@click.argument("output", type=_FILE, metavar="OUTPUT")
@_traceback
def join(files: tuple[str, ...], output: str) -> None:
    """Make one video of files that fit together, without encoding again."""
    from .files import join_files

    join_files(files, output)


@program.command(cls=_Command, short_help="Say what a video file is.")
@click.argument("file", type=_FILE, metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
@_traceback
def probe(file: str, as_json: bool) -> None:
    """Decode a video file and say what it is: codec, size, frames, duration, chapters."""
    from .files import show_file

    show_file(file, as_json=as_json)


@program.command(cls=_Command, short_help="Say which encoders work, here and on workers.")
@_scheduler
@_traceback
def encoders(scheduler: str | None) -> None:
    """Open every encoder and say which of them work, here and on the workers of a scheduler."""
    from .cluster import ClusterArguments
    from .encoders import show_encoders

    show_encoders(ClusterArguments(scheduler))


@program.command(cls=_Command)
@click.argument("output", type=_FILE, default="demo.mp4", metavar="[OUTPUT]")
@_quiet
@_traceback
def demo(output: str, **options: Any) -> None:
    """Render a first video, with nothing prepared."""
    os.environ.setdefault("MPLBACKEND", "agg")
    from .demo import render_demo

    render_demo(output, _video_options(options))


def _cluster(options: dict[str, Any]) -> ClusterArguments:
    """Take the options that say who draws out of all of them."""
    from .cluster import ClusterArguments

    names = ("scheduler", "batch_system", "jobs", "queue", "walltime", "memory", "cores")
    cluster = ClusterArguments(**{name: options.pop(name) for name in names})
    if cluster.batch_system is not None and options["workers"] is not None:
        raise click.UsageError("--workers: with jobs, --jobs and --cores say how many there are")
    return cluster


def _video_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given as arguments of `make_video`."""
    names = {"quality": "video_quality", "preset": "video_preset", "workers": "num_workers"}
    dpi, quiet = options.pop("dpi", None), options.pop("quiet")
    given = {
        names.get(name, name): value
        for name, value in options.items()
        if value is not None and value is not False
    }
    if dpi is not None:
        given["savefig_params"] = {"dpi": dpi}
    return given | {"disable_progress_bar": quiet}


def main() -> None:
    """Run the program with the arguments of this process, and end it."""
    # What a file defines and what is not drawn is nothing to be warned of, also when the process ends.
    warnings.filterwarnings("ignore", "Animation was deleted without rendering anything")
    program(prog_name=PROGRAM)
