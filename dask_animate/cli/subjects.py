"""What the command ``render`` makes a video of: an animator, an animation of matplotlib, a clip."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, cast

import click

from ..adapters import SavedFrames
from ..encoding import EncodeOptions, OutputFile, OutputOptions
from ..function_animator import FunctionAnimator
from ..params import open_params
from ..renderable import Renderable
from .frame_params import FORMS, FrameRange, ParamsArgument
from .loading import call, is_clip, is_function, is_matplotlib_animation, is_of_xarray, load

if TYPE_CHECKING:
    from distributed import Client
    from matplotlib.animation import Animation

    from ..clips import Clip
    from ..inspection import ContactSheet
    from ..params import Params
    from ..video import Video
    from ..xarray import DataArrayAnimator

#: Frames per second of an animation that does not say.
FPS = 30


def subject_of(
    reference: str,
    params: str | None,
    frames: FrameRange | None,
    fps: Fraction | None,
    uses: Sequence[str],
) -> Subject:
    """Return what a reference names, as something to make a video of.

    Parameters
    ----------
    reference : str
        As for `load`.
    params : str or None
        As for `ParamsArgument`.
    frames : FrameRange or None
        Which frames; None for all.
    fps : Fraction or None
        Frames per second; None for those of the animation.
    uses : sequence of str
        What becomes of it: the options among ``--output``, ``--preview``, ``--check`` and ``--dpi`` that
        are given.

    Raises
    ------
    click.UsageError
        If nothing can be made of it.
    CommandError
        If the caller's code fails.
    """
    value = load(reference)
    is_class = isinstance(value, type) and issubclass(value, Renderable)
    if is_class or is_function(value):
        value = call(reference, value)  # type: ignore[arg-type]  # both can be called
    if is_of_xarray(value):
        from ..xarray import DataArrayAnimator

        value = DataArrayAnimator(value)
    if isinstance(value, Renderable):
        n_uses = len({*uses} - {"--dpi"})
        return _AnimatorSubject(value, params, frames, fps, is_read_again=n_uses > 1)
    if not is_clip(value) and not is_matplotlib_animation(value):
        raise click.UsageError(
            f"{reference} is a {type(value).__name__}: name an Animator or a FrameSource, a class of "
            f"one, a FuncAnimation or an ArtistAnimation, a Clip, data of xarray, or a function that "
            f"returns one of these"
        )
    name = type(value).__name__
    if params is not None:
        raise click.UsageError(f"--params: a {name} has its own frames, leave it out")
    subject: Subject
    if is_clip(value):
        subject = _ClipSubject(reference, cast("Clip", value), frames, fps)
    else:
        subject = _AnimationSubject(cast("Animation", value), frames, fps)
    for option in uses:
        if option not in subject.uses:
            raise click.UsageError(f"{option} is not for a {name}, which {reference} is")
    return subject


class Subject(ABC):
    """What a video is made of. Not thread-safe.

    Attributes
    ----------
    uses : tuple of str
        What can become of it, by options; methods for other options must not be called.
    """

    uses: ClassVar[tuple[str, ...]] = ("--output", "--preview", "--check", "--dpi")

    @abstractmethod
    def check_frames(self) -> None:
        """Raise `ParamsError` if there are no such frames; nothing is read that is not in memory."""

    def preview(self, path: str) -> None:
        """Write a contact sheet."""
        raise NotImplementedError

    def check(self) -> bool:
        """Print whether frames depend on their arguments alone, and return it."""
        raise NotImplementedError

    def preflight(self, client: Client | None, output: str | None, options: dict[str, Any]) -> bool:
        """Print whether all who are to draw can, and return it."""
        raise NotImplementedError

    @abstractmethod
    def validate(self, output: str, options: dict[str, Any]) -> None:
        """Raise what `make` would raise about its arguments, before it has a client."""

    @abstractmethod
    def make(self, output: str, options: dict[str, Any]) -> Video:
        """Make the video; `options` are arguments of `make_video`, by name."""


class _AnimatorSubject(Subject):
    """An animator, or another source of frames, and its parameters."""

    def __init__(
        self,
        animator: Renderable,
        params: str | None,
        frames: FrameRange | None,
        fps: Fraction | None,
        *,
        is_read_again: bool,
    ) -> None:
        from .part import Part

        self._frames = frames
        self._data_options: dict[str, Any] = {}
        self._data: Any = None
        self._opened: Any = None
        own_fps = animator.fps if isinstance(animator, FunctionAnimator) else None
        self._fps = next(rate for rate in (fps, own_fps, FPS) if rate is not None)
        if params is not None:
            self._params: ParamsArgument | None = ParamsArgument(params)
            if self._params.is_read_once and is_read_again:
                raise click.UsageError(
                    f"--params {params} can be read only once: name a function that returns it, or "
                    f"look at it without rendering"
                )
        elif (own := _as_data_animator(animator)) is not None:
            self._params, self._data = None, own.data
            self._data_options = {"dim": own.dim}
        else:
            raise click.UsageError(f"--params is missing, the parameters of the frames: {FORMS}")
        start = 0 if frames is None else frames.start
        self._animator = Part(animator, start) if start else animator

    def check_frames(self) -> None:
        self._checked_params()

    def preview(self, path: str) -> None:
        _write_sheet(path, self._animator.preview(self._values(), **self._selection()))

    def check(self) -> bool:
        report = self._animator.check(self._values(), **self._selection())
        click.echo(str(report))
        return report.ok

    def preflight(self, client: Client | None, output: str | None, options: dict[str, Any]) -> bool:
        if client is not None:
            client.wait_for_workers(1)
        names = ("codec", "partition_size", "store", "savefig_params")
        given = {name: options[name] for name in names if name in options}
        if self._params is None or not self._params.is_read_once:  # else `check` has read them
            given |= {"param_by_frame": self._values(), **self._selection()}
        report = self._animator.preflight(client, output_file=output, **given)
        click.echo(str(report))
        return report.ok

    def validate(self, output: str, options: dict[str, Any]) -> None:
        from ..execution import Plan

        params = self._checked_params()
        _checked_encoding(output, self._fps, options, params.n_frames)
        Plan.create(options.get("partition_size", "auto"), 8, "auto", params)

    def make(self, output: str, options: dict[str, Any]) -> Video:
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


class _AnimationSubject(Subject):
    """An animation of matplotlib."""

    uses = ("--output", "--dpi")

    def __init__(self, animation: Animation, frames: FrameRange | None, fps: Fraction | None) -> None:
        self._animation = animation
        self._fps = fps
        if frames is not None and frames.start:
            raise click.UsageError(f"--frames has to begin with 0 for a {type(animation).__name__}")
        self._n_frames = None if frames is None else frames.n_frames

    def check_frames(self) -> None:
        SavedFrames(self._animation, self._n_frames)

    def validate(self, output: str, options: dict[str, Any]) -> None:
        fps = FPS if self._fps is None else self._fps
        _checked_encoding(output, fps, options, self._n_frames)

    def make(self, output: str, options: dict[str, Any]) -> Video:
        from ..saving import save

        n_frames = self._n_frames
        video: Video = save(self._animation, output, self._fps, n_frames=n_frames, **options)
        return video


class _ClipSubject(Subject):
    """A clip."""

    uses = ("--output", "--preview")

    def __init__(
        self, reference: str, clip: Clip, frames: FrameRange | None, fps: Fraction | None
    ) -> None:
        self._reference = reference
        self._whole = clip if fps is None else clip.at_fps(fps)
        self._frames = frames

    def check_frames(self) -> None:
        if self._frames is not None and self._frames.last >= self._whole.n_frames:
            raise click.UsageError(
                f"--frames {self._frames}: {self._reference} has {self._whole.n_frames} frames"
            )

    def preview(self, path: str) -> None:
        _write_sheet(path, self._clip.preview())

    def validate(self, output: str, options: dict[str, Any]) -> None:
        _checked_encoding(output, self._whole.fps, options, self._clip.n_frames)

    def make(self, output: str, options: dict[str, Any]) -> Video:
        video: Video = self._clip.render(output, **options)
        return video

    @property
    def _clip(self) -> Clip:
        frames = self._frames
        return self._whole if frames is None else self._whole[frames.start : frames.stop]


def _write_sheet(path: str, sheet: ContactSheet) -> None:
    with OutputFile(path, "--preview") as file:
        sheet.save(file.temporary)
        file.commit()


def _as_data_animator(animator: Renderable) -> DataArrayAnimator | None:
    """Return an animator that comes with the data that it shows, None for others."""
    loaded = sys.modules.get("dask_animate.xarray.animator")
    if loaded is None or not isinstance(animator, loaded.DataArrayAnimator):
        return None
    return cast("DataArrayAnimator", animator)


def _checked_encoding(output: str, fps: Any, options: dict[str, Any], n_frames: int | None) -> None:
    """Raise if a video cannot be encoded like that."""
    encode = EncodeOptions.create(
        output,
        fps,
        codec=options.get("codec"),
        quality=options.get("video_quality"),
        preset=options.get("video_preset"),
    )
    OutputOptions.create(output, encode, n_frames, keep_partial=options.get("keep_partial", False))
