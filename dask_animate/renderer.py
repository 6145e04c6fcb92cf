"""One render in one process: what the plugin holds on a worker, and what draws without a cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .figure import FigureSource
from .job import RenderJob
from .source import FrameSource, flatten
from .spec import Block, FrameSize

_logger = logging.getLogger(__name__)


class Renderer:
    """One render in one process: its figure, built when first needed, and the frames drawn with it.

    Thread-safe; threads take turns, a partition each.

    Parameters
    ----------
    job : RenderJob
        What to render.
    """

    def __init__(self, job: RenderJob) -> None:
        self._source: FrameSource = FigureSource(job.load, job.draw, job.settings)
        self._log_interval = job.log_interval
        self._n_drawn = 0

    def size(self) -> FrameSize:
        """Return the size of the frames, building the figure if need be."""
        return self._source.open()

    def frame(self, frame_idx: int, params: Any) -> NDArray[np.uint8]:
        """Draw one frame.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB; yours.
        """
        size = self.size()
        rgb = np.empty((size.height, size.width, 3), np.uint8)
        with self._source.entered():
            self._draw(frame_idx, params, rgb)
        return rgb

    def block(self, indexed: Sequence[tuple[int, Any]], worker: str) -> Block:
        """Draw frames into one array, for pairs of frame index and parameters."""
        size = self.size()
        with self._source.entered():  # one block at a time, however many threads there are
            pixels = np.empty((len(indexed), size.height, size.width, 3), np.uint8)
            start = time.perf_counter()
            for (frame_idx, params), rgb in zip(indexed, pixels, strict=True):
                self._draw(frame_idx, params, rgb)
            seconds = time.perf_counter() - start
        return Block([idx for idx, _ in indexed], pixels, seconds, worker)

    def close(self) -> None:
        """Close the figure; a block being drawn ends with its current frame."""
        self._source.close()

    def _draw(self, frame_idx: int, params: Any, out: NDArray[np.uint8]) -> None:
        rgba = self._source.draw(frame_idx, params)
        flatten(rgba, out, opaque=self._source.opaque)
        self._n_drawn += 1
        if self._log_interval and self._n_drawn % self._log_interval == 0:
            _logger.info("drew %d frames here, the last one frame %d", self._n_drawn, frame_idx)
