"""Footage: the frames of one source over time, which are the leaves of a clip."""

from __future__ import annotations

import math
import uuid
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import Any, Protocol, Self, TypeAlias

import cloudpickle
import numpy as np

from ..drawing import DrawOptions
from ..errors import FrameError, OptionError
from ..frames import FrameSize
from ..params import Slices
from ..provenance import digest
from ..renderable import Renderable, spec_of
from ..rendering import FigureSpec, SourceSpec
from ..validation import in_short
from .nodes import Node
from .pictures import Frame, Picture, SizeOf
from .spans import Span, Use
from .times import middle, part_at

#: Which frame of a footage: its index, its exact time, or the frames of two joined ones.
FrameKey: TypeAlias = "int | Fraction | tuple[Frame, Frame]"


class Items(Protocol):
    """Parameters of frames."""

    def __len__(self) -> int: ...

    def __getitem__(self, idx: int, /) -> Any: ...


class _ByValue:
    """Equality by content, which is looked at when two of a kind are compared."""

    name: str

    @cached_property
    def _token(self) -> bytes:
        try:
            return digest(cloudpickle.dumps(self._content()))
        except Exception:  # cannot be pickled: equal to itself only
            return uuid.uuid4().bytes

    def _content(self) -> Any:
        raise NotImplementedError

    def _outline(self) -> tuple[Any, ...]:
        """Return what equal ones have in common and what is cheap to compare."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, _ByValue)
        return self._outline() == other._outline() and self._token == other._token

    def __hash__(self) -> int:
        return hash(self._outline())


@dataclass(frozen=True, eq=False, repr=False)
class Drawer(_ByValue):
    """What draws frames, and how.

    Attributes
    ----------
    source : Renderable or SourceSpec
        The caller's object, or what was made of an animation or an array.
    draw : DrawOptions
        How a figure becomes pixels.
    name : str
        What the source is called.
    enter, exit : callable or None
        Called with the copy that draws: after its ``setup()``, and before it is let go.
    is_drawn : bool
        True if it costs more to draw a frame than to read one.
    """

    source: Any
    draw: DrawOptions
    name: str
    enter: Callable[[Any], object] | None = None
    exit: Callable[[Any], object] | None = None
    is_drawn: bool = True

    def spec(self) -> SourceSpec:
        """Return what a process has to know to draw; calls the source's ``before_drawing()``."""
        if not isinstance(self.source, Renderable):
            spec: SourceSpec = self.source
            return spec
        made = spec_of(self.source, self.draw)
        if self.enter is None and self.exit is None:
            return made
        from .scene import SceneSpec

        assert isinstance(made, FigureSpec)
        return SceneSpec.of(made, self.enter, self.exit)

    def _content(self) -> Any:
        return self.source, self.draw, self.enter, self.exit

    def _outline(self) -> tuple[Any, ...]:
        return (self.name,)


class Footage(Node, _ByValue):
    """Frames of a source over time."""

    drawer: Drawer

    @property
    def is_plain(self) -> bool:
        """Whether its pictures are frames as they are drawn; always."""
        return True

    def params(self, key: FrameKey) -> Any:
        """Return the parameters of a frame."""
        raise NotImplementedError

    def frame_idx(self, key: FrameKey) -> int:
        """Return the index that ``update()`` gets with the parameters."""
        raise NotImplementedError

    def call(self, key: FrameKey) -> tuple[int, Any]:
        """Return the index and the parameters with which a frame is drawn.

        Raises
        ------
        FrameError
            If the caller's code for the parameters fails; its error is the ``__cause__``.
        """
        frame_idx = self.frame_idx(key)
        try:
            return frame_idx, self.params(key)
        except Exception as exc:
            raise FrameError.of(frame_idx, f"those of {self.key_text(key)}", exc) from exc

    def key_text(self, key: FrameKey) -> str:
        """Return which frame it is, in words."""
        raise NotImplementedError

    @property
    def first_key(self) -> FrameKey:
        """The key of its first frame."""
        raise NotImplementedError

    @property
    def children(self) -> tuple[Node, ...]:  # type: ignore[override]
        """Return nothing: it is a leaf."""
        return ()

    def footages(self) -> Iterator[Footage]:
        """Yield itself."""
        yield self

    def uses(self, span: Span) -> Iterator[Use]:
        """Yield its one use."""
        yield Use(self, span)

    def placed(self, span: Span) -> Iterator[tuple[Node, Span]]:
        """Yield nothing: it is a leaf."""
        yield from ()

    def size(self, size_of: SizeOf) -> FrameSize:
        """Return the size of the source's frames."""
        return size_of(self.drawer)

    def is_transparent(self, of: Callable[[Drawer], bool]) -> bool:
        """Return whether the source's frames are."""
        return of(self.drawer)


