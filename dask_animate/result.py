"""The finished video and how it shows itself."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from .spec import RenderStats

#: Larger files are named in a notebook, not embedded: a notebook stores its outputs in itself.
EMBED_LIMIT = 8 * 2**20


@dataclass(frozen=True)
class Video:
    """A video file that was made.

    In a notebook it shows itself with player controls.

    Attributes
    ----------
    path : Path
        The file; absolute.
    n_frames : int
        Number of frames.
    fps : Fraction
        Frames per second.
    width, height : int
        Size of the encoded frames in pixels; even, so up to one more than what was drawn.
    duration : float
        Seconds.
    codec : str
        As "h264".
    encoder : str
        As "libx264".
    stats : RenderStats
        What it cost.

    Examples
    --------
    >>> from dask_animate.spec import RenderStats
    >>> stats = RenderStats(2.0, 3.5, 0.4, 1.2, 30.0, 8, 2, 55_296_000, 61_440)
    >>> print(Video(Path("wave.mp4"), 60, Fraction(30), 640, 480, "h264", "libx264", stats))
    wave.mp4: 60 frames, 2.00 s, 640x480, h264 (libx264), 60.00 kiB, 30.0 frames/s
    """

    path: Path
    n_frames: int
    fps: Fraction
    width: int
    height: int
    codec: str
    encoder: str
    stats: RenderStats

    @property
    def duration(self) -> float:
        """Duration in seconds."""
        return float(self.n_frames / self.fps)

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.n_frames} frames, {self.duration:.2f} s, "
            f"{self.width}x{self.height}, {self.codec} ({self.encoder}), "
            f"{_size(self.stats.file_size)}, {self.stats.frames_per_second:.1f} frames/s"
        )

    def _repr_html_(self) -> str:
        caption = f"<p><small>{html.escape(str(self))}</small></p>"
        try:
            size = self.path.stat().st_size
            if size > EMBED_LIMIT:
                note = f"{_size(size)} is too large to embed: open the file to play it."
                return f"<p>{note}</p>{caption}"
            data = base64.b64encode(self.path.read_bytes()).decode("ascii")
        except OSError as exc:
            return f"<p>cannot be shown: {html.escape(str(exc))}</p>{caption}"
        return (
            f'<video controls loop muted playsinline width="{self.width}" style="max-width: 100%">'
            f'<source src="data:video/mp4;base64,{data}" type="video/mp4"></video>{caption}'
        )


def _size(n_bytes: int) -> str:
    from dask.utils import format_bytes

    return str(format_bytes(n_bytes))
