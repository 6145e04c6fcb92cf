"""Frames that exist already, to a video."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

from .validation import require_bool, require_int
from .video_options import WriteOptions, names_checked

if TYPE_CHECKING:
    from distributed import Client

    from .render import Render
    from .video import Video


@overload
def write_video(
    frames: Any,
    output_file: str | os.PathLike[str],
    fps: float | Fraction,
    n_frames: int | None = None,
    *args: Any,
    wait: Literal[False],
    **options: Unpack[WriteOptions],
) -> Render: ...
@overload
def write_video(
    frames: Any,
    output_file: str | os.PathLike[str],
    fps: float | Fraction,
    n_frames: int | None = None,
    *args: Any,
    wait: Literal[True] = True,
    **options: Unpack[WriteOptions],
) -> Video: ...
@overload
def write_video(
    frames: Any,
    output_file: str | os.PathLike[str],
    fps: float | Fraction,
    n_frames: int | None = None,
    *args: Any,
    wait: bool,
    **options: Unpack[WriteOptions],
) -> Video | Render: ...
@names_checked  # type: ignore[misc]  # *args above stands for the positional ones
def write_video(
    frames: Any,
    output_file: str | os.PathLike[str],
    fps: float | Fraction,
    n_frames: int | None = None,
    num_workers: int | None = None,
    disable_progress_bar: bool | None = None,
    saving_log_interval: int | None = None,
    video_mode: str = "auto",
    video_quality: int | None = None,
    video_preset: str | None = None,
    video_extra_ffmpeg_params: Sequence[str] | None = None,
    preload_factor: int = 8,
    *,
    client: Client | None = None,
    partition_size: int | Sequence[int] | str = "auto",
    encode_on: str = "auto",
    codec: str | None = None,
    pixel_format: str | None = None,
    dither: str | None = None,
    durations: Mapping[int, float] | Sequence[float] | None = None,
    chapters: Sequence[tuple[str, float]] | None = None,
    metadata: Mapping[str, str] | None = None,
    keep_segments: str | os.PathLike[str] | None = None,
    keep_partial: bool = False,
    wait: bool = True,
) -> Video | Render:
    """Write frames to a video.

    Parameters
    ----------
    frames : array, shape (n, height, width, 1, 3 or 4), or iterable of arrays (height, width, …)
        Gray, RGB or RGBA, alpha not premultiplied: uint8, or floats from 0 to 1, which are multiplied
        by 255 and rounded. A NumPy, dask, xarray, HDF5 or zarr array, or the path or URL of a zarr array
        or of a store that `Animator.make_video` kept frames in, whose checksums are compared then.
        Workers compute, read and encode whole chunks; in this process, too, each is read once.
    output_file : path-like or URL
        Its suffix chooses the kind of file; see `Animator.make_video`.
    fps : float or Fraction
        Frames per second.
    n_frames : int, optional
        Later frames are left out.
    num_workers : int, optional
        As in `Animator.make_video`. By default all there are for a dask array; other frames are encoded
        in this process, by all its cores, unless a `client` is given.
    disable_progress_bar, saving_log_interval, video_mode, video_quality, video_preset
        As in `Animator.make_video`.
    video_extra_ffmpeg_params, preload_factor, client, encode_on, codec, pixel_format, dither
        As in `Animator.make_video`.
    partition_size : int, sequence of int or "auto"
        Frames in a task. "auto" takes some whole chunks, or divides large ones.
    durations, chapters, metadata, keep_segments, keep_partial, wait
        As in `Animator.make_video`.

    Returns
    -------
    Video
        What was made, and what it cost; a `Render` with ``wait=False``.

    Raises
    ------
    AnimateError
        Its subclasses in `dask_animate.errors` say what was wrong.

    Notes
    -----
    Thread-safe.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> fade = np.linspace(0, 1, 30)[:, None, None, None] * np.ones((64, 64, 3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     video = write_video(fade, os.path.join(folder, "fade.mp4"), 15)
    >>> video.n_frames, video.width, video.height, video.duration
    (30, 64, 64, 2.0)
    """
    from dask.base import is_dask_collection

    from .adapters import open_frames
    from .diagnostics import ProgressOptions
    from .encoding import EncodeOptions, OutputOptions
    from .execution import ClusterOptions, Plan
    from .render import perform
    from .render_request import RenderRequest

    started = time.perf_counter()
    n_frames = None if n_frames is None else require_int("n_frames", n_frames, 1)
    if num_workers is None:
        num_workers = -1 if client is not None or is_dask_collection(frames) else 1
    spec, params = open_frames(frames, n_frames)
    encode = EncodeOptions.create(
        output_file,
        fps,
        codec=codec,
        pixel_format=pixel_format,
        transparent=spec.n_channels == 4,
        mode=video_mode,
        quality=video_quality,
        preset=video_preset,
        extra_ffmpeg_params=video_extra_ffmpeg_params,
        dither=dither,
    )
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
    cluster = ClusterOptions.create(client, num_workers)
    progress = ProgressOptions.create(disable_progress_bar, saving_log_interval)
    request = RenderRequest(spec, params, output, plan, cluster, progress, started)
    return perform(request, wait=require_bool("wait", wait))
