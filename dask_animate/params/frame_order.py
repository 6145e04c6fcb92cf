"""The order of frames: items that name their frame, and items that come in order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from operator import itemgetter
from typing import Any, TypeVar

from ..errors import NoFramesError, ParamsError
from ..validation import require_int

T = TypeVar("T")


@dataclass(frozen=True)
class IndexedFrameParams:
    """Parameters that name the frame to which they belong.

    For loaders that yield frames in the order in which they become ready.

    Parameters
    ----------
    frame_id : int
        Frame index, from 0; used in place of the position in the sequence.
    params : object
        Passed to ``update()``.

    Examples
    --------
    >>> params = [IndexedFrameParams(1, "second"), IndexedFrameParams(0, "first")]
    """

    frame_id: int
    params: Any

    def __post_init__(self) -> None:
        require_int("frame_id", self.frame_id, 0)


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
        Number of frames; items with a higher index are ignored. None uses all.
    hold, release : callable
        Called with each item that comes early, when it comes and when it is yielded; return the item to
        use from then on.

    Raises
    ------
    ParamsError
        If an index occurs twice, if one is missing in the end, or if there are no items.
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


def with_index(items: Iterable[Any], start: int = 0) -> Iterator[tuple[int, Any]]:
    """Yield (frame index, params): from `IndexedFrameParams`, else by position from `start`."""
    for position, item in zip(count(start), items, strict=False):
        if isinstance(item, IndexedFrameParams):
            yield item.frame_id, item.params
        else:
            yield position, item


def in_bag_order(
    items: Iterable[Any], start: int, stop: int | None
) -> tuple[list[tuple[int, Any]], bool]:
    """Return the frames of a bag's partition, the first of which is frame `start`, by rising index.

    Returns
    -------
    indexed : list of (int, object)
        Frame indices and parameters, without those from `stop` on.
    is_run : bool
        Whether they are consecutive frames from `start` on; else some belong to other partitions.
    """
    indexed = [pair for pair in with_index(items, start) if stop is None or pair[0] < stop]
    indexed.sort(key=itemgetter(0))
    run = list(range(start, start + len(indexed)))
    return indexed, bool(run) and [idx for idx, _ in indexed] == run


def _check_complete(turn: int, seen_later: Collection[int], n_frames: int | None) -> None:
    """Raise if frames are missing from index `turn` on; `seen_later` holds later ones that have come."""
    if turn == 0 and not seen_later:
        raise NoFramesError("param_by_frame is empty: a video needs at least one frame")
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
        raise ParamsError(f"n_frames is {n_frames}, but param_by_frame ended after {n_of_frames(turn)}")


def n_of_frames(n: int) -> str:
    """Return a number of frames in words."""
    return "1 frame" if n == 1 else f"{n} frames"