@dataclass(frozen=True, eq=False, repr=False)
class Frames(Footage):
    """The frames of a sequence of parameters.

    Attributes
    ----------
    drawer : Drawer
        What draws them.
    items : sequence
        The parameters, by frame index.
    fps : Fraction
        Frames per second.
    n : int
        Number of frames.
    """

    drawer: Drawer
    items: Items
    fps: Fraction
    n: int

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self.n / self.fps

    def at(self, t: Fraction) -> Picture:
        """Return the frame that is shown at a time; an edge between two frames shows the earlier."""
        return Frame(self, part_at(t, self.n, self.duration))

    def params(self, key: FrameKey) -> Any:
        """Return the parameters of a frame."""
        assert isinstance(key, int)
        return self.items[key]

    def frame_idx(self, key: FrameKey) -> int:
        """Return the index of a frame."""
        assert isinstance(key, int)
        return key

    def key_text(self, key: FrameKey) -> str:
        """Return the index of a frame, in words."""
        return f"frame {key}"

    @property
    def first_key(self) -> int:
        """Index of the first frame."""
        return 0

    def __str__(self) -> str:
        frames = "1 frame" if self.n == 1 else f"{self.n} frames"
        return f"Clip({self.drawer.name}, {frames}, {self.fps} fps)"

    def _content(self) -> Any:
        return self.drawer._content(), self.items, self.fps

    def _outline(self) -> tuple[Any, ...]:
        return self.drawer.name, self.n, self.fps


