"""Encoded frames on their way to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Packet(NamedTuple):
    """An encoded frame.

    Attributes
    ----------
    data : bytes
        The encoder's output.
    rank : int
        Position of the frame in its segment, in display order.
    is_keyframe : bool
        Whether decoding can start here.
    alpha : bytes
        The alpha channel, if it is encoded separately, as in VP9.
    """

    data: bytes
    rank: int
    is_keyframe: bool
    alpha: bytes = b""


@dataclass(frozen=True)
class Segment:
    """Consecutive encoded frames that can be decoded without others.

    Attributes
    ----------
    start : int
        Frame index of the first frame.
    n_frames : int
        Number of frames.
    header : bytes
        What a decoder needs before the first packet; FFmpeg's "extradata".
    packets : sequence of Packet
<<<<<<< HEAD
        One for each frame, in the order of decoding.
    build : str
        Versions of what encoded it.
=======
        One for each frame, in decoding order.
    encode_seconds : float
        Time spent converting and encoding.
    build : str
        Versions of the libraries that encoded it.
    draw_seconds : float
        Time spent drawing.
    worker : str
        Address of the worker, or "" for this process.
    run : Run
        How its frames were drawn.
>>>>>>> encoding
    """

    start: int
    n_frames: int
    header: bytes
    packets: Sequence[Packet]
<<<<<<< HEAD
    build: str
=======
    encode_seconds: float
    build: str
    draw_seconds: float = 0.0
    worker: str = ""
    run: Run = field(default_factory=Run)

    @property
    def seconds(self) -> float:
        """Time spent drawing and encoding."""
        return self.draw_seconds + self.encode_seconds
>>>>>>> encoding

    @property
    def n_bytes(self) -> int:
        """Size of the packets in bytes."""
        return sum(len(packet.data) + len(packet.alpha) for packet in self.packets)
