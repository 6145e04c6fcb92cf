"""The ready animator for xarray: plots, labels and limits, and where the data is read."""

import inspect
import logging
import os
import re
import subprocess
import sys
from contextlib import nullcontext

import dask.array as da
import numpy as np
import pytest
import xarray as xr
from helpers import decode
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dask_animate.xarray
from dask_animate.errors import FrameError, OptionError, OptionTypeError, ParamsError, SetupError
from dask_animate.params.slices import open_slices
from dask_animate.xarray import AnimateAccessor, DataArrayAnimator
from dask_animate.xarray.limits import Distribution, distributions

N = 24
TIMES = np.datetime64("2001-01-31") + np.arange(N) * np.timedelta64(6, "h")


def field(seed=0):
    rng = np.random.default_rng(seed)
    lat, lon = np.linspace(-80, 80, 17), np.linspace(0, 350, 36)
    values = 280 + 20 * np.cos(np.deg2rad(lat))[:, None] + rng.normal(size=(N, 17, 36))
    return xr.DataArray(
        values.astype("f4"),
        dims=("time", "lat", "lon"),
        coords={
            "time": TIMES,
            "lat": ("lat", lat, {"units": "degrees_north", "long_name": "latitude"}),
            "lon": ("lon", lon, {"units": "degrees_east", "standard_name": "longitude"}),
        },
        name="t2m",
        attrs={"long_name": "2 m temperature", "units": "K"},
    )


def texts(animator):
    """Return all texts in the figure of the first frame."""
    from matplotlib.text import Text

    animator.before_drawing()
    figure = animator.setup()
    return {text.get_text() for text in figure.findobj(Text)}


