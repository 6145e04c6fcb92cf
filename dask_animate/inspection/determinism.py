"""The determinism check: whether an animator's frames depend on anything but their arguments."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..blitting import ChangeDetector
from ..data_url import data_url
from ..drawing import DrawSession, FigureSource
from ..rendering import DrawnSpec, FigureSpec, Renderer, SourceSpec
from .contact_sheet import ContactSheet, make_sheet
from .side_effects import FrameState, frame_state, side_effects

# Findings on the report's contact sheet.
_N_SHOWN = 3

_EXPLANATIONS = {
    "random": "the same arguments and the same seed give another picture each time. Random numbers must "
    "come from NumPy's or Python's global state, or from a generator that is made with a fixed seed: in "
    "setup() such as default_rng(0), in {method}() such as default_rng(frame_idx)",
    "history": "the picture after other frames is not that of the frame drawn alone. {method}() must "
    "set everything that it ever changes, for every frame, and must not continue a random generator "
    "that it keeps",
    "blit": "something changes without being marked stale. Use the setters, or set artist.stale = True "
    "after changing an array in place",
}


@dataclass(frozen=True)
class Finding:
    """A frame that depends on more than its arguments.

    Attributes
    ----------
    frame_idx : int
        Index of the frame.
    cause : {"random", "history", "blit"}
        "random": two figures of the same seed give different pixels. "history": the pixels depend on the
        frames drawn before. "blit": incremental drawing misses a change that is not marked stale.
    n_pixels : int
        Number of pixels that differ.
    """

    frame_idx: int
    cause: str
    n_pixels: int


@dataclass(frozen=True, eq=False, repr=False)
class CheckReport:
    """The findings of `Animator.check`; displays itself in a notebook, and as text.

    Attributes
    ----------
    frame_idx : tuple of int
        Indices of the frames that were drawn.
    findings : tuple of Finding
        Frames that depend on more than their arguments.
    left_behind : tuple of str
        Descriptions of what `update` leaves behind.
    unseen : tuple of str
        Descriptions of what `update` changes without marking it stale, whether or not that shows in
        these frames.
    all_alike : bool
        True if several frames were drawn and all of them look alike. They may be meant to.
    sheet : ContactSheet or None
        For the first findings, the frame drawn alone, the frame as it also came out, and where they
        differ.
    method : {"update", "draw"}
        Name of the method that shows a frame: that of an `Animator` or of a `FrameSource`.
    """

    frame_idx: tuple[int, ...]
    findings: tuple[Finding, ...]
    left_behind: tuple[str, ...]
    unseen: tuple[str, ...]
    all_alike: bool
    sheet: ContactSheet | None
    method: str = "update"

    @property
    def ok(self) -> bool:
        """True if all frames depend on their arguments alone and all changes are marked stale."""
        return not self.findings and not self.unseen

    def __str__(self) -> str:
        lines = [self._summary()]
        if self.all_alike and self.findings:
            lines.append("drawn alone, all sampled frames look alike: they show what others left")
        elif self.all_alike:
            why = "update() may not change the figure that setup() returned"
            why = why if self.method == "update" else f"{self.method}() may not use its arguments"
            lines.append(f"all sampled frames look alike: {why}")
        for cause, explanation in _EXPLANATIONS.items():
            found = [finding for finding in self.findings if finding.cause == cause]
            if found:
                which = ", ".join(f"{finding.frame_idx}" for finding in found)
                most = max(finding.n_pixels for finding in found)
                why = explanation.format(method=self.method)
                lines.append(f"frames {which}, in up to {most} pixels: {why}")
        lines += [f"update() {what}" for what in self.left_behind]
        if self.unseen:
            lines.append(f"update() changes {'; '.join(self.unseen[:5])}: {_EXPLANATIONS['blit']}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<CheckReport: {self._summary()}>"

    def _summary(self) -> str:
        n_frames = len(self.frame_idx)
        if self.findings:
            return f"{len(self.findings)} of {n_frames} frames depend on how they are drawn"
        which = "the frame" if n_frames == 1 else f"each of {n_frames} frames"
        return f"{'OK: ' if self.ok else ''}{which} is the same however it is drawn"

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, str]:
        bundle = {"text/plain": str(self)}
        if self.sheet is not None:
            url = data_url("image/png", self.sheet._repr_png_())
            bundle["text/html"] = (
                f'<div style="white-space: pre-wrap; font-family: monospace; margin-bottom: 6px">'
                f"{html.escape(str(self))}</div>"
                f'<img src="{url}" alt="frames that differ">'
            )
        return bundle


class DeterminismCheck:
    """Draws sampled frames in several ways and compares them.

    Parameters
    ----------
    spec : DrawnSpec
        What draws the frames. Only of a figure is known what it shows.
    samples : sequence of (int, object)
        Frame indices and parameters, in order.
    """

    def __init__(self, spec: DrawnSpec, samples: Sequence[tuple[int, Any]]) -> None:
        self._spec = spec
        self._samples = samples
        self._findings: dict[int, Finding] = {}
        self._pictures: list[tuple[int, NDArray[np.uint8]]] = []

    def report(self) -> CheckReport:
        """Draw and compare the frames."""
        expected = dict(self._drawn_alone())
        self._compare(expected, self._drawn_alone(), "random")
        self._compare(expected, _drawn(self._spec, self._samples), "history")
        order = np.random.default_rng(0).permutation(len(self._samples))
        self._compare(expected, _drawn(self._spec, [self._samples[i] for i in order]), "history")
        left_behind: tuple[str, ...] = ()
        unseen: tuple[str, ...] = ()
        if isinstance(self._spec, FigureSpec):
            if not self._findings:
                blit = replace(self._spec, draw=replace(self._spec.draw, redraw="blit"))
                self._compare(expected, _drawn(blit, self._samples), "blit")
            left_behind, unseen = self._observed(self._spec)
        return CheckReport(
            tuple(idx for idx, _ in self._samples),
            tuple(self._findings[idx] for idx in sorted(self._findings)),
            left_behind,
            unseen,
            _all_alike(list(expected.values())),
            self._sheet(),
            "update" if isinstance(self._spec, FigureSpec) else "draw",
        )

    def _drawn_alone(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for sample in self._samples:
            yield from _drawn(self._spec, [sample])

    def _compare(
        self,
        expected: dict[int, NDArray[np.uint8]],
        drawn: Iterable[tuple[int, NDArray[np.uint8]]],
        cause: str,
    ) -> None:
        for frame_idx, frame in drawn:
            differs = (expected[frame_idx] != frame).any(axis=-1)
            if differs.any() and frame_idx not in self._findings:
                self._findings[frame_idx] = Finding(frame_idx, cause, int(differs.sum()))
                if len(self._findings) <= _N_SHOWN:
                    where = np.full_like(frame, 255)
                    where[differs] = (200, 0, 60)
                    for picture in (expected[frame_idx], frame, where):
                        self._pictures.append((frame_idx, picture))

    def _sheet(self) -> ContactSheet | None:
        if not self._pictures:
            return None
        idx, pictures = zip(*self._pictures, strict=True)
        titles = ("alone: ", "as it also came out: ", "where they differ: ")
        return make_sheet(idx, pictures, n_columns=3, titles=titles)

    def _observed(self, spec: FigureSpec) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Draw the frames in order; return what `update` leaves behind and what it does not announce."""
        observed = _ObservedAnimator(spec.load())
        source = FigureSource(lambda: observed, spec.draw, spec.settings)
        states = []
        with closing(observed), closing(source):
            for frame_idx, params in self._samples:
                source.draw(frame_idx, params, DrawSession())
                with source.isolated():
                    states.append(observed.state())
        depends = any(finding.cause == "history" for finding in self._findings.values())
        left_behind = tuple(side_effects(states, depends_on_history=depends))
        return left_behind, tuple(observed.detector.unannounced)


def _drawn(
    spec: SourceSpec, samples: Iterable[tuple[int, Any]]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Draw frames with one figure."""
    with closing(Renderer(spec)) as renderer:
        for frame_idx, params in samples:
            yield frame_idx, renderer.frame(frame_idx, params)


def _all_alike(frames: Sequence[NDArray[np.uint8]]) -> bool:
    return len(frames) > 1 and all(np.array_equal(frames[0], frame) for frame in frames[1:])


class _ObservedAnimator:
    """Wraps an animator to observe its figure and its state."""

    def __init__(self, animator: Any) -> None:
        self._animator = animator
        self._figure: Any = None
        self.detector = ChangeDetector(animator)

    def setup(self) -> Figure:
        self._figure = self._animator.setup()
        return self._figure  # type: ignore[no-any-return]  # FigureSource checks the type

    def update(self, frame_idx: int, params: Any) -> None:
        with self.detector.watching(self._figure):
            self._animator.update(frame_idx, params)

    def state(self) -> FrameState:
        return frame_state(self._animator, self._figure)

    def close(self) -> None:
        self.detector.close()
