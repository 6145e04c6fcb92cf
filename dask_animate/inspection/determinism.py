"""Whether an animator's frames depend on anything but their arguments."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axis import Axis, Tick
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..blitting import ChangeDetector, n_categories
from ..drawing import DrawSession, FigureSource, open_figures
from ..rendering import FigureSpec, Renderer
from .contact_sheet import ContactSheet, make_sheet, spread

#: Frames in a row that are drawn at each place: enough for what happens every second or third frame.
IN_A_ROW = 3


@dataclass(frozen=True)
class Finding:
    """A frame that is not what it should be.

    Attributes
    ----------
    frame_idx : int
        Its index.
    cause : {"random", "history", "blit"}
        "random": drawn twice from the same, it differs. "history": it differs after other frames.
        "blit": it changes something without telling matplotlib.
    n_pixels : int
        Pixels that differ.
    """

    frame_idx: int
    cause: str
    n_pixels: int


@dataclass(frozen=True, eq=False)
class CheckReport:
    """What `Animator.check` found; shows itself in a notebook, and as text.

    Attributes
    ----------
    frame_idx : tuple of int
        The frames that were drawn.
    findings : tuple of Finding
        Frames that depend on something other than their arguments.
    left_behind : tuple of str
        What `update` leaves behind, in words.
    unseen : tuple of str
        What `update` changes without matplotlib being told, in words; whether or not that shows in
        these frames.
    sheet : ContactSheet or None
        Of the first findings: the frame alone, the frame as it also came out, and where they differ.
    """

    frame_idx: tuple[int, ...]
    findings: tuple[Finding, ...]
    left_behind: tuple[str, ...]
    unseen: tuple[str, ...]
    sheet: ContactSheet | None = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether all frames depend on their arguments alone, and nothing changes unseen."""
        return not self.findings and not self.unseen

    def __str__(self) -> str:
        drawn = f"{len(self.frame_idx)} frames drawn alone, in order and shuffled: "
        differ = f"{len(self.findings)} differ" if self.findings else "all of them the same"
        lines = [drawn + differ]
        for cause, words in _WORDS.items():
            found = [finding for finding in self.findings if finding.cause == cause]
            if found:
                which = ", ".join(f"{finding.frame_idx}" for finding in found)
                most = max(finding.n_pixels for finding in found)
                lines.append(f"frames {which}, in up to {most} pixels: {words}")
        lines += [f"update() {what}" for what in self.left_behind]
        if self.unseen:
            lines.append(f"update() changes {'; '.join(self.unseen[:5])}: {_WORDS['blit']}")
        return "\n".join(lines)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/plain": str(self)}
        if self.sheet is not None:
            bundle["image/png"] = self.sheet._repr_png_()
        return bundle


# Types of attributes that are data, rather than artists.
_PLAIN = (
    *(bool, int, float, str, bytes, list, tuple, dict, set, np.ndarray),
    *(random.Random, np.random.RandomState, np.random.Generator),
)

# What is counted; how many more after each frame are too many, at least one in all; what to do.
_COUNTED = {
    "artists on the figure": (1, "change those that are there, or remove those of the frame before"),
    "figures open": (1, "open them in setup(), or close them"),
    "categories on axes": (
        0,
        "give all of them in setup(), in order, since places go by who comes first",
    ),
}

_WORDS = {
    "random": "another picture each time, from the same arguments and the same seed. Random numbers "
    "have to come from NumPy's or Python's global state, or from a generator that update() seeds",
    "history": "another picture after other frames than alone. update() has to set all that it ever "
    "changes, for every frame, and cannot go on with a random generator that it keeps",
    "blit": "something changes without matplotlib being told. Use the setters, or set "
    "artist.stale = True after changing an array in place",
}


