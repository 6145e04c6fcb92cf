"""The command ``render``: an animation of the caller's, to a video."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import click

from ..errors import AnimateError, FrameError, ParamsError, UserCodeError, WorkerError
from .cluster import ClusterArguments
from .frame_params import FrameRange
from .outcome import as_options
from .subjects import subject_of


@dataclass(frozen=True)
class RenderArguments:
    """The arguments of ``render`` but for those of the cluster.

    Attributes
    ----------
    animation : str
        What to draw, as a reference for `load`.
    output : str or None
        The video, a path or a URL; None if the animation is only looked at.
    params : str or None
        As for `ParamsArgument`.
    fps : Fraction or None
        Frames per second; None for those of the animation.
    frames : FrameRange or None
        Which frames; None for all.
    preview : str or None
        Where to write a contact sheet.
    check : bool
        Whether to check that frames depend on their arguments alone, and who is to draw them.
    report : str or None
        Where to write a report.
    options : dict
        Arguments of `make_video`, by name.
    """

    animation: str
    output: str | None
    params: str | None
    fps: Fraction | None
    frames: FrameRange | None
    preview: str | None
    check: bool
    report: str | None
    options: dict[str, Any]


def render(arguments: RenderArguments, cluster: ClusterArguments) -> bool:
    """Carry out the command; return False if the check has found something."""
    output, options = arguments.output, arguments.options
    if output is None and not arguments.preview and not arguments.check:
        raise click.UsageError("--output is missing, the file to write")
    if output is None and arguments.report:
        raise click.UsageError("--report is about a video: give --output")
    given = {
        "--preview": arguments.preview,
        "--check": arguments.check or None,
        "--dpi": options.get("savefig_params"),
        "--output": output,
    }
    uses = [option for option, value in given.items() if value is not None]
    subject = subject_of(arguments.animation, arguments.params, arguments.frames, arguments.fps, uses)
    try:
        subject.check_frames()
    except ParamsError as exc:
        raise click.UsageError(as_options(str(exc))) from exc
    if output is not None and not cluster.is_here:
        subject.validate(output, options)  # before jobs are submitted
    if arguments.preview is not None:
        subject.preview(arguments.preview)
    if arguments.check and not subject.check():
        return False
    if output is None and not arguments.check:
        return True
    try:
        with cluster.connected() as client:
            if arguments.check and not subject.preflight(client, output, options):
                return False
            if output is None:
                return True
            if client is not None:
                options = options | {"client": client}
            video = subject.make(output, options)
    except (AnimateError, KeyboardInterrupt) as exc:
        _add_notes(exc, arguments)
        raise
    if arguments.report is not None:
        video.report(arguments.report)
    return True


def _add_notes(exc: AnimateError | KeyboardInterrupt, arguments: RenderArguments) -> None:
    """Say how to go on after an error, and which frame of the whole animation has failed."""
    start = 0 if arguments.frames is None else arguments.frames.start
    if isinstance(exc, FrameError) and start:
        exc.add_note(f"with --frames, it is frame {exc.frame_idx + start} of --params")
    has_begun = isinstance(exc, KeyboardInterrupt | UserCodeError | WorkerError)
    if "store" in arguments.options and has_begun:
        exc.add_note(
            f"frames that were finished are in {arguments.options['store']}: the same command draws "
            f"those that are missing"
        )
