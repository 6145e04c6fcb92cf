"""One render in one process: what the plugin holds on a worker, and what draws without a cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .job import Job
from .source import FrameSource, as_pixels
from .spec import Block, EncodeSpec, FrameSize, Segment

_logger = logging.getLogger(__name__)

T = TypeVar("T")


class Renderer:
    """One render in one process: its figure, built when first needed, and the frames drawn with it.

    Thread-safe; threads take turns, a partition each.

    Parameters
    ----------
    job : Job
        What to render.
    """

    def __init__(self, job: Job) -> None:
        self._source: FrameSource = job.source()
        self._log_interval = job.log_interval
        self._n_drawn = 0

    def size(self) -> FrameSize:
        """Return the size of the frames, building the figure if need be."""
        return self._source.open()

    def draw(self, frame_idx: int, params: Any, use: Callable[..., T]) -> T:
        """Draw one frame, and return what becomes of it.

        Parameters
        ----------
        frame_idx : int
            Its index.
        params : object
            Its parameters.
        use : callable
            Called as ``use(frame, opaque=...)`` with a view of the pixels, (height, width, 1, 3 or 4)
            uint8, that the next frame overwrites; other threads wait for it to return.
        """
        self.size()  # builds the figure, which has to come before `entered`
        with self._source.entered():
            frame = self._source.draw(frame_idx, params)
            self._n_drawn += 1
            if self._log_interval and self._n_drawn % self._log_interval == 0:
                _logger.info("drew %d frames here, the last one frame %d", self._n_drawn, frame_idx)
            return use(frame, opaque=self._source.opaque)

    def frame(self, frame_idx: int, params: Any) -> NDArray[np.uint8]:
        """Draw one frame.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB; yours.
        """
        size = self.size()
        rgb = np.empty((size.height, size.width, 3), np.uint8)
        self.draw(frame_idx, params, partial(as_pixels, out=rgb))
        return rgb

    def block(self, indexed: Sequence[tuple[int, Any]], worker: str, *, alpha: bool) -> Block:
        """Draw frames, pairs of frame index and parameters, into one array."""
        size = self.size()
        with self._source.entered():  # one block at a time, however many threads there are
            pixels = np.empty((len(indexed), size.height, size.width, 3 + alpha), np.uint8)
            start = time.perf_counter()
            for (frame_idx, params), out in zip(indexed, pixels, strict=True):
                self.draw(frame_idx, params, partial(as_pixels, out=out))
            seconds = time.perf_counter() - start
        return Block([idx for idx, _ in indexed], pixels, seconds, worker)

    def segment(self, start: int, params: Iterable[Any], worker: str, spec: EncodeSpec) -> Segment:
        """Draw consecutive frames and encode each as it is drawn.

        Other threads draw while this one encodes.
        """
        from .segment import SegmentEncoder

        seconds = -time.perf_counter()
        with SegmentEncoder(spec, self.size(), start) as encoder:
            for frame_idx, item in enumerate(params, start):
                encoder.encode(self.draw(frame_idx, item, encoder.convert))
            seconds += time.perf_counter()
            return encoder.finish(seconds - encoder.seconds, worker)

    def close(self) -> None:
        """Close the figure; a block being drawn ends with its current frame."""
        self._source.close()
