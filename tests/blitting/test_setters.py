"""All setters of all that is drawn, found in matplotlib's own classes.

Each change is made to two equal figures, of which one is blitted and the other one is drawn in full. It
is made by itself, and again followed by a draw of the figure, which leaves nothing stale. docs/redraw.md
lists what blitting misses; the list is read here. By default a sample of the setters is tried, with
``-m slow`` one in fifteen, and with the environment variable DASK_ANIMATE_FULL all;
``pytest -m slow tests/blitting/test_setters.py -s`` prints how many there are.
"""

import io
import logging
import os
import re
import warnings
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import subjects
from subjects import ABSTRACT, KINDS

from dask_animate.blitting.blitter import Blitter, blit_obstacle
from dask_animate.drawing.canvas import Canvas
from dask_animate.drawing.options import DrawOptions

DOCS = Path(__file__).parents[2] / "docs" / "redraw.md"

#: Without -m slow one of so many setters is tried.
SAMPLE = 300

BETWEEN = [
    lambda figure: figure.canvas.draw(),
    lambda figure: figure.draw_without_rendering(),
    lambda figure: figure.savefig(io.BytesIO(), dpi=30, format="png"),
]


class Pair:
    """Two equal figures, of which one is blitted and the other one is drawn in full."""

    def __init__(self, make):
        self.made = [subjects.build(make) for _ in range(2)]
        self.canvases = [Canvas(figure, DrawOptions()) for figure, _ in self.made]
        self.blitter = self.geometry = None
        self.n_full, self.is_new = 0, True
        self.differs()
        self.differs()

    @property
    def subject(self):
        return self.made[0][1]

    def blitted(self):
        """Draw as a render does: blit if that is possible."""
        canvas = self.canvases[0]
        geometry = canvas.size, canvas.figure.dpi
        if blit_obstacle(canvas.figure):
            self.blitter = None
        elif self.blitter is None or geometry != self.geometry:
            self.blitter, self.geometry = Blitter(canvas.figure), geometry
        if self.blitter is not None:
            try:
                return self.blitter.draw()
            except Exception:
                self.blitter = None
        self.n_full += 1
        return canvas.draw()

    def differs(self):
        self.full = self.canvases[1].draw().copy()
        return not np.array_equal(self.full, self.blitted())

    def change(self, name, value):
        for _, subject in self.made:
            subjects.apply(subject, name, value)

    def draw_between(self, draw):
        for figure, _ in self.made:
            draw(figure)


class Run:
    """Tries all changes of one subject."""

    def __init__(self, make):
        self._make = make
        self._pair = None
        self.counts = Counter()
        self.missed, self.skipped = set(), {}

    def try_all(self, names, draws):
        """Make each change, followed by one of `draws` if there are any."""
        for number, name in enumerate(names):
            draw = draws[number % len(draws)] if draws else None
            outcomes = self._outcomes(name, draw)
            if "differs" in outcomes:
                self.missed.add(name)
            elif "same" in outcomes:
                self.counts["with effect"] += 1
            elif "without effect" not in outcomes:
                self.skipped[name] = outcomes[0] if outcomes else "has no value to be set"
        self._pair = None

    def _outcomes(self, name, draw):
        """Try values until one has an effect; guessed ones if no other can be set."""
        outcomes = []
        self._pair = self._pair or Pair(self._make)
        for values in subjects.values_for(self._pair.subject, name):
            for value in values:
                outcomes.append(self._try(name, value, draw))
                if outcomes[-1] in ("same", "differs"):
                    return outcomes
            if "without effect" in outcomes:
                return outcomes
        return outcomes

    def _try(self, name, value, draw):
        """Make a change to the present figures; if it has no effect, to new ones."""
        if self._pair is not None:
            is_new = self._pair.is_new
            outcome = self._changed(name, value, draw)
            if is_new or outcome in ("same", "differs"):
                return outcome
        self._pair = Pair(self._make)
        return self._changed(name, value, draw)

    def _changed(self, name, value, draw):
        pair, self._pair = self._pair, None
        before = pair.full
        try:
            pair.change(name, value)
            if draw is not None:
                pair.draw_between(draw)
            differs = pair.differs()
            self.counts["comparisons"] += 1
            differs |= pair.differs()
        except Exception as exc:
            return f"raises {type(exc).__name__}: {exc}"
        self.counts["drawn in full"] += bool(pair.n_full)
        if differs:
            return "differs"
        was_full, pair.n_full = bool(pair.n_full), 0
        has_effect = not np.array_equal(before, pair.full)
        pair.is_new &= not has_effect
        self._pair = None if was_full else pair
        return "same" if has_effect else "without effect"


def listed():
    """Return what blitting misses by docs/redraw.md: pairs of a class and what is set."""
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \|", DOCS.read_text(), re.MULTILINE)
    return {(label, name) for label, names in rows for name in re.findall(r"`([^`]+)`", names)}


def is_in_sample(label, name, share):
    return zlib.crc32(f"{label} {name}".encode()) % share == 0


def outcome_of(kind, label, share):
    run = Run(KINDS[kind][1][label])
    names = subjects.changes(subjects.build(KINDS[kind][1][label])[1])
    names = [name for name in names if is_in_sample(label, name, share)]
    run.try_all(names, [])
    run.try_all(names, BETWEEN)
    run.counts.update({"classes": 1, "setters": len(names), "skipped": len(run.skipped)})
    return run


@pytest.fixture(autouse=True)
def quiet():
    """Silence matplotlib's warnings, such as those of meaningless limits and missing fonts."""
    level = logging.getLogger("matplotlib").level
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.getLogger("matplotlib").setLevel(level)


@pytest.mark.newest  # older releases have classes that are gone
@pytest.mark.parametrize("kind", [kind for kind, (base, _) in KINDS.items() if base is not None])
def test_every_class_has_a_figure(kind):
    base, registry = KINDS[kind]
    known = subjects.all_subclasses(base).keys() - ABSTRACT
    assert known - registry.keys() == set()


@pytest.mark.mostly_slow(2)
@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_of_all_setters(kind):
    for label in KINDS[kind][1]:
        missed = outcome_of(kind, label, SAMPLE).missed
        assert {(label, name) for name in missed} <= listed()


@pytest.mark.slow
@pytest.mark.timeout(0 if os.environ.get("DASK_ANIMATE_FULL") else 900)
def test_many_setters():
    """All of them if DASK_ANIMATE_FULL is set."""
    share = 1 if os.environ.get("DASK_ANIMATE_FULL") else 15
    counts, missed = Counter(), set()
    for kind, (_, registry) in KINDS.items():
        of_kind = Counter()
        for label in registry:
            run = outcome_of(kind, label, share)
            of_kind += run.counts
            missed |= {(label, name) for name in run.missed}
            for name, why in run.skipped.items():
                print(f"skipped: {label} {name} {why}"[:150])
        print(kind, dict(of_kind), flush=True)
        counts += of_kind
    print("all", dict(counts), "missed", len(missed))
    known = {pair for pair in listed() if is_in_sample(*pair, share)}
    for label, name in sorted(missed - known):
        print("missed:", label, name)
    assert missed == known
