"""The pixels of pictures, which Pillow puts together of drawn frames. Alpha is not premultiplied.

Two pictures meet in three ways: ``over``, a blend, and a resize. Colors as they are seen, multiplied by
alpha, are exact to one level of 255, or to one and a half where both alphas are mixed with an opacity or
resized. Where nothing is transparent, pixels are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import singledispatchmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..frames import FrameSize, as_pixels
from ..memory import PICTURE_BYTES
from ..recent import Recent
from .pictures import Blend, Frame, Over, Pad, Picture, Plain, Resize, SizeOf, Tiles

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class View:
    """Pixels that somebody else owns.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (height, width, 1, 3 or 4)
        Not to be changed; alpha not premultiplied.
    opaque : bool
        True if there is no alpha, or if it is 255 everywhere.
    """

    pixels: Pixels
    opaque: bool

    @property
    def is_opaque(self) -> bool:
        """Whether nothing shines through."""
        return self.opaque or self.pixels.shape[2] < 4


class Compositor:
    """Makes the pixels of pictures. Not thread-safe.

    Parameters
    ----------
    frame : callable
        Returns the pixels of a frame, which the next call may overwrite.
    size_of : callable
        Returns the size of the frames of a source.
    """

    def __init__(self, frame: Callable[[Frame], View], size_of: SizeOf) -> None:
        self._frame = frame
        self._size_of = size_of
        self._scratch: dict[tuple[int, int], list[Pixels]] = {}
        self._canvas: Pixels | None = None
        self._resized: Recent[Resize, View] = Recent(PICTURE_BYTES)

    def picture(self, picture: Picture, size: FrameSize) -> View:
        """Return the pixels of a picture, which the next call overwrites.

        Those of a frame as it was drawn are not copied.
        """
        if isinstance(picture, Frame | Resize):
            return self._view(picture)
        if self._canvas is None:
            self._canvas = np.empty((size.height, size.width, 4), np.uint8)
        return View(self._canvas, self._into(picture, self._canvas))

    def forget(self) -> None:
        """Forget what was made of frames that turn out wrong."""
        self._resized.clear()

    def _view(self, picture: Frame | Resize) -> View:
        return self._frame(picture) if isinstance(picture, Frame) else self._resize(picture)

    @singledispatchmethod
    def _into(self, picture: Picture, out: Pixels) -> bool:
        """Write the pixels of a picture; return whether all of them are opaque."""
        raise TypeError(f"no picture: {picture!r}")

    @_into.register
    def _(self, picture: Frame, out: Pixels) -> bool:
        return _copy(self._frame(picture), out)

    @_into.register
    def _(self, picture: Plain, out: Pixels) -> bool:
        out[...] = picture.color
        return picture.color[3] == 255

    @_into.register
    def _(self, picture: Resize, out: Pixels) -> bool:
        return _copy(self._resize(picture), out)

    @_into.register
    def _(self, picture: Pad, out: Pixels) -> bool:
        inner = self._known_size(picture.inner)
        if inner == FrameSize(*out.shape[:2]):
            return self._into(picture.inner, out)
        out[...] = picture.color
        x, y = picture.place.corner(FrameSize(*out.shape[:2]), inner)
        opaque = self._into(picture.inner, out[y : y + inner.height, x : x + inner.width])
        return opaque and picture.color[3] == 255

    @_into.register
    def _(self, picture: Tiles, out: Pixels) -> bool:
        heights, widths = picture.lengths(self._size_of)
        opaque, y = True, 0
        for row, height in zip(picture.rows, heights, strict=True):
            x = 0
            for cell, width in zip(row, widths, strict=True):
                opaque &= self._into(cell, out[y : y + height, x : x + width])
                x += width
            y += height
        return opaque

    @_into.register
    def _(self, picture: Blend, out: Pixels) -> bool:
        opaque = self._into(picture.first, out)
        with self._filled(picture.second, FrameSize(*out.shape[:2])) as second:
            return _blend(out, second, float(picture.share), opaque)

    @_into.register
    def _(self, picture: Over, out: Pixels) -> bool:
        opaque = self._into(picture.base, out)
        outer = FrameSize(*out.shape[:2])
        inner = picture.top.size(self._size_of) or outer
        x, y = picture.place.corner(outer, inner)
        left, top = max(x, 0), max(y, 0)
        region = out[top : max(y + inner.height, 0), left : max(x + inner.width, 0)]
        if 0 in region.shape:
            return opaque
        with self._filled(picture.top, inner) as view:
            seen = view.pixels[top - y :, left - x :][: region.shape[0], : region.shape[1]]
            _over(region, View(seen, view.opaque), float(picture.opacity), opaque)
        return opaque or (region.shape == out.shape and bool((out[..., 3] == 255).all()))

    def _known_size(self, picture: Picture) -> FrameSize:
        size = picture.size(self._size_of)
        assert size is not None
        return size

    @contextmanager
    def _filled(self, picture: Picture, size: FrameSize) -> Iterator[View]:
        """Yield the pixels of a picture, in memory that is used again afterwards."""
        if isinstance(picture, Frame | Resize):
            yield self._view(picture)
            return
        shape = size.height, size.width
        free = self._scratch.setdefault(shape, [])
        pixels = free.pop() if free else np.empty((*shape, 4), np.uint8)
        try:
            yield View(pixels, self._into(picture, pixels))
        finally:
            free.append(pixels)

    def _resize(self, picture: Resize) -> View:
        """Return a resized picture; those made last are kept."""
        found = self._resized.find(picture)
        if found is not None:
            return found
        inner, outer = self._known_size(picture.inner), self._known_size(picture)
        with self._filled(picture.inner, inner) as view:
            if inner == outer:
                return view
            made = View(resize(view, outer, picture.filter), view.is_opaque)
        self._resized.keep(picture, made, made.pixels.nbytes)
        return made


def resize(view: View, size: FrameSize, name: str) -> Pixels:
    """Return pixels in another size, RGBA; transparent ones count as much as they are seen."""
    # Pillow premultiplies RGBA, and takes RGBX as it is.
    image = _image(_rgba(view), "RGBX" if view.is_opaque else "RGBA")
    return np.asarray(image.resize((size.width, size.height), FILTERS[name]))


def _copy(view: View, out: Pixels) -> bool:
    as_pixels(view.pixels, opaque=view.is_opaque, out=out)
    return view.is_opaque


def _over(region: Pixels, top: View, opacity: float, opaque: bool) -> None:
    """Lay pixels over a region, in place; `opaque` says whether the region is."""
    if top.is_opaque and opacity == 1:
        _copy(top, region)
        return
    if top.is_opaque and opaque:
        _blend(region, top, opacity, opaque)
        return
    pixels = _rgba(top)
    if opacity < 1:
        pixels = pixels.copy()
        pixels[..., 3] = np.rint(pixels[..., 3] * opacity)
    region[...] = np.asarray(Image.alpha_composite(_image(region, "RGBA"), _image(pixels, "RGBA")))


def _blend(out: Pixels, second: View, share: float, opaque: bool) -> bool:
    """Mix pixels into others, in place; `opaque` says whether those are. Return whether all are then."""
    pixels = _rgba(second)
    if opaque and second.is_opaque:
        out[...] = np.asarray(Image.blend(_image(out, "RGBX"), _image(pixels, "RGBX"), share))
        return True
    # Colors count as much as they are seen.
    weights = out[..., 3:] * np.float32(1 - share), pixels[..., 3:] * np.float32(share)
    alpha = weights[0] + weights[1]
    mixed = out[..., :3] * weights[0] + pixels[..., :3] * weights[1]
    out[..., :3] = np.rint(np.divide(mixed, alpha, out=np.zeros_like(mixed), where=alpha > 0))
    out[..., 3:] = np.rint(alpha)
    return False


def _rgba(view: View) -> Pixels:
    """Return pixels as contiguous RGBA; not a copy if they are."""
    if view.pixels.shape[2] == 4:
        return np.ascontiguousarray(view.pixels)
    rgba = np.empty((*view.pixels.shape[:2], 4), np.uint8)
    as_pixels(view.pixels, opaque=True, out=rgba)
    return rgba


def _image(pixels: Pixels, mode: str) -> Image.Image:
    """Return an image of RGBA pixels in their memory, if it is contiguous."""
    data: Any = np.ascontiguousarray(pixels).data
    return Image.frombuffer(mode, (pixels.shape[1], pixels.shape[0]), data, "raw", mode, 0, 1)
