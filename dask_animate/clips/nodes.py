"""The nodes of a clip: each is a function of time, made of others. Time is exact, in fractions.

A node is asked for times from 0 to its duration. An edge between two frames, or between two parts,
belongs to the earlier one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from ..errors import OptionError
from ..frames import FrameSize
from .easing import Easing
from .pictures import (
    Blend,
    Color,
    Over,
    Pad,
    Picture,
    Place,
    Plain,
    Resize,
    SizeOf,
    Tiles,
    padded,
    resized,
    same_size,
    tile_lengths,
)
from .spans import Span, Use
from .times import count_frames, middle, part_at

if TYPE_CHECKING:
    from .footage import Drawer, Footage

_ZERO, _ONE = Fraction(0), Fraction(1)
_IN_A_ROW = "joined one after another"
_EMPTY = Plain((0, 0, 0, 255))


class Node:
    """A function of time; immutable, equal by value, cheap to make.

    Attributes
    ----------
    duration : Fraction
        Length in seconds.
    fps : Fraction
        Frames per second in which its frames are counted.
    children : tuple of Node
        The nodes that it is made of.
    """

    duration: Fraction
    fps: Fraction
    children: tuple[Node, ...]
    _own_depth = 1

    @property
    def n_frames(self) -> int:
        """Number of frames at its own rate."""
        return count_frames(self.duration, self.fps)

    @cached_property
    def depth(self) -> int:
        """How many nodes lie in one another, at most; those that call several functions count twice."""
        return self._own_depth + max((node.depth for node in self.children), default=0)

    @property
    def is_plain(self) -> bool:
        """Whether its pictures are frames as they are drawn."""
        return False

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        raise NotImplementedError

    def frame_at(self, idx: int, n_frames: int) -> Picture:
        """Return what frame `idx` of `n_frames` shows, which is what is shown in its middle."""
        return self.at(middle(idx, n_frames, self.duration))

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the nodes inside and where they are shown, given where this one is."""
        raise NotImplementedError

    def uses(self, span: Span) -> Iterator[Use]:
        """Yield the footages and where they are shown, given where this node is."""
        for node, inner in self.placed(span):
            yield from node.uses(inner)

    def footages(self) -> Iterator[Footage]:
        """Yield the leaves; some may come several times."""
        for node in self.children:
            yield from node.footages()

    def size(self, size_of: SizeOf) -> FrameSize | None:
        """Return the size of all its pictures; None if they fit any.

        Raises
        ------
        FrameSizeError
            If sizes do not fit; names both.
        """
        return self.children[0].size(size_of)

    def is_transparent(self, of: Callable[[Drawer], bool]) -> bool:
        """Return whether its pictures have an alpha channel that counts, given which sources do."""
        return any(node.is_transparent(of) for node in self.children)

    @property
    def whole(self) -> Span:
        """The span of all of it."""
        return Span(_ZERO, self.duration)


@dataclass(frozen=True)
class _Inside(Node):
    """A node that shows another one."""

    inner: Node

    @property
    def children(self) -> tuple[Node, ...]:  # type: ignore[override]
        """The one that it shows."""
        return (self.inner,)

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self.inner.duration

    @cached_property
    def fps(self) -> Fraction:  # type: ignore[override]
        """Frames per second."""
        return self.inner.fps

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the inner node at the same times."""
        yield self.inner, span


class _Retimed(_Inside):
    """A node that shows another one at other times."""

    @property
    def is_plain(self) -> bool:
        """Whether the inner one is."""
        return self.inner.is_plain


@dataclass(frozen=True)
class Cut(_Retimed):
    """A part of a clip."""

    start: Fraction
    length: Fraction

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self.length

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return self.inner.at(self.start + t)

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the inner node, later."""
        yield self.inner, span.mapped(_ONE, self.start)

    def __str__(self) -> str:
        return f"{self.inner}.crop({_seconds(self.start)}, {_seconds(self.start + self.length)})"


