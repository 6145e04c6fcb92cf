"""`save`: matplotlib's own animations, to a video."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from matplotlib.animation import Animation, FuncAnimation

from .adapters import (
    N_PROBED,
    AnimationCopy,
    AnimationSpec,
    CopyError,
    Drawing,
    HistoryError,
    HistoryProbe,
    RandomState,
    SavedFrames,
    SharedState,
    ShortError,
    check_separate,
    draws_as_usual,
    figure_of,
    frames_given,
    frames_in_place,
    hold_of,
    interval_of,
    mark_as_drawn,
    runs_layout,
    saved_look,
)
from .drawing import DrawOptions, Mismatch, current_settings
from .encoding import as_destination, as_fps
from .errors import (
    AnimatorPickleError,
    OptionError,
    OptionTypeError,
    RedrawWarning,
    SequentialWarning,
    warn,
)
from .execution import ClusterOptions
from .renderable import Renderable
from .validation import in_short, require_bool, require_int
from .video_options import FAULT_OPTIONS, VideoOptions, check_names
from .write import write_video

if TYPE_CHECKING:
    from .render import Render
    from .video import Video


class _CopiedAnimation(Renderable):
    """Draws the frames of an animation with copies of it, made when a render begins.

    Attributes
    ----------
    copied : AnimationCopy or None
        The copy, once it was made.
    shared : SharedState or None
        What copies share, once one was made.
    """

    def __init__(
        self,
        animation: Animation,
        frames: SavedFrames,
        *,
        random_state: RandomState,
        tried: AnimationCopy | None = None,
        checks: bool = False,
        in_order: bool = False,
        begins_here: bool = False,
    ) -> None:
        self.copied: AnimationCopy | None = None
        self.shared: SharedState | None = None
        self._begins_here = begins_here
        self._animation = animation
        self._frames = frames
        self._random_state = random_state
        self._tried = tried
        self._checks = checks
        self._in_order = in_order

    def _spec(self, draw: DrawOptions, log_interval: int | None = None) -> AnimationSpec:
        """Copy the animation, once all other arguments are checked, and try the copy out.

        A copy that was tried already is taken as it is: what is drawn are copies of it in turn.
        """
        copied = self._tried or self._copy(draw)
        sequential = replace(draw, sequential=self._in_order)
        spec = AnimationSpec(copied, sequential, current_settings(), log_interval)
        looks = self._checks and isinstance(self._animation, FuncAnimation)
        if self._tried is None:
            assert self.shared is not None
            n_frames = self._frames.n_frames if looks and self._begins_here else None
            items = self._frames.head(N_PROBED if looks else 1)
            HistoryProbe(spec, items, self.shared).check(for_history=looks, n_frames=n_frames)
        if copied.uses_random_numbers and self._frames.draws_random_numbers and draw.seed is None:
            raise CopyError("frames= and the function both draw random numbers")
        return replace(spec, checks_history=looks)

    def _copy(self, draw: DrawOptions) -> AnimationCopy:
        if not draws_as_usual(self._animation):
            kind = type(self._animation).__name__
            raise CopyError(f"{kind} draws in a way of its own, which cannot be copied")
        state = self._random_state if draw.seed is None else None
        self.copied = AnimationCopy.of(Drawing.of(self._animation, self._frames.first), state)
        self.copied.facecolor = None if draw.transparent else draw.facecolor
        objects = self.copied.objects or {}
        self.shared = SharedState(objects.values())
        if isinstance(self._animation, FuncAnimation) and (self._checks or self._in_order):
            check_separate(frames_given(self._animation), objects)
        return self.copied


@dataclass(frozen=True)
class OpenedAnimation:
    """A copy of an animation, whose frames can be drawn in any order.

    Attributes
    ----------
    spec : AnimationSpec
        What draws them.
    items : list of object
        What the function gets for each frame.
    fps : Fraction
        Frames per second.
    """

    spec: AnimationSpec
    items: list[Any]
    fps: Fraction


def open_animation(
    animation: Animation, savefig_params: Mapping[str, Any] | None, redraw: str, seed: int | None
) -> OpenedAnimation:
    """Copy an animation as it is now, and try out whether its frames can be drawn in any order.

    Raises
    ------
    AnimatorPickleError
        If it cannot be copied.
    OptionError
        If a frame depends on those before it.
    """
    frames = SavedFrames(animation, None)
    fps = as_fps(_fps(animation, None))
    figure = figure_of(animation)
    freeze_layout = redraw == "blit" or not runs_layout(figure)
    checked = DrawOptions.create(savefig_params, seed=seed, redraw=redraw, freeze_layout=freeze_layout)
    given = dict(savefig_params or {})
    look = given | saved_look(figure, checked, given.get("dpi"))
    draw = DrawOptions.create(look, seed=seed, redraw=redraw, freeze_layout=freeze_layout)
    mark_as_drawn(animation)
    copied = _CopiedAnimation(animation, frames, random_state=RandomState.now(), checks=True)
    try:
        spec = copied._spec(draw)
    except CopyError as exc:
        raise AnimatorPickleError(f"the animation cannot be copied: {exc}") from exc
    except HistoryError as exc:
        if copied.shared is not None:
            copied.shared.restore()
        raise OptionError(
            f"{exc}, but frames of a clip are drawn in any order: make the function set everything from "
            f"its frame argument, or save() the animation and make a clip of the video file"
        ) from exc
    return OpenedAnimation(spec, list(frames), fps)


#: Options that mean nothing where matplotlib draws the caller's own figure.
_ONLY_COPIES = ("store", "overwrite", "seed", "freeze_layout", "plotting_log_interval")
#: Options of whoever draws, where nobody but this process does.
_ONLY_PARALLEL = ("client", "num_workers", "redraw", "savefig_params")


@overload
def save(
    animation: Animation,
    output_file: str | os.PathLike[str],
    fps: float | Fraction | None = None,
    *,
    n_frames: int | None = None,
    sequential: bool | None = None,
    wait: Literal[False],
    **options: Unpack[VideoOptions],
) -> Render: ...
@overload
def save(
    animation: Animation,
    output_file: str | os.PathLike[str],
    fps: float | Fraction | None = None,
    *,
    n_frames: int | None = None,
    sequential: bool | None = None,
    wait: Literal[True] = True,
    **options: Unpack[VideoOptions],
) -> Video: ...
@overload
def save(
    animation: Animation,
    output_file: str | os.PathLike[str],
    fps: float | Fraction | None = None,
    *,
    n_frames: int | None = None,
    sequential: bool | None = None,
    wait: bool,
    **options: Unpack[VideoOptions],
) -> Video | Render: ...
def save(
    animation: Animation,
    output_file: str | os.PathLike[str],
    fps: float | Fraction | None = None,
    *,
    n_frames: int | None = None,
    sequential: bool | None = None,
    wait: bool = True,
    **options: Unpack[VideoOptions],
) -> Video | Render:
    """Render a ``FuncAnimation`` or an ``ArtistAnimation`` of matplotlib, as it is, to a video.

    The frames are those that ``animation.save`` draws, pixel by pixel. They are drawn by copies of the
    figure and of the function, in this process and on workers; the caller's figure, artists, random
    states and the variables that the function changes stay as they are.

    As long as this process draws alone, it draws the frames in order. Several processes draw them in
    any order, but a function may continue from the frame before, such as by appending a point to a line
    or by drawing random numbers. So before others are asked to draw, the first three frames and then
    once more the first are drawn in order, and the third is drawn alone; equal frames must come out.
    During the render, the first and the last frame of partitions are compared with the same frames
    drawn alone, for 2 seconds in each process and then as often as it takes a tenth of the time at
    most. If there is a difference, a `SequentialWarning` says so, and this process draws all frames in
    order, still incrementally where that is possible. What cannot be copied is drawn in order, too, by
    matplotlib and on the caller's figure, like ``animation.save`` does.

    Parameters
    ----------
    animation : matplotlib.animation.Animation
        A FuncAnimation with any kind of ``frames``, or an ArtistAnimation. ``interval`` gives the frames
        per second; ``repeat_delay``, if the animation repeats, how much longer the last frame is shown.
        Others of matplotlib's animations, and subclasses that draw in a way of their own, cannot be
        copied.
    output_file : path-like
        As in `Animator.make_video`.
    fps : float or Fraction, optional
        Frames per second; by default ``1000 / interval``.
    n_frames : int, optional
        Number of frames; by default as many as ``animation.save`` saves. An animation with neither
        ``frames`` nor ``save_count`` needs it.
    sequential : bool, optional
        True draws the frames in order in this process without trying anything out, and False draws them
        in parallel without looking for a dependence. By default, what was found decides.
    wait : bool, default: True
        False returns a `Render` once the animation is copied and tried out, as in `Animator.make_video`.
        Frames that have to be drawn in order are drawn by one other process, whole. If it turns out only
        during the render that they do, the render fails with an error that says so. An animation that
        cannot be copied is an error at once.
    **options
        The keyword arguments of `Animator.make_video` from `num_workers` on, but for
        `reuse_figure_object`, `axis`, `dim`, `retries`, `timeout` and `on_error`: what a frame that
        failed has left may be part of the next. `keep_segments` needs `sequential`. Other defaults:
        ``seed=None`` lets the function continue with the global random states as they are now, which
        makes frames depend on each other if it uses them; give ``seed=0`` to draw them in parallel with
        random numbers of their own. `savefig_params` begins with the rcParams ``savefig.dpi`` and
        ``savefig.facecolor``, as in matplotlib. ``freeze_layout=False`` if the figure has a layout
        engine, which then runs for each frame, as in matplotlib; True is faster. A `store` needs frames
        that can be drawn alone.

    Returns
    -------
    Video
        The finished video and what the render cost; a `Render` with ``wait=False``.

    Raises
    ------
    AnimateError
        One of its subclasses in `dask_animate.errors`. `AnimatorPickleError` if the animation cannot be
        copied, with ``sequential=False`` or ``wait=False``.

    Notes
    -----
    Thread-safe, unless matplotlib has to draw the caller's figure.

    Frames of an odd width or height are padded by a row or column, where ``animation.save`` changes the
    size of the figure.

    Examples
    --------
    >>> import os, tempfile
    >>> import matplotlib.pyplot as plt
    >>> from matplotlib.animation import FuncAnimation
    >>> fig, ax = plt.subplots(figsize=(2, 2))
    >>> dot, = ax.plot([0], [0], "o")
    >>> animation = FuncAnimation(fig, lambda x: dot.set_xdata([x / 1000]), frames=30, interval=50)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     video = save(animation, os.path.join(folder, "dot.mp4"))
    >>> plt.close(fig)
    >>> video.n_frames, float(video.fps)
    (30, 20.0)
    """
    if not isinstance(animation, Animation):
        raise OptionTypeError(
            f"animation must be one of matplotlib's, such as a FuncAnimation, got {in_short(animation)}"
        )
    if sequential is not None and not isinstance(sequential, bool):
        raise OptionTypeError(f"sequential must be True, False or None, got {in_short(sequential)}")
    check_names("save", options, without=("reuse_figure_object", "axis", "dim", *FAULT_OPTIONS))
    if sequential is None and options.get("keep_segments") is not None:
        raise OptionError(
            "keep_segments= keeps what was drawn, which cannot be drawn in another way afterwards: give "
            "sequential=True, or sequential=False"
        )
    if sequential and options.get("client") is not None:
        raise OptionError("sequential=True draws in this process: leave out client=")
    if sequential and options.get("store") is not None:
        raise OptionError("store= keeps frames that can be drawn alone: leave out sequential=True")
    wait = require_bool("wait", wait)
    if n_frames is not None:
        n_frames = require_int("n_frames", n_frames, 1)
    output_file = as_destination(output_file)  # the function may change the directory
    frames = SavedFrames(animation, n_frames)
    request = _SaveRequest(
        animation,
        frames,
        output_file,
        _fps(animation, fps),
        options,
        sequential=sequential is True,
        wait=wait,
    )
    mark_as_drawn(animation)
    if sequential:
        return request.told(request.in_order("sequential=True"))
    return request.told(request.parallel(checks=sequential is None))


def _fps(animation: Animation, fps: float | Fraction | None) -> float | Fraction:
    if fps is not None:
        return fps
    interval = interval_of(animation)
    if interval is None:
        raise OptionError("the animation has no interval between its frames: give fps=")
    return float(1 / interval)  # of 1000 / 30 ms, to 30: a fraction would be taken as it is


class _SaveRequest:
    """An animation that is to be saved, and the ways to do it."""

    def __init__(
        self,
        animation: Animation,
        frames: SavedFrames,
        output_file: str | os.PathLike[str],
        fps: float | Fraction,
        options: VideoOptions,
        *,
        sequential: bool,
        wait: bool,
    ) -> None:
        self._is_sequential = sequential
        self._wait = wait
        self._why = ""  # this process draws all frames, as found out before the render
        self._warnings: list[str] = []
        self._animation = animation
        self._frames = frames
        self._output_file = output_file
        self._fps = fps
        self._given = options
        self._random_state = RandomState.now()  # other threads may use random numbers meanwhile
        draw = DrawOptions.create(options.get("savefig_params"))
        figure = figure_of(animation)
        given = dict(options.get("savefig_params") or {})
        self._look = given | saved_look(figure, draw, given.get("dpi"))
        self._defaults: VideoOptions = {"seed": None}
        if runs_layout(figure) and options.get("redraw") != "blit":
            self._defaults["freeze_layout"] = False

    def told(self, drawn: Video | Render) -> Video | Render:
        """Add to the statistics of a video what was found out, and warned of, before it was drawn."""
        from .video import Video

        if not isinstance(drawn, Video):
            return drawn
        stats, why = drawn.stats, f"this process draws the frames in order: {self._why}"
        return replace(
            drawn,
            stats=replace(
                stats,
                scaling_reason=why if self._why else stats.scaling_reason,
                warnings=(*self._warnings, *stats.warnings),
            ),
        )

    def parallel(self, *, checks: bool) -> Video | Render:
        """Draw in this process and on workers; if the animation does not allow that, in order.

        Where this process draws alone, or all frames before others would be ready, it draws in order.
        """
        cluster = ClusterOptions.create(self._given.get("client"), self._given.get("num_workers", -1))
        client, n_processes = cluster.resolve(self._frames.n_frames)
        keeps = self._given.get("store") is not None
        if checks and client is None and n_processes == 1 and not keeps:
            return self.in_order()
        begins_here = client is None and not keeps and self._wait
        why, is_dependent = "", False
        obstacle: str | None = None
        tried: AnimationCopy | None = None
        copied = self._copied(None, checks=checks, begins_here=begins_here)
        try:
            return self._render(copied, {})
        except ShortError:
            tried, why = copied.copied, "they are drawn before other processes would be ready"
        except HistoryError as exc:
            if keeps:
                raise OptionError(f"store= keeps frames that can be drawn alone, but {exc}") from exc
            why, is_dependent = str(exc), True
            if copied.shared is not None:
                copied.shared.restore()
        except CopyError as exc:
            if not checks or not self._wait:
                option = "wait" if checks else "sequential"
                raise AnimatorPickleError(f"{option}=False is not possible: {exc}") from exc
            obstacle = str(exc)
        # Out here, so that errors do not seem to come of those.
        if obstacle is not None:
            return self.in_place(obstacle)
        if is_dependent:
            self._warn_of_order(why)
        return self.in_order(why, tried)

    def in_order(self, why: str = "", tried: AnimationCopy | None = None) -> Video | Render:
        """Draw frame after frame with one copy, in this process; `tried` is one that drew the first."""
        self._why = why
        if not self._wait:
            return self._in_order_elsewhere()
        here: VideoOptions = {"num_workers": 1, "client": None}
        if self._given.get("keep_segments") is not None and self._given.get("redraw") != "blit":
            here["redraw"] = "full"  # so that no frame turns out wrong after it was kept
        copied = self._copied(tried, in_order=True)
        try:
            return self._render(copied, here)
        except Mismatch as exc:
            fault, obstacle = exc.fault, None
        except CopyError as exc:
            fault, obstacle = None, str(exc)
        if obstacle is not None:
            return self.in_place(obstacle)
        self._warn(f"{fault}. All frames are drawn again, in full", RedrawWarning)
        return self._render(copied, here | {"redraw": "full"})

    def _in_order_elsewhere(self) -> Video | Render:
        """Draw all frames in one task, so that a worker that dies has the next one begin anew.

        They are drawn in full, as none can be drawn again that turns out wrong.
        """
        if self._frames.n_frames is None:
            self._frames.count()
        one_task: VideoOptions = {
            "num_workers": 1,
            "client": None,
            "redraw": "blit" if self._given.get("redraw") == "blit" else "full",
            "partition_size": self._frames.n_frames or "auto",
        }
        try:
            return self._render(self._copied(None, in_order=True), one_task)
        except CopyError as exc:
            raise AnimatorPickleError(f"wait=False is not possible: {exc}") from exc

    def in_place(self, reason: str) -> Video:
        """Let matplotlib draw the frames on the caller's figure."""
        wrong = [name for name in _ONLY_COPIES if name in self._given]
        wrong += ["redraw"] if self._given.get("redraw") == "blit" else []
        if wrong:
            raise OptionError(f"{', '.join(wrong)}: not possible if matplotlib draws, but {reason}")
        self._why = reason
        if not self._is_sequential:
            self._warn_of_order(reason)
        left_out = {*_ONLY_PARALLEL, *_ONLY_COPIES}
        options: Any = {name: value for name, value in self._options().items() if name not in left_out}
        draw = DrawOptions.create(self._look)
        self._frames.restart(self._random_state)
        frames = frames_in_place(self._animation, self._frames.first, self._frames.artists(), draw)
        n_frames = self._frames.n_frames
        video: Video = write_video(
            frames, self._output_file, self._fps, n_frames, num_workers=1, **options
        )
        return video

    def _warn(self, message: str, category: type[Warning]) -> None:
        self._warnings.append(message)
        warn(message, category)

    def _copied(self, tried: AnimationCopy | None, **options: bool) -> _CopiedAnimation:
        state = self._random_state
        return _CopiedAnimation(
            self._animation, self._frames, random_state=state, tried=tried, **options
        )

    def _render(self, animator: _CopiedAnimation, changes: VideoOptions) -> Video | Render:
        options = self._options() | changes
        return animator.make_video(
            self._output_file,
            self._frames,
            self._fps,
            self._frames.n_frames,
            wait=self._wait,
            **options,
        )

    def _options(self) -> VideoOptions:
        hold = hold_of(self._animation)
        options: VideoOptions = self._defaults | self._given
        options["savefig_params"] = self._look
        if hold and "durations" not in options:
            self._frames.count()
            options["durations"] = {-1: float(1 / Fraction(self._fps) + hold)}
        return options

    def _warn_of_order(self, reason: str) -> None:
        who = "this process alone" if self._wait else "one other process"
        self._warn(
            f"{reason}: frames are drawn in order, by {who}. Pass sequential=True to silence this "
            f"warning and skip the check; to draw in parallel, make the function set everything from "
            f"its frame argument",
            SequentialWarning,
        )
