"""Map projections of cartopy: drawn once, and only the data are updated."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers import decode

import dask_animate.xarray  # noqa: F401  gives arrays `.animate`
from dask_animate.errors import SetupError

ccrs = pytest.importorskip("cartopy.crs")
N = 5


def ocean():
    lat, lon = np.linspace(-85, 85, 18), np.linspace(0, 350, 36)
    wave = np.cos(np.deg2rad(lat))[:, None] * np.sin(np.deg2rad(2 * lon))
    values = np.stack([20 * wave + idx for idx in range(N)])
    dims = ("time", "lat", "lon")
    coords = {"time": np.arange(N), "lat": lat, "lon": lon}
    return xr.Dataset(
        {"sst": (dims, values), "u": (dims, values / 3), "v": (dims, values * 0 + 2)}, coords
    )


def decorate(figure, axes):
    axes.set_global()
    axes.gridlines()
    axes.plot([0, 40, 80], [0, 20, 50], transform=ccrs.PlateCarree(), color="black")


MAP = {"transform": ccrs.PlateCarree(), "figsize": (5, 3)}


def robinson(**words):
    """Return words for a projection of their own: projections are changed by axes."""
    return MAP | {"subplot_kws": {"projection": ccrs.Robinson()}} | words


@pytest.mark.parametrize(
    "options",
    [
        {"plot": "pcolormesh", "decorate": decorate},
        {"plot": "contourf", "decorate": decorate},
        {"plot": "quiver", "u": "u", "v": "v", "over": "sst", "stride": 3, "decorate": decorate},
    ],
)
def test_frames_are_drawn_incrementally(tmp_path, options):
    data = ocean() if options["plot"] == "quiver" else ocean().sst
    animator = data.animate("time", **robinson(**options))
    video = animator.to_video(tmp_path / "a.mkv", 10, num_workers=1, codec="ffv1", redraw="blit")
    assert video.stats.n_frames_blitted >= N - 2
    shown = decode(video.path)
    for idx in (3, 1):
        alone = animator.frame(data.isel(time=idx), idx)
        assert np.abs(shown[idx].astype(int) - alone).max() <= 2
    assert animator.check(data, 3, dim="time").ok


def test_maps_are_what_cartopy_draws():
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    data = ocean().sst
    figure = Figure((5, 3), layout="constrained")
    ax = figure.subplots(subplot_kw={"projection": ccrs.Robinson()})
    data[3].plot.pcolormesh(
        ax=ax, transform=ccrs.PlateCarree(), vmin=-20, vmax=20, cmap="magma", extend="both"
    )
    ax.set_title("time = 3")
    decorate(figure, ax)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    animator = data.animate(**robinson(vmin=-20, vmax=20, cmap="magma", decorate=decorate))
    assert np.array_equal(animator.frame(data[3], 3), np.asarray(canvas.buffer_rgba())[..., :3])


def test_the_example_of_the_page(tmp_path, monkeypatch):
    page = Path(__file__).parents[2] / "docs" / "xarray.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    example = [block for block in blocks if "cartopy" in block]
    assert len(example) == 1
    monkeypatch.chdir(tmp_path)
    Path("page.py").write_text(blocks[0] + example[0])
    runpy.run_path("page.py", run_name="__main__")
    assert len(decode(tmp_path / "map.mp4")) == 48


def test_on_workers(tmp_path, client):
    data = ocean().sst
    animator = data.chunk(time=2).animate(**robinson(decorate=decorate))
    video = animator.to_video(tmp_path / "a.mp4", 10, client=client)
    assert video.n_frames == N


def test_streamlines():
    pytest.importorskip("scipy")
    data = ocean()
    options = {"plot": "streamplot", "u": "u", "v": "v", "over": "sst", "decorate": decorate}
    assert data.animate("time", **robinson(**options)).check(data, 3, dim="time").ok


@pytest.mark.parametrize("plot", ["imshow", "hist", "line", "step", "hovmoller"])
def test_plots_that_no_map_shows(plot):
    data = ocean().sst if plot in ("imshow", "hist") else ocean().sst[:, 0]
    words = robinson() if plot != "hist" else robinson(transform=None)
    with pytest.raises(SetupError, match=f"{plot} does not draw on a map projection: choose pcolormesh"):
        data.animate(plot=plot, **words).limits()


def test_facets_of_maps():
    data = xr.concat([ocean().sst, ocean().sst + 1], xr.Variable("z", [1, 2])).transpose("time", ...)
    options = robinson(col="z", decorate=lambda figure, axes: [ax.set_global() for ax in axes])
    del options["figsize"]
    animator = data.animate(size=2, aspect=2, **options)
    assert animator.frame(data[1], 1).shape == (200, 900, 3)
