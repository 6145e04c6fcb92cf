"""Encoded frames on their way to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
        One for each frame, in decoding order.
    build : str
        Versions of the libraries that encoded it.
    """

    start: int
    n_frames: int
    header: bytes
    packets: Sequence[Packet]
    build: str

    @property
    def n_bytes(self) -> int:
        """Size of the packets in bytes."""
        return sum(len(packet.data) + len(packet.alpha) for packet in self.packets)
