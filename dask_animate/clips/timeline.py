"""What is shown when: the chapters of a clip, and a picture of its parts."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from matplotlib import colormaps
from matplotlib.figure import Figure

from ..data_url import data_url
from ..drawing import IsolatedState
from ..encoding import OutputFile
from ..errors import OptionError, OutputError
from .footage import Footage
from .nodes import Grid, Named, Node, Overlay
from .spans import Span, Use
from .times import count_frames


def chapters_of(root: Node, fps: Fraction) -> list[tuple[str, float]]:
    """Return the names of parts and when they start, in seconds; the first starts at 0."""
    n_frames = count_frames(root.duration, fps)
    starts: dict[int, str] = {}
    for name, span in named(root, root.whole, main=True):
        frame = round(span.start * fps)
        if frame < n_frames:
            starts.setdefault(frame, name)
    if starts:
        starts.setdefault(0, "Start")
    return [(name, float(frame / fps)) for frame, name in sorted(starts.items())]


def named(node: Node, span: Span, *, main: bool = False) -> Iterator[tuple[str, Span]]:
    """Yield the names of parts, and where they are; with `main`, only of those that fill the picture."""
    if isinstance(node, Named):
        yield node.name, span
        return
    if main and (isinstance(node, Grid) or span.eased is not None):
        return
    for child, inner in node.placed(span):
        if not (main and isinstance(node, Overlay) and child is node.top):
            yield from named(child, inner, main=main)


@dataclass(frozen=True, eq=False)
class Timeline:
    """A picture of what a clip shows when; displays itself in a notebook.

    Each footage has a row. A bar is a stretch in which it is shown, and the line in it rises from the
    start of the footage at the bottom to its end at the top: it falls where the footage runs backwards,
    and is flat where it stands still. Where the time follows a curve, the bar is hatched.

    Attributes
    ----------
    duration : float
        Length of the clip, in seconds.
    uses : tuple of Use
        The footages and where they are shown.
    names : tuple of (str, float, float)
        Names of parts, and the seconds at which they start and end.
    """

    duration: float
    uses: tuple[Use, ...] = field(repr=False)
    names: tuple[tuple[str, float, float], ...]

    @classmethod
    def of(cls, root: Node) -> Timeline:
        """Return that of a clip."""
        names = [(name, float(span.start), float(span.end)) for name, span in named(root, root.whole)]
        return cls(float(root.duration), tuple(root.uses(root.whole)), tuple(names))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, whose suffix is one that matplotlib knows, such as ``.png``.

        Missing directories are created. A file that exists is replaced when the picture is complete.

        Raises
        ------
        OptionError, OptionTypeError
            If `path` is none, or has another suffix.
        OutputError
            If the file cannot be written.
        """
        with OutputFile(path, "path") as file, IsolatedState().active():
            figure = self._figure()
            known = figure.canvas.get_supported_filetypes()
            suffix = file.path.suffix.lower().removeprefix(".")
            if suffix not in known:
                raise OptionError(
                    f"path must end in one of .{', .'.join(sorted(known))}, got {str(path)!r}"
                )
            try:
                figure.savefig(file.temporary, format=suffix)
            except OSError as exc:
                raise OutputError(f"cannot write {path}: {exc.strerror or exc}") from exc
            file.commit()

    def html(self, note: str = "") -> str:
        """Return the picture as HTML, with its duration and a note below."""
        text = f"{self.duration:g} s{note and ', '}{note}"
        image = data_url("image/png", self._repr_png_())
        return f'<img src="{image}" alt="Timeline"><div>{text}</div>'

    def _repr_png_(self) -> bytes:
        png = io.BytesIO()
        with IsolatedState().active():
            self._figure().savefig(png, format="png")
        return png.getvalue()

    def _figure(self) -> Figure:
        rows: dict[Footage, int] = {}
        for use in self.uses:
            rows.setdefault(use.footage, len(rows))
        n_rows = len(rows) + bool(self.names)
        figure = Figure(figsize=(9, 0.7 + 0.45 * n_rows), dpi=100, layout="constrained")
        axes = figure.subplots()
        colors = colormaps["tab10"]
        for use in self.uses:
            row = rows[use.footage]
            start, end = float(use.span.start), float(use.span.end)
            is_eased = use.span.eased is not None
            hatch = "///" if is_eased else None
            axes.broken_barh(
                [(start, end - start)], (row - 0.4, 0.8), color=(*colors(row % 10)[:3], 0.3), hatch=hatch
            )
            if not is_eased:
                length = float(use.footage.duration)
                shown = [
                    float(use.span.rate * t + use.span.offset) for t in (use.span.start, use.span.end)
                ]
                heights = [row + 0.4 - 0.8 * t / length for t in shown]
                axes.plot((start, end), heights, color=colors(row % 10), linewidth=1.5)
        for name, start, end in self.names:
            axes.broken_barh([(start, end - start)], (-1.4, 0.8), color="0.85", edgecolor="white")
            axes.text((start + end) / 2, -1, name, ha="center", va="center", clip_on=True, fontsize=9)
        labels = [f"{footage.drawer.name} {row + 1}" for footage, row in rows.items()]
        axes.set(xlim=(0, self.duration), ylim=(len(rows) - 0.5, -1.5 if self.names else -0.5))
        axes.set_yticks(range(len(rows)), labels)
        axes.set_xlabel("seconds")
        return figure