def reference(draw, figsize=(6.4, 4.8)):
    """Return the pixels of a figure drawn with plain matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize, layout="constrained")
    draw(figure, figure.subplots())
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


@pytest.mark.parametrize(
    "plot",
    ["pcolormesh", *(pytest.param(plot, marks=pytest.mark.slow) for plot in ("imshow", "contourf"))],
)
def test_fields_with_names_and_units(plot):
    animator = DataArrayAnimator(field(), plot=plot, figsize=(4, 3))
    shown = texts(animator)
    assert {"latitude [degrees_north]", "longitude [degrees_east]", "2 m temperature [K]"} <= shown
    assert "2001-01-31 00:00" in shown
    report = animator.check(field(), n=2, dim="time")
    assert report.ok, report


def test_a_mesh_is_what_matplotlib_draws():
    data = field()
    animator = DataArrayAnimator(data, limits=(275, 302))

    def draw(figure, ax):
        values = data[5].values
        mesh = ax.pcolormesh(data.lon, data.lat, values, vmin=275, vmax=302, shading="nearest")
        ax.set(xlabel="longitude [degrees_east]", ylabel="latitude [degrees_north]")
        figure.colorbar(mesh, ax=ax, extend="both", label="2 m temperature [K]")
        ax.set_title("2001-02-01 06:00")

    assert np.array_equal(animator.frame(data[5], 5), reference(draw))


def test_a_line():
    data = field()[:, :, 3]
    animator = DataArrayAnimator(data)
    low, high = animator.limits()["t2m"]
    assert (low, high) == (float(data.min()), float(data.max()))

    def draw(figure, ax):
        ax.plot(data.lat, data[7].values)
        margin = 0.05 * (high - low)
        ax.set(ylim=(low - margin, high + margin), xlabel="latitude [degrees_north]")
        ax.set(ylabel="2 m temperature [K]", title="2001-02-01 18:00")

    assert np.array_equal(animator.frame(data[7], 7), reference(draw))


def test_a_function_gets_axes_and_a_frame():
    data = field()

    def plot(ax, frame):
        assert frame.dims == ("lat", "lon")
        ax.hist(frame.values.ravel(), bins=20, range=(270, 310))
        ax.set_ylim(0, 100)

    animator = DataArrayAnimator(data, plot=plot)

    def draw(figure, ax):
        plot(ax, data[9])
        ax.set_title("2001-02-02 06:00")

    assert np.array_equal(animator.frame(data[9], 9), reference(draw))
    assert DataArrayAnimator(data, plot=plot, figsize=(3, 2)).check(data, n=3, dim="time").ok
    with pytest.raises(FrameError, match="oh no"):
        DataArrayAnimator(data, plot=lambda ax, frame: 1 / 0 if frame.time > TIMES[3] else None).frame(
            data[5].assign_attrs(note="oh no"), 5
        )


def test_images_with_channels():
    rgb = xr.DataArray(np.random.default_rng(0).random((4, 8, 9, 3)), dims=("time", "y", "x", "band"))
    frame = DataArrayAnimator(rgb).frame(rgb[2], 2)
    assert frame.shape == (480, 640, 3)


def test_a_dataset_has_panels(tmp_path, client):
    data = xr.Dataset({"t2m": field(), "anomaly": field() - 300, "mask": ("lat", np.arange(17))})
    animator = DataArrayAnimator(data.chunk(time=5), "time")
    limits = animator.limits()
    assert limits.keys() == {"t2m", "anomaly"}
    assert limits["anomaly"][0] < 0
    video = animator.to_video(tmp_path / "a.mp4", 10, client=client)
    assert (video.n_frames, video.width, video.height) == (N, 1280, 480)
    assert {"t2m", "anomaly", "2001-01-31 00:00"} <= texts(DataArrayAnimator(data, dim="time"))


@pytest.mark.parametrize("chunked", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_accessor(tmp_path, client, chunked):
    data = field().chunk(time=7, lat=5) if chunked else field()
    options = {"plot": "imshow", "figsize": (4, 3), "style": {"cmap": "magma"}}
    video = data.animate.to_video(tmp_path / "a.mkv", fps=10, client=client, codec="ffv1", **options)
    shown = decode(video.path, 10)
    animator = DataArrayAnimator(field(), **options)
    assert video.n_frames == N
    for idx in (0, 13, N - 1):
        low, high = animator.limits()["t2m"]
        drawn = data.animate(limits=(low, high), **options).frame(field()[idx], idx)
        same = np.abs(shown[idx].astype(int) - drawn).max(axis=-1) < 3
        assert same.mean() > (0.6 if chunked else 0.9)  # limits of merged chunks are approximate
    assert data.animate.preview(4, **options).frame_idx == (0, 8, 15, 23)
    with data.animate.explore(client=client, **options) as explorer:
        picture = explorer.show(13)
        assert np.abs(picture.pixels().astype(int) - shown[13]).max(axis=-1).mean() < 3
        assert picture.params == "DataArray 't2m' float32 (17, 36)"


def test_the_data_stays_where_it_is():
    import cloudpickle

    large = xr.DataArray(np.zeros((100, 100, 100)), dims=("time", "y", "x"))
    animator = DataArrayAnimator(large)
    assert len(cloudpickle.dumps(animator)) < 200_000
    assert animator.data is large
    lazy = DataArrayAnimator(
        xr.DataArray(da.zeros((10**6, 10, 10), chunks=(1000, 10, 10)), dims=list("tyx"))
    )
    assert len(cloudpickle.dumps(lazy)) < 20_000


# --- limits


def test_limits_are_told(caplog):
    with caplog.at_level(logging.INFO, "dask_animate"):
        DataArrayAnimator(field()).limits()
        DataArrayAnimator(field(), limits="minmax").limits()
    first, second = (text for text in caplog.messages if "limits" in text)
    assert first.startswith("limits of t2m: 28")
    assert first.endswith("the 2nd to the 98th percentile of all frames")
    assert second.endswith("the minimum and the maximum of all frames")


@pytest.mark.parametrize("chunks", [None, {"time": 1}, {"time": 5, "lon": 7}, {"time": N}])
def test_limits_of_any_chunks(chunks):
    data = field(3).where(field(4) > 280)  # some values are missing
    lazy = data if chunks is None else data.chunk(chunks)
    low, high = DataArrayAnimator(lazy, limits="minmax").limits()["t2m"]
    assert (low, high) == (float(data.min()), float(data.max()))
    found = DataArrayAnimator(lazy).limits()["t2m"]
    exact = np.nanpercentile(data.values, (2, 98))
    assert np.allclose(found, exact, atol=0.004 * (high - low))


def test_limits_of_signed_data_are_centered():
    animator = DataArrayAnimator(field() - 290)
    low, high = animator.limits()["t2m"]
    assert low == -high < 0
    assert DataArrayAnimator(field() - 290, limits=(-1, 3)).limits()["t2m"] == (-1, 3)
    empty = DataArrayAnimator(field() * np.nan)
    assert empty.limits()["t2m"] == (0, 1)
    same = DataArrayAnimator(field() * 0 + 5)
    assert same.limits()["t2m"] == (4.5, 5.5)


@settings(deadline=None, max_examples=30)
@given(hnp.arrays("f8", st.integers(1, 4000), elements=st.floats(-1e6, 1e6)), st.integers(1, 40))
def test_merged_distributions(values, n_parts):
    parts = [Distribution.of(part) for part in np.array_split(values, n_parts)]
    merged = Distribution.merged(parts)
    assert merged.n == len(values)
    assert merged.extremes == (values.min(), values.max())
    low, high = merged.robust
    ranks = [
        np.mean(values < low),
        np.mean(values <= low),
        np.mean(values < high),
        np.mean(values <= high),
    ]
    tolerance = 0.01 + n_parts / len(values)
    assert ranks[0] <= 0.02 + tolerance
    assert ranks[1] >= 0.02 - tolerance
    assert ranks[2] <= 0.98 + tolerance
    assert ranks[3] >= 0.98 - tolerance


def test_runs_hold_little_at_a_time(monkeypatch):
    monkeypatch.setattr("dask_animate.xarray.limits.LIMITS_READ_BYTES", 10 * 800)
    sizes = []
    monkeypatch.setattr(
        Distribution, "of", classmethod(lambda cls, v: sizes.append(len(v)) or cls(0, v))
    )
    data = xr.DataArray(da.zeros((100, 10, 10), chunks=(4, 10, 10)), dims=("time", "y", "x"))
    with __import__("dask").config.set(scheduler="synchronous"):
        distributions(open_slices(data, None, "time"))
    assert sum(sizes) == 100
    assert max(sizes) == 8


def test_the_cluster_computes_them(tmp_path, client):
    def note(block):
        (tmp_path / f"{os.getpid()}-{os.urandom(4).hex()}").touch()
        return block

    data = field()
    lazy = data.copy(data=da.from_array(data.values, chunks=(8, 17, 36)).map_blocks(note, dtype="f4"))
    lazy.animate.to_video(tmp_path / "a.mp4", 10, client=client)
    pids = {int(path.name.split("-")[0]) for path in tmp_path.iterdir() if "-" in path.name}
    workers = set(client.run(os.getpid).values())
    assert pids - {os.getpid()} <= workers
    assert pids & workers


@pytest.fixture
def derived():
    """A Dataset of which dask computes one variable from another."""
    data = da.ones((24, 4, 5), chunks=(5, 4, 5)).map_blocks(lambda block: block + 1)
    dims = ("time", "y", "x")
    return xr.Dataset({"a": (dims, data), "b": (dims, data * np.arange(24)[:, None, None])})


def test_limits_of_derived_variables(derived):
    assert derived.animate(limits="minmax").limits() == {"a": (1.5, 2.5), "b": (0.0, 46.0)}


@pytest.mark.parametrize("where", ["cluster", "here"])
@pytest.mark.slow
def test_a_dataset_with_derived_variables(tmp_path, own_client, derived, where):
    # Of two graphs with the same keys, one of them optimized, Dask may leave a task on the cluster.
    client = own_client
    options = {"here": {"num_workers": 1}, "cluster": {"client": client}}[where]
    video = derived.animate.to_video(tmp_path / "a.mp4", 12, limits="minmax", **options)
    assert video.n_frames == 24
    with nullcontext() if where == "here" else client.as_current():
        animator = derived.animate(limits="minmax")
        assert animator.limits() == {"a": (1.5, 2.5), "b": (0.0, 46.0)}
        frames = animator.frames(derived, dim="time")[::8].compute()
        alone = animator.frame(derived.isel(time=8).compute(), 8)
        assert np.array_equal(frames[1], alone)
        assert derived.animate.preview(3).frame_idx == (0, 12, 23)
        assert animator.check(derived, 6, dim="time").ok


# --- invalid arguments


@pytest.mark.parametrize(
    ("make", "options", "error", "match"),
    [
        (lambda: np.zeros((3, 4)), {}, OptionTypeError, "must be a DataArray or a Dataset"),
        (lambda: field(), {"dim": "z"}, OptionError, "dim must be one of"),
        (lambda: field(), {"plot": "bar"}, OptionError, "plot must be one of"),
        (
            lambda: field(),
            {"plot": "line"},
            OptionError,
            r"^a frame of 't2m' has 2 dimensions \(lat: 17, lon: 36\), but plot=.line. draws 1 dimension"
            r": select from the data, such as data\.isel\({'lat': 0}\), or draw several lines by "
            r"hue='lat', or choose another plot=, or give a function plot\(ax, frame\) as plot=$",
        ),
        (
            lambda: field()[:, 0, 0],
            {},
            OptionError,
            r"^a frame of 't2m' is one number, but the built-in plots draw 1 or 2 dimensions: "
            r"give a function plot\(ax, frame\) as plot=$",
        ),
        (lambda: field().expand_dims(z=5, axis=1), {}, OptionError, r"such as data\.isel\({'z': 0}\)"),
        (lambda: field()[:, 0], {"plot": "contourf"}, OptionError, "draws 2 dimensions: choose another"),
        (lambda: field().expand_dims(z=5, axis=1), {"plot": "imshow"}, OptionError, "3 or 4 channels"),
        (lambda: field(), {"limits": "all"}, OptionError, "limits must be one of"),
        (lambda: field(), {"limits": (3, 1)}, OptionError, "or \\(low, high\\)"),
        (lambda: field(), {"limits": {"x": (0, 1)}}, OptionError, "no variable"),
        (lambda: field(), {"plot": print, "limits": "robust"}, OptionError, "no effect"),
        (lambda: field(), {"title": "{nothing}"}, OptionError, "title: there is no field"),
        (lambda: field()[:, 0], {"levels": 5}, OptionError, "levels= has no effect with line"),
        (lambda: field(), {"plot": print, "x": "lon"}, OptionError, "x= has no effect with a function"),
        (lambda: field(), {"style": [1]}, OptionTypeError, "style must be a dict"),
        (lambda: field(), {"limits": (0, np.inf)}, OptionError, "limits must be"),
        (lambda: field(), {"plot": "contourf", "levels": 1}, OptionError, "levels must be at least 2"),
        (lambda: field().astype(str), {}, OptionError, "cannot be drawn"),
        (lambda: xr.Dataset({"a": field()[0]}), {"dim": "lat"}, OptionError, "line"),
    ],
)
def test_bad_arguments(make, options, error, match):
    if match == "line":  # a variable along another dimension is valid
        assert DataArrayAnimator(make(), **options).limits()
        return
    with pytest.raises(error, match=match):
        DataArrayAnimator(make(), **options)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("alpha", r'give style=\{"alpha": \.\.\.\} if it is an argument of matplotlib'),
        ("vmn", r"did you mean vmin=\?"),
        ("colour", r"did you mean colors=\?"),
        ("ax", r"give decorate=, a function that gets the axes"),
    ],
)
def test_unknown_arguments_say_what_to_give(tmp_path, name, instead):
    animate = field().animate
    makers = (
        animate,
        animate.preview,
        animate.explore,
        lambda **options: animate.to_video(tmp_path / "a.mp4", **options),
        lambda **options: DataArrayAnimator(field(), **options),
    )
    for make in makers:
        with pytest.raises(OptionTypeError, match=f"^unknown argument {name}=: {instead}$"):
            make(**{name: 1})


def test_all_arguments_of_the_accessor_are_described():
    """Those of `DataArrayAnimator`; the others are those of `make_video`."""
    names = {*inspect.signature(DataArrayAnimator).parameters} - {"data", "unknown"}
    assert names == {*inspect.signature(AnimateAccessor.__call__).parameters} - {"self", "unknown"}
    for method in (
        AnimateAccessor.__call__,
        AnimateAccessor.to_video,
        AnimateAccessor.preview,
        AnimateAccessor.explore,
    ):
        entries = re.findall(r"^(\w+(?:, \w+)*) : ", inspect.getdoc(method), re.MULTILINE)
        assert names <= {name for entry in entries for name in entry.split(", ")}
        assert "As in" not in inspect.getdoc(method)


@pytest.mark.parametrize(
    ("dims", "words", "said"),
    [
        (3, {"x": "height"}, "'height' has one value in a frame, and is no coordinate along it"),
        (3, {"x": "height", "y": "lon"}, "'height' has one value"),
        (3, {"plot": "line", "hue": "height"}, "'height' has one value"),
        (3, {"plot": "line", "x": "height", "hue": "lat"}, "'height' has one value"),
        (2, {"x": "height"}, "'height' has one value"),
        (2, {"hue": "lon"}, "hue='lon' tells several lines apart, but a frame is one line along 'lon'"),
    ],
)
def test_words_that_name_nothing_along_a_frame(dims, words, said):
    data = field().assign_coords(height=2.0)
    data = data if dims == 3 else data.isel(lat=0)
    with pytest.raises((OptionError, SetupError), match=said):
        DataArrayAnimator(data, dim="time", **words).limits()


def test_what_cannot_be_drawn_is_found_before_the_data_is_read():
    def fails(block):
        raise AssertionError("read")

    data = field().chunk(time=1)
    first, rest = data[:1].compute(), data[1:].copy(data=data[1:].data.map_blocks(fails, dtype="f4"))
    data = xr.concat([first, rest], "time")
    with pytest.raises(SetupError, match="'nowhere' is no coordinate of the frames"):
        DataArrayAnimator(data, x="nowhere").limits()
    with pytest.raises(SetupError, match="evenly spaced"):
        DataArrayAnimator(data.assign_coords(lat=np.linspace(0, 1, 17) ** 2), plot="imshow").limits()
    with pytest.raises(SetupError, match="add_colorbar=False"):
        DataArrayAnimator(data, plot=lambda ax, frame: frame.plot(ax=ax)).frame(first[0])
    with pytest.raises(ParamsError, match="no variable"):
        DataArrayAnimator(xr.Dataset(coords={"time": TIMES}), dim="time")


# --- details


def test_the_color_bar_of_contours_has_their_colors():
    ramp = np.linspace(0, 100, 40) * np.ones((2, 30, 1))
    data = xr.DataArray(ramp, dims=("time", "y", "x"))
    animator = DataArrayAnimator(data, plot="contourf", limits=(20, 80))
    animator.before_drawing()
    figure = animator.setup()
    ((_, panel),) = animator._layout.panels
    panel.show(data[1], 1)
    (bar,) = [ax for ax in figure.axes if hasattr(ax, "_colorbar")]
    levels = panel._artist.levels
    for value in (levels[:-1] + levels[1:]) / 2:
        assert bar._colorbar.cmap(bar._colorbar.norm(value)) == panel._artist.cmap(
            panel._artist.norm(value)
        )


@pytest.mark.parametrize("plot", ["pcolormesh", "contourf"])
def test_coordinates_of_two_dimensions_in_any_order(plot):
    rng = np.random.default_rng(0)
    data = xr.DataArray(rng.random((3, 9, 9)), dims=("time", "y", "x"))
    lon, lat = np.meshgrid(np.linspace(0, 10, 9), np.linspace(40, 50, 9))
    coords = {"lon": (("y", "x"), lon + lat / 9), "lat": (("y", "x"), lat - lon / 9)}
    turned = data.transpose("time", "x", "y").assign_coords(coords)
    data = data.assign_coords(coords)
    options = {"plot": plot, "x": "lon", "y": "lat", "limits": (0, 1)}
    assert np.array_equal(
        DataArrayAnimator(data, **options).frame(data[1]),
        DataArrayAnimator(turned, **options).frame(turned[1]),
    )


def test_north_is_up():
    data = field()
    upside = data.isel(lat=slice(None, None, -1))
    options = {"plot": "imshow", "limits": (270, 300)}
    one, other = (DataArrayAnimator(d, **options).frame(d[3], 3) for d in (data, upside))
    # matplotlib 3.10 rounds differently where a cell ends on a pixel
    assert (one != other).any(axis=-1).mean() < 0.01


def test_titles_tell_frames_apart():
    values = np.zeros((4, 3))

    def titles(coordinate):
        data = xr.DataArray(values, dims=("time", "x"), coords={"time": coordinate})
        animator = DataArrayAnimator(data)
        return [animator._title.of(data[i], i) for i in range(4)]

    assert titles(20200101 + np.arange(4))[3] == "time = 20200104"
    assert titles(2020 + np.arange(4) / 10000)[1] == "time = 2020.0001"
    fine = np.datetime64("2001-01-01T00:00:00", "ns") + np.arange(4)
    assert len(set(titles(fine))) == 4
    gap = np.array(["2001-01-01", "NaT", "2001-01-03", "2001-01-04"], "M8[ns]")
    assert titles(gap) == ["2001-01-01", "NaT", "2001-01-03", "2001-01-04"]
    assert titles(np.arange(4) * np.timedelta64(1, "h"))[2] == "0 days 02:00:00"
    named = xr.DataArray(values, dims=("t", "x"), coords={"time": ("t", gap)})
    assert DataArrayAnimator(named)._title.of(named[2], 2) == "2001-01-03"
    assert DataArrayAnimator(named.drop_vars("time"))._title.of(named.drop_vars("time")[2], 2) == "t = 2"


@pytest.mark.parametrize("dtype", ["?", "i1", "u1", "f2", "u8"])
def test_small_types(dtype):
    data = xr.DataArray(np.arange(120).reshape(4, 5, 6).astype(dtype), dims=("time", "y", "x"))
    low, high = DataArrayAnimator(data, limits="minmax").limits()[""]
    assert (low, high) == (float(data.min()), float(data.max()))


def test_datasets_as_they_come(tmp_path):
    data = xr.Dataset({"a": field(), "b": field() + 1, "time_bnds": (("time", "n"), TIMES[:, None])})
    data = xr.Dataset(
        {"a": data.a.chunk(time=7), "b": data.b.chunk(time=9), "time_bnds": data.time_bnds}
    )
    animator = DataArrayAnimator(data, "time")
    assert animator.limits().keys() == {"a", "b"}
    animator.to_video(tmp_path / "a.mp4", 10, num_workers=1, n_frames=3)
    odd = xr.DataArray(np.random.rand(3, 4, 5), dims=(0, 1, 2), name=7)
    assert DataArrayAnimator(odd, dim=0).frame(odd[1], 1).shape == (480, 640, 3)


@pytest.mark.parametrize("plot", ["contourf", lambda ax, frame: ax.imshow(frame)])
def test_frames_are_found_again(tmp_path, plot):
    for expected in (0, 3):
        animator = DataArrayAnimator(field()[:3], plot=plot)
        video = animator.to_video(tmp_path / "a.mp4", 10, num_workers=1, store=tmp_path / "s.zarr")
        assert video.stats.n_frames_reused == expected


def test_without_xarray():
    code = "import sys; sys.modules['xarray'] = None; import dask_animate.xarray"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'dask_animate[xarray]'" in done.stderr
    assert dask_animate.xarray.AnimateAccessor