@dataclass(frozen=True)
class Reverse(_Retimed):
    """A clip that runs backwards."""

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return self.inner.at(self.duration - t)

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the inner node, backwards."""
        yield self.inner, span.mapped(-_ONE, self.duration)

    def __str__(self) -> str:
        return f"{self.inner}.reverse()"


@dataclass(frozen=True)
class Speed(_Retimed):
    """A clip that runs faster or slower."""

    rate: Fraction

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self.inner.duration / self.rate

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return self.inner.at(t * self.rate)

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the inner node at its rate."""
        yield self.inner, span.mapped(self.rate, _ZERO)

    def __str__(self) -> str:
        return f"{self.inner}.speed({_number(self.rate)})"


@dataclass(frozen=True)
class Ease(_Retimed):
    """A clip whose time follows a curve. One time gives one float, and so one picture."""

    easing: Easing

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        share = self.easing(float(t / self.duration))
        return self.inner.at(Fraction(share) * self.duration)

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the inner node at times that are not known."""
        yield self.inner, span.along_curve(self.duration)

    def __str__(self) -> str:
        return f"{self.inner}.ease({self.easing})"


@dataclass(frozen=True)
class Steps(_Retimed):
    """A clip of so many frames a second, each of which shows what is shown in its middle."""

    rate: Fraction

    @cached_property
    def fps(self) -> Fraction:  # type: ignore[override]
        """Frames per second."""
        return self.rate

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        n = self.n_frames
        return self.inner.frame_at(part_at(t, n, self.duration), n)

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the inner node, in steps."""
        yield self.inner, span.stepped(self.duration / self.n_frames)

    def __str__(self) -> str:
        return f"{self.inner}.at_fps({_number(self.rate)})"


@dataclass(frozen=True)
class Hold(_Retimed):
    """A clip that stands still for a while."""

    seconds: Fraction
    moment: Fraction

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self.inner.duration + self.seconds

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return self.inner.at(min(t, max(self.moment, t - self.seconds)))

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the inner node before, meanwhile and after."""
        moment, after = self.moment, self.moment + self.seconds
        if before := span.within(_ZERO, moment):
            yield self.inner, before
        if still := span.within(moment, after):
            yield self.inner, still.mapped(_ZERO, moment)
        if rest := span.within(after, self.duration):
            yield self.inner, rest.mapped(_ONE, -self.seconds)

    def __str__(self) -> str:
        return f"{self.inner}.hold({_seconds(self.seconds)}, at={_seconds(self.moment)})"


@dataclass(frozen=True)
class Repeat(_Retimed):
    """A clip that is shown several times."""

    n: int

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self.inner.duration * self.n

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return self.inner.at(t - self.inner.duration * part_at(t, self.n, self.duration))

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the inner node once for each time that it is shown."""
        length = self.inner.duration
        low, high = span.inner
        for k in range(part_at(low, self.n, self.duration), part_at(high, self.n, self.duration) + 1):
            if one := span.within(k * length, (k + 1) * length):
                yield self.inner, one.mapped(_ONE, -k * length)

    def __str__(self) -> str:
        return f"{self.inner}.repeat({self.n})"