class Checker:
    """Draws sampled frames in several ways, and compares.

    Parameters
    ----------
    job : FigureSpec
        What draws them.
    chosen : sequence of (int, object)
        Frame indices and parameters, in order.
    """

    def __init__(self, job: FigureSpec, chosen: Sequence[tuple[int, Any]]) -> None:
        self._job = job
        self._chosen = chosen
        self._findings: dict[int, Finding] = {}
        self._pictures: list[tuple[int, NDArray[np.uint8]]] = []

    def report(self) -> CheckReport:
        """Draw the frames and tell what was found."""
        alone = dict(self._alone())
        self._compare(alone, self._alone(), "random")
        self._compare(alone, self._in_turn(self._chosen), "history")
        order = np.random.default_rng(0).permutation(len(self._chosen))
        self._compare(alone, self._in_turn([self._chosen[i] for i in order]), "history")
        if not self._findings:
            self._compare(alone, self._blitted(), "blit")
        return CheckReport(
            tuple(idx for idx, _ in self._chosen),
            tuple(self._findings[idx] for idx in sorted(self._findings)),
            *self._observed(),
            self._sheet(),
        )

    def _alone(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for frame_idx, params in self._chosen:
            with closing(Renderer(self._job)) as renderer:
                yield frame_idx, renderer.frame(frame_idx, params)

    def _in_turn(self, chosen: Sequence[tuple[int, Any]]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        with closing(Renderer(self._job)) as renderer:
            for frame_idx, params in chosen:
                yield frame_idx, renderer.frame(frame_idx, params)

    def _blitted(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        job = replace(self._job, draw=replace(self._job.draw, redraw="blit"))
        yield from Checker(job, self._chosen)._in_turn(self._chosen)

    def _compare(
        self,
        alone: dict[int, NDArray[np.uint8]],
        others: Iterable[tuple[int, NDArray[np.uint8]]],
        cause: str,
    ) -> None:
        for frame_idx, picture in others:
            differs = (alone[frame_idx] != picture).any(axis=-1)
            if differs.any() and frame_idx not in self._findings:
                self._findings[frame_idx] = Finding(frame_idx, cause, int(differs.sum()))
                if len(self._pictures) < 9:
                    where = np.full_like(picture, 255)
                    where[differs] = (200, 0, 60)
                    for shown in (alone[frame_idx], picture, where):
                        self._pictures.append((frame_idx, shown))

    def _sheet(self) -> ContactSheet | None:
        if not self._pictures:
            return None
        idx, pictures = zip(*self._pictures, strict=True)
        titles = ("alone: ", "as it also came out: ", "where they differ: ")
        return make_sheet(idx, pictures, n_columns=3, titles=titles)

    def _observed(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Draw the frames in order; return what `update` leaves behind, and what it changes unseen."""
        observed = _Observed(self._job.load())
        states = []
        with closing(observed), closing(self._source(observed)) as source:
            for frame_idx, params in self._chosen:
                source.draw(frame_idx, params, DrawSession())
                with source.isolated():
                    states.append(observed.state())
        depends = any(finding.cause == "history" for finding in self._findings.values())
        return tuple(_left_behind(states, depends)), tuple(observed.detector.unannounced)

    def _source(self, animator: Any) -> FigureSource:
        return FigureSource(lambda: animator, self._job.draw, self._job.settings)


class _State(NamedTuple):
    """What there is after a frame.

    Attributes
    ----------
    counts : dict of str to int
        How many artists, figures, categories there are.
    attributes : dict of str to bytes
        The animator's attributes that are plain data.
    """

    counts: dict[str, int]
    attributes: dict[str, bytes]


def _left_behind(states: Sequence[_State], depends: bool) -> Iterator[str]:
    """Yield what is there after all frames, and was not, or not so, after the first."""
    first, last = states[0], states[-1]
    n_more = len(states) - 1
    for what, (n_each, advice) in _COUNTED.items():
        n_first, n_last = first.counts[what], last.counts[what]
        if n_more and n_last - n_first >= max(1, n_each * n_more):
            yield (
                f"leaves {what}: there are {n_first} after one frame, {n_last} after {n_more + 1}; "
                f"{advice}"
            )
    changed = [name for name, data in last.attributes.items() if first.attributes.get(name) != data]
    if changed and depends:
        yield "changes " + ", ".join(f"self.{name}" for name in sorted(changed))


class _Observed:
    """An animator whose figure can be looked at."""

    def __init__(self, animator: Any) -> None:
        self._animator = animator
        self._figure: Any = None
        self.detector = ChangeDetector(animator)

    def setup(self) -> Any:
        self._figure = self._animator.setup()
        return self._figure

    def update(self, frame_idx: int, params: Any) -> None:
        with self.detector.watching(self._figure):
            self._animator.update(frame_idx, params)

    def close(self) -> None:
        self.detector.close()

    def state(self) -> _State:
        attributes = {}
        for name, value in vars(self._animator).items():
            if isinstance(value, _PLAIN):
                with suppress(Exception):  # it holds what cannot be pickled, artists perhaps
                    attributes[name] = pickle.dumps(value)
        figures = {id(figure): figure for figure in [self._figure, *open_figures()]}.values()
        units = {id(unit): unit for axis in self._figure.findobj(Axis) if (unit := axis.get_units())}
        counts = {
            "artists on the figure": _n_artists(self._figure),
            "figures open": len(figures),
            "categories on axes": sum(map(n_categories, units.values())),
        }
        return _State(counts, attributes)


def _n_artists(figure: Figure) -> int:
    """Count a figure's artists, but for ticks, which matplotlib makes as it needs them and keeps."""
    artists = figure.findobj()
    return len(artists) - sum(len(tick.findobj()) for tick in artists if isinstance(tick, Tick))


def choose(items: Iterable[Any], n: int, total: int | None) -> list[tuple[int, Any]]:
    """Pick about `n` frames, some in a row at places that are spread over all of them.

    Parameters
    ----------
    items : iterable
        Parameters, in frame order; those not chosen are not read if they can be had by their index.
    n : int
        Number of frames, rounded up to whole rows of `IN_A_ROW`.
    total : int or None
        How many items there are, if that is known.
    """
    iterator = enumerate(items)
    rows = iter(lambda: list(islice(iterator, IN_A_ROW)), [])
    n_rows = None if total is None else -(-total // IN_A_ROW)
    if hasattr(items, "__getitem__") and total is not None and n_rows is not None:
        chosen = [IN_A_ROW * row for row, _ in spread(range(n_rows), -(-n // IN_A_ROW), n_rows)]
        indices = [idx for first in chosen for idx in range(first, first + IN_A_ROW) if idx < total]
        return [(idx, items[idx]) for idx in indices]
    return [frame for _, row in spread(rows, -(-n // IN_A_ROW), n_rows) for frame in row]
