"""Video files that fit together, to one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .video import Video


def join(
    files: Iterable[str | os.PathLike[str]],
    output_file: str | os.PathLike[str],
    *,
    chapters: Sequence[tuple[str, float]] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Video:
    """Join video files without loss: nothing is decoded and encoded again.

    The frames of the result are those of the files in a row, each shown for as long as before. The files
    have to fit together, as those do that `make_video` and `write_video` keep in ``keep_segments``, or
    write in several calls with the same arguments: the same kind of file, codec, size, pixel format,
    color tags, frame rate and encoder. Each must begin with a keyframe.

    Parameters
    ----------
    files : iterable of path-like
        Paths of the parts, in their order: MP4, MOV, MKV or WebM files that hold one video and nothing
        else, of H.264, HEVC, AV1, VP9 or FFV1. They stay unchanged. Each is read twice.
    output_file : path-like or URL
        Path or URL of the result, as in `Animator.make_video`; none of `files`. Its suffix selects the
        kind of file, which has to hold the codec. It appears once it is complete; if
        anything fails, an existing file stays unchanged.
    chapters : sequence of (str, float), optional
        Titles of chapters and the seconds at which they begin. Chapters of the parts are left out, and
        so are their time codes.
    metadata : mapping of str to str, optional
        Any of "title", "author", "comment", "copyright" and "date". Those of the parts are left out.

    Returns
    -------
    Video
        The result. Its `encoder` is "copy"; its ``stats.partition_sizes`` are the frames of each part.
        Its `fps` is that of the parts, or, if frames are shown for different times, such that these are
        multiples of ``1 / fps``.

    Raises
    ------
    JoinError
        If a file cannot be read or does not fit; the message names the file and says why.
    OptionError, OptionTypeError
        If an argument is invalid.
    OutputError
        If `output_file` cannot be written.

    Notes
    -----
    Thread-safe.

    Parts of different frame rates are an error. MP4 files of VP9 and AV1 do not tell rates such as 30
    and 60 frames per second apart: these can be joined, and each frame keeps its time.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from dask_animate import join, write_video
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, gray in (("a.mp4", 0.2), ("b.mp4", 0.8)):
    ...         video = write_video(np.full((15, 64, 64, 3), gray), Path(folder, name), 30)
    ...     video = join([Path(folder, "a.mp4"), Path(folder, "b.mp4")], Path(folder, "both.mp4"))
    >>> video.n_frames, video.duration, video.encoder
    (30, 1.0, 'copy')
    """
    from .diagnostics import StatsCollector
    from .encoding import join_files
    from .video import Video

    stats = StatsCollector(time.perf_counter())
    joined = stats.timed(
        "mux_seconds", join_files, files, output_file, chapters=chapters, metadata=metadata
    )
    stats.copied(joined.part_sizes)
    return Video(
        path=joined.path,
        n_frames=sum(joined.part_sizes),
        fps=joined.encoding.fps,
        width=joined.size.width,
        height=joined.size.height,
        duration=joined.seconds,
        codec=joined.encoding.codec,
        encoder=joined.encoding.encoder,
        stats=stats.stats(joined.n_bytes),
    )
