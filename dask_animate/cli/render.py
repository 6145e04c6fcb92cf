"""The command ``render``: an animation of the caller's, to a video."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import click

from ..adapters import SavedFrames
from ..encoding import EncodeOptions, OutputFile, OutputOptions
from ..errors import AnimateError, FrameError, ParamsError, UserCodeError, WorkerError
from ..function_animator import FunctionAnimator
from ..params import open_params
from ..renderable import Renderable
from .cluster import ClusterArguments
from .frame_params import FORMS, FrameRange, ParamsArgument
from .loading import call, is_function, is_matplotlib_animation, is_of_xarray, load
from .outcome import as_options

if TYPE_CHECKING:
    from matplotlib.animation import Animation

    from ..params import Params
    from ..video import Video
    from ..xarray import DataArrayAnimator

#: Frames per second of an animation that does not say.
FPS = 30


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
        Whether to check that frames depend on their arguments alone.
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
    subject = _subject(arguments)
    try:
        subject.check_frames()
    except ParamsError as exc:
        raise click.UsageError(as_options(str(exc))) from exc
    if isinstance(subject, _AnimatorSubject) and not subject.is_fine(arguments):
        return False
    if output is None:
        return True
    if not cluster.is_here:
        subject.validate(output, options)  # before jobs are submitted
    try:
        with cluster.connected() as client:
            given = options if client is None else options | {"client": client}
            video = subject.make(output, given)
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


def _subject(arguments: RenderArguments) -> _AnimatorSubject | _AnimationSubject:
    """Return what a reference names, as something to make a video of."""
    reference = arguments.animation
    value = load(reference)
    is_class = isinstance(value, type) and issubclass(value, Renderable)
    if is_class or is_function(value):
        value = call(reference, value)  # type: ignore[arg-type]  # both can be called
    if is_of_xarray(value):
        from ..xarray import DataArrayAnimator

        value = DataArrayAnimator(value)
    if isinstance(value, Renderable):
        return _AnimatorSubject(value, arguments)
    if is_matplotlib_animation(value):
        return _AnimationSubject(cast("Animation", value), arguments)
    raise click.UsageError(
        f"{reference} is a {type(value).__name__}: name an Animator or a FrameSource, a class of one, a "
        f"FuncAnimation or an ArtistAnimation, data of xarray, or a function that returns one of these"
    )


class _AnimatorSubject:
    """An animator, or another source of frames, and its parameters."""

    def __init__(self, animator: Renderable, arguments: RenderArguments) -> None:
        from .part import Part

        self._frames = arguments.frames
        self._data_options: dict[str, Any] = {}
        self._data: Any = None
        self._opened: Any = None
        own_fps = animator.fps if isinstance(animator, FunctionAnimator) else None
        self._fps = next(fps for fps in (arguments.fps, own_fps, FPS) if fps is not None)
        if arguments.params is not None:
            self._params: ParamsArgument | None = ParamsArgument(arguments.params)
            uses = (arguments.preview, arguments.check or None, arguments.output)
            if self._params.is_read_once and sum(use is not None for use in uses) > 1:
                raise click.UsageError(
                    f"--params {arguments.params} can be read only once: name a function that returns "
                    f"it, or look at it without rendering"
                )
        elif (own := _as_data_animator(animator)) is not None:
            self._params, self._data = None, own.data
            self._data_options = {"dim": own.dim}
        else:
            raise click.UsageError(f"--params is missing, the parameters of the frames: {FORMS}")
        start = 0 if self._frames is None else self._frames.start
        self._animator = Part(animator, start) if start else animator

    def check_frames(self) -> None:
        """Raise `ParamsError` if there are no such frames; nothing is read that is not in memory."""
        self._checked_params()

    def is_fine(self, arguments: RenderArguments) -> bool:
        """Write a contact sheet and check the frames, as far as that is asked for."""
        if arguments.preview is not None:
            with OutputFile(arguments.preview, "--preview") as file:
                sheet = self._animator.preview(self._values(), **self._selection())
                sheet.save(file.temporary)
                file.commit()
        if not arguments.check:
            return True
        report = self._animator.check(self._values(), **self._selection())
        click.echo(str(report))
        return report.ok

    def validate(self, output: str, options: dict[str, Any]) -> None:
        """Raise what `make` would raise about its arguments, before it has a client."""
        from ..execution import Plan

        encode = _checked_encoding(output, self._fps, options)
        params = self._checked_params()
        OutputOptions.create(
            output, encode, params.n_frames, keep_partial=options.get("keep_partial", False)
        )
        Plan.create(options.get("partition_size", "auto"), 8, "auto", params)

    def make(self, output: str, options: dict[str, Any]) -> Video:
        """Make the video."""
        values, selection = self._values(), self._selection()
        video: Video = self._animator.make_video(output, values, self._fps, **selection, **options)
        return video

    def _checked_params(self) -> Params:
        """Return the parameters that `_values` will return, checked."""
        if self._opened is None:
            self._opened = self._open()
        return open_params(self._opened, self._n_frames, dim=self._data_options.get("dim"))

    def _values(self) -> Any:
        """Return the parameters; opened anew each time, as some can be read only once."""
        values, self._opened = self._opened, None
        return self._open() if values is None else values

    def _open(self) -> Any:
        if self._params is not None:
            return self._params.open(self._frames)
        if self._frames is not None and self._frames.start:
            return self._data.isel({self._data_options["dim"]: slice(self._frames.start, None)})
        return self._data

    @property
    def _n_frames(self) -> int | None:
        return None if self._frames is None else self._frames.n_frames

    def _selection(self) -> dict[str, Any]:
        return {"n_frames": self._n_frames, **self._data_options}


class _AnimationSubject:
    """An animation of matplotlib."""

    def __init__(self, animation: Animation, arguments: RenderArguments) -> None:
        name = type(animation).__name__
        if arguments.params is not None:
            raise click.UsageError(f"--params: a {name} has its own frames, leave it out")
        if arguments.preview is not None or arguments.check:
            option = "--check" if arguments.preview is None else "--preview"
            raise click.UsageError(f"{option} is for an Animator, {arguments.animation} is a {name}")
        if arguments.frames is not None and arguments.frames.start:
            raise click.UsageError(f"--frames has to begin with 0 for a {name}")
        self._animation = animation
        self._fps = arguments.fps
        self._n_frames = None if arguments.frames is None else arguments.frames.n_frames

    def check_frames(self) -> None:
        """Raise `ParamsError` if there are no such frames."""
        SavedFrames(self._animation, self._n_frames)

    def validate(self, output: str, options: dict[str, Any]) -> None:
        """Raise what `make` would raise about its arguments, before it has a client."""
        _checked_encoding(output, FPS if self._fps is None else self._fps, options)

    def make(self, output: str, options: dict[str, Any]) -> Video:
        """Make the video."""
        from ..saving import save

        n_frames = self._n_frames
        video: Video = save(self._animation, output, self._fps, n_frames=n_frames, **options)
        return video


def _as_data_animator(animator: Renderable) -> DataArrayAnimator | None:
    """Return an animator that comes with the data that it shows, None for others."""
    loaded = sys.modules.get("dask_animate.xarray.animator")
    if loaded is None or not isinstance(animator, loaded.DataArrayAnimator):
        return None
    return cast("DataArrayAnimator", animator)


def _checked_encoding(output: str, fps: Any, options: dict[str, Any]) -> EncodeOptions:
    return EncodeOptions.create(
        output,
        fps,
        codec=options.get("codec"),
        quality=options.get("video_quality"),
        preset=options.get("video_preset"),
    )
