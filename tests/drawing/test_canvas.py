import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from dask_animate.blitting.blitter import Blitter
from dask_animate.drawing.canvas import Canvas, _inches, rasterize
from dask_animate.drawing.options import DrawOptions
from dask_animate.frames import FrameSize, flatten


def a_figure(**kwargs):
    fig = Figure(figsize=(4, 3), dpi=80, **kwargs)
    ax = fig.add_axes((0.2, 0.2, 0.7, 0.65)) if "layout" not in kwargs else fig.add_subplot()
    ax.plot([0, 1, 4, 9], label="squares")
    ax.set(title="title", xlabel="x", ylabel="y")
    inset = ax.inset_axes((0.1, 0.6, 0.2, 0.2))
    inset.plot([1, 2])
    inset.inset_axes((0.5, 0.5, 0.4, 0.4))
    return fig


def savefig(fig, **kwargs):
    """Return the pixels that matplotlib saves, (height, width, 4) uint8."""
    file = io.BytesIO()
    fig.savefig(file, format="rgba", **kwargs)
    width, height = fig.canvas.get_width_height()
    return np.frombuffer(file.getvalue(), np.uint8).reshape(height, width, 4)


def test_equal_to_savefig():
    canvas = Canvas(a_figure(), DrawOptions())
    assert canvas.size == FrameSize(240, 320)
    np.testing.assert_array_equal(canvas.draw(), savefig(a_figure()))
    assert canvas.opaque


@pytest.mark.parametrize(
    "options",
    [
        {"facecolor": "yellow"},
        {"facecolor": "yellow", "edgecolor": "blue"},
        {"transparent": True},
        {"transparent": True, "facecolor": "yellow"},
    ],
)
def test_colors_are_those_of_savefig(options):
    def fig():
        return a_figure(linewidth=6)

    canvas = Canvas(fig(), DrawOptions.create(options))
    np.testing.assert_array_equal(canvas.draw(), savefig(fig(), **options))
    assert canvas.opaque == ("facecolor" in options)


def test_transparent_axes_stay_so_when_cleared():
    fig = a_figure()
    canvas = Canvas(fig, DrawOptions(transparent=True))
    for ax in fig.axes:
        ax.clear()
    assert (canvas.draw()[:, :, 3] == 0).mean() > 0.5


def test_dpi():
    canvas = Canvas(a_figure(), DrawOptions(dpi=50))
    assert canvas.draw().shape == (150, 200, 4)


def test_crop_inside_the_canvas_keeps_the_pixels():
    full = Canvas(a_figure(), DrawOptions()).draw().copy()
    canvas = Canvas(a_figure(), DrawOptions(tight=True, pad_inches=0))
    cropped = canvas.draw()
    height, width = cropped.shape[:2]
    assert height < 240
    assert width < 320
    places = [
        (y, x)
        for y in range(240 - height + 1)
        for x in range(320 - width + 1)
        if np.array_equal(full[y : y + height, x : x + width], cropped)
    ]
    assert len(places) == 1
    y, _ = places[0]
    outside = np.delete(full, np.s_[y : y + height], axis=0)
    assert (outside == 255).all()  # only background is cut off


def with_legend_outside():
    fig = a_figure()
    fig.axes[0].legend(loc="upper left", bbox_to_anchor=(1.1, 1), facecolor="red", framealpha=1)
    return fig


@pytest.mark.parametrize("pad", [0, 0.1, 1])
def test_crop_brings_in_what_is_outside_the_canvas(pad):
    fig = with_legend_outside()
    tight = fig.get_tightbbox().padded(pad)
    canvas = Canvas(with_legend_outside(), DrawOptions(tight=True, pad_inches=pad))
    drawn = canvas.draw()
    # savefig rounds down; the crop is rounded outwards to whole pixels.
    assert 0 <= canvas.size.width - tight.width * 80 < 2
    assert 0 <= canvas.size.height - tight.height * 80 < 2
    assert canvas.size.width > 320
    red = (drawn[..., 0] > 200) & (drawn[..., 1] < 50)
    plain = Canvas(with_legend_outside(), DrawOptions()).draw()
    assert red.sum() > 2 * ((plain[..., 0] > 200) & (plain[..., 1] < 50)).sum()
    assert canvas.opaque
    assert (drawn[..., 3] == 255).all()


