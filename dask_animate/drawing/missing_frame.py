"""What is shown in the place of a frame that could not be drawn, if no other frame is."""

from __future__ import annotations

import textwrap

import numpy as np
from numpy.typing import NDArray

from ..frames import FrameSize

#: Levels of gray.
PAPER, INK = 230, 40
#: Lines of text, and their characters, that fit into a frame.
N_LINES, N_CHARACTERS = 8, 60


def placeholder(size: FrameSize, frame_idx: int, error: str) -> NDArray[np.uint8]:
    """Return a plain frame that says which frame is missing, and why.

    It depends on its arguments only, and not on rcParams, figures or fonts of the system.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB; yours.
    """
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("L", (size.width, size.height), PAPER)
    points = max(6, min(size.width // 32, size.height // 16))
    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", points)
    lines = textwrap.wrap(error, N_CHARACTERS, max_lines=N_LINES, placeholder=" …")
    text = "\n".join([f"frame {frame_idx} could not be drawn", *lines])
    ImageDraw.Draw(image).multiline_text((points, points), text, INK, font)
    return np.repeat(np.asarray(image)[..., None], 3, axis=2)
