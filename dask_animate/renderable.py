"""What all classes that users derive from can do: make a video, a lazy array, one frame, a preview."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from .docstrings import parameters_as_in
from .drawing import DrawOptions
from .errors import OutputError
from .params import open_params
from .rendering import DrawnSpec, FaultPolicy, Renderer, SourceSpec
from .validation import require_bool, require_int, require_seconds
from .video_options import VideoOptions, names_checked

if TYPE_CHECKING:
    import dask.array
    from distributed import Client

    from .inspection import CheckReport, ContactSheet, Explorer, PreflightReport
    from .render import Render
    from .render_request import Preparation
    from .video import Video


class Renderable(ABC):
    """Base class of `Animator` and of `FrameSource`: what can be done with frames that are drawn.

    A class says by `_spec` what draws its frames.
    """

    def before_drawing(self) -> None:  # noqa: B027  an optional hook
        """Prepare the animator; does nothing unless it is overridden.

        `make_video`, `frames`, `frame`, `preview`, `explore` and `check` call it first, in the calling
        process, before the animator is copied or sent to workers. Override it for work that has to be
        done once and not on each worker, such as finding the limits of data, and keep the results as
        attributes.
        """

    @overload
    def make_video(
        self,
        output_file: str | os.PathLike[str],
        param_by_frame: Any,
        fps: float | Fraction,
        n_frames: int | None = None,
        *args: Any,
        wait: Literal[False],
        **options: Unpack[VideoOptions],
    ) -> Render: ...
    @overload
    def make_video(
        self,
        output_file: str | os.PathLike[str],
        param_by_frame: Any,
        fps: float | Fraction,
        n_frames: int | None = None,
        *args: Any,
        wait: Literal[True] = True,
        **options: Unpack[VideoOptions],
    ) -> Video: ...
    @overload
    def make_video(
        self,
        output_file: str | os.PathLike[str],
        param_by_frame: Any,
        fps: float | Fraction,
        n_frames: int | None = None,
        *args: Any,
        wait: bool,
        **options: Unpack[VideoOptions],
    ) -> Video | Render: ...
    @names_checked  # type: ignore[misc]  # *args above stands for the positional ones
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
        keep_segments: str | os.PathLike[str] | None = None,
        keep_partial: bool = False,
        freeze_layout: bool = True,
        axis: int | None = None,
        dim: str | None = None,
        on_mismatch: str = "raise",
        wait: bool = True,
        retries: int = 0,
        timeout: float | None = None,
        on_error: str = "raise",
    ) -> Video | Render:
        """Render a video.

        The file appears at `output_file` once it is complete. If the render fails, an existing file
        stays unchanged and no incomplete file is left, unless `keep_partial` asks for it. If another
        render on this machine is writing to the same path, that is an error.

        Parameters
        ----------
        output_file : path-like or URL
            Path of the video, whose suffix selects the format: ``.mp4``, ``.m4v``, ``.mov``, ``.mkv``,
            ``.webm``, ``.gif``, ``.apng``, ``.png`` (animated) or ``.webp``; missing directories are
            created. A path without a suffix needs `codec`. Or a URL that fsspec knows, such as
            ``s3://bucket/wave.mp4``: an empty file beside it is written and removed before any work, the
            video is written to a temporary file of this machine, uploaded, and visible once it is
            complete.
        param_by_frame : iterable, dask.bag.Bag or array
            Parameters of the frames: an iterable or a Bag with one item for each frame, or arrays with
            one slice for each frame.

            Items may be of any type that can be pickled. A generator is read while the render runs, with
            the random states, the rcParams and the pyplot figures of the caller. Items may be
            `IndexedFrameParams` in any order; those that come before their turn are kept until then.
            Delayed objects are computed on the workers. The partitions of a Bag are rendered on the
            workers that compute them and do not pass through this process. If several partitions need
            the same intermediate result, each of them computes it again, unless the Bag is persisted.

            Arrays are those of dask, zarr and h5py, the path or URL of a zarr array, and the DataArrays
            and Datasets of xarray. Each frame gets one slice in memory: a NumPy array, or an object of
            xarray. Several arrays of the same length may be given in a dict or a tuple, and each frame
            then gets a dict or a tuple of slices. NumPy arrays may be in them, too. But a tuple that
            holds NumPy arrays only is a sequence of items: each array is the parameters of one frame.
            Workers read or compute the slices that they draw, whole chunks at a time, and no data passes
            through this process. Each chunk is read once if `partition_size` is "auto" or divides the
            length of the chunks. Files must have the same path on all workers.
        fps : float or Fraction
            Frames per second, such as ``Fraction(30000, 1001)`` for the broadcast rate.
        n_frames : int, optional
            Number of frames; by default all that `param_by_frame` has.
        num_workers : int, default: -1
            The most processes that draw. Without a client, this process is one of them and begins, and
            others are started when what is left costs more than that; 1 starts none. With a client, the
            most workers of its cluster. -1 uses every core, or every worker, -2 all but one, and so on.
        disable_progress_bar : bool, optional
            True hides the progress bar of terminals, and the view of the render in notebooks; by default
            they are shown there. False also writes lines now and then where standard error is no
            terminal. With ``wait=False`` nothing is shown until the `Render` is displayed.
        plotting_log_interval : int, optional
            Number of drawn frames between two messages in the log of the worker that draws them. They go
            to the logger ``dask_animate.renderer`` in the worker's process, with level INFO.
        saving_log_interval : int, optional
            Number of encoded frames between two messages in the log of this process. They go to the
            logger ``dask_animate.progress``, with level INFO.
        savefig_params : mapping, optional
            Options as in ``Figure.savefig``: ``dpi``, ``facecolor``, ``edgecolor``, ``transparent``,
            ``bbox_inches="tight"`` and ``pad_inches``. The tight bounding box is computed once, after
            `setup`, so that all frames have one size. VP9, FFV1, APNG and WebP store transparency; with
            other codecs, frames are drawn on white, and a `TransparencyWarning` says so.
        video_mode : {"auto", "gpu", "cpu"}
            Where to encode: "gpu" uses NVENC or raises an error that says why it cannot, "cpu" never
            uses a GPU, and "auto" uses NVENC if it is available on the machines that encode. The log
            says what was chosen and why. One encoder encodes all frames of a video.
        video_quality : int, optional
            Quality from 0 to 51, lower is better and makes larger files; by default 20, or 22 for x264
            with its default preset. The scale is the CRF of x264 and x265. Other encoders get the number
            of their own scale with about the same loss.
        video_preset : str, optional
            Speed preset of the encoder, such as "ultrafast" to "placebo" for x264. The default for x264
            is "superfast" with options that suit plots, which lose at quality 22 about what "slow" loses
            at 20. If a preset or ``-tune`` is given, these options are left out, and the default quality
            is 20.
        video_extra_ffmpeg_params : sequence of str, optional
            Options of the encoder in the style of ffmpeg, such as ``["-tune", "animation"]``. An option
            that the encoder does not know is an error.
        reuse_figure_object : bool, default: True
            True builds one figure on each worker; False calls `setup` for each frame, which is slow and
            meant for comparison.
        preload_factor : int, default: 8
            Number of frames, not a factor: for each worker, the parameters of so many frames are read
            ahead, besides those being drawn; at least one partition. Where workers encode, this bounds
            generators and other iterators only; what need not be read in this process, such as lists,
            ranges, arrays, Delayed objects and bags, is bounded by the memory of the workers. Workers
            that an adaptive cluster may still start are counted if `client` was made from the cluster
            object. From a generator, such a cluster grows as far as this is enough work to grow.
        client : distributed.Client, optional
            Client of the cluster to render on; by default the one that is active in this process, if
            there is one. The workers then draw all frames. Inside a task of the cluster, use
            `distributed.worker_client`; inside an event loop, `asyncio.to_thread`.
        partition_size : int, sequence of int or "auto"
            Number of frames in a task, or one number for each partition; "auto" measures what a frame
            costs and chooses. The numbers of a sequence, such as ``video.stats.partition_sizes`` of an
            earlier render, sum to the number of frames. The partitions of a Bag are its own where
            workers draw them. With the same sizes, the file is the same byte for byte, whatever the
            number of workers.
        encode_on : {"auto", "workers", "client"}
            Where frames are encoded: "workers" encodes each partition on the worker that draws it,
            "client" encodes all frames in this process, and "auto" chooses. "auto" is "workers" if the
            codec allows it and partitions are so long that the keyframe at the start of each costs
            little. GIF, APNG and WebP are encoded by this process.
        redraw : {"auto", "full", "blit"}
            What is drawn for a frame: "full" draws the whole figure, "blit" what changed since the frame
            before, with the same pixels, and "auto" measures which is faster. "auto" also compares the
            last frame of each partition with a full draw, and some others. If they differ, because
            something changed without being marked stale, that partition and all later ones of the worker
            are drawn in full, and a `RedrawWarning` names what changed. For that, the parameters of a
            partition are kept until it is done. "blit" does not compare; it issues a `RedrawWarning` if
            frames have to be drawn in full.
        store : path, URL or zarr store, optional
            Where frames are kept, so that the same call, made again after it was interrupted or changed,
            draws only frames that are missing or out of date. They are compressed without loss, as the
            array "frames" of a zarr group. A frame is reused if nothing that it was drawn from has
            changed. Source files that the animator reaches by ``import`` statements count as a whole;
            what was written in a notebook or in the script itself counts by its content, as parameters
            and attributes do; libraries count by their versions. Files that `setup` and `update` open
            themselves do not count. What cannot be determined is a `ReuseWarning`. All workers write to
            the store, so it must be a shared directory or a URL such as ``s3://…``. Only one render may
            use it at a time. `write_video` can encode it again. Not available for a Bag.
        overwrite : bool, default: False
            True discards the frames in the store and begins it anew. Frames are only written to an empty
            place or to a store that this library made; anything else there is an error, which names it,
            and is never deleted. Frames of another size, or transparent ones where the new ones are not,
            are an error if this is False.
        codec : {"h264", "hevc", "av1", "vp9", "ffv1", "gif", "apng", "webp"}, optional
            Video codec; by default the suffix of `output_file` selects it. FFV1 and APNG are lossless.
        seed : int or None, default: 0
            Seed of the global random states of NumPy and of the module ``random``; None leaves them
            alone. They are set from it before `setup`, and from it and the frame index before each
            `update`, so that frames are the same wherever they are drawn. Generators of your own, such
            as ``numpy.random.default_rng``, are not seeded: make them in `update`, from the frame index.
            The workers of a cluster with ``processes=False`` share these states with other threads of
            this process while they draw; a generator of parameters is read when none of them draws.
        pixel_format : str, optional
            FFmpeg's name of the pixel format, such as "yuv444p" for colors in full resolution; by
            default the most compatible one of the codec.
        dither : {"none", "bayer", "floyd_steinberg", "sierra2_4a"}, optional
            How a GIF mixes colors that are not in its palette; by default "none", which makes the
            smallest files.
        durations : mapping of int to float, or sequence of float, optional
            Seconds for which frames are shown: by frame index, such as ``{-1: 2.0}`` for the last one,
            or one number for each frame. Frames that a mapping leaves out are shown for ``1 / fps``.
            Times are rounded to multiples of ``1 / fps``. Each frame is drawn and stored once, however
            long it is shown.
        chapters : sequence of (str, float), optional
            Titles of chapters and the seconds at which they begin, for MP4, MOV, MKV and WebM.
        metadata : mapping of str to str, optional
            Any of "title", "author", "comment", "copyright" and "date", for MP4, MOV, MKV and WebM.
        keep_segments : path-like, optional
            A new or empty directory where each partition is kept as a video file of its own, as soon as
            it and all before it are encoded. Names are those of the first and the last frame, such as
            ``000000-000119.mp4``, with the suffix of `output_file`. The files stay if the render fails.
            `dask_animate.join` makes the whole video of them. Frames are then encoded partition by
            partition, as with ``encode_on="workers"``, so not as GIF, APNG or WebP.
        keep_partial : bool, default: False
            True keeps the frames so far, up to the first that is missing, if the render fails or is
            killed: as a file beside `output_file`, such as ``wave.partial.mp4`` for ``wave.mp4``, which
            can be played at any time. It is there from the first encoded frames on, grows with each
            partition, or with each 250 frames that this process encodes, and is removed once the video
            is complete. The error has a note that names it. The next render with the same `output_file`
            and `keep_partial` replaces it; any other file of that name is an error before work starts.
            If `output_file` is a URL, the file is in the working directory.
            Until then, the disk holds what is encoded three times over. Not for GIF, APNG and WebP.
        freeze_layout : bool, default: True
            True runs layout engines, such as ``layout="constrained"``, only once, after `setup`. They
            make room for the texts that are there then: give texts their full length in `setup`. False
            runs them for each frame, which is slow, draws whole figures, and lets axes move when a label
            grows.
        axis : int, optional
            Axis of an array along which the frames are; by default the first.
        dim : str, optional
            Dimension of xarray objects along which the frames are; by default the first. It has to be
            given for a Dataset whose variables begin with different ones. Variables that do not have it
            go whole with each frame; they are read once, before the start, and may take 64 MiB.
        on_mismatch : {"raise", "exclude", "ignore"}
            What is done about workers of a cluster whose frames would differ from those of the others,
            such as for want of a font: "raise" raises a `MismatchError` that names what differs,
            "exclude" draws without them, and says so by a `MismatchWarning`, and "ignore" draws with
            all. Each worker draws the first frame, before it draws anything for the video, and digests
            of the pixels are compared: of frame 0 if its parameters are in a list, a range or a NumPy
            array and take up to 64 kB, else, and with `retries`, `timeout` or `on_error`, of the figure
            as `setup` leaves it. The render waits at most two seconds for workers that are slower than
            others; these, and those that join later, do this in their first task. Nothing is drawn for
            that on worker processes that were started alike on one machine, such as those of a
            `distributed.LocalCluster`. With "exclude", workers on which `setup` fails are left out, too.
        wait : bool, default: True
            False returns a `Render` at once, which shows itself in a notebook while it goes on, and has
            the video as its ``result()``. Arguments are checked first, the animator and parameters in
            memory are copied, and data that goes whole with each frame is read. Other processes draw
            all frames: the workers of the client, or a cluster that is started for the render. A
            generator of parameters is read by a thread of this process. Until the render is done, the
            packets of the video are on disk twice, for ``so_far()``.
        retries : int, default: 0
            How often a frame is drawn again that could not be drawn, because `update` raised an
            exception or took too long; each time with a new figure, as `setup` makes it, and the same
            seed. It cures what fails by chance, such as files on a network.
        timeout : float, optional
            Seconds that a frame may take, for `update` and drawing; by default without limit. One that
            takes longer counts as failed. The process that draws it ends, as nothing else stops code
            that hangs, and the frame is named. So other processes draw all frames, as with
            ``wait=False``. A worker with a nanny, as Dask's are by default, is started again; others
            are lost. What else such a worker was doing is done by others. An encoder that hangs ends
            its process likewise, after a minute, or `timeout` for each frame of the partition if that is
            more; the partition is drawn again, `retries` times, and is then an `EncoderError`.
        on_error : {"raise", "skip", "placeholder"}
            What becomes of a frame that could not be drawn, after all `retries`: "raise" ends the
            render with a `FrameError`; "skip" shows the last frame before it that could be drawn; and
            "placeholder" shows a plain frame with its index and the error, as "skip" does if there is
            no frame before. The others are drawn as if nothing had happened, and keep their times. The
            log, a `SkippedFrameWarning` and ``video.skipped`` name these frames. A `store` has them
            drawn again by the next render. If no frame at all can be drawn, that is a `FrameError`.

        Returns
        -------
        Video
            The finished video and what the render cost; a `Render` with ``wait=False``.

        Raises
        ------
        AnimateError
            One of its subclasses in `dask_animate.errors`. If `update` fails, it is a `FrameError` with
            the frame index and the parameters, whose cause is the original exception; a
            `FrameTimeoutError` if it takes longer than `timeout`.
        Exception
            What reading `param_by_frame` in this process raises, as it is: a generator, or with
            ``num_workers=1`` any kind. If workers read or compute it, that is a `WorkerError`, which
            names the frames, and whose cause is the original exception.

        Notes
        -----
        Thread-safe: several renders may run at once, on one cluster or on several. In one process they
        take turns drawing.

        If several processes draw, the first frame of one partition is drawn once more after its last
        one. If it looks different then, and always the same when it is drawn alone, a `HistoryWarning`
        says that frames depend on those before them. `check` looks at more frames.

        Examples
        --------
        >>> import os, tempfile
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator
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
        from .render import perform
        from .render_request import RenderRequest

        started = time.perf_counter()
        wait = require_bool("wait", wait)
        draw = self._draw_options(
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
        if draw.transparent:
            encode.warn_of_lost_alpha()
        params = open_params(param_by_frame, n_frames, axis, dim)
        output = OutputOptions.create(
            output_file,
            encode,
            params.n_frames,
            durations=durations,
            chapters=chapters,
            metadata=metadata,
            keep_segments=keep_segments,
            keep_partial=keep_partial,
        )
        encode_on = encode.check_encode_on(encode_on, keeps_segments=keep_segments is not None)
        plan = Plan.create(partition_size, preload_factor, encode_on, params)
        cluster = ClusterOptions.create(client, num_workers, on_mismatch)
        progress = ProgressOptions.create(disable_progress_bar, saving_log_interval)
        faults = FaultPolicy.create(retries, timeout, on_error)
        spec = self._spec(draw, _log_interval(plotting_log_interval))
        faults.check_size_of(spec)
        request = StoreRequest.create(store, overwrite, params, spec)
        if request is not None:
            spec = spec.expecting(request.environment)
        before = self._preparation()
        rendered = RenderRequest(
            spec, params, output, plan, cluster, progress, started, request, before, faults
        )
        return perform(rendered, wait=wait)

    @parameters_as_in(make_video)
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
        """Return the frames as a dask array, which draws them when it is computed.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. Here, a generator is read to its end, and a Bag is computed to count its
            items, which must be in frame order.
        n_frames : int, optional
            As in `make_video`.
        partition_size : int, sequence of int or "auto"
            Number of frames in a chunk, all of which are drawn if one of them is computed.
        savefig_params, redraw, seed, axis, dim
            As in `make_video`.

        Returns
        -------
        dask.array.Array of uint8, shape (n, height, width, 3)
            RGB. Any scheduler of dask can compute it; the workers of the active `distributed.Client` do
            if there is one.

        Raises
        ------
        AnimateError
            One of its subclasses in `dask_animate.errors`. If `update` fails, it is a `FrameError`,
            raised when the frame is computed.

        Notes
        -----
        `setup` runs once in this process, to find the size of the frames. A process that draws keeps the
        figure until it draws frames of two other calls. Parameters other than arrays become part of the
        graph.

        The array is one layer of a graph, which dask fuses with the layers that compute the parameters.
        `dask.annotate` around this call marks the layer; where dask fuses tasks, it drops such marks,
        unless its option "optimization.fuse.active" is False. Around ``compute()`` they always work.

        Inside `setup` and `update`, compute it with ``compute(scheduler="synchronous")``. One thread of
        a process draws at a time, and others would wait for the one that waits for them. With dask's
        threads this is an error. In a task of a cluster, ``compute()`` takes the workers, which notice
        nothing.

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
        >>> frames = Counter().frames(range(1000), partition_size=10)
        >>> frames.shape, frames.chunksize
        ((1000, 200, 300, 3), (10, 200, 300, 3))
        >>> frames[100].compute().shape  # draws frames 100 to 109
        (200, 300, 3)
        """
        from .execution import lazy_frames

        spec = self._spec(self._draw_options(savefig_params, seed=seed, redraw=redraw))
        return lazy_frames(spec, open_params(param_by_frame, n_frames, axis, dim), partition_size)

    @parameters_as_in(make_video)
    def frame(
        self,
        params: Any,
        frame_idx: int = 0,
        *,
        savefig_params: Mapping[str, Any] | None = None,
        seed: int | None = 0,
    ) -> NDArray[np.uint8]:
        """Draw one frame in this process, as in a video.

        Parameters
        ----------
        params : object
            Parameters of the frame.
        frame_idx : int, default: 0
            Index of the frame.
        savefig_params, seed
            As in `make_video`.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB, C-contiguous; owned by the caller.

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
        spec = self._spec(self._draw_options(savefig_params, seed=seed))
        with _changes_recorded(self), closing(Renderer(spec)) as renderer:
            return renderer.frame(frame_idx, params)

    @parameters_as_in(make_video)
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
        """Draw evenly spaced frames of a sequence in this process, on one image.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. Here, a generator is read to its end; of an array, only the slices that
            are drawn are read.
        n : int, default: 9
            Number of frames to draw, the first and the last one among them.
        n_frames, axis, dim, savefig_params, seed
            As in `make_video`.

        Returns
        -------
        ContactSheet
            Displays itself in a notebook; its ``save("sheet.png")`` writes a file.

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
        from .inspection import make_sheet, sample_evenly

        n = require_int("n", n, 1)
        spec = self._spec(self._draw_options(savefig_params, seed=seed))
        sequence = open_params(param_by_frame, n_frames, axis, dim)
        samples = sample_evenly(sequence, n, sequence.n_frames)
        with _changes_recorded(self), closing(Renderer(spec)) as renderer:
            frames = [renderer.frame(idx, params) for idx, params in samples]
        return make_sheet([idx for idx, _ in samples], frames)

    @parameters_as_in(make_video)
    def explore(
        self,
        param_by_frame: Any,
        *,
        n_frames: int | None = None,
        fps: float | Fraction = 10,
        savefig_params: Mapping[str, Any] | None = None,
        redraw: str = "auto",
        seed: int | None = 0,
        freeze_layout: bool = True,
        axis: int | None = None,
        dim: str | None = None,
        client: Client | None = None,
        store: Any = None,
        overwrite: bool = False,
    ) -> Explorer:
        """Look at any frame before the video is rendered, with a slider in a notebook.

        A frame is drawn when it is looked at, neighbours are drawn ahead of time, and pictures are kept.
        The slider may be moved quickly: what is passed over is not drawn.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. Here, a generator is read to its end and kept, so give one that does not
            end an `n_frames`; a Bag is computed to count its items, which must be in frame order. Of
            arrays, the chunks with the frames that are looked at are read.
        n_frames : int, optional
            As in `make_video`.
        fps : float or Fraction, default: 10
            Frames per second of playing. Frames that are not drawn in time are passed over.
        savefig_params : mapping, optional
            As in `make_video`.
        redraw : {"auto", "full", "blit"}
            "auto" and "full" draw the whole figure for each frame, since frames are looked at in any
            order. "blit" draws what changed since the frame drawn before, as in `make_video`.
        seed, freeze_layout, axis, dim
            As in `make_video`.
        client : distributed.Client, optional
            Client of the cluster whose workers draw; by default the one that is active in this process.
            Without one, frames are drawn in this process.
        store : path, URL or zarr store, optional
            Where frames are found and kept, as in `make_video`: a render with the same store and the
            same arguments takes from there what was looked at. Frames that it has are shown without
            drawing. Workers read it, and this process writes it.
        overwrite : bool, default: False
            As in `make_video`.

        Returns
        -------
        Explorer
            Displays itself in a notebook; its ``show(frame_idx)`` shows a frame by code, and its
            ``close()`` frees the figure, as leaving a ``with`` statement does.

        Raises
        ------
        MissingPackageError
            If ipywidgets is not installed, which the extra "notebook" is for.
        SetupError
            If `setup` fails. A frame that fails shows its error in place of the picture.

        Notes
        -----
        Without a client, the thread that runs the cells of the notebook draws. Drawing changes global
        state, such as rcParams, for as long as it takes, and a cell that runs at the same time would see
        that. So the slider waits for a cell that runs. Neighbours are drawn between cells, one at a
        time, if a frame takes less than 0.1 s.

        With a client, workers draw, and one of their threads is left free for the frame that is looked
        at next. Pictures that come while a cell runs are shown after it.

        Up to 256 MiB of pictures are kept, as PNG; those looked at longest ago are dropped. The figures
        are freed when the explorer is closed, when nothing refers to it, when the process ends, and
        when four others were displayed since, as a notebook keeps what its cells return.

        Outside a notebook nothing is displayed, and only `show` draws.

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
        >>> explorer = Counter().explore(range(100))
        >>> explorer  # in a notebook, the picture and a slider
        <Explorer: frame 0 of 0 to 99>
        >>> explorer.show(-1).pixels().shape
        (200, 300, 3)
        >>> explorer.close()
        """
        from .encoding import as_fps
        from .execution import ClusterOptions, StoreRequest, open_pictures
        from .inspection import Explorer, require_ipywidgets

        require_ipywidgets()
        redraw = "full" if redraw == "auto" else redraw
        draw = self._draw_options(savefig_params, seed=seed, redraw=redraw, freeze_layout=freeze_layout)
        cluster = ClusterOptions.create(client, -1)
        params = open_params(param_by_frame, n_frames, axis, dim)
        spec = self._spec(draw)
        request = StoreRequest.create(store, overwrite, params, spec)
        if request is not None:
            spec = spec.expecting(request.environment)
        explorer = Explorer(partial(open_pictures, spec, params, cluster, request), float(as_fps(fps)))
        try:
            explorer.show(0)
        except BaseException:
            explorer.close()
            raise
        return explorer

    @parameters_as_in(make_video)
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
        """Check in this process whether frames depend on anything but their arguments.

        Call it if a video flickers, or differs from one render to the next. Sampled frames are drawn
        twice, each with a figure of its own, then with one figure, in order and shuffled, and then, if
        there is no difference so far, incrementally. They must be the same each time. The check also
        looks for changes that `update` does not mark stale, whether or not they show in these frames,
        since incremental drawing would miss them.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. Here, a generator is read to its end; of an array, only the slices that
            are drawn are read.
        n : int, default: 12
            Number of frames. They are drawn in groups of three consecutive frames, and the groups are
            spread evenly over the sequence.
        n_frames, axis, dim, savefig_params, seed
            As in `make_video`.

        Returns
        -------
        CheckReport
            Its ``ok`` is True if nothing was found. As text, it says which frames depend on what, and
            what changes without being marked stale, and whether all frames look alike. Its ``sheet``
            shows the differences.

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
        ...         if frame_idx % 3 == 0:  # the others show the text of an earlier frame
        ...             self.text.set_text(str(params))
        >>> report = Forgetful().check(range(100), n=3)
        >>> report.ok, [(finding.frame_idx, finding.cause) for finding in report.findings]
        (False, [(1, 'history'), (2, 'history')])
        """
        from .inspection import DeterminismCheck, sample_runs

        n = require_int("n", n, 1)
        spec = self._spec(self._draw_options(savefig_params, seed=seed))
        sequence = open_params(param_by_frame, n_frames, axis, dim)
        samples = sample_runs(sequence, n, sequence.n_frames)
        with _changes_recorded(self):
            return DeterminismCheck(spec, samples).report()

    @parameters_as_in(make_video)
    def preflight(
        self,
        client: Client | None = None,
        *,
        param_by_frame: Any = None,
        output_file: str | os.PathLike[str] | None = None,
        n_frames: int | None = None,
        axis: int | None = None,
        dim: str | None = None,
        codec: str | None = None,
        video_mode: str = "auto",
        partition_size: int | Sequence[int] | str = "auto",
        store: Any = None,
        savefig_params: Mapping[str, Any] | None = None,
        seed: int | None = 0,
        freeze_layout: bool = True,
        timeout: float = 30.0,
    ) -> PreflightReport:
        """Find out whether all workers of a cluster can take part in a render, before a long one.

        Each worker builds the figure, draws the first frame, opens the encoders at the size of the
        frames, and writes something to the store, which is removed again. What they draw is compared.

        Parameters
        ----------
        client : distributed.Client, optional
            Client of the cluster; by default the one that is active in this process. Without one, this
            process is checked.
        param_by_frame : iterable, dask.bag.Bag or array, optional
            As in `make_video`. The parameters of the first frame are read or computed in this process;
            of a generator, the first item is taken. By default, workers draw the figure as `setup`
            leaves it.
        output_file : path-like or URL, optional
            As in `make_video`. Whether something can be written there is found out, and an existing file
            stays as it is.
        n_frames, axis, dim, codec, video_mode, partition_size, store
            As in `make_video`.
        savefig_params, seed, freeze_layout
            As in `make_video`.
        timeout : float, default: 30.0
            Seconds for which workers are waited for. Those that do not answer in time, such as busy
            ones, are a problem in the report.

        Returns
        -------
        PreflightReport
            Its ``ok`` is True if there is no problem. As text, and in a notebook, it names problems and
            who has them, and shows a table of all workers.

        Raises
        ------
        AnimatorPickleError
            If the animator cannot be sent to workers.
        OptionError, OptionTypeError
            If an argument is invalid.

        Notes
        -----
        Thread-safe. ``make_video`` compares what workers draw by itself, as its argument `on_mismatch`
        says.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator
        >>> class Dot(Animator):
        ...     def setup(self):
        ...         fig, ax = plt.subplots(figsize=(2, 2))
        ...         (self.dot,) = ax.plot([0], [0], "o")
        ...         return fig
        ...     def update(self, frame_idx, x):
        ...         self.dot.set_xdata([x])
        >>> report = Dot().preflight()  # of this process, as there is no client
        >>> report.ok, report.workers[0].encoders["libx264"]
        (True, '')
        """
        from .encoding import EncodeOptions, as_destination, open_output
        from .execution import ClusterOptions, check_workers
        from .inspection import make_preflight_report
        from .provenance import process_versions

        started = time.perf_counter()
        timeout = require_seconds("timeout", timeout)
        spec: SourceSpec = self._spec(
            self._draw_options(savefig_params, seed=seed, freeze_layout=freeze_layout)
        )
        name = output_file or ("video.mp4" if codec is None else "video")
        encode = EncodeOptions.create(name, 30, codec=codec, mode=video_mode)
        first: list[Any] = []
        if param_by_frame is not None:
            params = open_params(param_by_frame, n_frames, axis, dim)
            params.check_partition_size(partition_size)
            spec, first = spec.sized(params), [params.first()]
        cluster = ClusterOptions.create(client, -1)
        failure = ""
        if output_file is not None:
            try:
                open_output(as_destination(output_file)).discard()
            except OutputError as exc:
                failure = f"{exc}"
        checks = check_workers(cluster.resolve(None)[0], spec, first, encode, store, timeout)
        return make_preflight_report(
            checks,
            process_versions(),
            mode=video_mode,
            partition_size=partition_size,
            output_failure=failure,
            seconds=time.perf_counter() - started,
        )

    def _draw_options(self, savefig_params: Mapping[str, Any] | None, **options: Any) -> DrawOptions:
        """Check the arguments that say how to draw, and return them as options."""
        return DrawOptions.create(savefig_params, **options)

    def _preparation(self) -> Preparation | None:
        """Return what is done before the frames of a video can be drawn."""
        return None

    @abstractmethod
    def _spec(self, draw: DrawOptions, log_interval: int | None = None) -> DrawnSpec:
        """Call `before_drawing` and return what draws the frames."""


def draw_options_of(
    source: Renderable, savefig_params: Mapping[str, Any] | None, **options: Any
) -> DrawOptions:
    """Check the arguments that say how a source is drawn, and return them as options."""
    return source._draw_options(savefig_params, **options)


def spec_of(source: Renderable, draw: DrawOptions) -> DrawnSpec:
    """Call a source's ``before_drawing()`` and return what draws its frames."""
    return source._spec(draw)


def _log_interval(plotting_log_interval: int | None) -> int | None:
    if plotting_log_interval is None:
        return None
    return require_int("plotting_log_interval", plotting_log_interval, 1)


@contextmanager
def _changes_recorded(renderable: Renderable) -> Iterator[None]:
    """Record what drawing changes in modules, such as caches, so that it does not count as a change."""
    from .provenance import Observer, content_or_reason

    content, reason = content_or_reason(renderable)
    observer = Observer(content.references)
    if reason is None:
        observer.observe()
    yield
    if reason is None:
        observer.note_changes()
