"""Additional consumers of a video's segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..frames import FrameSize
from .encoders import Encoding
from .segment import Segment
from .timeline import Timeline


@dataclass(frozen=True)
class VideoFormat:
    """What a file of segments needs besides them.

    Attributes
    ----------
    encoding : Encoding
        How frames are encoded.
    size : FrameSize
        Size of the drawn frames.
    timeline : Timeline
        When the frames of the whole video are shown, and its chapters.
    metadata : mapping of str to str
        Title and other texts, by FFmpeg's names.
    """

    encoding: Encoding
    size: FrameSize
    timeline: Timeline
    metadata: Mapping[str, str]


class SegmentCopy(Protocol):
    """Takes the segments of one video, too."""

    def add(self, segment: Segment, video: VideoFormat) -> None:
        """Take the next segment, once it is written to the video. It must not be changed."""
        ...
