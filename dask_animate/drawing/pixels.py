"""What a frame source may return of a frame, and the pixels in it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..frames import as_uint8
from ..validation import in_short

if TYPE_CHECKING:
    from PIL.Image import Image

#: An array, an image of Pillow, or bytes and the shape that they have as an array.
Drawn: TypeAlias = "ArrayLike | Image | tuple[bytes | bytearray | memoryview, tuple[int, int, int]]"

_EXPECTED = "an array (height, width[, 1, 3 or 4]), a PIL image, or (bytes, (height, width, 1, 3 or 4))"
#: Modes of PIL images in which a value is not what is seen.
_UNCLEAR_MODES = ("I", "F")


def pixels_of(drawn: Drawn) -> NDArray[np.uint8]:
    """Return the pixels of a frame.

    Parameters
    ----------
    drawn : array_like, PIL image, or (bytes, (height, width, n_channels))
        Arrays as `frames.as_uint8` takes them. Images in any mode but "I" and "F": those with
        transparency become RGBA, gray ones gray, all others RGB; of 16 bits the upper 8 are kept,
        rounded. Bytes are row by row, one for each channel.

    Returns
    -------
    ndarray of uint8, shape (height, width, 1, 3 or 4)
        Not a copy if `drawn` is or holds such an array.

    Raises
    ------
    ValueError
        If it is something else.
    """
    if _is_image(drawn):
        return as_uint8(_of_image(drawn))
    if isinstance(drawn, tuple) and drawn and isinstance(drawn[0], bytes | bytearray | memoryview):
        return as_uint8(_of_bytes(*drawn))
    if drawn is None or isinstance(drawn, str | bytes | bytearray | memoryview):
        raise ValueError(f"draw() must return {_EXPECTED}, got {in_short(drawn)}")
    try:
        return as_uint8(np.asarray(drawn))
    except ValueError as exc:
        raise ValueError(f"what draw() returns {exc}") from None


def _is_image(drawn: Any) -> bool:
    # Who has an image has imported its class; another thread may be about to.
    image = getattr(sys.modules.get("PIL.Image"), "Image", None)
    return image is not None and isinstance(drawn, image)


def _of_image(image: Any) -> Any:
    mode = image.mode
    if mode in _UNCLEAR_MODES:
        raise ValueError(
            f"draw() returned a PIL image of mode {mode!r}, of which the range is unknown: return an "
            f"array of floats from 0 to 1"
        )
    if mode.startswith("I;16"):
        wide = np.asarray(image).astype(np.uint32)
        return ((wide * 255 + 32767) // 65535).astype(np.uint8)
    if image.has_transparency_data:
        return np.asarray(image.convert("RGBA"))
    return np.asarray(image.convert("L" if mode in ("1", "L") else "RGB"))


def _of_bytes(data: Any, shape: Any = None, *more: Any) -> NDArray[np.uint8]:
    is_shape = isinstance(shape, tuple) and len(shape) == 3 and not more
    if not is_shape or not all(isinstance(n, int | np.integer) for n in shape):
        raise ValueError(f"draw() must return {_EXPECTED}, got bytes and {in_short((shape, *more))}")
    pixels = np.frombuffer(data, np.uint8)
    if pixels.size != np.prod(shape):
        raise ValueError(f"draw() returned {pixels.size} bytes for the shape {shape}")
    return pixels.reshape(shape)
