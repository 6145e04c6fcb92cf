"""Every kind of plot: frames do not depend on those before and are drawn incrementally."""

import numpy as np
import pytest
import xarray as xr
from helpers import decode
from matplotlib import pyplot as plt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.quiver import Quiver

from dask_animate.errors import FrameError
from dask_animate.xarray import DataArrayAnimator

N = 6


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def ocean():
    rng = np.random.default_rng(1)
    lat, lon = np.linspace(60, -60, 9), np.linspace(0, 100, 12)
    shape = (N, 9, 12)
    data = xr.Dataset(
        {
            "sst": (("time", "lat", "lon"), rng.random(shape) * 30 - 3, {"units": "K"}),
            "chl": (("time", "lat", "lon"), rng.random(shape) + 0.1),
            "u": (("time", "lat", "lon"), rng.random(shape) + 0.5, {"units": "m/s"}),
            "v": (("time", "lat", "lon"), rng.random(shape) - 0.5),
            "depth": (("lat", "lon"), rng.random(shape[1:])),
        },
        coords={"time": np.datetime64("2001-01-01") + np.arange(N), "lat": lat, "lon": lon},
    )
    data.sst[2, 3, 3] = np.nan
    return data


def deep():
    return xr.concat([ocean().sst, ocean().sst + 5], xr.Variable("z", [1, 2])).transpose(
        "time", "z", ...
    )


PLOTS = {
    "lines": lambda: ocean().sst[:, ::4].animate(hue="lat"),
    "profile": lambda: ocean().sst[:, :, 2].animate(y="lat"),
    "step": lambda: ocean().sst[:, :, 2].animate(plot="step"),
    "pcolormesh": lambda: ocean().sst.animate(levels=5),
    "imshow": lambda: ocean().sst.animate(plot="imshow", norm="symlog"),
    "contour": lambda: ocean().sst.animate(plot="contour", add_colorbar=True),
    "contourf": lambda: ocean().chl.animate(plot="contourf", norm="log"),
    "hist": lambda: ocean().sst.animate(plot="hist", bins=7, style={"density": True}),
    "hovmoller": lambda: ocean().sst[:, 0].animate(plot="hovmoller"),
    "scatter": lambda: ocean().animate("time", plot="scatter", x="sst", y="chl", hue="v"),
    "quiver": lambda: ocean().animate("time", plot="quiver", u="u", v="v", hue="sst", stride=2),
    "quiver over": lambda: ocean().animate("time", plot="quiver", u="u", v="v", over="depth"),
    "streamplot": lambda: ocean().animate("time", plot="streamplot", u="u", v="v", over="sst"),
    "streamplot colored": lambda: ocean().animate("time", plot="streamplot", u="u", v="v", hue="sst"),
    "facets": lambda: deep().animate(col="z"),
    "facets of lines": lambda: deep()[..., ::5].animate(row="z", hue="lon", plot="line"),
    "facets of histograms": lambda: deep().animate(col="z", plot="hist"),
}
#: Kinds whose artists are made anew for each frame, and what else changes almost all of the figure.
SLOW = {"contour", "streamplot", "streamplot colored"}


@pytest.mark.mostly_slow(6)
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in PLOTS]
)
def test_frames_are_drawn_incrementally(tmp_path, name):
    animator = PLOTS[name]()
    data = animator.data
    video = animator.to_video(tmp_path / "a.mkv", 10, num_workers=1, codec="ffv1", redraw="blit")
    assert video.stats.n_frames_blitted >= N - 2, video.stats
    shown = decode(video.path)
    assert len({frame.tobytes() for frame in shown}) == N
    for idx in (4, 1):
        alone = animator.frame(data.isel(time=idx), idx)
        assert np.abs(shown[idx].astype(int) - alone).max() <= 2  # ffv1 stores YUV
    assert animator.check(data, 4, dim="time").ok


def figure_of(animator):
    animator.before_drawing()
    return animator.setup()


# --- what they show


def test_histograms_have_the_bins_and_the_height_of_all_frames():
    data = ocean().sst
    animator = data.animate(plot="hist", bins=5)
    (ax,) = figure_of(animator).axes
    edges = np.linspace(float(data.min()), float(data.max()), 6)
    highest = 0
    for idx in range(N):
        animator.update(idx, data[idx])
        expected = np.histogram(data[idx].values[np.isfinite(data[idx].values)], edges)[0]
        assert [bar.get_height() for bar in ax.patches] == expected.tolist()
        highest = max(highest, *expected)
    assert ax.get_ylim() == (0, pytest.approx(1.05 * highest))
    chunked = figure_of(data.chunk(time=1, lat=4).animate(plot="hist", bins=5)).axes[0]
    assert chunked.get_ylim() == ax.get_ylim()


def test_hovmoller_diagrams_grow():
    data = ocean().sst[:, 0]
    for with_coordinate in (True, False):
        shown = data if with_coordinate else data.drop_vars("time")
        animator = shown.animate(plot="hovmoller")
        figure = figure_of(animator)
        ax = figure.axes[0]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("lon", "time")
        for idx in (4, 0, 2):
            animator.update(idx, shown[idx])
            values = ax.collections[0].get_array()
            assert np.array_equal(values[: idx + 1].filled(0), shown[: idx + 1].fillna(0))
            assert values.mask[idx + 1 :].all()
    animator = data.animate(plot="hovmoller")
    later = data[3:]
    animator.before_drawing()
    # a frame is found by its coordinate, whatever its index
    assert np.array_equal(animator.frame(later[1], 1), animator.frame(data[4], 4))
    with pytest.raises(FrameError):
        animator.frame(data[0].assign_coords(time=np.datetime64("1999-01-01")), 0)


