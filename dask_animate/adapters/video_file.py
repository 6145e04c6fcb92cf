"""Video files as a frame source."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..encoding import FrameReader, read_index
from ..errors import OptionError, OptionTypeError
from ..frame_source import FrameSource
from ..validation import in_short, require_int


class VideoFile(FrameSource):
    """The frames of a video file, decoded by who draws, in any order.

    Parameters of frames are the numbers of frames in the file, from 0. Each frame is exactly the one
    that decoding the file from its start yields. Rising numbers are decoded one after another. For
    others, decoding begins again at the keyframe before, in MP4, MOV, MKV, WebM and MPEG-TS; other files
    are decoded from their start.

    Parameters
    ----------
    path : path-like
        The file, of any format that FFmpeg decodes, or an animated WebP. It must have the same path on
        all workers. A file of another format than those named above is decoded once, to count its
        frames.

    Attributes
    ----------
    path : str
        The absolute path.
    n_frames : int
        Number of frames. Each counts once, however long it is shown.
    fps : Fraction
        Frames per second; on average, if frames are shown for different times.
    durations : tuple of Fraction, or None
        For how many seconds each frame is shown; None if all are shown equally long, that is if none
        comes more than half a frame too early or too late at `fps`.
    size : tuple of int
        Width and height in pixels, as stored: neither rotation nor the shape of pixels is applied.
    frame_shape : tuple of int
        Height, width, and 3 for RGB or 4 for RGBA.

    Raises
    ------
    OutputError
        If the file cannot be read, or holds no video.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from dask_animate import write_video
    >>> from dask_animate.sources import VideoFile
    >>> fade = np.linspace(0, 1, 30)[:, None, None, None] * np.ones((64, 96, 3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "fade.mp4")
    ...     video = write_video(fade, path, 15)
    ...     source = VideoFile(path)
    ...     backwards = source.make_video(path, range(source.n_frames)[::-1], source.fps)
    >>> source.n_frames, source.fps, source.size
    (30, Fraction(15, 1), (96, 64))
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not isinstance(path, str | os.PathLike):
            raise OptionTypeError(f"path must be the path of a video file, got {in_short(path)}")
        self.path = os.path.abspath(os.fspath(path))
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            raise OptionError(f"path must be that of a video file, got {in_short(path)}")
        self._read_index()

    def before_drawing(self) -> None:
        """Look at the file again if it was changed."""
        if self._version != self._version_now():
            self._read_index()  # an error, if it is gone

    def _version_now(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def _read_index(self) -> None:
        index = read_index(Path(self.path))
        self._index = index
        self._version = self._version_now()  # so that a store notices another file
        self.n_frames: int = index.n_frames
        self.fps: Fraction = index.fps
        self.durations: tuple[Fraction, ...] | None = index.durations
        height, width, _ = self.frame_shape = index.shape
        self.size: tuple[int, int] = width, height

    def setup(self) -> None:
        """Make a reader; the file is opened when the first frame is read."""
        self._reader = FrameReader(Path(self.path), self._index)

    def draw(self, frame_idx: int, params: int) -> NDArray[np.uint8]:
        """Return the frame of the number `params`; others than 0 to ``n_frames - 1`` are errors."""
        number = require_int("the number of a frame", params, 0)
        if number >= self.n_frames:
            raise IndexError(f"{self.path} has no frame {number}, but {self.n_frames} frames from 0 on")
        return self._reader.read(number)
