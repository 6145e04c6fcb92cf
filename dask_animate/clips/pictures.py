"""Pictures: expressions of frames. Equal ones have equal pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from ..errors import FrameSizeError
from ..frames import FrameSize

if TYPE_CHECKING:
    from .footage import Drawer, Footage, FrameKey

#: Returns the size of the frames of a source.
SizeOf = Callable[["Drawer"], FrameSize]
#: Red, green, blue and alpha, from 0 to 255.
Color = tuple[int, int, int, int]
TRANSPARENT: Color = (0, 0, 0, 0)


class Picture(Protocol):
    """What is shown at one moment; hashable."""

    def leaves(self) -> Iterator[Frame]:
        """Yield the frames that it is made of, from back to front."""
        ...

    def size(self, size_of: SizeOf) -> FrameSize | None:
        """Return its size, or None if it fits any.

        Raises
        ------
        FrameSizeError
            If sizes do not fit; names both.
        """
        ...


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a source: a picture that is drawn.

    Attributes
    ----------
    footage : Footage
        Whose frame it is.
    key : int, Fraction or (Frame, Frame)
        Which one.
    """

    footage: Footage
    key: FrameKey

    def leaves(self) -> Iterator[Frame]:
        """Yield this frame."""
        yield self

    def size(self, size_of: SizeOf) -> FrameSize:
        """Return the size of the source's frames."""
        return size_of(self.footage.drawer)


@dataclass(frozen=True, slots=True)
class Plain:
    """One color everywhere, in any size."""

    color: Color

    def leaves(self) -> Iterator[Frame]:
        """Yield nothing."""
        yield from ()

    def size(self, size_of: SizeOf) -> None:
        """Return None."""


@dataclass(frozen=True, slots=True)
class Resize:
    """A picture in another size; a width or a height of None keeps the proportions."""

    inner: Picture
    width: int | None
    height: int | None
    filter: str

    def leaves(self) -> Iterator[Frame]:
        """Yield those of the picture."""
        return self.inner.leaves()

    def size(self, size_of: SizeOf) -> FrameSize:
        """Return the new size."""
        return resized(self.inner.size(size_of), self.width, self.height)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a smaller picture lies on a larger one.

    Attributes
    ----------
    x, y : int or Fraction
        An int is where its left or upper edge is, in pixels; a Fraction is the share of the free space
        that lies before it, such as 1/2 for the center.
    """

    x: int | Fraction
    y: int | Fraction

    def corner(self, outer: FrameSize, inner: FrameSize) -> tuple[int, int]:
        """Return the x and the y of the upper left corner, in pixels."""
        return _edge(self.x, outer.width - inner.width), _edge(self.y, outer.height - inner.height)


def _edge(place: int | Fraction, free: int) -> int:
    return place if isinstance(place, int) else int(place * free)


@dataclass(frozen=True, slots=True)
class Pad:
    """A picture with room around it."""

    inner: Picture
    width: int
    height: int
    place: Place
    color: Color

    def leaves(self) -> Iterator[Frame]:
        """Yield those of the picture."""
        return self.inner.leaves()

    def size(self, size_of: SizeOf) -> FrameSize:
        """Return the size with the room around it."""
        return padded(self.inner.size(size_of), self.width, self.height)


@dataclass(frozen=True, slots=True)
class Over:
    """A picture that lies over another; what reaches beyond that is not seen."""

    base: Picture
    top: Picture
    place: Place
    opacity: Fraction

    def leaves(self) -> Iterator[Frame]:
        """Yield those of the base, then those of the top."""
        yield from self.base.leaves()
        yield from self.top.leaves()

    def size(self, size_of: SizeOf) -> FrameSize | None:
        """Return that of the base, or of the top if the base fits any."""
        top = self.top.size(size_of)
        return self.base.size(size_of) or top


@dataclass(frozen=True, slots=True)
class Blend:
    """Two pictures of one size, mixed; `share` is that of the second."""

    first: Picture
    second: Picture
    share: Fraction

    def leaves(self) -> Iterator[Frame]:
        """Yield those of both."""
        yield from self.first.leaves()
        yield from self.second.leaves()

    def size(self, size_of: SizeOf) -> FrameSize | None:
        """Return that of both."""
        return same_size([self.first.size(size_of), self.second.size(size_of)], "mixed")


@dataclass(frozen=True, slots=True)
class Tiles:
    """Pictures in rows and columns; a plain one fills its cell."""

    rows: tuple[tuple[Picture, ...], ...]

    def leaves(self) -> Iterator[Frame]:
        """Yield those of all cells, row by row."""
        for row in self.rows:
            for cell in row:
                yield from cell.leaves()

    def size(self, size_of: SizeOf) -> FrameSize:
        """Return the size of all rows and columns together."""
        heights, widths = self.lengths(size_of)
        return FrameSize(sum(heights), sum(widths))

    def lengths(self, size_of: SizeOf) -> tuple[list[int], list[int]]:
        """Return the heights of the rows and the widths of the columns."""
        return tile_lengths([[cell.size(size_of) for cell in row] for row in self.rows])


def resized(size: FrameSize | None, width: int | None, height: int | None) -> FrameSize:
    """Return a new size; a width or a height of None keeps the proportions of the old one."""
    assert size is not None or (width is not None and height is not None)
    if height is None:
        assert size is not None
        assert width is not None
        return FrameSize(max(1, round(size.height * width / size.width)), width)
    if width is None:
        assert size is not None
        return FrameSize(height, max(1, round(size.width * height / size.height)))
    return FrameSize(height, width)


def padded(size: FrameSize | None, width: int, height: int) -> FrameSize:
    """Return the size of a picture with room around it; raise an error if it does not fit in."""
    outer = FrameSize(height, width)
    if size is not None and (size.width > width or size.height > height):
        raise FrameSizeError(f"a clip of {size} cannot be padded to {outer}: resize() it before")
    return outer


def same_size(sizes: Sequence[FrameSize | None], what: str) -> FrameSize | None:
    """Return the one size of pictures; None fits any. Raise an error that names two that differ."""
    known = [size for size in sizes if size is not None]
    for other in known[1:]:
        if other != known[0]:
            raise FrameSizeError(
                f"clips of {known[0]} and {other} cannot be {what}: resize() or pad() one of them"
            )
    return known[0] if known else None


def tile_lengths(cells: Sequence[Sequence[FrameSize | None]]) -> tuple[list[int], list[int]]:
    """Return the heights of rows and the widths of columns of cells; None fits any.

    Raises
    ------
    FrameSizeError
        If cells of a row differ in height, or those of a column in width.
    """
    heights = [
        _length([None if cell is None else cell.height for cell in row], "height", "beside")
        for row in cells
    ]
    columns = zip(*cells, strict=True)
    widths = [
        _length([None if cell is None else cell.width for cell in col], "width", "above")
        for col in columns
    ]
    return heights, widths


def _length(lengths: Sequence[int | None], what: str, how: str) -> int:
    known = [length for length in lengths if length is not None]
    for other in known[1:]:
        if other != known[0]:
            raise FrameSizeError(
                f"clips with a {what} of {known[0]} and of {other} pixels cannot be {how} each other: "
                f"resize() or pad() one of them"
            )
    return known[0]
