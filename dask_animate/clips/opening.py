"""What users give as the source of a clip, of whatever kind, as footage."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from dask.base import is_dask_collection
from matplotlib.animation import Animation

from ..adapters import ImageFiles, VideoFile, open_frames
from ..animator import Animator
from ..drawing import DrawOptions
from ..encoding import as_fps
from ..errors import NoFramesError, OptionError, OptionTypeError, ParamsError
from ..params import IndexedFrameParams, is_data, open_slices
from ..renderable import Renderable, draw_options_of
from ..saving import open_animation
from ..storage import open_array
from ..validation import in_short
from ..video import Video
from .footage import Drawer, Frames, Items, Motion, SlicedItems, UnevenFrames
from .times import positive

#: Frames per second of sources that do not say any.
DEFAULT_FPS = 30
#: The most frames per second that a video gets for the sake of its shortest frame.
MAX_UNEVEN_FPS = 240
#: Suffixes of files with one image.
IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff")


@dataclass(frozen=True)
class Look:
    """How the frames of a source are to be drawn, as the caller said it.

    Attributes
    ----------
    savefig_params, redraw, seed, enter, exit
        As in `Clip`.
    """

    savefig_params: Mapping[str, Any] | None
    redraw: str
    seed: int | None
    enter: Callable[[Any], object] | None
    exit: Callable[[Any], object] | None

    def drawer(self, source: Renderable) -> Drawer:
        """Return what draws the frames of a source."""
        for name, hook in (("enter", self.enter), ("exit", self.exit)):
            if hook is not None and not callable(hook):
                raise OptionTypeError(f"{name} must be a function, got {in_short(hook)}")
        if not isinstance(source, Animator):
            self.check_no_hooks(f"a {type(source).__name__}, which prepares itself in setup()")
        draw = draw_options_of(source, self.savefig_params, seed=self.seed, redraw=self.redraw)
        is_drawn = not isinstance(source, ImageFiles | VideoFile)
        return Drawer(source, draw, type(source).__name__, self.enter, self.exit, is_drawn)

    def check_no_hooks(self, what: str) -> None:
        """Raise if `enter` or `exit` was given for a source that cannot have them."""
        for name, hook in (("enter", self.enter), ("exit", self.exit)):
            if hook is not None:
                raise OptionError(f"{name} is for an Animator, whose copy it gets, not for {what}")

    def check_unused(self, what: str) -> None:
        """Raise if anything was given that means nothing for a source that is not drawn."""
        self.check_no_hooks(what)
        given = (
            ("savefig_params", self.savefig_params is not None),
            ("redraw", self.redraw != "auto"),
            ("seed", self.seed != 0),
        )
        for name, is_given in given:
            if is_given:
                raise OptionError(f"{name} is for sources that are drawn, not for {what}")


def open_source(source: Any, params: Any, fps: Any, look: Look) -> Frames:
    """Return the footage of a source.

    Parameters
    ----------
    source, params, fps
        As given to `Clip`.
    look : Look
        How it is drawn.

    Raises
    ------
    OptionError, OptionTypeError, ParamsError
        If it cannot be footage.
    """
    rate = None if fps is None else as_fps(fps)
    source = _opened_file(source)
    if isinstance(source, Animation):
        return _animation(source, params, rate, look)
    if isinstance(source, Renderable):
        if params is None and rate is None and isinstance(source, VideoFile) and source.durations:
            return _uneven(look.drawer(source), source.durations)
        if params is None:
            params, rate = _own_params(source, rate)
        return _frames(look.drawer(source), open_items(params), rate)
    if isinstance(source, list | tuple) or is_data(source) or hasattr(source, "shape"):
        if params is not None:
            raise OptionError("params: an array holds the frames themselves; leave it out")
        look.check_unused("an array")
        spec, _ = open_frames(source, None)
        items = SlicedItems(open_slices(source, None, None)) if is_data(source) else source
        return _frames(Drawer(spec, DrawOptions(), "array", is_drawn=False), items, rate)
    raise OptionTypeError(
        f"source must be an Animator, a FrameSource, an animation of matplotlib, an array of frames, "
        f"image files or a video file, got {in_short(source)}"
    )


def open_function(source: Any, function: Any, duration: object, fps: object, look: Look) -> Motion:
    """Return the footage of a source whose parameters are a function of time.

    Raises
    ------
    OptionError, OptionTypeError
        If it cannot be footage.
    """
    if not isinstance(source, Renderable):
        raise OptionTypeError(f"source must be an Animator or a FrameSource, got {in_short(source)}")
    if not callable(function):
        raise OptionTypeError(
            f"function must return the parameters, given seconds, got {in_short(function)}"
        )
    return Motion(look.drawer(source), function, positive("duration", duration), as_fps(fps))


def open_items(params: Any) -> Items:
    """Return the parameters of frames, for access by index; nothing is read.

    Raises
    ------
    NoFramesError
        If there are none.
    OptionTypeError
        If they have no length, or cannot be accessed by index.
    """
    if is_data(params):
        try:
            return SlicedItems(open_slices(params, None, None))
        except (OptionError, OptionTypeError, ParamsError) as exc:
            if "param_by_frame" not in str(exc):
                raise
            # The name of the argument where videos are made of parameters.
            raise type(exc)(str(exc).replace("param_by_frame", "params")) from exc
    is_sequence = hasattr(params, "__len__") and hasattr(params, "__getitem__")
    if not is_sequence or isinstance(params, str | bytes | Mapping) or is_dask_collection(params):
        raise OptionTypeError(
            f"params must be a sequence with one item for each frame, such as a list or an array, got "
            f"{in_short(params)}"
        )
    if not len(params):
        raise NoFramesError("params is empty: a clip needs at least one frame")
    if isinstance(params, list | tuple):
        for kind in set(map(type, params)):
            if issubclass(kind, IndexedFrameParams) or hasattr(kind, "__dask_graph__"):
                raise OptionTypeError(f"params must hold the parameters themselves, not {kind.__name__}")
    items: Items = params
    return items


def _frames(drawer: Drawer, items: Items, fps: Fraction | None) -> Frames:
    return Frames(drawer, items, fps or Fraction(DEFAULT_FPS), len(items))


def _uneven(drawer: Drawer, durations: tuple[Fraction, ...]) -> UnevenFrames:
    """Return the footage of frames that are shown for different times.

    Its frame rate is that of the shortest frame, so that a render shows each.
    """
    shortest, n_frames = min(durations), len(durations)
    fps = min(1 / shortest, Fraction(MAX_UNEVEN_FPS))
    if abs(round(fps) * shortest - 1) < Fraction(1, 50):  # files with times in milliseconds
        fps = Fraction(round(fps))
    return UnevenFrames(drawer, range(n_frames), fps, n_frames, durations)


def _animation(source: Animation, params: Any, fps: Fraction | None, look: Look) -> Frames:
    if params is not None:
        raise OptionError("params: an animation of matplotlib has frames of its own; leave it out")
    look.check_no_hooks("an animation of matplotlib")
    opened = open_animation(source, look.savefig_params, look.redraw, look.seed)
    drawer = Drawer(opened.spec, opened.spec.draw, type(source).__name__)
    return _frames(drawer, opened.items, fps or opened.fps)


def _own_params(source: Renderable, fps: Fraction | None) -> tuple[Any, Fraction | None]:
    """Return the parameters of sources that know them, and the frame rate."""
    if isinstance(source, VideoFile):
        return range(source.n_frames), fps or source.fps
    if isinstance(source, ImageFiles):
        return source.files, fps
    raise OptionError("params: give the parameters of the frames, a sequence with one item for each")


def _opened_file(source: Any) -> Any:
    """Return a source for a path, a list of paths or a video; others as they are."""
    if isinstance(source, Video):
        return VideoFile(source.path)
    if isinstance(source, list | tuple) and source and isinstance(source[0], str | os.PathLike):
        return ImageFiles(source)
    if not isinstance(source, str | os.PathLike):
        return source
    path = os.fspath(source)
    if path.lower().endswith(IMAGE_SUFFIXES) or any(char in path for char in "*?["):
        return ImageFiles(source)
    if path.rstrip("/").endswith(".zarr") or os.path.isdir(path):
        return open_array(path)
    return VideoFile(path)