@dataclass(frozen=True)
class Sequel(Node):
    """Clips one after another."""

    parts: tuple[Node, ...]

    @classmethod
    def of(cls, first: Node, second: Node) -> Sequel:
        """Return one clip and then another one; parts that they have are its parts."""
        fps = same_rate((first, second), _IN_A_ROW)
        sequels = [node if isinstance(node, cls) else cls((node,)) for node in (first, second)]
        before, after = sequels
        joined = cls(before.parts + after.parts)
        # What is known of both is not found out again, lest a loop that adds parts takes long.
        edges = before._edges + [before.duration + edge for edge in after._edges[1:]]
        vars(joined).update(fps=fps, _edges=edges)
        return joined

    @property
    def children(self) -> tuple[Node, ...]:  # type: ignore[override]
        """The clips."""
        return self.parts

    @property
    def is_plain(self) -> bool:
        """Whether all of them are."""
        return all(part.is_plain for part in self.parts)

    @cached_property
    def _edges(self) -> list[Fraction]:
        return list(accumulate((part.duration for part in self.parts), initial=_ZERO))

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self._edges[-1]

    @cached_property
    def fps(self) -> Fraction:  # type: ignore[override]
        """Frames per second, of all."""
        return same_rate(self.parts, _IN_A_ROW)

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        idx = min(max(bisect_left(self._edges, t), 1), len(self.parts)) - 1
        return self.parts[idx].at(t - self._edges[idx])

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the clips, each in its turn."""
        for part, (start, end) in zip(self.parts, pairwise(self._edges), strict=True):
            if inner := span.within(start, end):
                yield part, inner.mapped(_ONE, -start)

    def size(self, size_of: SizeOf) -> FrameSize | None:
        """Return the size of all."""
        return same_size([part.size(size_of) for part in self.parts], _IN_A_ROW)

    def __str__(self) -> str:
        return "(" + " + ".join(map(str, self.parts)) + ")"


@dataclass(frozen=True)
class Named(_Retimed):
    """A clip with a name."""

    name: str

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return self.inner.at(t)

    def __str__(self) -> str:
        return f"{self.inner}.named({self.name!r})"


@dataclass(frozen=True)
class Crossfade(Node):
    """A clip that becomes another one."""

    first: Node
    second: Node
    seconds: Fraction

    @property
    def children(self) -> tuple[Node, ...]:  # type: ignore[override]
        """Both."""
        return self.first, self.second

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self.first.duration + self.second.duration - self.seconds

    @cached_property
    def fps(self) -> Fraction:  # type: ignore[override]
        """Frames per second, of both."""
        return same_rate(self.children, "faded into each other")

    @property
    def _start(self) -> Fraction:
        return self.first.duration - self.seconds

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        if t <= self._start:
            return self.first.at(t)
        if t > self.first.duration:
            return self.second.at(t - self._start)
        share = (t - self._start) / self.seconds
        return Blend(self.first.at(t), self.second.at(t - self._start), share)

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield both, each in its time."""
        if first := span.within(_ZERO, self.first.duration):
            yield self.first, first
        if second := span.within(self._start, self.duration):
            yield self.second, second.mapped(_ONE, -self._start)

    def size(self, size_of: SizeOf) -> FrameSize | None:
        """Return the size of both."""
        return same_size([node.size(size_of) for node in self.children], "faded into each other")

    def __str__(self) -> str:
        return f"{self.first}.crossfade({self.second}, {_seconds(self.seconds)})"


@dataclass(frozen=True)
class Fade(_Inside):
    """A clip that appears out of a color, or disappears into it."""

    seconds: Fraction
    color: Color
    is_in: bool
    _own_depth = 2

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        picture = self.inner.at(t)
        share = (t if self.is_in else self.duration - t) / self.seconds
        return picture if share >= 1 else Blend(Plain(self.color), picture, share)

    def is_transparent(self, of: Callable[[Drawer], bool]) -> bool:
        """Return whether the clip is, or the color."""
        return self.color[3] < 255 or super().is_transparent(of)

    def __str__(self) -> str:
        return f"{self.inner}.fade_{'in' if self.is_in else 'out'}({_seconds(self.seconds)})"


@dataclass(frozen=True)
class Overlay(Node):
    """A clip with another one over it for a while."""

    base: Node
    top: Node
    place: Place
    opacity: Fraction
    start: Fraction

    @property
    def children(self) -> tuple[Node, ...]:  # type: ignore[override]
        """Both."""
        return self.base, self.top

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds, of the base."""
        return self.base.duration

    @cached_property
    def fps(self) -> Fraction:  # type: ignore[override]
        """Frames per second, of both."""
        return same_rate(self.children, "laid over each other")

    @property
    def _end(self) -> Fraction:
        return min(self.start + self.top.duration, self.duration)

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        picture = self.base.at(t)
        if not self.start < t <= self._end:
            return picture
        return Over(picture, self.top.at(t - self.start), self.place, self.opacity)

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield the base, and the top in its time."""
        yield self.base, span
        if inner := span.within(self.start, self._end):
            yield self.top, inner.mapped(_ONE, -self.start)

    def size(self, size_of: SizeOf) -> FrameSize | None:
        """Return the size of the base."""
        self.top.size(size_of)  # an error, if its parts do not fit
        return self.base.size(size_of)

    def is_transparent(self, of: Callable[[Drawer], bool]) -> bool:
        """Return whether the base is."""
        return self.base.is_transparent(of)

    def __str__(self) -> str:
        return f"{self.base}.overlay({self.top})"


