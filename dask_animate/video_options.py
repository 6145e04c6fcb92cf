"""The options of `Animator.make_video` that are given by name to other functions, too."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from .errors import OptionTypeError

if TYPE_CHECKING:
    from distributed import Client


class WriteOptions(TypedDict, total=False):
    """Options of `write_video`, by name."""

    num_workers: int
    disable_progress_bar: bool | None
    saving_log_interval: int | None
    video_mode: str
    video_quality: int | None
    video_preset: str | None
    video_extra_ffmpeg_params: Sequence[str] | None
    preload_factor: int
    client: Client | None
    partition_size: int | Sequence[int] | str
    encode_on: str
    codec: str | None
    pixel_format: str | None
    dither: str | None
    durations: Mapping[int, float] | Sequence[float] | None
    chapters: Sequence[tuple[str, float]] | None
    metadata: Mapping[str, str] | None
    keep_segments: str | os.PathLike[str] | None
    keep_partial: bool


class VideoOptions(WriteOptions, total=False):
    """Options of `Animator.make_video`, by name, but for `wait`; `n_frames` is not among them."""

    plotting_log_interval: int | None
    savefig_params: Mapping[str, Any] | None
    redraw: str
    store: Any
    overwrite: bool
    seed: int | None
    freeze_layout: bool
    axis: int | None
    dim: str | None
    reuse_figure_object: bool
    retries: int
    timeout: float | None
    on_error: str
    on_mismatch: str


#: Those about frames that fail, which need frames that are drawn once, each alone.
FAULT_OPTIONS = ("retries", "timeout", "on_error")


def check_names(function: str, options: VideoOptions, without: Sequence[str] = ()) -> None:
    """Raise `OptionTypeError` if a function that takes these options has none of such a name."""
    known = VideoOptions.__annotations__.keys() - set(without)
    unknown = sorted(options.keys() - known)
    if unknown:
        raise OptionTypeError(f"{function}() has no option {', '.join(unknown)}")
