"""Frames beside xarray's own plots of the same slice: limits, colors of all pixels, labels."""

import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import BoundaryNorm, LogNorm, PowerNorm, TwoSlopeNorm

from dask_animate.xarray import DataArrayAnimator

pytestmark = pytest.mark.newest  # other releases of xarray may draw otherwise

LAT, LON = np.linspace(-80, 80, 9), np.linspace(0, 350, 15)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def field(low=-1.0, high=3.0):
    """One frame whose values are spread over these limits, one of them missing."""
    values = low + (high - low) * np.random.default_rng(3).random((1, 9, 15)) ** 2
    values[0, 2, 3] = np.nan
    coords = {
        "time": np.array(["2001-01-31"], "M8[ns]"),
        "lat": ("lat", LAT, {"units": "degrees_north", "long_name": "latitude"}),
        "lon": ("lon", LON, {"units": "degrees_east", "standard_name": "longitude"}),
        "i": ("lon", np.arange(15) ** 2),
    }
    attrs = {"long_name": "height of the free surface of the sea above the geoid", "units": "$m^2$"}
    return xr.DataArray(values, coords, ("time", "lat", "lon"), "zeta", attrs)


def drawn(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def inside(pixels, ax):
    """Return the pixels within the frame of the axes."""
    left, bottom, right, top = ax.get_window_extent().extents
    height = len(pixels)
    rows = slice(int(np.ceil(height - top)) + 2, int(height - bottom) - 2)
    return pixels[rows, int(np.ceil(left)) + 2 : int(right) - 2]


def assert_equal_inside(ours, our_pixels, theirs, their_pixels):
    one, other = inside(our_pixels, ours.axes[0]), inside(their_pixels, theirs.axes[0])
    assert one.size > 10_000
    differing = (one != other).any(axis=-1)
    assert not differing.any(), f"{differing.mean():.2%} of the pixels differ"


def texts(figure):
    """Return the labels of all axes, those of color bars last."""
    return [text for ax in figure.axes for text in (ax.get_xlabel(), ax.get_ylabel())]


def both(data, plot, options):
    """Return the figure of our frame and that of xarray's plot, with axes at the same place."""
    animator = DataArrayAnimator(data, plot=plot, **options)
    animator.before_drawing()
    ours = animator.setup()
    ours_pixels = drawn(ours)
    place = ours.axes[0].get_position()
    theirs = plt.figure(figsize=ours.get_size_inches(), dpi=ours.dpi)
    options = {name: value for name, value in options.items() if name != "size"}
    ax = theirs.add_axes(place)
    frame = data.isel(time=0)
    getattr(frame.plot, plot)(ax=ax, **options)
    ax.set_position(place)
    for bar in theirs.axes[1:]:
        bar.set_position((0.98, 0.1, 0.01, 0.1))  # it took place from the axes
    theirs_pixels = drawn(theirs)
    return (ours, ours_pixels), (theirs, theirs_pixels)


PLANES = {
    "min to max": ("pcolormesh", {"robust": False}),
    "robust": ("pcolormesh", {"robust": True}),
    "vmin": ("pcolormesh", {"vmin": -2, "robust": False}),
    "vmax": ("pcolormesh", {"vmax": 2, "robust": True}),
    "both": ("pcolormesh", {"vmin": -0.5, "vmax": 2}),
    "center": ("pcolormesh", {"center": 1.0, "robust": False}),
    "center and vmax": ("pcolormesh", {"center": 1.0, "vmax": 2, "robust": False}),
    "no center": ("pcolormesh", {"center": False, "robust": False}),
    "levels": ("pcolormesh", {"levels": 6, "robust": False}),
    "levels from vmin": ("pcolormesh", {"levels": 5, "vmin": -1, "vmax": 1, "extend": "max"}),
    "listed levels": ("pcolormesh", {"levels": [-0.5, 0, 0.2, 1, 2]}),
    "listed levels, extend": ("imshow", {"levels": [0, 1, 2], "extend": "neither"}),
    "colors": ("pcolormesh", {"levels": [0, 1, 2], "colors": ["red", "blue", "green", "black"]}),
    "cmap": ("imshow", {"cmap": "magma", "robust": False}),
    "cmap with extremes": (
        "pcolormesh",
        {
            "cmap": plt.get_cmap("magma").with_extremes(bad="red", over="cyan"),
            "levels": 4,
            "robust": True,
        },
    ),
    "two slopes": (
        "pcolormesh",
        {"norm": TwoSlopeNorm(0.5, -1, 3), "cmap": "RdBu", "extend": "neither"},
    ),
    "half a norm": ("pcolormesh", {"norm": PowerNorm(0.5, vmin=-1), "robust": False}),
    "boundaries": (
        "pcolormesh",
        {"norm": BoundaryNorm([-1, 0, 1, 3], 256), "extend": "min", "cmap": "cividis"},
    ),
    "imshow": ("imshow", {"robust": False}),
    "imshow turned": ("imshow", {"x": "lat", "robust": False, "yincrease": False}),
    "contourf": ("contourf", {"robust": False}),
    "contourf with levels": ("contourf", {"levels": 12, "robust": True, "cmap": "plasma"}),
    "contourf with colors": (
        "contourf",
        {"levels": [0, 1, 2], "colors": ["red", "blue"], "extend": "max"},
    ),
    "contour": ("contour", {"robust": False}),
    "contour with a color": ("contour", {"levels": [-0.5, 0.5, 1.5], "colors": "k"}),
    "contour with a color bar": ("contour", {"add_colorbar": True, "robust": False}),
    "turned": ("pcolormesh", {"x": "lat", "robust": False}),
    "another coordinate": ("pcolormesh", {"x": "i", "y": "lat", "robust": False, "xincrease": False}),
    "axes": ("pcolormesh", {"xlim": (20, 200), "ylim": (40, -40), "yticks": [0, 20], "robust": False}),
    "log axis": ("pcolormesh", {"x": "lon", "xscale": "symlog", "robust": False}),
    "color bar": ("pcolormesh", {"cbar_kwargs": {"label": "here", "shrink": 0.5}, "robust": False}),
    "no labels": ("pcolormesh", {"add_labels": False, "robust": False}),
    "no color bar": ("pcolormesh", {"add_colorbar": False, "robust": False}),
}


def shown(figure):
    """Return the artist that shows values."""
    ax = figure.axes[0]
    (artist,) = [one for one in (*ax.collections, *ax.images) if one.get_array() is not None]
    return artist


@pytest.mark.mostly_slow(12)
@pytest.mark.parametrize("name", PLANES)
def test_planes(name):
    plot, options = PLANES[name]
    (ours, our_pixels), (theirs, their_pixels) = both(field(), plot, options)
    if options.get("colors") != "k":
        assert shown(ours).norm.vmin == pytest.approx(shown(theirs).norm.vmin, rel=1e-12)
        assert shown(ours).norm.vmax == pytest.approx(shown(theirs).norm.vmax, rel=1e-12)
    assert_equal_inside(ours, our_pixels, theirs, their_pixels)
    assert texts(ours) == texts(theirs)
    if len(ours.axes) > 1:
        bars = [figure.axes[1]._colorbar for figure in (ours, theirs)]
        assert bars[0].extend == bars[1].extend
        values = np.linspace(-1.5, 4, 50)
        assert np.array_equal(*(bar.cmap(bar.norm(values)) for bar in bars))


@pytest.mark.parametrize(
    ("plot", "options"),
    [
        ("pcolormesh", {"norm": LogNorm(), "robust": False}),
        ("imshow", {"norm": LogNorm(vmin=0.5), "robust": True}),
        ("pcolormesh", {"robust": False}),
        ("contourf", {"robust": False, "vmax": 30}),
    ],
)
def test_positive_values(plot, options):
    data = field(0.1, 50)
    (ours, our_pixels), (theirs, their_pixels) = both(data, plot, options)
    assert_equal_inside(ours, our_pixels, theirs, their_pixels)
    assert texts(ours) == texts(theirs)


LINES = {
    "line": ("line", {}),
    "upright": ("line", {"y": "lat"}),
    "another coordinate": ("line", {"x": "j"}),
    "log": ("line", {"yscale": "symlog"}),
    "limits": ("line", {"ylim": (-2, 1), "xincrease": False}),
    "steps": ("step", {"where": "mid"}),
    "hist": ("hist", {}),
    "hist with bins": ("hist", {"bins": 5}),
    "hist with edges": ("hist", {"bins": [-1, 0, 3], "ylim": (0, 10)}),
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name):
    plot, options = LINES[name]
    data = field()[:, :, 4].assign_coords(j=("lat", np.arange(9) ** 2))
    (ours, our_pixels), (theirs, their_pixels) = both(data, plot, options)
    assert_equal_inside(ours, our_pixels, theirs, their_pixels)
    assert texts(ours) == texts(theirs)


@pytest.mark.parametrize("options", [{"hue": "lat"}, {"x": "lat"}, {"hue": "lon", "add_legend": False}])
def test_lines_with_hue(options):
    (ours, our_pixels), (theirs, their_pixels) = both(field()[:, ::4, ::5], "line", options)
    assert_equal_inside(ours, our_pixels, theirs, their_pixels)
    assert texts(ours) == texts(theirs)


def test_pictures_with_coordinates():
    rgb = xr.DataArray(
        np.random.default_rng(0).random((1, 9, 15, 3)),
        {"time": [0], "lat": LAT, "lon": LON},
        ("time", "lat", "lon", "band"),
    )
    (ours, our_pixels), (theirs, their_pixels) = both(rgb, "imshow", {})
    assert_equal_inside(ours, our_pixels, theirs, their_pixels)
    assert texts(ours) == texts(theirs)


@pytest.mark.parametrize("options", [{"col": "k"}, {"col": "k", "col_wrap": 2}, {"row": "k"}])
def test_facets(options):
    frames = [field() * factor for factor in (1.0, 2.0, 0.5)]
    data = xr.concat(frames, xr.Variable("k", [10.0, 20.0, 30.0])).transpose("time", "k", ...)
    data.attrs = field().attrs
    animator = DataArrayAnimator(data, robust=False, **options)
    animator.before_drawing()
    ours = animator.setup()
    grid = data.isel(time=0).plot.pcolormesh(**options)
    assert ours.get_size_inches().tolist() == grid.fig.get_size_inches().tolist()
    ours_used = [ax for ax in ours.axes if ax.collections and not hasattr(ax, "_colorbar")]
    theirs_used = [ax for ax, facet in zip(grid.axs.flat, grid.name_dicts.flat, strict=True) if facet]
    assert len(ours_used) == len(theirs_used) == 3
    for our_ax, their_ax in zip(ours_used, theirs_used, strict=True):
        assert our_ax.get_title() == their_ax.get_title()
        one, other = (ax.collections[0] for ax in (our_ax, their_ax))
        assert np.array_equal(one.get_array().filled(9), other.get_array().filled(9))
        assert one.get_clim() == other.get_clim()
        assert one.get_cmap() == other.get_cmap()
    (bar,) = [ax for ax in ours.axes if hasattr(ax, "_colorbar")]
    assert bar.get_ylabel() == grid.cbar.ax.get_ylabel()
