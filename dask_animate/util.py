"""Two helpers for animations: the data frames to show, and a plain matplotlib style."""

from __future__ import annotations

import logging
from fractions import Fraction
from numbers import Rational, Real

import matplotlib
import matplotlib.style
import numpy as np
from numpy.typing import NDArray

from .errors import OptionError
from .validation import in_short

_logger = logging.getLogger(__name__)


def get_rendered_frame_ids(
    data_fps: Rational | float,
    play_speed: Rational | float,
    rendered_fps: Rational | float,
    n_data_frames: int,
) -> NDArray[np.int64]:
    """Return the data frame that each frame of a video shows, for other rates or speeds.

    Parameters
    ----------
    data_fps : float or Fraction
        Frames per second at which the data was recorded.
    play_speed : float or Fraction
        Speed of the playback; 0.1 plays ten times slower than real time.
    rendered_fps : float or Fraction
        Frames per second of the video.
    n_data_frames : int
        Number of frames in the data.

    Returns
    -------
    ndarray of int64, shape (n_frames,)
        Data index for each frame of the video: ``floor(i * stride)`` with
        ``stride = data_fps * play_speed / rendered_fps``, so that no frame shows data from its future.
        The stride is an exact fraction, so that indices do not drift. There is at least one frame if
        there is data.

    Raises
    ------
    OptionError
        If a rate or the speed is not a positive number.

    Examples
    --------
    Data at 330 frames per second, played at a tenth of its speed in a video at 30 frames per second:

    >>> from fractions import Fraction
    >>> get_rendered_frame_ids(330, Fraction(1, 10), 30, 12)
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    for name, value in (
        ("data_fps", data_fps),
        ("play_speed", play_speed),
        ("rendered_fps", rendered_fps),
    ):
        if not isinstance(value, Real) or not 0 < float(value) < float("inf"):
            raise OptionError(f"{name} must be a positive number, got {in_short(value)}")
    if n_data_frames <= 0:
        return np.array([], dtype=np.int64)
    data_rate, speed, rate = (
        # 0.1 means a tenth, not the nearest float
        Fraction(value) if isinstance(value, Rational) else Fraction(repr(float(value)))
        for value in (data_fps, play_speed, rendered_fps)
    )
    stride = data_rate * speed / rate
    if stride < 1:
        _logger.warning("stride %.4g is below 1: some data frames are shown more than once", stride)
    n_frames = max(1, int(n_data_frames / stride))
    ids = [i * stride.numerator // stride.denominator for i in range(n_frames)]
    return np.minimum(np.array(ids, dtype=np.int64), n_data_frames - 1)


def configure_matplotlib_style() -> None:
    """Set a plain style: fast paths, a sans-serif font, and text stored as text in PDF files.

    Changes ``matplotlib.rcParams`` of this process, which a render sends to its workers. The font is
    Arial; on machines without it, DejaVu Sans, which is part of matplotlib. Warnings about missing fonts
    are turned off.

    Examples
    --------
    >>> import matplotlib
    >>> with matplotlib.rc_context():
    ...     configure_matplotlib_style()
    ...     matplotlib.rcParams["font.family"]
    ['Arial', 'DejaVu Sans']
    """
    matplotlib.style.use("fast")
    matplotlib.rcParams["font.family"] = ["Arial", "DejaVu Sans"]
    matplotlib.rcParams["pdf.fonttype"] = 42
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    _logger.info("configured matplotlib style")
