"""Arrays of frames, of any kind: a frame source for them, and the frames as its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
from dask.base import is_dask_collection
from numpy.typing import ArrayLike, NDArray

from ..drawing import DrawSession
from ..errors import FrameSizeError, NoFramesError, OptionTypeError, ParamsError
from ..frames import FrameSize, as_uint8, check_dtype
from ..params import FrameParams, Params, SliceParams, is_data, is_location, open_slices


@dataclass(frozen=True)
class ArraySpec:
    """Specification of an `ArraySource`.

    Attributes
    ----------
    size : FrameSize
        Size of each frame.
    n_channels : int
        1 for gray, 3 for RGB, 4 for RGBA.
    log_interval : int or None
        As in `SourceSpec`.
    may_draw_again, may_have_history : bool
        As in `SourceSpec`; never.
    """

    size: FrameSize
    n_channels: int
    log_interval: int | None = None
    may_draw_again = may_have_history = False

    def source(self) -> ArraySource:
        """Return the source of the frames."""
        return ArraySource(self)

    @property
    def transparent(self) -> bool:
        """Whether frames have an alpha channel."""
        return self.n_channels == 4

    def sized(self, params: Params) -> ArraySpec:
        """Return it as it is: the size is known."""
        return self

    def load(self) -> None:
        """Do nothing: there is no animator."""

    def pickled(self) -> ArraySpec:
        """Return it, as it can be sent."""
        return self


class ArraySource:
    """A frame source whose parameters are the frames. Thread-safe, since it has no state."""

    opaque = False  # for RGBA; frames without an alpha channel are opaque in any case
    environment = None

    def __init__(self, spec: ArraySpec) -> None:
        self._spec = spec

    def open(self) -> FrameSize:
        """Return the size of the frames."""
        return self._spec.size

    def fonts(self) -> dict[str, str]:
        """Return no fonts: no text is drawn."""
        return {}

    def settings(self) -> dict[str, str]:
        """Return no settings: nothing is drawn."""
        return {}

    def as_built(self) -> None:
        """Return nothing: there are no pixels without parameters."""

    def isolated(self) -> AbstractContextManager[None]:
        """Do nothing: threads need not wait for each other."""
        return nullcontext()

    def partition_lock(self) -> AbstractContextManager[object]:
        """Do nothing: threads need not wait for each other."""
        return nullcontext()

    def draw(self, frame_idx: int, params: ArrayLike, session: DrawSession) -> NDArray[np.uint8]:
        """Return the frame given as `params`; see `frames.as_uint8`.

        Raises
        ------
        ParamsError
            If it cannot be a frame.
        FrameSizeError
            If its size or its number of channels is not that of the first frame.
        """
        pixels = _as_uint8(params, frame_idx)
        height, width, n_channels = pixels.shape
        if (FrameSize(height, width), n_channels) != (self._spec.size, self._spec.n_channels):
            raise FrameSizeError(
                f"frame {frame_idx} has the shape {pixels.shape}, but the first frame "
                f"{(self._spec.size.height, self._spec.size.width, self._spec.n_channels)}"
            )
        return pixels

    def verify(self, session: DrawSession) -> None:
        """Do nothing: frames are correct as given."""

    def close(self) -> None:
        """Do nothing."""


def _as_uint8(frame: ArrayLike, frame_idx: int) -> NDArray[np.uint8]:
    try:
        return as_uint8(frame)
    except ValueError as exc:
        raise ParamsError(f"frame {frame_idx} {exc}") from None


def open_frames(frames: Any, n_frames: int | None) -> tuple[ArraySpec, FrameParams | SliceParams]:
    """Validate frames of any kind.

    Parameters
    ----------
    frames : array, path of a zarr array or iterable of arrays
        As given to `write_video`.
    n_frames : int or None
        Number of frames to use; None uses all.

    Returns
    -------
    ArraySpec
        The shape of the frames.
    FrameParams or SliceParams
        The frames as parameters.
    """
    if is_location(frames):
        from ..storage import open_array

        frames = open_array(frames)
    shape = getattr(frames, "shape", None)
    if shape is None:
        if is_dask_collection(frames):
            raise OptionTypeError(
                f"frames is a dask {type(frames).__name__}; the only dask collection that holds "
                f"frames is an Array"
            )
        if isinstance(frames, bytes | Mapping) or not isinstance(frames, Iterable):
            raise OptionTypeError(
                f"frames must be an array (n, height, width, 1, 3 or 4) or an iterable of frames, "
                f"got {type(frames).__name__}"
            )
        return _iterable(frames, n_frames)
    if len(shape) != 4 or shape[3] not in (1, 3, 4) or 0 in shape:
        raise ParamsError(f"frames must have the shape (n, height, width, 1, 3 or 4), got {shape}")
    if hasattr(frames, "dtype"):
        try:
            check_dtype(np.dtype(frames.dtype))
        except ValueError as exc:
            raise ParamsError(f"frames {exc}") from None
    if n_frames is not None and n_frames > shape[0]:
        raise ParamsError(f"n_frames is {n_frames}, but there are only {shape[0]} frames")
    spec = ArraySpec(FrameSize(int(shape[1]), int(shape[2])), int(shape[3]))
    if is_data(frames):
        return spec, SliceParams(open_slices(frames, None, None), n_frames)
    return spec, FrameParams(frames, n_frames)


def _iterable(frames: Iterable[Any], n_frames: int | None) -> tuple[ArraySpec, FrameParams]:
    if isinstance(frames, list | tuple):
        first = list(frames[:1])
        items: Iterable[Any] = frames
    else:
        iterator = iter(frames)
        first = list(islice(iterator, 1))
        items = chain(first, iterator)
    if not first:
        raise NoFramesError("frames is empty: a video needs at least one frame")
    height, width, n_channels = _as_uint8(first[0], 0).shape
    return ArraySpec(FrameSize(height, width), n_channels), FrameParams(items, n_frames)
