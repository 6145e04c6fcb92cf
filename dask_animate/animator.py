"""The class that users derive from: a figure, what changes in it, and the video of it."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .drawing import DrawOptions, current_settings
from .inspection import Checker, CheckReport, ContactSheet, choose, make_sheet, spread
from .params import open_params
from .rendering import FigureSpec, Renderer
from .validation import require_int

if TYPE_CHECKING:
    import dask.array
    from distributed import Client

    from .video import Video


class Animator(ABC):
    """A figure and how it changes from frame to frame.

    Derive from it, write `setup` and `update`, and call `make_video`.

    A worker builds the figure once, by `setup`, and draws many frames with it, in any order: what
    `update` shows has to depend on its arguments alone. The animator is pickled and sent to each
    worker once, so keep large data out of its attributes: load it in `setup`, or pass it frame by frame.
    A render in this process works on a deep copy likewise: the object here stays as it is.

    Examples
    --------
    >>> import numpy as np
    >>> import matplotlib.pyplot as plt
    >>> class Wave(Animator):
    ...     def setup(self):
    ...         fig, ax = plt.subplots()
    ...         self.x = np.linspace(0, 4 * np.pi, 200)
    ...         (self.line,) = ax.plot(self.x, np.cos(self.x))
    ...         return fig
    ...     def update(self, frame_idx, phase):
    ...         self.line.set_ydata(np.cos(self.x + phase))
    >>> Wave().frame(np.pi).shape
    (480, 640, 3)
    """

    @abstractmethod
    def setup(self) -> Figure:
        """Build the figure and return it.

        Keep what `update` will change, lines or images or texts, as attributes.
        """

    @abstractmethod
    def update(self, frame_idx: int, params: Any) -> None:
        """Change the figure so that it shows one frame.

        Parameters
        ----------
        frame_idx : int
            Index of the frame, from 0.
        params : object
            The frame's item of ``param_by_frame``: a copy of what can be changed and copied, so that
            changes in place reach neither other frames nor the caller. Objects that occur twice in it
            stay the same object; read-only arrays, and what has no copy, as a lock, are shared.
        """

    def make_video(
        self,
        output_file: str | os.PathLike[str],
        param_by_frame: Any,
        fps: float | Fraction,
        n_frames: int | None = None,
        num_workers: int = -1,
        disable_progress_bar: bool | None = None,
        plotting_log_interval: int | None = None,
        saving_log_interval: int | None = None,
        savefig_params: Mapping[str, Any] | None = None,
        video_mode: str = "auto",
        video_quality: int | None = None,
        video_preset: str | None = None,
        video_extra_ffmpeg_params: Sequence[str] | None = None,
        reuse_figure_object: bool = True,
        preload_factor: int = 8,
        *,
        client: Client | None = None,
        partition_size: int | Sequence[int] | str = "auto",
        encode_on: str = "auto",
        redraw: str = "auto",
        store: Any = None,
        overwrite: bool = False,
        codec: str | None = None,
        seed: int | None = 0,
        pixel_format: str | None = None,
        dither: str | None = None,
        durations: Mapping[int, float] | Sequence[float] | None = None,
        chapters: Sequence[tuple[str, float]] | None = None,
        metadata: Mapping[str, str] | None = None,
        freeze_layout: bool = True,
        axis: int | None = None,
        dim: str | None = None,
    ) -> Video:
        """Render a video.

        The file appears at `output_file` when it is complete. If anything fails before, an existing file
        stays as it was and nothing is left behind.

        Parameters
        ----------
        output_file : path-like
            Its suffix chooses the kind of file: ``.mp4``, ``.m4v``, ``.mov``, ``.mkv``, ``.webm``,
            ``.gif``, ``.apng``, ``.png`` (animated) or ``.webp``. Missing directories are made.
        param_by_frame : iterable, dask.bag.Bag or array
            One item for each frame, of any type that can be pickled. A generator is read as the render
            goes on; it finds random states, rcParams and pyplot's figures as you left them. Items may be
            `IndexedFrameParams`, in any order; those that come before their turn are held until then.
            Items that are Delayed objects are computed on the workers. The partitions of a Bag are
            rendered on the workers that compute them, without passing through this process; what they
            have in common is computed for each, unless the bag was persisted.

            An array of dask, zarr or h5py, the path or URL of a zarr array, or a DataArray or Dataset of
            xarray: each frame gets one slice, NumPy or of xarray's kind, in memory. So it is with
            several of the same length, in a dict or a tuple (a tuple of NumPy arrays alone is a sequence
            of items): each frame gets a dict or a tuple. Workers read or compute what they draw, whole
            chunks at a time; nothing of it passes through this process. Each chunk is read once if
            `partition_size` is "auto" or divides it. Workers have to find files under the same path.
        fps : float or Fraction
            Frames per second; ``Fraction(30000, 1001)`` for the broadcast rate.
        n_frames : int, optional
            Number of frames; by default all that `param_by_frame` has.
        num_workers : int, default: -1
            Workers to use. 1 renders in this process, unless a `client` is given. -1 uses every core or
            every worker of the client's cluster, -2 all but one, and so on.
        disable_progress_bar : bool, optional
            None shows the bar in a terminal and in a notebook, and is quiet elsewhere.
        plotting_log_interval : int, optional
            Each worker logs a line after so many frames, to its own logger ``dask_animate.renderer``,
            at level INFO.
        saving_log_interval : int, optional
            This process logs a line after so many encoded frames, to ``dask_animate.progress``, at
            level INFO.
        savefig_params : mapping, optional
            ``dpi``, ``facecolor``, ``edgecolor`` and ``transparent``, as in ``Figure.savefig``;
            ``bbox_inches="tight"`` and ``pad_inches``, computed once after `setup` so that all frames
            have one size. VP9, FFV1, APNG and WebP keep what is transparent, which elsewhere is drawn
            over white.
        video_mode : {"auto", "gpu", "cpu"}
            "gpu" is NVENC or an error that says why not; "cpu" never touches a GPU; "auto" is NVENC if
            it opens on the machines that encode, else the CPU, with a line in the log that says why.
            All frames of a video come from one encoder.
        video_quality : int, optional
            0 to 51, lower is better and larger; 20 by default. It is the CRF of x264 and x265; other
            encoders get the number of theirs at which they lose about as much.
        video_preset : str, optional
            The encoder's speed preset, as "ultrafast" … "placebo" of x264. By default "superfast", with
            options that suit plots; these are left out if a preset or ``-tune`` is given.
        video_extra_ffmpeg_params : sequence of str, optional
            Options of the encoder in ffmpeg's style, as ``["-tune", "animation"]``. An option that the
            encoder does not know is an error.
        reuse_figure_object : bool, default: True
            False calls `setup` for each frame: slow, for comparison.
        preload_factor : int, default: 8
            Frames of which the parameters are read ahead for each worker, besides those that it draws;
            at least one partition. An adaptive cluster grows only if this is enough work for it to.
        client : distributed.Client, optional
            The cluster to render on. By default the client that is active in this process, else a
            `distributed.LocalCluster` of single-threaded processes made for this call. Inside a task of
            the cluster, use `distributed.worker_client`; inside an event loop, `asyncio.to_thread`.
        partition_size : int, sequence of int or "auto"
            Frames in a task: one number, or one for each partition that sum to the number of frames, as
            ``video.stats.partition_sizes`` of a former render. The partitions of a Bag are its own.
            "auto" measures what a frame costs and chooses. Given the same sizes, the file is the same
            for any number of workers, byte for byte.
        encode_on : {"auto", "workers", "client"}
            Where frames are encoded: by each worker its partitions, which begin with a keyframe; or all
            by this process. "auto" is "workers" where the codec allows it and partitions are long enough
            for their keyframes to cost little. GIF, APNG and WebP are encoded by this process.
        redraw : {"auto", "full", "blit"}
            What is drawn for a frame. "full" is the whole figure. "blit" is what has changed since the
            frame before, and what is drawn over it, with the same pixels. "auto" measures which is
            faster, and compares the two within each partition: if they differ, because something changed
            that matplotlib was not told of, the partition is drawn again as a whole, as are all others
            of that worker, and a `RedrawWarning` says what it was. For that a partition's parameters
            are kept until it is done. "blit" does not compare.
        store : path, URL or zarr store, optional
            Where frames are kept, compressed without loss, as the array "frames" of a zarr group. The
            same call, made again after it was interrupted or changed, takes from there the frames of
            which nothing that they were drawn from has changed, and draws the others. Your source files
            that the animator reaches by ``import`` statements count whole, what was written in a
            notebook or in the script itself counts by its content, as parameters and attributes do, and
            libraries count by their versions; files that `setup` and `update` open themselves do not
            count. What cannot be told is a `ReuseWarning`. Workers write to the store, so all have to
            reach it: a shared directory, or ``s3://…``. One render at a time. `write_video` encodes it
            again. Not with a Bag.
        overwrite : bool, default: False
            Begin the store anew. Frames are kept only where nothing is, or in a store that this library
            made; whatever else lies there is an error, with its names, and is never deleted. Frames of
            another size than the figure's are replaced also without it.
        codec : {"h264", "hevc", "av1", "vp9", "ffv1", "gif", "apng", "webp"}, optional
            By default chosen by the suffix of `output_file`. FFV1 and APNG are lossless.
        seed : int or None
            NumPy's and Python's global random states are set from it before `setup`, and from it and the
            frame index before each `update`, so that frames are the same wherever they are drawn. None
            leaves them alone. The workers of a cluster made with ``processes=False`` share these states
            with other threads of this process while they draw; a generator of parameters is read when
            none of them does.
        pixel_format : str, optional
            FFmpeg's name of the format of the coded pixels, as "yuv444p" for colors in full resolution;
            by default the codec's most compatible one.
        dither : {"none", "bayer", "floyd_steinberg", "sierra2_4a"}, optional
            How a GIF mixes colors that its palette lacks. "none", the default, is the smallest.
        durations : mapping of int to float, or sequence of float, optional
            Seconds for which frames stay: by frame index, as ``{-1: 2.0}`` for the last, the others
            ``1 / fps``; or one number for each frame. Frames are drawn and stored once however long they
            stay. They change at multiples of ``1 / fps``, to which the times are rounded.
        chapters : sequence of (str, float), optional
            Titles and the seconds at which they begin. For MP4, MOV, MKV and WebM.
        metadata : mapping of str to str, optional
            Any of "title", "author", "comment", "copyright" and "date". For the same files.
        freeze_layout : bool, default: True
            Layout engines, as of ``layout="constrained"``, run once, after `setup`. False runs them for
            each frame, which is slow, draws whole figures, and lets axes move when a label grows.
        axis : int, optional
            Axis of an array along which the frames are; the first by default.
        dim : str, optional
            Dimension of xarray's along which the frames are; the first by default.

        Returns
        -------
        Video
            What was made, and what it cost.

        Raises
        ------
        AnimateError
            Its subclasses in `dask_animate.errors` say what was wrong. A failing `update` raises
            `FrameError` with the frame index and its parameters, the original exception as its cause.

        Notes
        -----
        Thread-safe: several renders may run at once, on one cluster or on several. In one process they
        take turns drawing.

        Examples
        --------
        >>> import os, tempfile
        >>> import matplotlib.pyplot as plt
        >>> class Dot(Animator):
        ...     def setup(self):
        ...         fig, ax = plt.subplots(figsize=(2, 2))
        ...         (self.dot,) = ax.plot([0], [0], "o")
        ...         ax.set_xlim(0, 30)
        ...         return fig
        ...     def update(self, frame_idx, x):
        ...         self.dot.set_xdata([x])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     video = Dot().make_video(os.path.join(folder, "dot.mp4"), range(30), 15, num_workers=1)
        >>> video.n_frames, video.width, video.height, video.duration
        (30, 200, 200, 2.0)
        """
        from .diagnostics import ProgressOptions
        from .encoding import EncodeOptions, OutputOptions
        from .execution import ClusterOptions, Plan, StoreRequest
        from .render import RenderRequest

        draw = DrawOptions.create(
            savefig_params,
            reuse_figure=reuse_figure_object,
            seed=seed,
            redraw=redraw,
            freeze_layout=freeze_layout,
        )
        encode = EncodeOptions.create(
            output_file,
            fps,
            codec=codec,
            pixel_format=pixel_format,
            transparent=draw.transparent,
            mode=video_mode,
            quality=video_quality,
            preset=video_preset,
            extra_ffmpeg_params=video_extra_ffmpeg_params,
            dither=dither,
        )
        params = open_params(param_by_frame, n_frames, axis, dim)
        output = OutputOptions.create(
            output_file,
            encode,
            params.n_frames,
            durations=durations,
            chapters=chapters,
            metadata=metadata,
        )
        plan = Plan.create(partition_size, preload_factor, encode.check_encode_on(encode_on), params)
        cluster = ClusterOptions.create(client, num_workers)
        progress = ProgressOptions.create(disable_progress_bar, saving_log_interval)
        spec = self._spec(draw, plotting_log_interval)
        request = StoreRequest.create(store, overwrite, params, spec)
        if request is not None:
            spec = replace(spec, environment=request.environment)
        if not cluster.is_here:
            spec = spec.pickled()
        return RenderRequest(spec, params, output, plan, cluster, progress, request).render()

    def frames(
        self,
        param_by_frame: Any,
        *,
        n_frames: int | None = None,
        partition_size: int | Sequence[int] | str = "auto",
        savefig_params: Mapping[str, Any] | None = None,
        redraw: str = "auto",
        seed: int | None = 0,
        axis: int | None = None,
        dim: str | None = None,
    ) -> dask.array.Array:
        """Return the frames as a dask array, which are drawn when they are computed.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. A generator is read to its end; a Bag is computed to count its items,
            which have to be in frame order.
        n_frames : int, optional
            Number of frames; by default all that `param_by_frame` has.
        partition_size : int, sequence of int or "auto"
            Frames in a chunk: what is drawn if one of them is asked for.
        savefig_params, redraw, seed, axis, dim
            As in `make_video`.

        Returns
        -------
        dask.array.Array of uint8, shape (n, height, width, 3)
            RGB. Any of dask's schedulers computes it; with a `distributed.Client` active, its workers.

        Raises
        ------
        AnimateError
            Its subclasses in `dask_animate.errors` say what was wrong. A failing `update` raises
            `FrameError` when its frame is computed.

        Notes
        -----
        `setup` runs once in this process, to learn the size. Each process that draws keeps the figure,
        until it draws frames of two other calls. Parameters that are no arrays become part of the graph.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> class Counter(Animator):
        ...     def setup(self):
        ...         fig = plt.figure(figsize=(3, 2))
        ...         self.text = fig.text(0.5, 0.5, "")
        ...         return fig
        ...     def update(self, frame_idx, params):
        ...         self.text.set_text(str(params))
        >>> frames = Counter().frames(range(1000), partition_size=10)
        >>> frames.shape, frames.chunksize
        ((1000, 200, 300, 3), (10, 200, 300, 3))
        >>> frames[100].compute().shape  # draws frames 100 to 109
        (200, 300, 3)
        """
        from .execution import lazy_frames

        spec = self._spec(DrawOptions.create(savefig_params, seed=seed, redraw=redraw))
        return lazy_frames(spec, open_params(param_by_frame, n_frames, axis, dim), partition_size)

    def frame(
        self,
        params: Any,
        frame_idx: int = 0,
        *,
        savefig_params: Mapping[str, Any] | None = None,
        seed: int | None = 0,
    ) -> NDArray[np.uint8]:
        """Draw one frame in this process, as it would be in a video.

        Parameters
        ----------
        params : object
            The frame's parameters.
        frame_idx : int, default: 0
            Its index.
        savefig_params, seed
            As in `make_video`.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB, C-contiguous; yours.

        Raises
        ------
        FrameError
            If `update` fails.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator
        >>> class Empty(Animator):
        ...     def setup(self):
        ...         return plt.figure(figsize=(3, 2), dpi=100)
        ...     def update(self, frame_idx, params):
        ...         pass
        >>> Empty().frame(None, savefig_params={"dpi": 50}).shape
        (100, 150, 3)
        """
        frame_idx = require_int("frame_idx", frame_idx, 0)
        spec = self._spec(DrawOptions.create(savefig_params, seed=seed))
        with _changes_noted(self), closing(Renderer(spec)) as renderer:
            return renderer.frame(frame_idx, params)

    def preview(
        self,
        param_by_frame: Any,
        n: int = 9,
        *,
        n_frames: int | None = None,
        axis: int | None = None,
        dim: str | None = None,
        savefig_params: Mapping[str, Any] | None = None,
        seed: int | None = 0,
    ) -> ContactSheet:
        """Draw frames that are spread over a sequence, in this process, on one image.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. A generator is read to its end, and is empty afterwards; of an array, no
            more is read than those frames need.
        n : int, default: 9
            Number of frames to draw, the first and the last of the sequence among them.
        n_frames, axis, dim, savefig_params, seed
            As in `make_video`.

        Returns
        -------
        ContactSheet
            Shows itself in a notebook; its ``save("sheet.png")`` writes a file.

        Raises
        ------
        FrameError
            If `update` fails.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator
        >>> class Counter(Animator):
        ...     def setup(self):
        ...         fig = plt.figure(figsize=(3, 2))
        ...         self.text = fig.text(0.5, 0.5, "")
        ...         return fig
        ...     def update(self, frame_idx, params):
        ...         self.text.set_text(str(params))
        >>> Counter().preview(range(100), n=4).frame_idx
        (0, 33, 66, 99)
        """
        n = require_int("n", n, 1)
        spec = self._spec(DrawOptions.create(savefig_params, seed=seed))
        sequence = open_params(param_by_frame, n_frames, axis, dim)
        chosen = spread(sequence, n, sequence.n_frames)
        with _changes_noted(self), closing(Renderer(spec)) as renderer:
            frames = [renderer.frame(idx, params) for idx, params in chosen]
        return make_sheet([idx for idx, _ in chosen], frames)

    def check(
        self,
        param_by_frame: Any,
        n: int = 12,
        *,
        n_frames: int | None = None,
        axis: int | None = None,
        dim: str | None = None,
        savefig_params: Mapping[str, Any] | None = None,
        seed: int | None = 0,
    ) -> CheckReport:
        """Find out whether frames depend on anything but their arguments, in this process.

        That is what to do if a video flickers, or differs from one render to the next. Some frames are
        drawn alone, each with a figure of its own, twice; then with one figure, in order and shuffled;
        then, if all is well so far, by drawing only what changes. They have to be the same each time.
        What `update` changes without matplotlib being told is looked for as well, since that can be
        missing from a video where only what changes is drawn, whether or not it shows in these frames.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. A generator is read to its end, and is empty afterwards; of an array, no
            more is read than those frames need.
        n : int, default: 12
            Number of frames, three in a row at places spread over the sequence.
        n_frames, axis, dim, savefig_params, seed
            As in `make_video`.

        Returns
        -------
        CheckReport
            Its ``ok`` is True if all is well; printed, it says which frames depend on what, and what
            changes unseen. Its ``sheet`` shows the frames.

        Raises
        ------
        FrameError
            If `update` fails.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator
        >>> class Forgetful(Animator):
        ...     def setup(self):
        ...         fig = plt.figure(figsize=(2, 1))
        ...         self.text = fig.text(0.5, 0.5, "")
        ...         return fig
        ...     def update(self, frame_idx, params):
        ...         if frame_idx % 3 == 0:  # the others show what was drawn before
        ...             self.text.set_text(str(params))
        >>> report = Forgetful().check(range(100), n=3)
        >>> report.ok, [(finding.frame_idx, finding.cause) for finding in report.findings]
        (False, [(1, 'history'), (2, 'history')])
        """
        n = require_int("n", n, 1)
        spec = self._spec(DrawOptions.create(savefig_params, seed=seed))
        sequence = open_params(param_by_frame, n_frames, axis, dim)
        chosen = choose(sequence, n, sequence.n_frames)
        with _changes_noted(self):
            return Checker(spec, chosen).report()

    def _spec(self, draw: DrawOptions, log_interval: int | None = None) -> FigureSpec:
        if log_interval is not None:
            log_interval = require_int("plotting_log_interval", log_interval, 1)
        return FigureSpec(self, draw, current_settings(), log_interval)


@contextmanager
def _changes_noted(animator: Animator) -> Iterator[None]:
    """Note what drawing changes in modules, such as caches, lest it count for frames kept later."""
    from .provenance import Observer, content_or_reason

    content, reason = content_or_reason(animator)
    observer = Observer(content.references)
    if reason is None:
        observer.observe()
    yield
    if reason is None:
        observer.note_changes()
