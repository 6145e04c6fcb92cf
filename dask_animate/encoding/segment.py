"""Encoded frames of a partition, on their way to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


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
    build : str
        Versions of what encoded it.
    """

    start: int
    n_frames: int
    header: bytes
    packets: Sequence[Packet]
    build: str

    @property
    def n_bytes(self) -> int:
        """Size in bytes."""
        return sum(len(packet.data) + len(packet.alpha) for packet in self.packets)
