"""What becomes of the frames of a partition while it is drawn: pixels, packets, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..encoding import Segment
from ..frames import FrameSize, as_pixels
from .task_output import Block, StoredFrames, TaskSpec

if TYPE_CHECKING:
    from ..encoding import SegmentEncoder


class PayloadBuilder(Protocol):
    """Takes the frames of a partition in order, each by `convert` and then `add`."""

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool, is_repeated: bool) -> Any:
        """Read a frame, which is overwritten afterwards; return what `add` takes.

        Parameters
        ----------
        frame : ndarray of uint8, shape (height, width, 1, 3 or 4)
            Gray, RGB or RGBA, alpha not premultiplied.
        opaque : bool
            True if there is no alpha, or if it is 255 everywhere.
        is_repeated : bool
            True if the frame equals the one before it.
        """
        ...

    def add(self, frame_idx: int, picture: Any) -> None:
        """Take the frame that was converted last."""
        ...

    def finish(self) -> Block | Segment | StoredFrames:
        """Return the payload; nothing can be added to it."""
        ...


@contextmanager
def open_builder(
    task: TaskSpec, size: FrameSize, start: int, n_frames: int | None
) -> Iterator[PayloadBuilder]:
    """Yield the builder of what a task asks for.

    Parameters
    ----------
    task : TaskSpec
        What is asked for.
    size : FrameSize
        Of the frames.
    start : int
        Frame index of the first one.
    n_frames : int or None
        At most so many; a block has to know.
    """
    if task.encoding is not None:
        from ..encoding import SegmentEncoder

        with SegmentEncoder(task.encoding, size, start, task.threads) as encoder:
            yield _SegmentBuilder(encoder)
    elif task.cache is not None:
        yield _StoredBuilder(start)
    else:
        if n_frames is None:
            raise ValueError("a block needs to know how many frames it has")
        yield _BlockBuilder(np.empty((n_frames, size.height, size.width, 3 + task.alpha), np.uint8))


class _BlockBuilder:
    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._pixels = pixels
        self._frame_idx: list[int] = []

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool, is_repeated: bool) -> None:
        as_pixels(frame, opaque=opaque, out=self._pixels[len(self._frame_idx)])

    def add(self, frame_idx: int, picture: Any) -> None:
        self._frame_idx.append(frame_idx)

    def finish(self) -> Block:
        return Block(self._frame_idx, self._pixels[: len(self._frame_idx)])


class _SegmentBuilder:
    def __init__(self, encoder: SegmentEncoder) -> None:
        self._encoder = encoder

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool, is_repeated: bool) -> Any:
        return self._encoder.convert(frame, opaque=opaque, is_repeated=is_repeated)

    def add(self, frame_idx: int, picture: Any) -> None:
        self._encoder.encode(picture)

    def finish(self) -> Segment:
        return self._encoder.finish()


class _StoredBuilder:
    def __init__(self, start: int) -> None:
        self._start = start

    def convert(self, frame: NDArray[np.uint8], *, opaque: bool, is_repeated: bool) -> None:
        """Do nothing: the frame is in the store, or on its way there."""

    def add(self, frame_idx: int, picture: Any) -> None:
        """Do nothing, likewise."""

    def finish(self) -> StoredFrames:
        return StoredFrames(self._start)
