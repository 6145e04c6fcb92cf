"""Parameter sequences, of whatever kind, as partitions of consecutive frames."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, islice, repeat
from typing import Any, TypeGuard, TypeVar

import cloudpickle
import numpy as np
from dask.base import is_dask_collection
from dask.sizeof import sizeof

from .errors import OptionError, OptionTypeError, ParamsError
from .pieces import Partition
from .spec import require_int

T = TypeVar("T")


@dataclass(frozen=True)
class IndexedFrameParams:
    """Parameters that say themselves which frame they belong to.

    A loader that yields frames in the order in which they happen to be ready wraps each of them.

    Parameters
    ----------
    frame_id : int
        Frame index, from 0. It takes the place of the position in the sequence.
    params : object
        What ``update()`` gets.

    Examples
    --------
    >>> params = [IndexedFrameParams(1, "second"), IndexedFrameParams(0, "first")]
    """

    frame_id: int
    params: Any

    def __post_init__(self) -> None:
        require_int("frame_id", self.frame_id, 0)


class _Params:
    """Parameters in frame order; `partitions` and iterating consume them."""

    n_frames: int | None

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError

    def partitions(
        self, size_at: Callable[[int], int], max_bytes: float | None = None
    ) -> Iterator[Partition]:
        """Yield partitions, reading no further than the one that is yielded.

        Parameters
        ----------
        size_at : callable
            Says how many frames the partition has that starts at a frame; 0 ends.
        max_bytes : float, optional
            A partition ends early when its parameters take so many bytes. None does not count them.
        """
        params = iter(self)
        start = 0
        while size := size_at(start):
            items: list[Any] = []
            n_bytes = 0
            for item in islice(params, size):
                items.append(item)
                if max_bytes is not None:
                    n_bytes += nbytes(item)
                    if n_bytes >= max_bytes:
                        break
            if not items:
                return
            yield Partition(start, items, n_bytes)
            start += len(items)


class FrameParams(_Params):
    """The parameters of a video, read lazily and in frame order.

    An item that arrives before its turn, by its `IndexedFrameParams`, is held until the gap before it is
    filled; nothing else is kept. Iterating consumes what it was made of, once.

    Parameters
    ----------
    items : iterable
        One item a frame; plain items belong to the frame of their position.
    n_frames : int, optional
        Frames of the video; later ones are left out. None takes all.

    Attributes
    ----------
    n_frames : int or None
        Number of frames, None while it is unknown.
    """

    def __init__(self, items: Iterable[Any], n_frames: int | None = None) -> None:
        self._items = items
        length = _length(items)
        if length == 0:
            raise ParamsError("param_by_frame is empty: a video needs at least one frame")
        if length is not None and n_frames is not None and n_frames > length:
            raise ParamsError(f"n_frames is {n_frames}, but param_by_frame holds only {_frames(length)}")
        self.n_frames = length if n_frames is None else n_frames
        if isinstance(items, list | tuple):
            self._check_indices(items)

    def __iter__(self) -> Iterator[Any]:
        return in_frame_order(with_index(self._items), self.n_frames)

    def _check_indices(self, items: Sequence[Any]) -> None:
        """Find what is wrong with the indices before anything is drawn."""
        if any(isinstance(item, IndexedFrameParams) for item in items):
            without_params = ((idx, None) for idx, _ in with_index(items))
            for _ in in_frame_order(without_params, self.n_frames):
                pass


class CollectionParams(_Params):
    """The parameters of a video in a dask collection, whose partitions are the video's.

    Parameters
    ----------
    delayed : sequence of Delayed
        A sequence of items for each partition.
    lengths : sequence of int or None
        Items in each; None while they are unknown.
    n_frames : int or None
        Frames of the video; later ones are left out. None takes all.
    """

    def __init__(
        self, delayed: Sequence[Any], lengths: Sequence[int] | None, n_frames: int | None
    ) -> None:
        self.delayed = delayed
        self.lengths = lengths
        self.n_frames = n_frames

    def __iter__(self) -> Iterator[Any]:
        """Yield the items in frame order, computing one partition after another."""
        items = chain.from_iterable(part.compute() for part in self.delayed)
        return in_frame_order(with_index(items), self.n_frames)


class BagParams(CollectionParams):
    """The parameters of a video in a `dask.bag.Bag`."""

    def __init__(self, bag: Any, n_frames: int | None = None) -> None:
        super().__init__(bag.to_delayed(), None, n_frames)


class ArrayParams(CollectionParams):
    """The frames of a video in a dask array, whole frames in each chunk."""

    def __init__(self, delayed: Sequence[Any], lengths: Sequence[int]) -> None:
        super().__init__(delayed, lengths, sum(lengths))


def open_params(param_by_frame: object, n_frames: int | None) -> FrameParams | BagParams:
    """Check a parameter sequence, of any kind, and wrap it."""
    if n_frames is not None:
        n_frames = require_int("n_frames", n_frames, 1)
    if _is_bag(param_by_frame):
        return BagParams(param_by_frame, n_frames)
    if is_dask_collection(param_by_frame):
        raise OptionTypeError(
            f"param_by_frame is a dask {type(param_by_frame).__name__}; of dask's collections only a "
            f"Bag is read on the workers: pass a Bag, or .compute() it if it fits into memory"
        )
    if hasattr(param_by_frame, "columns") and hasattr(param_by_frame, "itertuples"):
        raise OptionTypeError(
            "param_by_frame is a DataFrame, of which iterating gives the columns: "
            "pass df.itertuples() for one row a frame"
        )
    if isinstance(param_by_frame, str | bytes | Mapping) or not _is_iterable(param_by_frame):
        raise OptionTypeError(
            f"param_by_frame must be an iterable with one item for each frame, "
            f"got {type(param_by_frame).__name__}"
        )
    return FrameParams(param_by_frame, n_frames)


def in_frame_order(
    indexed: Iterable[tuple[int, T]],
    n_frames: int | None,
    hold: Callable[[T], T] = lambda item: item,
    release: Callable[[T], T] = lambda item: item,
) -> Iterator[T]:
    """Yield items by rising frame index, from 0.

    Parameters
    ----------
    indexed : iterable of (int, item)
        In any order.
    n_frames : int or None
        How many there have to be; items with a higher index are passed over. None takes all.
    hold, release : callable
        Called with each item that has to wait for its turn, when it comes and when it goes; return the
        item to use from then on.

    Raises
    ------
    ParamsError
        If an index comes twice, is missing in the end, or if there is none.
    """
    waiting: dict[int, T] = {}
    turn, beyond = 0, -1
    for frame_idx, item in indexed:
        if n_frames is not None and frame_idx >= n_frames:
            beyond = max(beyond, frame_idx)
            continue
        if frame_idx < turn or frame_idx in waiting:
            raise ParamsError(f"param_by_frame gives frame {frame_idx} twice")
        if frame_idx != turn:
            waiting[frame_idx] = hold(item)
            continue
        yield item
        turn += 1
        while turn in waiting:
            yield release(waiting.pop(turn))
            turn += 1
        if turn == n_frames:
            return
    _check_complete(turn, waiting.keys() | ({beyond} if beyond >= 0 else set()), n_frames)


def partition_sizes(partition_size: object, n_frames: int | None) -> Iterable[int]:
    """Return the number of frames of each partition, without end where it is a constant.

    For "auto" there are none.

    Parameters
    ----------
    partition_size : int, sequence of int or "auto"
        As the caller gave it.
    n_frames : int or None
        Number of frames of the video.
    """
    if isinstance(partition_size, str):
        if partition_size != "auto":
            raise OptionError(f'partition_size must be "auto" or numbers, got {partition_size!r}')
        return ()
    if not isinstance(partition_size, Iterable):
        return repeat(require_int("partition_size", partition_size, 1))
    sizes = [require_int("each partition_size", size, 1) for size in partition_size]
    if n_frames is None:
        raise OptionError("a sequence as partition_size needs n_frames, as param_by_frame has no length")
    if sum(sizes) != n_frames:
        raise OptionError(f"partition_size sums to {sum(sizes)}, but there are {_frames(n_frames)}")
    return sizes


def with_index(items: Iterable[Any], start: int = 0) -> Iterator[tuple[int, Any]]:
    """Yield (frame index, params): from `IndexedFrameParams`, else by position from `start`."""
    for position, item in zip(count(start), items, strict=False):
        if isinstance(item, IndexedFrameParams):
            yield item.frame_id, item.params
        else:
            yield position, item


def _check_complete(turn: int, seen_later: Collection[int], n_frames: int | None) -> None:
    """Raise if frames are missing from `turn` on, `seen_later` being those that came out of turn."""
    if turn == 0 and not seen_later:
        raise ParamsError("param_by_frame is empty: a video needs at least one frame")
    if seen_later:
        end = max(seen_later) + 1 if n_frames is None else n_frames
        gap = (str(idx) for idx in range(turn, end) if idx not in seen_later)
        shown = list(islice(gap, 11))
        if shown:
            more = ", …" if len(shown) > 10 else ""
            raise ParamsError(
                f"param_by_frame has no item for frame {', '.join(shown[:10])}{more}, "
                f"but one for frame {max(seen_later)}"
            )
    elif n_frames is not None and turn < n_frames:
        raise ParamsError(f"n_frames is {n_frames}, but param_by_frame ended after {_frames(turn)}")


_SIZE_IS_KNOWN = (int, float, complex, str, bytes, type(None), np.generic, np.ndarray)


def nbytes(item: Any) -> int:
    """Return the bytes that an object takes, in memory or on its way to a worker.

    dask's `sizeof` is quick, but takes an object of a class that it does not know for a small one.
    Those that look small are pickled, without copying the arrays in them.
    """
    size = int(sizeof(item))
    if size < 10_000 and not isinstance(item, _SIZE_IS_KNOWN):
        buffers: list[pickle.PickleBuffer] = []
        try:
            data = cloudpickle.dumps(item, protocol=5, buffer_callback=buffers.append)
        except Exception:
            return size  # said when it is sent
        size = max(size, len(data) + sum(buffer.raw().nbytes for buffer in buffers))
    return size


def _length(items: Iterable[Any]) -> int | None:
    try:
        return len(items)  # type: ignore[arg-type]
    except TypeError:
        return None


def _is_iterable(value: Any) -> TypeGuard[Iterable[Any]]:
    try:
        iter(value)  # also what has a length and items alone; not an array without dimensions
    except TypeError:
        return False
    return True


def _frames(n: int) -> str:
    return "1 frame" if n == 1 else f"{n} frames"


def _is_bag(value: object) -> bool:
    bag = sys.modules.get("dask.bag")  # who has a Bag has imported it
    return bag is not None and isinstance(value, bag.Bag)