@dataclass(frozen=True, eq=False, repr=False)
class UnevenFrames(Frames):
    """Frames that are shown for different times.

    Attributes
    ----------
    durations : tuple of Fraction
        For how many seconds each is shown.
    """

    durations: tuple[Fraction, ...]

    @cached_property
    def _ends(self) -> list[Fraction]:
        return list(accumulate(self.durations))

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds."""
        return self._ends[-1]

    def at(self, t: Fraction) -> Picture:
        """Return the frame that is shown at a time; an edge between two frames shows the earlier."""
        return Frame(self, min(bisect_left(self._ends, t), self.n - 1))

    def _content(self) -> Any:
        return *super()._content(), self.durations


@dataclass(frozen=True, eq=False, repr=False)
class Motion(Footage):
    """Frames at any time, whose parameters are a function of the time.

    Attributes
    ----------
    drawer : Drawer
        What draws them.
    function : callable
        Returns the parameters, given a time in seconds.
    duration : Fraction
        Length in seconds.
    fps : Fraction
        Frames per second as long as nobody asks for others.
    """

    drawer: Drawer
    function: Callable[[float], Any]
    duration: Fraction
    fps: Fraction

    def at(self, t: Fraction) -> Picture:
        """Return the frame of a time."""
        return Frame(self, t)

    def params(self, key: FrameKey) -> Any:
        """Return the parameters of a time."""
        assert isinstance(key, Fraction)
        return self.function(float(key))

    def frame_idx(self, key: FrameKey) -> int:
        """Return the index of the frame that a time lies in."""
        assert isinstance(key, Fraction)
        return math.floor(key * self.fps)

    def key_text(self, key: FrameKey) -> str:
        """Return a time, in words."""
        assert isinstance(key, Fraction)
        return f"{float(key):g} s"

    @property
    def first_key(self) -> Fraction:
        """The middle of the first frame: no frame shows the time 0."""
        return middle(0, self.n_frames, self.duration)

    def __str__(self) -> str:
        name = getattr(self.function, "__name__", in_short(self.function))
        return f"Clip.from_function({self.drawer.name}, {name}, {float(self.duration):g} s)"

    def _content(self) -> Any:
        return self.drawer._content(), self.function, self.duration, self.fps

    def _outline(self) -> tuple[Any, ...]:
        return self.drawer.name, self.duration, self.fps


@dataclass(frozen=True, eq=False, repr=False)
class Joined(Footage):
    """Frames whose parameters are combined of those of two clips at the same time.

    Attributes
    ----------
    first, second : Node
        The clips; their pictures are frames. The source of the first draws.
    combine : callable
        Returns the parameters, given those of both.
    """

    first: Node
    second: Node
    combine: Callable[[Any, Any], Any]

    @cached_property
    def drawer(self) -> Drawer:  # type: ignore[override]
        """What draws the first clip."""
        drawers = {footage.drawer for footage in self.first.footages()}
        if len(drawers) > 1:
            names = " and ".join(sorted(drawer.name for drawer in drawers))
            raise OptionError(f"join() draws with one source, but this clip has several: {names}")
        return drawers.pop()

    @cached_property
    def duration(self) -> Fraction:  # type: ignore[override]
        """Length in seconds, of both."""
        return self.first.duration

    @cached_property
    def fps(self) -> Fraction:  # type: ignore[override]
        """Frames per second, of both."""
        return self.first.fps

    @cached_property
    def depth(self) -> int:
        """How many nodes lie in one another, at most, with those of both clips."""
        return 3 + max(self.first.depth, self.second.depth)

    def at(self, t: Fraction) -> Picture:
        """Return the frame of a time."""
        first, second = self.first.at(t), self.second.at(t)
        assert isinstance(first, Frame)
        assert isinstance(second, Frame)
        return Frame(self, (first, second))

    def params(self, key: FrameKey) -> Any:
        """Return the combined parameters."""
        assert isinstance(key, tuple)
        return self.combine(*(frame.footage.params(frame.key) for frame in key))

    def frame_idx(self, key: FrameKey) -> int:
        """Return the index that a frame has in the first clip."""
        assert isinstance(key, tuple)
        return key[0].footage.frame_idx(key[0].key)

    def key_text(self, key: FrameKey) -> str:
        """Return which frames of both clips are joined."""
        assert isinstance(key, tuple)
        return " and ".join(frame.footage.key_text(frame.key) for frame in key)

    @property
    def first_key(self) -> tuple[Frame, Frame]:
        """The frames in the middle of the first frame."""
        frame = self.frame_at(0, self.n_frames)
        assert isinstance(frame, Frame)
        assert isinstance(frame.key, tuple)
        return frame.key

    def __str__(self) -> str:
        name = getattr(self.combine, "__name__", in_short(self.combine))
        return f"{self.first}.join({self.second}, {name})"

    def _content(self) -> Any:
        return self.combine  # the outline has the clips, whose pickles depend on what was asked of them

    def _outline(self) -> tuple[Any, ...]:
        return self.first, self.second


class SlicedItems:
    """Parameters in arrays, which are read where they lie, a whole chunk at a time if it is small.

    Parameters
    ----------
    slices : Slices
        The parameters of all frames.
    """

    def __init__(self, slices: Slices) -> None:
        self._slices = slices
        self._run: tuple[int, Slices] | None = None

    def __len__(self) -> int:
        return len(self._slices)

    def __getitem__(self, idx: int) -> Any:
        from dask import config

        run = self._run
        if run is None or not run[0] <= idx < run[0] + len(run[1]):
            start, stop = self._bounds(idx)
            # In this thread, which draws: workers of a cluster would wait for each other.
            with config.set(scheduler="synchronous"):
                run = self._run = start, self._slices[start:stop].load()
        return run[1].pick(idx - run[0])

    def __getstate__(self) -> dict[str, Any]:
        return {"_slices": self._slices, "_run": None}

    def __deepcopy__(self, memo: object) -> Self:
        return type(self)(self._slices)

    def _bounds(self, idx: int) -> tuple[int, int]:
        from ..memory import CHUNK_READ_BYTES

        edges = np.asarray([0, *self._edges])
        at = int(np.searchsorted(edges, idx, "right"))
        start, stop = int(edges[at - 1]), int(edges[at])
        longest = max(1, int(CHUNK_READ_BYTES / max(self._slices.slice_bytes, 1)))
        if stop - start > longest:
            start += (idx - start) // longest * longest
            stop = min(stop, start + longest)
        return start, stop

    @cached_property
    def _edges(self) -> list[int]:
        return self._slices.edges()


@dataclass(frozen=True)
class Sent:
    """Stands for a `Drawer` where the tree of a clip has travelled to.

    Attributes
    ----------
    idx : int
        Which one.
    name : str
        As in `Drawer`.
    is_drawn : bool
        As in `Drawer`.
    """

    idx: int
    name: str
    is_drawn: bool = field(default=True, compare=False)
