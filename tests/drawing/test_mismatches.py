"""How soon changes that nobody announces are found, and which frames left the worker wrong.

The figures are those of the table in docs/redraw.md, which is read here.
"""

from pathlib import Path

import numpy as np
import pytest
from helpers import draw_block
from test_redraw import (
    ClosureOfAFormatter,
    ComesAndGoes,
    InPlace,
    InPlaceAtTheEnd,
    InPlaceFor,
    OffsetsInPlace,
    PathInPlace,
    UnitComesAndGoes,
    renderer,
)

from dask_animate.drawing import redraw
from dask_animate.drawing.redraw import Redrawer, _Samples
from dask_animate.drawing.source import Mismatch

DOCS = Path(__file__).parents[2] / "docs" / "redraw.md"
LENGTH, MOST = 12, 9  # frames of a partition, and partitions

CASES = {
    "pixels of an image, in every frame": InPlace(),
    "pixels of an image, from frame 21 on": InPlaceAtTheEnd(),
    "offsets of a scatter plot, in every frame": OffsetsInPlace(),
    "vertices of a path, in every frame": PathInPlace(),
    "what a formatter reads, in every frame": ClosureOfAFormatter(),
    "pixels of an image, in frames 30 to 35": InPlaceFor(*range(30, 36)),
    "pixels of an image, in frames 30 to 33": InPlaceFor(*range(30, 34)),
    "pixels of an image, in frames 4 to 9 of each partition": ComesAndGoes(),
    "what a formatter reads, in frames 4 to 9 of each partition": UnitComesAndGoes(),
}


class Dense(_Samples):
    """Compares in every partition the first incremental frame and a random one, besides the last."""

    def begin(self, frame_idx, session):
        session.sample = self._position(frame_idx, session.n_frames)

    def are_due(self, session):
        return session.n_compared == 0 or (
            session.sample is not None and session.n_drawn > session.sample
        )


def render_until_found(animator, monkeypatch):
    """Return the frames from the first wrong one until it was found, and the wrong ones that left."""
    whole, drawing, wrong, found = renderer(animator, "full"), renderer(animator), [], []
    draw, verify = Redrawer.draw, Redrawer.verify

    def noted(method):
        def call(self, frame_idx, *args, **options):
            try:
                pixels = method(self, frame_idx, *args, **options)
            except Mismatch:
                found.append(frame_idx)
                raise
            if pixels is not None and self._mode == "auto" and not found:
                seen[frame_idx] = pixels[..., :3].copy()
            return pixels

        return call

    monkeypatch.setattr(Redrawer, "draw", noted(draw))
    monkeypatch.setattr(Redrawer, "verify", noted(verify))
    n_left = 0
    for start in range(0, MOST * LENGTH, LENGTH):
        seen = {}
        idx = range(start, start + LENGTH)
        right, _ = draw_block(whole, zip(idx, idx, strict=True), LENGTH)
        pixels, _ = draw_block(drawing, zip(idx, idx, strict=True), LENGTH)
        wrong += [i for i in seen if not np.array_equal(seen[i], right[i - start])]
        n_left += sum(not np.array_equal(*pair) for pair in zip(pixels, right, strict=True))
        if found:
            break
    drawing.close()
    whole.close()
    return (f"{found[0] - min([*wrong, found[0]])}" if found else "never"), f"{n_left}"


def table():
    """Return the cells of each line of the table in the docs."""
    lines = [line for line in DOCS.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells if first in CASES}


@pytest.mark.mostly_slow(3)
@pytest.mark.parametrize("name", CASES)
def test_table(name, monkeypatch):
    monkeypatch.setattr(redraw.time, "perf_counter", lambda: 0.0)  # incremental drawing always pays
    sparse = render_until_found(CASES[name], monkeypatch)
    monkeypatch.undo()
    monkeypatch.setattr(redraw.time, "perf_counter", lambda: 0.0)
    monkeypatch.setattr(redraw, "_Samples", Dense)
    dense = render_until_found(CASES[name], monkeypatch)
    assert table()[name] == [dense[0], sparse[0], dense[1], sparse[1]]


def test_table_is_complete():
    assert table().keys() == CASES.keys()
