"""What goes to a worker and what comes back: partitions, and the blocks or segments made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .items import not_indexed
from .spec import EncodeSpec

if TYPE_CHECKING:
    from .keep import Keep


@dataclass(frozen=True)
class Awaited:
    """Parameters of a partition that are computed on the workers, perhaps with those of others.

    Attributes
    ----------
    delayed : Delayed or None
        Becomes a sequence; None once it is on its way.
    start, stop : int
        Which items of it.
    """

    delayed: Any
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True)
class Partition:
    """A run of consecutive frames: the unit of work, of failure and of resume.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    params : sequence or Awaited
        One item for each frame.
    n_bytes : int
        Bytes of the parameters, where they were counted.
    """

    start: int
    params: Sequence[Any] | Awaited
    n_bytes: int

    def __len__(self) -> int:
        return len(self.params)

    def items(self, computed: Any = None) -> Sequence[Any]:
        """Return the parameters: as computed on the workers, or computed now where they have to be."""
        params = self.params
        if not isinstance(params, Awaited):
            return params
        if computed is None:
            computed = params.delayed.compute()
        items: Sequence[Any] = computed[params.start : params.stop]
        return [not_indexed(item) for item in items] if isinstance(items, list) else items


@dataclass(frozen=True)
class Product:
    """What a worker is to make of a partition.

    Attributes
    ----------
    encode : EncodeSpec or None
        How to encode it to a `Segment`; None makes a `Block`.
    alpha : bool
        Whether the pixels of a block have an alpha channel.
    keep : Keep or None
        Where its frames are kept; then it is a `Stored` that is made in place of a block.
    """

    encode: EncodeSpec | None
    alpha: bool
    keep: Keep | None = None


@dataclass
class Run:
    """How the frames of a partition were drawn; filled in by the source that draws them.

    Attributes
    ----------
    n_blitted : int
        Frames of which only what had changed was drawn.
    is_again : bool
        Whether frames are drawn once more, all of them as a whole.
    is_checked, is_unsure : bool
        Whether one of those was compared with a drawing of the whole; whether the last one was not.
    is_repeated : bool
        Whether the frame drawn last is the same as the partition's frame before it.
    fault : str or None
        What was found wrong, so that the partition had to be drawn again.
    n_reused : int
        Frames that were found in a store.
    unknown : str or None
        Why the next render cannot find frames again, in words.
    fonts : dict of str to str
        The font files that were used, by what was asked for.
    item_bytes : int
        Bytes of parameters that were computed on the worker.
    n_frames : int or None
        Frames of the partition, or at most so many; None if that is not known.
    n_drawn : int
        Frames of it that were drawn.
    sample : int or None
        Which of those, counted from 0, is compared besides the first and the last; None before that is
        drawn by lot, and again when it is done.
    marks : ndarray of uint8, shape (n_frames, n), or None
        What marks the frames in a store, if they are kept.
    """

    n_blitted: int = 0
    is_again: bool = False
    is_checked: bool = False
    is_unsure: bool = False
    is_repeated: bool = False
    fault: str | None = None
    n_reused: int = 0
    unknown: str | None = None
    fonts: dict[str, str] = field(default_factory=dict)
    item_bytes: int = 0
    n_frames: int | None = None
    n_drawn: int = 0
    sample: int | None = None
    marks: NDArray[np.uint8] | None = None


@dataclass(frozen=True)
class Block:
    """Rendered frames of one partition.

    Attributes
    ----------
    frame_idx : sequence of int
        Frame index of each frame.
    pixels : ndarray of uint8, shape (n, height, width, 3 or 4)
        RGB or RGBA, C-contiguous; the receiver may keep it.
    seconds : float
        Time spent drawing.
    worker : str
        Address of the worker, or "" for this process.
    run : Run
        How its frames were drawn.
    """

    frame_idx: Sequence[int]
    pixels: NDArray[np.uint8]
    seconds: float
    worker: str
    run: Run

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self.frame_idx)

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        return self.pixels.nbytes


@dataclass(frozen=True)
class Stored:
    """Rendered frames of one partition, which are in a store.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    n_frames : int
        Number of frames, which are consecutive.
    seconds : float
        Time spent drawing and writing.
    worker : str
        Address of the worker, or "" for this process.
    run : Run
        How its frames were drawn, and what marks them in the store.
    """

    start: int
    n_frames: int
    seconds: float
    worker: str
    run: Run

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        return 0 if self.run.marks is None else self.run.marks.nbytes


class Packet(NamedTuple):
    """An encoded frame.

    Attributes
    ----------
    data : bytes
        As it came from the encoder.
    rank : int
        Position of the frame in its segment, in the order of showing.
    is_keyframe : bool
        Whether decoding may begin here.
    alpha : bytes
        Its alpha channel, where that is coded apart, as in VP9.
    """

    data: bytes
    rank: int
    is_keyframe: bool
    alpha: bytes = b""


@dataclass(frozen=True)
class Segment:
    """Encoded frames of one partition, decodable alone.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    n_frames : int
        Number of frames, which are consecutive.
    header : bytes
        What a decoder has to know first; FFmpeg's "extradata".
    packets : sequence of Packet
        One for each frame, in the order of decoding.
    draw_seconds, encode_seconds : float
        Time spent drawing, and converting and encoding.
    worker : str
        Address of the worker, or "" for this process.
    build : str
        Versions of what encoded it.
    run : Run
        How its frames were drawn.
    """

    start: int
    n_frames: int
    header: bytes
    packets: Sequence[Packet]
    draw_seconds: float
    encode_seconds: float
    worker: str
    build: str
    run: Run

    @property
    def seconds(self) -> float:
        """Time spent on it."""
        return self.draw_seconds + self.encode_seconds

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        return sum(len(packet.data) + len(packet.alpha) for packet in self.packets)


Result = Segment | Block | Stored
