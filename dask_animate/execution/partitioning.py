"""How a render is divided: where its frames are encoded, and how many make a partition."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ..diagnostics import PartitionReport
from ..encoding import CODECS
from ..errors import OptionError
from ..frames import FrameSize
from ..memory import CHUNK_BYTES, CHUNK_READ_BYTES
from ..params import Params, partition_sizes
from ..validation import require_int

#: Frames for which a keyframe is no great loss, so that they may be a segment.
SHORT_SEGMENT = 24
#: Frames of the last partitions, which are short lest workers wait for one another, and the seconds that
#: they take at most, if each begins with a keyframe.
TAIL_SEGMENT, TAIL_SECONDS = 8, 2.0
#: Seconds that a partition takes at least, if there are enough frames.
MIN_SECONDS = 1.0
#: Seconds that a partition takes at most, if it can be: what a lost worker costs.
MAX_SECONDS = 5.0
#: Seconds that a partition costs the client and the scheduler, mostly to fetch its result from another
#: of many workers (benchmarks/simulated_cluster.py), and the share of its time that this may take.
GATHER_SECONDS, GATHER_SHARE = 0.007, 0.2
#: Share of a worker's life that a partition takes at most, if the worker ends by itself: half of that
#: share is lost with it on average.
LIFE_SHARE = 0.1
#: Share of a partition's time that goes into what it costs besides its frames.
MAX_FIXED_SHARE = 0.05
#: Seconds for a task, an encoder and a keyframe.
TASK_SECONDS = 0.02
#: No frame is taken to cost less, whatever the clock says.
MIN_FRAME_SECONDS = 1e-5

#: Frames of a partition that is kept: what a kill costs. Of tiny frames, for which tasks cost more.
KEPT_FRAMES, KEPT_TINY_FRAMES, TINY_BYTES = 48, 240, 2**16


@dataclass(frozen=True)
class Plan:
    """How the caller wants a render divided.

    Attributes
    ----------
    partition_size : int, tuple of int or "auto"
        Frames in a partition.
    preload_factor : int
        Frames read ahead for each worker.
    encode_on : {"auto", "workers", "client"}
        Where frames are encoded.
    n_begun : int
        Partitions that were begun already.
    """

    partition_size: Any
    preload_factor: int
    encode_on: str = "auto"
    n_begun: int = 0

    @classmethod
    def create(
        cls,
        partition_size: object,
        preload_factor: object,
        encode_on: str,
        params: Params,
    ) -> Plan:
        """Check what the caller gave against the parameters that are to be divided."""
        if isinstance(partition_size, Iterable) and not isinstance(partition_size, str):
            partition_size = tuple(partition_size)
        params.check_partition_size(partition_size)
        return cls(partition_size, require_int("preload_factor", preload_factor, 1), encode_on)

    @property
    def is_auto(self) -> bool:
        """Whether the partitions' sizes are ours to choose."""
        return isinstance(self.partition_size, str)

    def sizes(self, params: Params, auto: Callable[[int | None], int]) -> Callable[[int], int]:
        """Return a function that says how many frames the partition has that starts at a frame.

        Parameters
        ----------
        params
            What is divided.
        auto : callable
            Says it where the choice is ours, from the number of frames that are left or None.
        """
        if not self.is_auto:
            sizes = islice(partition_sizes(self.partition_size, params.n_frames), self.n_begun, None)
            return lambda start: next(sizes, 0)
        n_frames = params.n_frames
        return lambda start: auto(None if n_frames is None else n_frames - start)

    def after(self, n_begun: int) -> Plan:
        """Return the plan of what is left after some partitions."""
        return replace(self, n_begun=n_begun)

    def with_store(self, params: Params, size: FrameSize, kept: int | None) -> tuple[Plan, int]:
        """Return the plan of a render whose frames are kept, and how many frames a chunk has there.

        The sizes do not depend on workers or on time, so that a render that is gone on with makes the
        same file.

        Parameters
        ----------
        params
            What is divided.
        size : FrameSize
            Of the frames.
        kept : int or None
            Frames in a chunk of the store that there is.

        Raises
        ------
        OptionError
            If the caller's partitions do not begin where chunks do.
        """
        sizes = self.partition_size
        if self.is_auto:
            length = kept_length(params.n_frames, size.n_bytes)
            sizes = params.sizes(length, CHUNK_READ_BYTES)
            if kept is not None and _step(sizes) % kept:  # of another number of frames, for example
                sizes = kept * max(1, round(length / kept))
        step = _step(sizes)
        if kept is not None and step % kept:
            raise OptionError(
                f"partition_size must be a multiple of {kept}, the frames in a chunk of the store; or "
                f"give overwrite=True to make the store anew"
            )
        most = max(1, CHUNK_BYTES // size.n_bytes)
        chunk = kept or max(n for n in range(1, min(most, step) + 1) if step % n == 0)
        return replace(self, partition_size=sizes), chunk

    def where(self, codec: str, params: Params, n_threads: int) -> tuple[str, str]:
        """Return where to encode, "workers" or "client", and why.

        Parameters
        ----------
        codec : str
            Name of the codec.
        params
            What is divided.
        n_threads : int
            0 for a render in this process.
        """
        if self.encode_on != "auto":
            return self.encode_on, "as asked"
        if not CODECS[codec].is_segmented:
            return "client", f"each frame of {codec} builds on the one before"
        if CODECS[codec].has_cheap_keyframes:
            return "workers", f"{codec} has keyframes that cost little"
        if self.is_auto and n_threads == 0:
            return "client", "this process draws alone"
        length = self._typical_length(params, n_threads)
        if length < SHORT_SEGMENT:
            return "client", f"a keyframe for each {length:.0f} frames would cost too much"
        return "workers", "partitions are long enough to begin with a keyframe"

    def _typical_length(self, params: Params, n_threads: int) -> float:
        n_frames = math.inf if params.n_frames is None else params.n_frames
        if params.bag_partitions is not None:
            return n_frames / max(1, len(params.bag_partitions))
        if self.is_auto:
            return n_frames / max(1, n_threads)
        if isinstance(self.partition_size, tuple):
            return n_frames / len(self.partition_size)
        return min(int(self.partition_size), n_frames)


def _step(sizes: int | Sequence[int]) -> int:
    """Return the number of which all sizes but the last are multiples."""
    return sizes if isinstance(sizes, int) else math.gcd(*sizes[:-1]) or sizes[0]


def kept_length(n_frames: int | None, frame_bytes: int) -> int:
    """Choose the frames of partitions that are kept: no more than a sixteenth of all.

    Parameters
    ----------
    n_frames : int or None
        Frames of the video; None if unknown.
    frame_bytes : int
        Of a frame's pixels.
    """
    longest = KEPT_TINY_FRAMES if frame_bytes < TINY_BYTES else KEPT_FRAMES
    return longest if n_frames is None else max(TAIL_SEGMENT, min(longest, math.ceil(n_frames / 16)))


@dataclass(frozen=True)
class PartitionCost:
    """What a partition costs, as measured on those before.

    Attributes
    ----------
    frame_seconds : float
        To draw and encode a frame.
    fixed_seconds : float
        Whatever its length: to compare a frame with a full draw, to open an encoder, for the task.
    """

    frame_seconds: float
    fixed_seconds: float

    @classmethod
    def of(cls, report: PartitionReport, known: PartitionCost | None) -> PartitionCost:
        """Return it as the mean of what a partition tells and what was known before."""
        once = report.setup_seconds + report.compare_seconds
        frame = (report.seconds - once) / report.n_frames
        fixed = TASK_SECONDS + report.compare_seconds / max(1, report.n_compared)
        if known is not None:
            frame = (frame + known.frame_seconds) / 2
            fixed = (fixed + known.fixed_seconds) / 2
        return cls(max(frame, MIN_FRAME_SECONDS), fixed)


def segment_length(
    n_left: int | None,
    n_threads: int,
    cost: PartitionCost | None,
    gop: int,
    room: int,
    *,
    n_shares: int | None = None,
    is_elastic: bool = False,
    life_seconds: float = math.inf,
) -> int:
    """Choose the frames of the next partition that is encoded where it is drawn.

    With N frames left, P threads, t seconds a frame and c seconds a partition, partitions of L frames
    cost c N / (L P) besides their frames, and in the end threads wait for the last one, for L t / 2 on
    average. The sum is least for L = sqrt(2 N c / (P t)). A partition is longer if c would otherwise be
    more than `MAX_FIXED_SHARE` of it, or if it would take less than `MIN_SECONDS`; and shorter if it
    would take more than `MAX_SECONDS`, which is what a lost worker costs, or more than `LIFE_SHARE` of
    the life of workers that end by themselves. With hundreds of threads, it takes so long that the
    client, to which P partitions come in that time, is busy with them for `GATHER_SHARE` of it. Where P
    may grow, it is as short as the fixed cost allows, so that there are enough for those that join. Near
    the end it is an even share of what is left, down to what takes twice as long as c, or to
    `TAIL_SECONDS` if `TAIL_SEGMENT` frames take longer. A long one is a number of whole GOPs, after
    which there is a keyframe anyway.

    Parameters
    ----------
    n_left : int or None
        Frames that are left; None if unknown.
    n_threads : int
        Threads among which they are divided.
    cost : PartitionCost or None
        None as long as nothing was measured.
    gop : int
        Frames from keyframe to keyframe.
    room : int
        Frames of which parameters and packets fit into a worker's share of memory.
    n_shares : int, optional
        Shares of what is left near the end; by default one for each thread.
    is_elastic : bool
        Whether there may soon be more threads.
    life_seconds : float
        Seconds after which workers end by themselves; infinite if they do not.
    """
    is_mortal = life_seconds < math.inf
    fewest = 1 if is_mortal else TAIL_SEGMENT
    if cost is None:
        # A cluster that may grow learns only from the first how much work there is.
        longest = TAIL_SEGMENT if is_mortal or is_elastic else SHORT_SEGMENT
        shortest = TAIL_SEGMENT
    else:
        t, c = cost.frame_seconds, cost.fixed_seconds
        best = 0.0 if n_left is None or is_elastic else math.sqrt(2 * n_left * c / (n_threads * t))
        least = max(MIN_SECONDS, n_threads * GATHER_SECONDS / GATHER_SHARE)
        wanted = max(SHORT_SEGMENT, best, least / t, c / (MAX_FIXED_SHARE * t))
        most = min(max(MAX_SECONDS, least), LIFE_SHARE * life_seconds)
        longest = max(fewest, round(min(wanted, most / t)))
        tail = min(TAIL_SEGMENT, math.ceil(TAIL_SECONDS / t))
        shortest = min(longest, max(tail, round(2 * c / t)))
    if n_left is not None:
        longest = min(longest, max(shortest, math.ceil(n_left / (n_shares or n_threads))))
    if longest > gop:
        longest = gop * math.ceil(longest / gop)
    if longest > room:
        longest = room - room % gop if room > gop else room
    return max(1, longest)


def block_length(
    n_frames: int | None,
    n_left: int | None,
    n_threads: int,
    cost: PartitionCost | None,
    preload_factor: int,
    room: int,
    n_shares: int | None = None,
) -> int:
    """Choose the frames of the next partition that travels as pixels.

    At most as many as may be read ahead for one worker, since a longer partition costs fewer tasks and
    comparisons. As long as nothing was measured, partitions are about equal, and their number is a
    multiple of that of threads, so that all end together. After that, near the end, a partition is an
    even share of what is left, down to what takes twice as long as it costs besides its frames.

    Parameters
    ----------
    n_frames, n_left : int or None
        Frames in all, and those that are left; None if unknown.
    n_threads : int
        Threads among which they are divided.
    cost : PartitionCost or None
        None as long as nothing was measured.
    preload_factor : int
        Frames read ahead for each worker.
    room : int
        Frames that fit into a worker's share of memory.
    n_shares : int, optional
        Shares of what is left near the end; by default one for each thread.
    """
    longest = max(1, min(preload_factor, room))
    if n_frames is None or n_left is None:
        return longest
    if cost is not None:
        shortest = math.ceil(2 * cost.fixed_seconds / cost.frame_seconds)
        return min(longest, max(shortest, math.ceil(n_left / (n_shares or n_threads))))
    n_partitions = n_threads * math.ceil(n_frames / (n_threads * longest))
    start = n_frames - n_left
    next_one = math.ceil((start + 1) * n_partitions / n_frames)  # begins at least one frame later
    return next_one * n_frames // n_partitions - start
