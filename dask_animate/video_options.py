"""The options of `Animator.make_video` that are given by name to other functions, too."""

from __future__ import annotations

import difflib
import functools
import inspect
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, cast

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


_SAVEFIG = ("dpi", "facecolor", "edgecolor", "transparent", "bbox_inches", "pad_inches")
#: What to give instead of arguments that other libraries have.
_INSTEAD = {
    **{name: f'savefig_params={{"{name}": ...}}' for name in _SAVEFIG},
    **dict.fromkeys(("savefig_kwargs", "savefig_args"), "savefig_params="),
    **dict.fromkeys(("n_workers", "workers", "processes", "n_jobs", "n_cpus"), "num_workers="),
    **dict.fromkeys(("cluster", "scheduler"), "client=, such as Client(cluster)"),
    **dict.fromkeys(("quality", "crf"), "video_quality="),
    "preset": "video_preset=",
    "bitrate": 'video_quality=, or video_extra_ffmpeg_params=["-b:v", "2M"]',
    **dict.fromkeys(("extra_args", "ffmpeg_params", "output_params"), "video_extra_ffmpeg_params="),
    "writer": "codec=, or the suffix of output_file; no writer is needed",
    "interval": "fps=",
    "blit": "redraw=",
    **dict.fromkeys(("progress_callback", "progress"), "disable_progress_bar="),
    **dict.fromkeys(("chunk_size", "chunksize", "batch_size"), "partition_size="),
}

F = TypeVar("F", bound=Callable[..., Any])


def check_names(function: str, options: Collection[str], without: Sequence[str] = ()) -> None:
    """Raise `OptionTypeError` if a function that takes these options has none of such a name."""
    _check_known(function, options, VideoOptions.__annotations__.keys() - set(without))


def names_checked(function: F) -> F:
    """Let a function raise `OptionTypeError`, which says what to give instead, for unknown names."""
    known = inspect.signature(function).parameters.keys()

    @functools.wraps(function)
    def checked(*args: Any, **options: Any) -> Any:
        _check_known(function.__name__, options, known)
        return function(*args, **options)

    return cast(F, checked)


def _check_known(function: str, options: Collection[str], known: Collection[str]) -> None:
    unknown = sorted(name for name in options if name not in known)
    if not unknown:
        return
    first = unknown[0]
    instead = _INSTEAD.get(first, "")
    nearest = difflib.get_close_matches(first, known, 1, 0.75)
    hint = ""
    if instead.partition("=")[0] in known:
        hint = f"; for {first}=, give {instead}"
    elif nearest:
        hint = f"; did you mean {nearest[0]}=?"
    raise OptionTypeError(f"{function}() has no option {', '.join(unknown)}{hint}")