def test_hovmoller_diagrams_on_workers(tmp_path, client):
    data = ocean().sst[:, 0].chunk(time=2)
    video = data.animate(plot="hovmoller").to_video(tmp_path / "a.mkv", 10, client=client, codec="ffv1")
    alone = ocean().sst[:, 0].animate(plot="hovmoller").frame(ocean().sst[3, 0], 3)
    assert np.abs(decode(video.path)[3].astype(int) - alone).max() <= 2


@pytest.mark.newest  # older releases of xarray leave the units out of the key
def test_arrows_have_one_scale():
    data = ocean()
    data["u"] = data.u * xr.DataArray(np.arange(1.0, N + 1), dims="time")
    animator = data.animate("time", plot="quiver", u="u", v="v", over="sst")
    (ax, _) = figure_of(animator).axes
    (arrows,) = (one for one in ax.collections if isinstance(one, Quiver))
    scale = arrows.scale
    for idx in (5, 0):
        animator.update(idx, data.isel(time=idx))
        assert np.array_equal(arrows.U, data.u[idx].values.ravel())
        assert arrows.scale == scale
        mesh = ax.collections[0].get_array()
        assert np.array_equal(mesh.filled(0), data.sst[idx].fillna(0))
    key = [one for one in ax.artists if hasattr(one, "label")]
    assert key[0].label.endswith("m/s")
    without = figure_of(data.animate("time", plot="quiver", u="u", v="v", add_guide=False)).axes[0]
    assert not without.artists


def drawn(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[40:-60, 100:-160, :3]


@pytest.mark.newest
@pytest.mark.parametrize(
    ("plot", "options"),
    [
        ("quiver", {"x": "lon", "y": "lat", "u": "u", "v": "v", "hue": "sst", "style": {"scale": 90}}),
        ("quiver", {"x": "lon", "y": "lat", "u": "u", "v": "v", "style": {"scale": 40, "color": "r"}}),
        ("streamplot", {"x": "lon", "y": "lat", "u": "u", "v": "v", "style": {"density": 0.5}}),
        ("streamplot", {"x": "lon", "y": "lat", "u": "u", "v": "v", "hue": "sst"}),
        ("scatter", {"x": "sst", "y": "chl", "hue": "v"}),
        ("scatter", {"x": "sst", "y": "chl"}),
    ],
)
def test_plots_of_datasets_are_those_of_xarray(plot, options):
    data = ocean().isel(time=[3]).sortby("lat").fillna(0)
    if "hue" in options:
        options["robust"] = False
    animator = data.animate("time", plot=plot, **options)
    ours = figure_of(animator)
    our_pixels = drawn(ours)
    theirs = plt.figure(figsize=ours.get_size_inches(), dpi=ours.dpi)
    ax = theirs.add_axes(ours.axes[0].get_position())
    guide = {} if plot == "scatter" else {"add_guide": False}
    words = {name: value for name, value in options.items() if name not in ("style", "robust")}
    # xarray pairs arrows with the right colors only if the horizontal dimension is the first one
    frame = data.isel(time=0).transpose("lon", "lat")
    getattr(frame.plot, plot)(ax=ax, **words | guide | options.get("style", {}))
    for bar in theirs.axes[1:]:
        bar.set_visible(False)
    ax.set_position(ours.axes[0].get_position())
    if plot != "scatter":
        ax.set(xlim=ours.axes[0].get_xlim(), ylim=ours.axes[0].get_ylim())
    differing = (our_pixels != drawn(theirs)).any(axis=-1)
    assert not differing.any(), f"{differing.mean():.2%} of the pixels differ"
    assert [ax.get_xlabel(), ax.get_ylabel()] == [ours.axes[0].get_xlabel(), ours.axes[0].get_ylabel()]


def test_scattered_points_have_the_limits_of_all_frames():
    data = ocean()
    animator = data.animate("time", plot="scatter", x="sst", y="depth")
    (ax,) = figure_of(animator).axes
    low, high = float(data.sst.min()), float(data.sst.max())
    assert ax.get_xlim() == pytest.approx((low - 0.05 * (high - low), high + 0.05 * (high - low)))
    animator.update(5, data.isel(time=5))
    assert np.array_equal(ax.collections[0].get_offsets()[:, 0], data.sst[5].values.ravel())


def test_ocean_sections_and_log_axes():
    depth = np.array([1.0, 10, 100, 1000])
    data = ocean().sst[:, :4, :].rename(lat="depth").assign_coords(depth=depth)
    (ax, _) = figure_of(data.animate(yincrease=False, yscale="log")).axes
    assert ax.yaxis_inverted()
    assert ax.get_yscale() == "log"
    edges = np.unique(ax.collections[0].get_coordinates()[..., 1])
    assert np.allclose(edges, 10.0 ** np.arange(-0.5, 4))


def test_pictures_keep_their_axes_off_without_coordinates():
    rgb = xr.DataArray(np.random.default_rng(0).random((2, 8, 9, 3)), dims=("time", "y", "x", "band"))
    (ax,) = figure_of(DataArrayAnimator(rgb)).axes
    assert not ax.axison
    rgb[:, 2, 2] = np.nan
    assert ax.images[0].get_array().shape == (8, 9, 3)
    (ax,) = figure_of(DataArrayAnimator(rgb)).axes
    assert ax.images[0].get_array()[2, 2, 3] == 0
