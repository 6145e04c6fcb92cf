"""What `FrameSource.draw` may return, and the pixels in it."""

import sys
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from dask_animate.drawing.pixels import pixels_of

GRAY = (np.arange(6 * 4) * 10).astype(np.uint8).reshape(6, 4)
RGB = np.stack([GRAY, 255 - GRAY, GRAY // 2], -1)
RGBA = np.dstack([RGB, 255 - GRAY])


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        (GRAY, GRAY[..., None]),
        (GRAY[..., None], GRAY[..., None]),
        (RGB, RGB),
        (RGBA[::-1, ::-1], RGBA[::-1, ::-1]),
        (RGB / 255, RGB),
        ((RGB / 255).astype(np.float32).tolist(), RGB),
        ((RGB.tobytes(), RGB.shape), RGB),
        ((memoryview(RGBA.tobytes()), RGBA.shape), RGBA),
        ((bytearray(GRAY.tobytes()), (6, 4, 1)), GRAY[..., None]),
        (Image.fromarray(GRAY), GRAY[..., None]),
        (Image.fromarray(RGB), RGB),
        (Image.fromarray(RGBA), RGBA),
        (Image.fromarray(GRAY > 100), np.where(GRAY > 100, 255, 0)[..., None]),
        (Image.fromarray(RGB).convert("P", palette=Image.Palette.ADAPTIVE, colors=24), RGB),
        (Image.fromarray(GRAY.astype(np.uint16) * 257), GRAY[..., None]),
        (Image.fromarray(RGBA[..., 2:]).convert("LA"), np.dstack([GRAY // 2] * 3 + [255 - GRAY])),
        (Image.fromarray(RGB).convert("RGBX").convert("RGB"), RGB),
    ],
)
def test_pixels(drawn, expected):
    pixels = pixels_of(drawn)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, expected)


def test_palettes_may_be_transparent():
    image = Image.fromarray(GRAY // 10).convert("P")
    image.info["transparency"] = 0
    assert pixels_of(image)[0, :2, 3].tolist() == [0, 255]


def test_arrays_are_not_copied():
    assert np.shares_memory(pixels_of(RGB), RGB)


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        (None, r"draw\(\) must return an array .*, got None"),
        ("frame.png", r"draw\(\) must return an array .*, got 'frame.png'"),
        (RGB.tobytes(), r"draw\(\) must return .* or \(bytes, "),
        ((RGB.tobytes(), (6, 4)), r"got bytes and \(\(6, 4\),\)"),
        ((RGB.tobytes(),), "got bytes and "),
        ((RGB.tobytes(), (6, 4, 3), 1), "got bytes and "),
        ((RGB.tobytes(), (6, 4, 4)), r"returned 72 bytes for the shape \(6, 4, 4\)"),
        ((RGB.tobytes(), (6, 6, 2)), r"must have the shape \(height, width, 1, 3 or 4\)"),
        (RGB[None], r"what draw\(\) returns must have the shape .*, got \(1, 6, 4, 3\)"),
        (RGB.astype(int), "what draw.. returns must hold uint8 from 0 to 255 or floats .*, got int64"),
        (RGB * 1.0, r"got floats from 0 to 255"),
        (np.full((2, 2), np.nan), "got floats from nan to nan"),
        (np.zeros((0, 2, 3), np.uint8), "must have the shape"),
        (Image.fromarray(GRAY.astype(np.int32)), "PIL image of mode 'I', of which the range is unknown"),
        (Image.fromarray(GRAY.astype(np.float32)), "mode 'F'"),
        (object(), "must have the shape"),
    ],
)
def test_everything_else_is_an_error(drawn, message):
    with pytest.raises(ValueError, match=message):
        pixels_of(drawn)


def test_arrays_while_another_thread_imports_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", ModuleType("PIL.Image"))
    assert np.array_equal(pixels_of(RGB), RGB)
