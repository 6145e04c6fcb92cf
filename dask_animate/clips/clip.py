"""`Clip`: frames as a function of time, which are cut, joined and overlaid before they are drawn."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from ..encoding import as_fps
from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_choice, require_int, require_text
from ..video_options import VideoOptions
from .arguments import as_color, as_length, as_place, as_share
from .compositing import FILTERS
from .easing import Curve, Easing
from .footage import Joined
from .nodes import (
    Background,
    Crossfade,
    Cut,
    Ease,
    Fade,
    Grid,
    Hold,
    Named,
    Node,
    Overlay,
    Padded,
    Repeat,
    Resized,
    Reverse,
    Sequel,
    Speed,
    Steps,
    same_rate,
)
from .opening import DEFAULT_FPS, Look, open_function, open_source
from .times import exact, positive

if TYPE_CHECKING:
    import dask.array

    from ..inspection import ContactSheet
    from ..render import Render
    from ..video import Video
    from .timeline import Timeline


#: Nodes in one another, such that the recursion through them is possible in every process.
MAX_DEPTH = 200


@dataclass(frozen=True, init=False, repr=False)
class Clip:
    """Frames of a source as a function of time.

    A clip is cheap, and immutable as long as its parameters are not changed: every method returns a new
    one, and nothing is drawn before `render`, `frames` or `preview`. Clips are equal if they are made in
    the same way of equal parts, and can be pickled if their sources and functions can.

    Frame i of a render at F frames per second shows what the clip shows in the middle of that frame, at
    ``(i + 1/2) / F`` seconds. Times are exact fractions. Of a source with a frame rate of its own, that
    is the frame that lies there; an edge between two frames belongs to the earlier. So a reversed clip
    has the reversed frames, ``speed(2)`` shows frames 0, 2, 4 and so on, slow motion holds each frame,
    and no frame is shown more than half a frame too early or too late.

    Parameters
    ----------
    source : object
        What draws or holds the frames: an `Animator`, a `FrameSource`, an animation of matplotlib, an
        array (n, height, width, 1, 3 or 4) of NumPy, dask or zarr as `write_video` takes it, the path of
        a video file or a `Video`, or the path, pattern or list of image files. An animation is copied
        as it is now; if its frames depend on those before them, that is an error.
    params : sequence, optional
        Parameters of the frames, for sources that are drawn: anything with a length and an index, such
        as a list, a range, or an array of NumPy. Arrays of dask, zarr, HDF5 and xarray, the path of a
        zarr array, and dicts and tuples of these are read where they lie, by who draws.
    fps : float or Fraction, optional
        Frames per second of the source; by default those of an animation or a video, and 30 of others.
        A video whose frames are shown for different times shows each for its time and has the rate of
        the shortest; with `fps`, all are shown equally long.
    enter : callable, optional
        Called with the copy of the animator that draws, after its ``setup()``: adds what the scene
        needs to the figure. Each process that draws has its own figure for each pair of `enter` and
        `exit`, so that scenes of one animator never see each other.
    exit : callable, optional
        Called with it before its figure is closed, once all frames are drawn. An error in it is logged,
        to the logger ``dask_animate.renderer`` of the process that draws.
    savefig_params, redraw, seed
        How the frames are drawn, as in `Animator.make_video`.

    Raises
    ------
    AnimateError
        One of its subclasses in `dask_animate.errors`, if an argument does not fit.

    Notes
    -----
    Methods that take seconds take any real number. A float is taken for the nearest fraction with a
    denominator of at most 10⁹, so that 0.1 is a tenth of a second.

    If a clip is not a whole number of frames long, it has the nearest number of frames, and each shows
    the middle of one of so many equal parts.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from dask_animate import Animator, Clip
    >>> class Counter(Animator):
    ...     def setup(self):
    ...         fig = plt.figure(figsize=(3, 2))
    ...         self.text = fig.text(0.5, 0.5, "")
    ...         return fig
    ...     def update(self, frame_idx, params):
    ...         self.text.set_text(str(params))
    >>> count = Clip(Counter(), range(60), fps=30)
    >>> count + count.reverse().speed(2)
    (Clip(Counter, 60 frames, 30 fps) + Clip(Counter, 60 frames, 30 fps).reverse().speed(2))
    >>> (count + count.reverse().speed(2)).duration
    Fraction(3, 1)
    """

    _node: Node

    def __init__(
        self,
        source: Any,
        params: Any = None,
        fps: float | Fraction | None = None,
        *,
        enter: Callable[[Any], object] | None = None,
        exit: Callable[[Any], object] | None = None,
        savefig_params: Mapping[str, Any] | None = None,
        redraw: str = "auto",
        seed: int | None = 0,
    ) -> None:
        look = Look(savefig_params, redraw, seed, enter, exit)
        object.__setattr__(self, "_node", open_source(source, params, fps, look))

    @classmethod
    def from_function(
        cls,
        source: Any,
        function: Callable[[float], Any],
        duration: float | Fraction,
        fps: float | Fraction = DEFAULT_FPS,
        *,
        enter: Callable[[Any], object] | None = None,
        exit: Callable[[Any], object] | None = None,
        savefig_params: Mapping[str, Any] | None = None,
        redraw: str = "auto",
        seed: int | None = 0,
    ) -> Clip:
        """Return a clip whose parameters are a function of time.

        However fast or slow it is shown, each frame is drawn for its own time.

        Parameters
        ----------
        source : Animator or FrameSource
            What draws the frames. Its ``update()`` gets as `frame_idx` the number of the frame of `fps`
            that the time lies in.
        function : callable
            Returns the parameters, given a time in seconds. What it returns must depend on that alone.
        duration : float or Fraction
            Length in seconds.
        fps : float or Fraction, default: 30
            Frames per second, unless a render asks for others.
        enter, exit, savefig_params, redraw, seed
            As in `Clip`.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator, Clip
        >>> class Dot(Animator):
        ...     def setup(self):
        ...         fig, ax = plt.subplots(figsize=(2, 2))
        ...         (self.dot,) = ax.plot([0], [0], "o")
        ...         return fig
        ...     def update(self, frame_idx, x):
        ...         self.dot.set_xdata([x])
        >>> clip = Clip.from_function(Dot(), lambda t: t / 100, duration=2).ease("smoothstep")
        >>> clip.n_frames
        60
        """
        look = Look(savefig_params, redraw, seed, enter, exit)
        return cls._of(open_function(source, function, duration, fps, look))

    @classmethod
    def grid(cls, clips: Sequence[Clip], n_columns: int | None = None) -> Clip:
        """Return clips in rows and columns; cells without a clip are black.

        Parameters
        ----------
        clips : sequence of Clip
            Row by row. They have one duration and one frame rate; those of a row have one height, and
            those of a column one width.
        n_columns : int, optional
            By default about the number of rows.
        """
        try:
            clips = list(clips)
        except TypeError:
            raise OptionTypeError(f"clips must be a sequence of Clip, got {in_short(clips)}") from None
        if not clips:
            raise OptionError("clips is empty: a grid needs at least one clip")
        nodes: list[Node | None] = [_node("clips", clip) for clip in clips]
        if n_columns is None:
            n_columns = next(n for n in range(1, len(nodes) + 1) if n * n >= len(nodes))
        n_columns = min(require_int("n_columns", n_columns, 1), len(nodes))
        nodes += [None] * (-len(nodes) % n_columns)
        rows = (tuple(nodes[idx : idx + n_columns]) for idx in range(0, len(nodes), n_columns))
        return cls._of(Grid(tuple(rows)))

    @classmethod
    def _of(cls, node: Node) -> Clip:
        node.fps, node.duration  # noqa: B018  errors, if parts do not fit
        if node.depth > MAX_DEPTH:
            raise OptionError(
                f"clips are made of clips that are made of clips, and so on, at most {MAX_DEPTH} deep: "
                f"then() and + add parts without depth, and a part that is rendered to a video file and "
                f"opened as Clip(file) has none"
            )
        clip = object.__new__(cls)
        object.__setattr__(clip, "_node", node)
        return clip

    @property
    def duration(self) -> Fraction:
        """Length in seconds."""
        return self._node.duration

    @property
    def fps(self) -> Fraction:
        """Frames per second, in which frames are counted and rendered unless others are asked for."""
        return self._node.fps

    @property
    def n_frames(self) -> int:
        """Number of frames at `fps`."""
        return self._node.n_frames

    def __repr__(self) -> str:
        return str(self._node)

    def _repr_html_(self) -> str:
        return self.timeline().html(f"{self.n_frames} frames, {float(self.fps):g} fps")

    # Time

    def __getitem__(self, frames: slice) -> Clip:
        """Return a part, by frames: ``clip[start:stop]``, where negative numbers count from the end."""
        if not isinstance(frames, slice) or frames.step not in (None, 1):
            raise OptionTypeError(
                f"a part of a clip is clip[start:stop], with frames as int, got {in_short(frames)}; "
                f"reverse() and speed() take the place of a step"
            )
        try:
            start, stop, _ = frames.indices(self.n_frames)
        except TypeError:
            raise OptionTypeError(
                f"clip[start:stop] takes frames as int, got {in_short(frames)}; crop() takes seconds"
            ) from None
        if start >= stop:
            raise OptionError(f"clip[{start}:{stop}] has no frames")
        length = self.duration / self.n_frames
        return self._cut(start * length, (stop - start) * length)

    __iter__ = None  # of slices alone, a for loop would end in an error

    def crop(self, start: float | Fraction = 0, end: float | Fraction | None = None) -> Clip:
        """Return a part, by seconds.

        Parameters
        ----------
        start, end : float or Fraction
            Where it starts and ends. Negative ones count from the end of the clip; without `end`, it
            ends there.
        """
        begin = self._moment("start", start)
        stop = self.duration if end is None else self._moment("end", end)
        if begin >= stop:
            raise OptionError(f"end must be after start, got {in_short(start)} and {in_short(end)}")
        return self._cut(begin, stop - begin)

    def reverse(self) -> Clip:
        """Return the clip backwards."""
        node = self._node
        return self._of(node.inner if isinstance(node, Reverse) else Reverse(node))

    def speed(self, rate: float | Fraction) -> Clip:
        """Return the clip faster or slower.

        Parameters
        ----------
        rate : float or Fraction
            How many times as fast, above 0; 0.5 is slow motion.
        """
        return self._at_speed(positive("rate", rate))

    def to_duration(self, seconds: float | Fraction) -> Clip:
        """Return the clip faster or slower, so that it takes exactly so many seconds."""
        return self._at_speed(self.duration / positive("seconds", seconds))

    def ease(self, curve: Curve | str) -> Clip:
        """Return the clip with its time along a curve.

        Parameters
        ----------
        curve : callable or str
            A function from [0, 1] to [0, 1], which says how much of the clip has been shown;
            "smoothstep", which begins and ends at rest; or one of pytweening's by name, such as
            "easeInOutQuad", for which the extra "clips" is installed. Values outside of [0, 1] count as
            0 or 1.
        """
        return self._of(Ease(self._node, Easing(curve)))

    def hold(self, seconds: float | Fraction, at: float | Fraction | None = None) -> Clip:
        """Return the clip with a stop, so that it takes longer.

        Parameters
        ----------
        seconds : float or Fraction
            How long it stands still.
        at : float or Fraction, optional
            When, in seconds; by default at the end. Negative numbers count from there.
        """
        moment = self.duration if at is None else self._moment("at", at)
        return self._of(Hold(self._node, positive("seconds", seconds), moment))

    def repeat(self, n: int) -> Clip:
        """Return the clip `n` times in a row."""
        n = require_int("n", n, 1)
        return self if n == 1 else self._of(Repeat(self._node, n))

    def then(self, other: Clip) -> Clip:
        """Return this clip and then another one, of one size and frame rate; the same as ``+``."""
        return self._of(Sequel.of(self._node, _node("other", other)))

    def __add__(self, other: object) -> Clip:
        return self.then(other) if isinstance(other, Clip) else NotImplemented

    def at_fps(self, fps: float | Fraction) -> Clip:
        """Return the clip in another frame rate.

        Each frame shows what the clip shows in its middle, also if a render has a higher frame rate.
        """
        rate, node = as_fps(fps), self._node
        return self if isinstance(node, Steps) and node.rate == rate else self._of(Steps(node, rate))

    # Space

    def overlay(
        self,
        other: Clip,
        position: str | tuple[float, float] = "center",
        opacity: float | Fraction = 1,
        start: float | Fraction = 0,
    ) -> Clip:
        """Return the clip with another one over it.

        Parameters
        ----------
        other : Clip
            Of any size and duration, and of this frame rate. What reaches beyond this clip is not seen.
        position : str or (float, float), default: "center"
            "center", "left", "right", "top", "bottom", or one of the corners, such as "top left"; or x
            and y, each an int, which is the distance from the left or the top in pixels, or a float, the
            share of the free space that is before it.
        opacity : float, default: 1
            From 0 to 1.
        start : float or Fraction, default: 0
            When it begins, in seconds; negative numbers count from the end.
        """
        place, share = as_place("position", position), as_share("opacity", opacity)
        begin = self._moment("start", start)
        return self._of(Overlay(self._node, _node("other", other), place, share, begin))

    def beside(self, *others: Clip) -> Clip:
        """Return the clip with others at its right, of one height, duration and frame rate."""
        row = (self._node, *(_node("others", other) for other in others))
        return self._of(Grid((row,)))

    def above(self, *others: Clip) -> Clip:
        """Return the clip with others below it, of one width, duration and frame rate."""
        column = (self._node, *(_node("others", other) for other in others))
        return self._of(Grid(tuple((node,) for node in column)))

    def resize(
        self, width: int | None = None, height: int | None = None, filter: str = "lanczos"
    ) -> Clip:
        """Return the clip in another size.

        Parameters
        ----------
        width, height : int, optional
            In pixels. If one is left out, the proportions stay.
        filter : {"lanczos", "bicubic", "hamming", "bilinear", "box", "nearest"}
            How pixels are computed, as by Pillow.
        """
        if width is None and height is None:
            raise OptionError("resize() needs width, height or both")
        width = None if width is None else as_length("width", width)
        height = None if height is None else as_length("height", height)
        name = require_choice("filter", filter, tuple(FILTERS))
        return self._of(Resized(self._node, width, height, name))

    def pad(
        self,
        width: int,
        height: int,
        position: str | tuple[float, float] = "center",
        color: Any = "black",
    ) -> Clip:
        """Return the clip with room around it.

        Parameters
        ----------
        width, height : int
            Size with the room, in pixels.
        position : str or (float, float), default: "center"
            Where in it the clip is, as in `overlay`.
        color : color, default: "black"
            As matplotlib takes it; None is transparent.
        """
        size = as_length("width", width), as_length("height", height)
        place = as_place("position", position)
        return self._of(Padded(self._node, *size, place, as_color("color", color)))

    def background(self, color: Any) -> Clip:
        """Return the clip on a color, as matplotlib takes it, which is seen where it is transparent."""
        return self._of(Background(self._node, as_color("color", color)))

    def crossfade(self, other: Clip, seconds: float | Fraction) -> Clip:
        """Return this clip and then another one, of one size and frame rate, which overlap.

        Parameters
        ----------
        other : Clip
            What comes after this one.
        seconds : float or Fraction
            How long the one becomes the other. The result is so much shorter than both together.
        """
        second = _node("other", other)
        overlap = _stretch(seconds, min(self.duration, second.duration), "shorter clip")
        return self._of(Crossfade(self._node, second, overlap))

    def fade_in(self, seconds: float | Fraction, color: Any = "black") -> Clip:
        """Return the clip with a beginning that appears out of a color.

        Parameters
        ----------
        seconds : float or Fraction
            How long that takes, at most the whole clip.
        color : color, default: "black"
            As matplotlib takes it; None is transparent, for clips that lie over others.
        """
        return self._faded(seconds, color, is_in=True)

    def fade_out(self, seconds: float | Fraction, color: Any = "black") -> Clip:
        """Return the clip with an end that disappears into a color; see `fade_in`."""
        return self._faded(seconds, color, is_in=False)

    # What it is made for

    def join(self, other: Clip, combine: Callable[[Any, Any], Any]) -> Clip:
        """Return a clip that draws the parameters of two clips at the same time, with one figure.

        Parameters
        ----------
        other : Clip
            Of the same duration and frame rate. Neither clip has more than parts, times and names: no
            overlay, resize or fade. Its source draws nothing; that of this clip does.
        combine : callable
            Returns the parameters of a frame, given those of this clip and of the other.
        """
        second = _node("other", other)
        if not callable(combine):
            raise OptionTypeError(f"combine must be a function, got {in_short(combine)}")
        for node in (self._node, second):
            if not node.is_plain:
                raise OptionError(
                    f"join() takes the parameters of frames, but those of {node} are put together"
                )
        Grid(((self._node, second),)).duration  # noqa: B018  an error, if they differ
        same_rate((self._node, second), "joined")
        joined = Joined(self._node, second, combine)
        joined.drawer  # noqa: B018  an error, if there are several
        return self._of(joined)

    def named(self, name: str) -> Clip:
        """Return the clip with a name, which becomes a chapter of the video and stands in `timeline`."""
        return self._of(Named(self._node, require_text("name", name)))

    @overload
    def render(
        self,
        output_file: str | os.PathLike[str],
        fps: float | Fraction | None = None,
        *,
        wait: Literal[False],
        **options: Unpack[VideoOptions],
    ) -> Render: ...
    @overload
    def render(
        self,
        output_file: str | os.PathLike[str],
        fps: float | Fraction | None = None,
        *,
        wait: Literal[True] = True,
        **options: Unpack[VideoOptions],
    ) -> Video: ...
    @overload
    def render(
        self,
        output_file: str | os.PathLike[str],
        fps: float | Fraction | None = None,
        *,
        wait: bool,
        **options: Unpack[VideoOptions],
    ) -> Video | Render: ...
    def render(
        self,
        output_file: str | os.PathLike[str],
        fps: float | Fraction | None = None,
        *,
        wait: bool = True,
        **options: Unpack[VideoOptions],
    ) -> Video | Render:
        """Render the clip to a video.

        Frames of sources that the video shows again, with others in between, are drawn before it, each
        once, on the same processes, and kept on disk until the video is complete. All others are drawn
        when they are shown. What is put together of frames is put together where they are drawn.

        Parameters
        ----------
        output_file : path-like
            As in `Animator.make_video`.
        fps : float or Fraction, optional
            Frames per second; by default those of the clip.
        wait : bool, default: True
            False returns a `Render` at once, as in `Animator.make_video`.
        **options
            The keyword arguments of `Animator.make_video` from `num_workers` on, but for those about a
            source, which `Clip` has: `savefig_params`, `redraw`, `seed`, `freeze_layout`,
            `reuse_figure_object`, `axis` and `dim`, and for `retries`, `timeout` and `on_error`, as a
            frame may be shown several times. With a `store`, all frames of sources that are drawn
            are kept there, and not those of the video: a clip that is changed is rendered again without
            drawing a frame again that is at the same place among those that are shown of its source.
            Names of parts become the `chapters`, unless others are given.

        Returns
        -------
        Video
            What was made, and what it cost; a `Render` with ``wait=False``.

        Raises
        ------
        AnimateError
            One of its subclasses in `dask_animate.errors`. `FrameSizeError` if clips of two sizes were
            put together. If a source fails, it is a `FrameError` with the index and the parameters of
            the source's frame.

        Notes
        -----
        Thread-safe. Without a `store`, the frames that are drawn before are in a temporary directory of
        this process, which workers on other machines do not see: give them a `store` that they reach.

        A frame that is shown for long is drawn once more by each worker that shows some of that.

        Examples
        --------
        >>> import os, tempfile
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator, Clip
        >>> class Dot(Animator):
        ...     def setup(self):
        ...         fig, ax = plt.subplots(figsize=(2, 2))
        ...         (self.dot,) = ax.plot([0], [0], "o")
        ...         ax.set_xlim(0, 30)
        ...         return fig
        ...     def update(self, frame_idx, x):
        ...         self.dot.set_xdata([x])
        >>> there = Clip(Dot(), range(30), fps=15)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "dot.mp4")
        ...     video = (there + there.reverse()).render(path, num_workers=1)
        >>> video.n_frames, video.duration
        (60, 4.0)
        """
        from .rendering import render_clip

        rate = self.fps if fps is None else as_fps(fps)
        return render_clip(self._node, output_file, rate, wait=wait, options=options)

    def frames(
        self, fps: float | Fraction | None = None, partition_size: int | Sequence[int] | str = "auto"
    ) -> dask.array.Array:
        """Return the frames as a dask array (n, height, width, 3) of uint8, which draws when computed.

        Parameters
        ----------
        fps : float or Fraction, optional
            Frames per second; by default those of the clip.
        partition_size : int, sequence of int or "auto"
            Frames in a chunk, as in `Animator.frames`.
        """
        from .rendering import RenderedClip

        rate = self.fps if fps is None else as_fps(fps)
        rendered = RenderedClip(self._node, rate)
        return rendered.frames(rendered.params, partition_size=partition_size)

    def preview(self, n: int = 9) -> ContactSheet:
        """Draw evenly spaced frames in this process, on one image, as `Animator.preview` does."""
        from .rendering import RenderedClip

        rendered = RenderedClip(self._node, self.fps)
        return rendered.preview(rendered.params, n)

    def timeline(self) -> Timeline:
        """Return a picture of what is shown when; displays itself in a notebook and has ``save()``."""
        from .timeline import Timeline

        return Timeline.of(self._node)

    def _moment(self, name: str, seconds: object) -> Fraction:
        """Return a time in the clip; a negative one counts from the end."""
        moment = exact(name, seconds)
        found = moment + self.duration if moment < 0 else moment
        if not 0 <= found <= self.duration:
            raise OptionError(
                f"{name} must be within the {float(self.duration):g} seconds of the clip, got "
                f"{in_short(seconds)}"
            )
        return found

    def _cut(self, start: Fraction, length: Fraction) -> Clip:
        node = self._node
        if length == node.duration:
            return self
        if isinstance(node, Cut):
            return self._of(Cut(node.inner, node.start + start, length))
        return self._of(Cut(node, start, length))

    def _at_speed(self, rate: Fraction) -> Clip:
        node = self._node
        inner = node
        if isinstance(node, Speed):
            inner, rate = node.inner, node.rate * rate
        return self._of(inner if rate == 1 else Speed(inner, rate))

    def _faded(self, seconds: object, color: Any, *, is_in: bool) -> Clip:
        length = _stretch(seconds, self.duration, "clip")
        return self._of(Fade(self._node, length, as_color("color", color), is_in))


def _node(name: str, clip: object) -> Node:
    if not isinstance(clip, Clip):
        raise OptionTypeError(f"{name} must be a Clip, got {in_short(clip)}")
    return clip._node


def _stretch(seconds: object, longest: Fraction, whose: str) -> Fraction:
    """Return how long something takes, or raise an error if a clip is shorter."""
    length = positive("seconds", seconds)
    if length > longest:
        raise OptionError(
            f"seconds must be at most {float(longest):g}, the length of the {whose}, got "
            f"{in_short(seconds)}"
        )
    return length