@dataclass(frozen=True)
class Grid(Node):
    """Clips in rows and columns; cells of None are black."""

    rows: tuple[tuple[Node | None, ...], ...]
    _own_depth = 2

    @cached_property
    def children(self) -> tuple[Node, ...]:  # type: ignore[override]
        """The clips, row by row."""
        return tuple(node for row in self.rows for node in row if node is not None)

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds, of all."""
        first = self.children[0]
        for other in self.children[1:]:
            if other.duration != first.duration:
                raise OptionError(
                    f"clips of {_seconds(first.duration)} and {_seconds(other.duration)} seconds cannot "
                    f"be shown beside each other: crop(), hold() or to_duration() one of them"
                )
        return first.duration

    @cached_property
    def fps(self) -> Fraction:  # type: ignore[override]
        """Frames per second, of all."""
        return same_rate(self.children, "shown beside each other")

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return Tiles(
            tuple(tuple(_EMPTY if node is None else node.at(t) for node in row) for row in self.rows)
        )

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield all of them."""
        for node in self.children:
            yield node, span

    def size(self, size_of: SizeOf) -> FrameSize:
        """Return the size of all together."""
        cells = [[None if node is None else node.size(size_of) for node in row] for row in self.rows]
        heights, widths = tile_lengths(cells)
        return FrameSize(sum(heights), sum(widths))

    def __str__(self) -> str:
        rows = (", ".join("None" if node is None else str(node) for node in row) for row in self.rows)
        return "Clip.grid([" + "], [".join(rows) + "])"


@dataclass(frozen=True)
class Resized(_Inside):
    """A clip in another size."""

    width: int | None
    height: int | None
    filter: str

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return Resize(self.inner.at(t), self.width, self.height, self.filter)

    def size(self, size_of: SizeOf) -> FrameSize:
        """Return the new size."""
        return resized(self.inner.size(size_of), self.width, self.height)

    def __str__(self) -> str:
        return f"{self.inner}.resize({self.width}, {self.height})"


@dataclass(frozen=True)
class Padded(_Inside):
    """A clip with room around it."""

    width: int
    height: int
    place: Place
    color: Color

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return Pad(self.inner.at(t), self.width, self.height, self.place, self.color)

    def size(self, size_of: SizeOf) -> FrameSize:
        """Return the size with the room around it."""
        return padded(self.inner.size(size_of), self.width, self.height)

    def is_transparent(self, of: Callable[[Drawer], bool]) -> bool:
        """Return whether the clip is, or the room."""
        return self.color[3] < 255 or super().is_transparent(of)

    def __str__(self) -> str:
        return f"{self.inner}.pad({self.width}, {self.height})"


@dataclass(frozen=True)
class Background(_Inside):
    """A clip on a color."""

    color: Color

    def at(self, t: Fraction) -> Picture:
        """Return what is shown at a time."""
        return Over(Plain(self.color), self.inner.at(t), Place(0, 0), _ONE)

    def is_transparent(self, of: Callable[[Drawer], bool]) -> bool:
        """Return whether both the clip and the color are."""
        return self.color[3] < 255 and super().is_transparent(of)

    def __str__(self) -> str:
        return f"{self.inner}.background({to_hex(self.color)!r})"


def to_hex(color: Color) -> str:
    """Return a color as it is written in HTML, with its alpha."""
    return "#" + bytes(color).hex()


def same_rate(nodes: tuple[Node, ...], what: str) -> Fraction:
    """Return the one frame rate of nodes, or raise an error that names two that differ."""
    first = nodes[0].fps
    for other in nodes[1:]:
        if other.fps != first:
            raise OptionError(
                f"clips of {_number(first)} and {_number(other.fps)} frames per second cannot be "
                f"{what}: at_fps() converts one of them"
            )
    return first


def _number(value: Fraction) -> str:
    return str(value) if value.denominator < 10_000 else f"{float(value):g}"


def _seconds(value: Fraction) -> str:
    return f"{float(value):.6g}"
