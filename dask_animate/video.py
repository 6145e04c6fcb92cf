"""The finished video, and how a notebook shows it."""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from .data_url import data_url
from .diagnostics import FrameFailure, RenderStats
from .encoding import mime_type
from .errors import AnimateError, OutputError

if TYPE_CHECKING:
    from .encoding import VideoInfo

#: Larger files are linked in a notebook, not embedded, because they would become part of it.
EMBED_LIMIT = 8 * 2**20


@dataclass(frozen=True, repr=False)
class Video:
    """A finished video file. A notebook shows it with player controls.

    Attributes
    ----------
    path : Path or str
        Absolute path of the file; or its URL, if that was given. From a URL it is downloaded whenever it
        is read.
    n_frames : int
        Number of frames.
    fps : Fraction
        Frames per second.
    width, height : int
        Size of the encoded frames in pixels. It is up to one pixel more than the size of the drawn
        frames if the pixel format needs even sizes.
    duration : float
        Duration in seconds.
    codec : str
        Name of the codec, such as "h264".
    encoder : str
        FFmpeg's name of the encoder, such as "libx264"; "copy" if `join` made the file of others.
    stats : RenderStats
        Statistics of the render.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from dask_animate import write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     video = write_video(np.zeros((10, 64, 96, 3)), os.path.join(folder, "black.mp4"), 5)
    ...     info = video.probe()
    ...     n_frames = sum(1 for frame in video.frames())
    >>> video.codec, video.duration, info.n_frames, info.pixel_format, n_frames
    ('h264', 2.0, 10, 'yuv420p', 10)
    """

    path: Path | str
    n_frames: int
    fps: Fraction
    width: int
    height: int
    duration: float
    codec: str
    encoder: str
    stats: RenderStats

    @property
    def skipped(self) -> tuple[FrameFailure, ...]:
        """The frames that could not be drawn, with ``on_error="skip"`` or "placeholder", in order.

        Each has ``frame_idx``, ``error`` and ``params``, both as text.
        """
        skipped = (failure for report in self.stats.partitions for failure in report.skipped)
        return tuple(sorted(skipped, key=lambda failure: failure.frame_idx))

    def __str__(self) -> str:
        stats = self.stats
        reused = ""
        if stats.n_frames_reused:
            reused = f": {stats.n_frames_rendered} drawn, {stats.n_frames_reused} from the store"
        skipped = f"; {stats.n_frames_skipped} not drawn" if stats.n_frames_skipped else ""
        return (
            f"{self.path}: {self.n_frames} frames at {float(self.fps):.5g} fps, {self.duration:.2f} s, "
            f"{self.width}x{self.height}, {self.codec} ({self.encoder}), {_size(stats.file_size)}, "
            f"{'joined' if stats.n_frames_copied else 'rendered'} in {stats.wall_seconds:.1f} s{reused}"
            f"{skipped}"
        )

    def __repr__(self) -> str:
        return f"<Video {self}>"

    def open(self) -> None:
        """Open the file in the system's player.

        Raises
        ------
        OutputError
            If the file does not exist, is not on this machine, or no program opens it.
        """
        import webbrowser

        if isinstance(self.path, str):
            raise OutputError(f"{self.path} is not on this machine: download it to open it")
        if not self.path.is_file():
            raise OutputError(f"there is no file {self.path}")
        if not webbrowser.open(self.path.as_uri()):
            raise OutputError(f"this machine has no program that opens {self.path}")

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Decode the file, frame by frame.

        Yields
        ------
        ndarray of uint8, shape (height, width, 3 or 4)
            RGB, or RGBA if the file has an alpha channel; the caller owns it.

        Raises
        ------
        OutputError
            If the file cannot be read.
        """
        from .encoding import local_file, read_frames

        def frames() -> Iterator[NDArray[np.uint8]]:
            with local_file(self.path) as path:
                yield from read_frames(path)

        return frames()

    def probe(self) -> VideoInfo:
        """Decode the file to its end, and return its properties.

        Raises
        ------
        OutputError
            If the file cannot be read.
        """
        from .encoding import local_file, probe

        with local_file(self.path) as path:
            return probe(path)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write a report on the render to one HTML file, to be sent to somebody or attached to an issue.

        It holds the facts of the file, a timeline of the render, what the time went into, frames of the
        file on a contact sheet, all numbers of `stats`, the warnings of the render, and the versions of
        this process. It loads nothing from elsewhere, runs no script, fits small screens, dark ones and
        paper. It tells addresses of workers and the name of the video file, but not its directory.

        Parameters
        ----------
        path : path-like
            Where to write it; ends in ".html" or ".htm". Missing directories are created. An existing
            file is replaced when the report is complete, and stays as it was if anything fails.

        Returns
        -------
        Path
            Absolute path of the report.

        Raises
        ------
        OptionError, OptionTypeError
            If `path` is no path of an HTML file.
        OutputError
            If the report cannot be written there, or the video file cannot be read.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> from dask_animate import write_video
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     video = write_video(np.zeros((8, 64, 64, 3)), os.path.join(folder, "black.mp4"), 10)
        ...     report = video.report(os.path.join(folder, "black.html"))
        ...     report.name, report.read_text(encoding="utf-8")[:15]
        ('black.html', '<!DOCTYPE html>')
        """
        from .report import write_report

        return write_report(self, path)

    def _repr_html_(self) -> str:
        caption = f"<p><small>{html.escape(str(self))}</small></p>"
        try:
            return self._player() + caption
        except (OSError, AnimateError) as exc:
            return f"<p>cannot be shown: {html.escape(str(exc))}</p>{caption}"

    def _player(self) -> str:
        from .encoding import local_file

        if isinstance(self.path, str):
            size = self.stats.file_size
            if size > EMBED_LIMIT:
                return f"<p>Not stored in this notebook because it has {_size(size)}.</p>"
        else:
            size = self.path.stat().st_size
        with local_file(self.path) as path:
            return self._player_of(path, size)

    def _player_of(self, path: Path, size: int) -> str:
        mime = mime_type(path, self.codec)
        if size <= EMBED_LIMIT:
            source, note = data_url(mime, path.read_bytes()), ""
        else:
            source = html.escape(quote(os.fsencode(os.path.relpath(path).replace(os.sep, "/"))))
            note = (
                f"<p>Not stored in this notebook because it has {_size(size)}: it plays from "
                f'<a href="{source}" target="_blank">{html.escape(path.name)}</a>.</p>'
            )
        style = f'width="{self.width}" style="max-width: 100%"'
        if mime.startswith("image/"):
            return f'<img src="{source}" {style}>{note}'
        from .encoding import poster

        picture = data_url("image/jpeg", poster(path))
        return (
            # JupyterLab strips the src of a <source> in a notebook that is not trusted.
            f'<video src="{source}" controls loop muted playsinline poster="{picture}" {style}></video>'
            f"{note}"
        )


def _size(n_bytes: int) -> str:
    from dask.utils import format_bytes

    return str(format_bytes(n_bytes))
