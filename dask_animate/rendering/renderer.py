"""One render in one process: what the plugin holds on a worker, and what draws without a cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..drawing import FrameSource, Mismatch, Run
from ..encoding import EncodeOptions, Segment
from ..frames import FrameSize, as_pixels
from .source_spec import SourceSpec
from .task_output import Block, StoredFrames

if TYPE_CHECKING:
    from ..storage import CacheWriter, FrameCache

_logger = logging.getLogger("dask_animate.renderer")  # a documented name

T = TypeVar("T")


class Renderer:
    """One render in one process: its figure, built when first needed, and the frames drawn with it.

    Thread-safe; threads take turns, a partition each.

    Parameters
    ----------
    job : SourceSpec
        What to render.
    """

    def __init__(self, job: SourceSpec) -> None:
        self._source: FrameSource = job.source()
        self._log_interval = job.log_interval
        self._keep = job.may_draw_again
        self._n_drawn = 0

    def size(self) -> FrameSize:
        """Return the size of the frames, building the figure if need be."""
        return self._source.open()

    def fonts(self) -> dict[str, str]:
        """Return the font files that are used in this process, building the figure if need be."""
        return self._source.fonts()

    def draw(self, frame_idx: int, params: Any, use: Callable[..., T], run: Run) -> T:
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
        run : Run
            Of the partition to which it belongs; changed.
        """
        self.size()  # builds the figure, which has to come before `isolated`
        with self._source.isolated():
            frame = self._source.draw(frame_idx, params, run)
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
        self.draw(frame_idx, params, partial(as_pixels, out=rgb), Run())
        return rgb

    def block(
        self, indexed: Iterable[tuple[int, Any]], n_frames: int, worker: str, *, alpha: bool
    ) -> Block:
        """Draw frames into one array.

        Parameters
        ----------
        indexed : iterable of (int, object)
            Frame indices and parameters; read one at a time.
        n_frames : int
            At most so many.
        worker : str
            Address of this worker, or "".
        alpha : bool
            Whether the pixels have an alpha channel.
        """
        size, frames = self.size(), self._reread(indexed)

        def draw(run: Run) -> Block:
            pixels = np.empty((n_frames, size.height, size.width, 3 + alpha), np.uint8)
            drawn: list[int] = []
            for frame_idx, params in frames:
                out = pixels[len(drawn)]
                drawn.append(frame_idx)
                is_last = len(drawn) == n_frames
                self._pixels(frame_idx, params, partial(as_pixels, out=out), run, is_last=is_last)
            seconds = time.perf_counter() - start
            return Block(drawn, pixels[: len(drawn)], seconds, worker, run)

        with self._source.partition_lock():  # one block at a time, however many threads there are
            start = time.perf_counter()
            return self._confirmed(draw, n_frames)

    def segment(
        self,
        start: int,
        params: Iterable[Any],
        worker: str,
        spec: EncodeOptions,
        *,
        n_frames: int | None = None,
        threads: int = 1,
        encoded: Callable[[int], None] = lambda frame_idx: None,
        keep: FrameCache | None = None,
    ) -> Segment:
        """Draw consecutive frames and encode each as it is drawn.

        Other threads draw while this one encodes.

        Parameters
        ----------
        start : int
            Index of the first frame.
        params : iterable
            One item a frame; read one at a time.
        worker : str
            Address of this worker, or "".
        spec : EncodeOptions
            With the encoder chosen.
        n_frames : int, optional
            How many. If other threads draw, the last one has to be confirmed before they do.
        threads : int
            For the encoder.
        encoded : callable
            Called with each frame's index; again, if frames have to be drawn again.
        keep : FrameCache, optional
            Where frames are kept; those that are there already are not drawn. Needs `n_frames`.
        """
        from ..encoding import SegmentEncoder

        size, frames = self.size(), self._reread(enumerate(params, start))

        def draw(run: Run, keeper: CacheWriter | None) -> Segment:
            with SegmentEncoder(spec, size, start, threads) as encoder:

                def convert(frame: NDArray[np.uint8], *, opaque: bool) -> Any:
                    repeats = run.is_repeated and keeper is None  # else of what was drawn before it
                    return encoder.convert(frame, opaque=opaque, is_repeated=repeats)

                for frame_idx, item in frames:
                    is_last = n_frames is not None and frame_idx == start + n_frames - 1
                    picture = self._pixels(frame_idx, item, convert, run, keeper, is_last=is_last)
                    encoder.encode(picture)
                    encoded(frame_idx)
                seconds = time.perf_counter() - begun
                return encoder.finish(seconds - encoder.seconds, worker, run)

        begun = time.perf_counter()
        return self._kept(draw, keep, start, n_frames)

    def store(
        self, start: int, params: Iterable[Any], n_frames: int, worker: str, keep: FrameCache
    ) -> StoredFrames:
        """Draw consecutive frames to where they are kept; the arguments are those of `segment`."""
        self.size()  # builds the figure, which has to come before `isolated`
        frames = self._reread(enumerate(params, start))

        def draw(run: Run, keeper: CacheWriter | None) -> StoredFrames:
            for frame_idx, item in frames:
                is_last = frame_idx == start + n_frames - 1
                self._pixels(frame_idx, item, lambda frame, opaque: None, run, keeper, is_last=is_last)
            return StoredFrames(start, n_frames, time.perf_counter() - begun, worker, run)

        with self._source.partition_lock():
            begun = time.perf_counter()
            return self._kept(draw, keep, start, n_frames)

    def _pixels(
        self,
        frame_idx: int,
        params: Any,
        use: Callable[..., T],
        run: Run,
        keeper: CacheWriter | None = None,
        *,
        is_last: bool,
    ) -> T:
        """Take a frame from where it is kept, or draw it; return what becomes of it, as `draw` does.

        Parameters are read outside, where the process is as the caller left it. The partition's last
        frame is confirmed before other threads draw.
        """
        with self._source.isolated():
            picture = self._found_or_drawn(frame_idx, params, use, run, keeper)
            if is_last:
                self._source.verify(run)
        return picture

    def _found_or_drawn(
        self,
        frame_idx: int,
        params: Any,
        use: Callable[..., T],
        run: Run,
        keeper: CacheWriter | None,
    ) -> T:
        if keeper is None:
            return self.draw(frame_idx, params, use, run)
        frame = keeper.find(frame_idx, params)
        if frame is None:
            self.draw(frame_idx, params, partial(as_pixels, out=keeper.slot(frame_idx)), run)
            frame = keeper.put(frame_idx)
        return use(frame, opaque=frame.shape[2] == 3)

    def _kept(
        self,
        draw: Callable[[Run, CacheWriter | None], T],
        keep: FrameCache | None,
        start: int,
        n_frames: int | None,
    ) -> T:
        """Draw a partition, whose frames count as kept once they are certain to be right."""
        if keep is None:
            return self._confirmed(lambda run: draw(run, None), n_frames)
        from ..storage import CacheWriter

        keepers: list[CacheWriter] = []
        runs: list[Run] = []
        surroundings = self._source.environment
        assert surroundings is not None
        fonts = self._source.fonts()

        def draw_and_keep(run: Run) -> T:
            keepers.append(CacheWriter(keep, start, n_frames or 0, surroundings, fonts))
            runs.append(run)
            drawn = draw(run, keepers[-1])
            run.n_reused, run.marks = keepers[-1].n_reused, keepers[-1].new_marks
            return drawn

        drawn = self._confirmed(draw_and_keep, n_frames)
        keepers[-1].finish(self._source.environment or surroundings)
        runs[-1].unknown = keepers[-1].unknown
        return drawn

    def _reread(self, items: Iterable[T]) -> Iterable[T]:
        return Reread(items) if self._keep else items

    def _confirmed(self, draw: Callable[[Run], T], n_frames: int | None) -> T:
        """Draw a partition, and once more if it turns out wrong: then in full, which cannot be wrong."""
        run = Run(n_frames=n_frames)
        try:
            drawn = draw(run)
            self._source.verify(run)
        except Mismatch as mismatch:
            return draw(Run(is_again=True, fault=mismatch.fault))
        return drawn

    def close(self) -> None:
        """Close the figure; a block being drawn ends with its current frame."""
        self._source.close()


class Reread(Iterable[T]):
    """Items that are read one at a time, and kept, so that they can be iterated over again."""

    def __init__(self, items: Iterable[T]) -> None:
        self._items = iter(items)
        self._kept: list[T] = []

    def __iter__(self) -> Iterator[T]:
        yield from list(self._kept)
        for item in self._items:
            self._kept.append(item)
            yield item