def test_crop_goes_on_following_the_figure():
    fig = a_figure()
    canvas = Canvas(fig, DrawOptions(tight=True, pad_inches=0.1))
    size = canvas.size
    fig.axes[0].set_aspect("equal")
    fig.axes[0].set_title("another title, longer")
    assert canvas.draw().shape[:2] == (size.height, size.width)


def test_layout_runs_once():
    fig = a_figure(layout="constrained")
    canvas = Canvas(fig, DrawOptions())
    np.testing.assert_array_equal(canvas.draw(), savefig(a_figure(layout="constrained")))
    before = fig.axes[0].get_position().bounds
    fig.axes[0].set_ylabel("a label\nof three\nlines")
    canvas.draw()
    assert fig.axes[0].get_position().bounds == before


def test_former_canvas_comes_back():
    fig = Figure()
    former = fig.canvas
    canvas = Canvas(fig, DrawOptions())
    assert fig.canvas is not former
    canvas.close()
    assert fig.canvas is former


def sizes_with_remainders(dpi):
    """Return sizes in inches of whole pixels up to rounding errors, and some of fractional pixels."""
    lengths = [k / 100 for k in range(100, 400)]
    whole = [x for x in lengths if x * dpi != round(x * dpi) and abs(x * dpi - round(x * dpi)) < 1e-6]
    widths = [*whole[::7], 1.01, 2.005]
    return list(zip(widths, reversed(widths), strict=True))


@pytest.mark.parametrize(
    "dpi", [72, 150, *(pytest.param(d, marks=pytest.mark.slow) for d in (100, 200))]
)
@pytest.mark.parametrize("tight", [False, True])
def test_one_size_in_pixels(dpi, tight):
    for inches in [*sizes_with_remainders(dpi), (4.81, 3.01)]:
        fig = Figure(figsize=inches, dpi=dpi)
        line, text = fig.add_subplot().plot([1, 2, 3])[0], fig.text(0.3, 0.3, "a")
        canvas = Canvas(fig, DrawOptions(tight=tight, pad_inches=0.01))
        blitter = Blitter(fig)
        for k in range(2):
            line.set_ydata([2, 1, 3 - k])
            text.set_text(f"{k}")
            whole = canvas.draw()
            np.testing.assert_array_equal(blitter.draw(), whole)
            assert canvas.size == FrameSize(*whole.shape[:2])
        if not tight:
            saved = Figure(figsize=inches, dpi=dpi)
            file = io.BytesIO()
            saved.savefig(file, format="png")
            file.seek(0)
            assert plt.imread(file).shape == whole.shape


@pytest.mark.parametrize("dpi", [72, 100, 3 * 100 / 7])
def test_crop_is_of_whole_pixels(dpi):
    """The crop has as many pixels as asked for, despite rounding."""
    canvas = Canvas(Figure(dpi=dpi), DrawOptions())
    for n_pixels in range(1, 3000):
        inches = _inches(n_pixels, dpi)
        canvas.figure.bbox_inches.p1 = inches, 0.1
        assert int(canvas.figure.bbox.width) == n_pixels
        assert inches == pytest.approx(n_pixels / dpi, rel=1e-15)


def test_subfigures_and_frameless():
    fig = Figure(figsize=(2, 1), dpi=50, frameon=False)
    left, _ = fig.subfigures(1, 2)
    left.subplots().plot([1, 2])
    canvas = Canvas(fig, DrawOptions(transparent=True))
    assert not canvas.opaque
    assert canvas.draw()[0, 0].tolist() == [255, 255, 255, 0]


def test_rasterize_gives_its_own_array():
    first = rasterize(a_figure())
    assert first.flags.owndata
    np.testing.assert_array_equal(first, savefig(a_figure()))
    assert plt.get_fignums() == []


def test_flatten():
    rng = np.random.default_rng(0)
    rgba = rng.integers(0, 256, (7, 5, 4), np.uint8)
    out = np.empty((7, 5, 3), np.uint8)
    flatten(rgba, out, opaque=False)
    alpha = rgba[..., 3:] / 255
    exact = rgba[..., :3] * alpha + 255 * (1 - alpha)
    assert np.abs(out - exact).max() <= 0.5 + 1e-9
    rgba[..., 3] = 255
    flatten(rgba, out, opaque=False)
    np.testing.assert_array_equal(out, rgba[..., :3])
    flatten(255 - rgba, out, opaque=True)
    np.testing.assert_array_equal(out, 255 - rgba[..., :3])
