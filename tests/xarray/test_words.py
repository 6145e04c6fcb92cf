"""The words of xarray.plot: what each combination gives, and errors for those that say nothing."""

from threading import Lock

import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.collections import QuadMesh
from matplotlib.colors import BoundaryNorm, LogNorm, Normalize, SymLogNorm, TwoSlopeNorm, to_hex

from dask_animate.errors import FrameError, OptionError, OptionTypeError, ParamsError, SetupError
from dask_animate.xarray import AnimateAccessor, DataArrayAnimator
from dask_animate.xarray.colors import ColorScale
from dask_animate.xarray.limits import Distribution
from dask_animate.xarray.words import PlotWords

N = 5


def field(low=-2.0, high=30.0):
    values = np.linspace(low, high, N * 6 * 8).reshape(N, 6, 8)
    coords = {"time": np.arange(N), "lat": np.linspace(-50, 50, 6), "lon": np.linspace(0, 70, 8)}
    return xr.DataArray(values, coords, ("time", "lat", "lon"), "sst", {"units": "K"})


def deep():
    """A field at three depths."""
    data = field().expand_dims(depth=[0, 10, 50], axis=1) * xr.DataArray([1.0, 2.0, 3.0], dims="depth")
    return data.rename("sst")


def ocean():
    data = xr.Dataset({"sst": field(), "chl": field(0, 40), "u": field() * 0 + 2, "v": field() / 30})
    return data.assign(profile=field()[:, :, 0])


def figure_of(animator):
    animator.before_drawing()
    return animator.setup()


def mesh_of(animator):
    return next(
        one for ax in figure_of(animator).axes for one in ax.collections if isinstance(one, QuadMesh)
    )


# --- what was an error once


@pytest.mark.parametrize("norm", [LogNorm(), "log", LogNorm(vmin=1), LogNorm(1, 100)])
@pytest.mark.parametrize("as_style", [True, False])
def test_logarithmic_colors(norm, as_style):
    data = field(0, 40)
    options = {"style": {"norm": norm}} if as_style else {"norm": norm}
    mesh = mesh_of(data.animate(**options))
    assert isinstance(mesh.norm, LogNorm)
    assert mesh.norm.vmin == (
        getattr(norm, "vmin", None) or pytest.approx(np.percentile(data, 2), rel=0.2)
    )
    assert mesh.norm.vmax == (
        getattr(norm, "vmax", None) or pytest.approx(np.percentile(data, 98), rel=1e-3)
    )
    assert data.animate(**options).frame(data[2], 2).std() > 10


def test_norms_of_the_caller_stay_as_they_are():
    for norm in (LogNorm(), TwoSlopeNorm(0), SymLogNorm(1)):
        mesh = mesh_of(field().animate(norm=norm))
        assert (norm.vmin, norm.vmax) == (None, None)
        assert mesh.norm.vmin < mesh.norm.vmax
        assert type(mesh.norm) is type(norm)
    assert mesh_of(field().animate(norm="symlog")).norm.vmax > 0


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({"vmin": 0, "vmax": 20, "cmap": "magma"}, (0, 20)),
        ({"vmin": 1}, (1, pytest.approx(29.37, abs=0.1))),
        ({"vmin": -5}, (-5, 5)),
        ({"center": False, "robust": False}, (-2, 30)),
        ({"robust": False}, (-30, 30)),
        ({"limits": (-2, 30), "extend": "neither"}, (-2, 30)),
        ({"limits": (-2, 30), "style": {"extend": "both"}}, (-2, 30)),
        ({"style": {"vmin": 3, "vmax": 4}}, (3, 4)),
        ({"norm": Normalize(vmax=7), "vmin": 2}, (2, 7)),
    ],
)
def test_limits(options, limits):
    animator = field().animate(**options)
    assert animator.limits() == {"sst": limits}
    mesh = mesh_of(animator)
    assert (mesh.norm.vmin, mesh.norm.vmax) == limits
    if "cmap" in options:
        assert mesh.cmap.name == "magma"
    (bar,) = [ax._colorbar for ax in mesh.figure.axes if hasattr(ax, "_colorbar")]
    if "extend" in options:
        assert bar.extend == "neither"
    if "style" in options:
        assert bar.extend == "both"


def test_what_words_settle_is_not_read():
    def fails(block):
        raise AssertionError("read")

    data = field().chunk(time=1)
    data = xr.concat(
        [data[:1].compute(), data[1:].copy(data=data[1:].data.map_blocks(fails, dtype="f8"))], "time"
    )
    for options in (
        {"vmin": 0, "vmax": 1},
        {"limits": (0, 1)},
        {"norm": LogNorm(1, 2)},
        {"levels": [0, 1], "cmap": "viridis", "extend": "max"},
        {"plot": "contourf", "limits": (0, 1)},
    ):
        assert data.animate(**options).limits().keys() == {"sst"}
    assert data[:, 0].animate(ylim=(0, 1)).limits()
    with pytest.raises(ParamsError, match="AssertionError: read"):
        data.animate(vmin=0).limits()


def test_facets_share_limits_and_one_color_bar():
    animator = deep().animate(col="depth", robust=False, center=False)
    figure = figure_of(animator)
    assert animator.limits() == {"sst": (-6, 90)}
    assert [ax.get_title() for ax in figure.axes[:3]] == ["depth = 0", "depth = 10", "depth = 50"]
    assert len(figure.axes) == 4
    animator.update(3, deep()[3])
    for idx, ax in enumerate(figure.axes[:3]):
        assert np.array_equal(ax.collections[0].get_array(), deep()[3, idx])
    rows = figure_of(deep().expand_dims(run=["a", "b"], axis=1).animate(col="depth", row="run"))
    assert len(rows.axes) == 7
    assert rows.axes[2].texts[0].get_text() == "run = a"
    assert (rows.get_size_inches() == (10, 6)).all()


def test_a_dataset_mixes_plots_and_words():
    plots = {"sst": "pcolormesh", "profile": "line", "chl": "contourf"}
    animator = ocean().animate(
        plot=plots, col_wrap=3, size=2, aspect=1.5, cmap={"sst": "magma"}, norm={"chl": LogNorm(1, 40)}
    )
    figure = figure_of(animator)
    assert (figure.get_size_inches() == (9, 2)).all()
    sst, profile, chl = figure.axes[:3]
    assert [ax.get_title() for ax in (sst, profile, chl)] == list(plots)
    assert sst.collections[0].cmap.name == "magma"
    assert chl.collections[0].cmap.name == "viridis"
    assert isinstance(chl.collections[0].norm, LogNorm)
    assert len(profile.lines) == 1
    assert animator.check(ocean(), 3, dim="time").ok


def test_words_about_axes():
    words = {"xlim": (10, 60), "ylim": (40, -40), "xticks": [20, 40], "yscale": "symlog"}
    figure = figure_of(field().animate(**words, add_labels=False, add_colorbar=False))
    (ax,) = figure.axes
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_yscale()) == ((10, 60), (40, -40), "symlog")
    assert ax.get_xticks().tolist() == [20, 40]
    assert [ax.get_xlabel(), ax.get_ylabel(), ax.get_title()] == ["", "", ""]
    assert figure_of(field().animate(add_labels=False, title="a")).axes[0].get_title() == "a"
    assert figure_of(field().animate(yincrease=False)).axes[0].yaxis_inverted()
    upside = figure_of(field()[:, ::-1].animate()).axes[0]
    assert not upside.yaxis_inverted()
    assert (figure_of(field().animate(size=3)).get_size_inches() == (4, 3)).all()
    assert (figure_of(field().animate(size=3, aspect="equal")).get_size_inches() == (3, 3)).all()


# --- functions of the caller


def add_mean(axes, frame):
    axes.text(5, 5, f"{float(frame.mean()):.2f}")


def test_decorations(tmp_path, client):
    def decorate(figure, axes):
        axes.axhline(0, color="white")
        figure.text(0.01, 0.01, "a group")

    animator = field().animate(decorate=decorate, each=add_mean)
    video = animator.to_video(tmp_path / "a.mp4", 10, client=client)
    assert video.n_frames == N
    figure = figure_of(animator)
    for idx in (3, 1, 1):
        animator.update(idx, field()[idx])
        (ax, _) = figure.axes
        assert [text.get_text() for text in ax.texts] == [f"{float(field()[idx].mean()):.2f}"]
        assert len(ax.lines) == 1
    assert [text.get_text() for text in figure.texts if text.get_text()] == ["a group"]
    assert animator.check(field(), 3, dim="time").ok


def test_frames_do_not_depend_on_what_was_added_before():
    def each(axes, frame):
        axes.plot([0, 100 * float(frame.time)], [0, 10])

    animator = field().animate(each=each)
    (ax, _) = figure_of(animator).axes
    for idx in (4, 2, 3):
        animator.update(idx, field()[idx])
        assert [to_hex(line.get_color()) for line in ax.lines] == ["#1f77b4"]
        assert ax.get_xlim() == (-5, 75)
    assert animator.check(field(), 4, dim="time").ok


def test_decorations_of_panels_get_an_array_of_axes():
    shapes = []
    for data, options in ((deep(), {"col": "depth"}), (deep(), {"col": "depth", "col_wrap": 2})):
        figure_of(data.animate(**options, decorate=lambda figure, axes: shapes.append(axes.shape)))
    assert set(shapes) == {(3,), (2, 2)}


def test_errors_of_functions_name_them():
    lock = Lock()

    def fails(*args):
        raise KeyError("oops")

    for name in ("decorate", "each"):
        with pytest.raises(SetupError, match=f"the function given as {name}= failed: KeyError: 'oops'"):
            field().animate(**{name: fails}).limits()
        with pytest.raises(OptionTypeError, match=f"{name} must be a function"):
            field().animate(**{name: 3})
        with pytest.raises(OptionTypeError, match=f"{name} cannot be pickled"):
            field().animate(**{name: lambda *args: lock})


# --- errors


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"limits": (0, 1), "vmin": 0}, OptionError, "either limits= or vmin="),
        ({"limits": "robust", "robust": True}, OptionError, "either limits= or robust="),
        ({"vmin": 3, "vmax": 1}, OptionError, r"vmin=3 must be less than vmax=1"),
        ({"vmin": 0, "vmax": 1, "robust": True}, OptionError, "no effect with both"),
        ({"vmin": 0, "vmax": 1, "center": 0.5}, OptionError, "no effect with both"),
        ({"vmin": "low"}, OptionTypeError, "vmin must be a finite number, got 'low'"),
        ({"vmin": {"sst": "low"}}, OptionTypeError, r"vmin\['sst'\] must be a finite number"),
        ({"vmin": {"chl": 1}}, OptionError, r"vmin: there is no variable \['chl'\], only \['sst'\]"),
        ({"cmap": "virids"}, OptionError, "no color map 'virids': did you mean 'viridis'"),
        ({"cmap": 3}, OptionTypeError, "cmap must be a name, a Colormap or a list"),
        ({"cmap": "magma", "colors": "k"}, OptionError, "either cmap= or colors="),
        ({"cmap": "magma", "style": {"cmap": "magma"}}, OptionError, "either cmap= or style="),
        ({"colors": ["k", "r"]}, OptionError, "colors= needs levels="),
        ({"colors": ["k", "x"], "levels": 3}, OptionTypeError, "colors must be a color or a list"),
        ({"norm": "logg"}, OptionError, "norm must be one of"),
        ({"norm": 3}, OptionTypeError, "norm must be a norm of matplotlib"),
        ({"norm": LogNorm(vmin=1), "vmin": 2}, OptionError, "vmin=2.0 differs from that of norm"),
        (
            {"norm": LogNorm(vmax=1), "limits": (2, 3)},
            OptionError,
            "limits=.* differs from that of norm",
        ),
        (
            {"norm": BoundaryNorm([0, 1], 2), "levels": 3},
            OptionError,
            "levels= has no effect with a Bound",
        ),
        ({"levels": [0, 0]}, OptionTypeError, "levels must be an integer or a sequence"),
        ({"levels": [0, 1], "vmin": 0}, OptionError, "no effect with a sequence as levels="),
        ({"extend": "up"}, OptionError, "extend must be one of"),
        ({"add_colorbar": False, "cbar_kwargs": {}}, OptionError, "no effect with add_colorbar=False"),
        ({"cbar_kwargs": 3}, OptionTypeError, "cbar_kwargs must be a dict"),
        ({"robust": 1}, OptionTypeError, "robust must be True or False"),
        ({"center": True}, OptionTypeError, "center must be a finite number"),
        ({"xlim": 3}, OptionTypeError, "xlim must be two values"),
        ({"xscale": "logarithmic"}, OptionError, "xscale must be one of"),
        ({"xticks": 3}, OptionTypeError, "xticks must be a sequence"),
        ({"figsize": (3, 2), "size": 3}, OptionError, "either figsize= or size="),
        ({"figsize": (3, 0)}, OptionError, "figsize must be greater than 0"),
        ({"aspect": 2}, OptionError, "aspect= needs size="),
        ({"size": -1}, OptionError, "size must be greater than 0"),
        ({"col": "time"}, OptionError, "name dimensions of the frames, lat, lon; got 'time'"),
        ({"col": "lat", "row": "lat"}, OptionError, "must be different dimensions"),
        ({"col_wrap": 2}, OptionError, "col_wrap= needs col="),
        ({"col": "lat", "row": "lon", "col_wrap": 2, "plot": "hist"}, OptionError, "is one number"),
        ({"hue": "lat"}, None, None),
        ({"hue": "lat", "plot": "pcolormesh"}, OptionError, "hue= has no effect with pcolormesh"),
        ({"hue": "lat", "vmin": 0}, OptionError, "vmin= has no effect with line"),
        ({"hue": "height"}, OptionError, "'height' is no coordinate"),
        ({"plot": "line", "x": "lat", "y": "lat"}, OptionError, "either x= or y= with a line"),
        ({"plot": "step", "hue": "lat", "where": "left"}, OptionError, "where must be one of"),
        ({"plot": "hist", "bins": 0}, OptionError, "bins must be at least 1"),
        ({"plot": "hist", "bins": [3]}, OptionError, "bins must be at least two edges"),
        ({"plot": "hist", "y": "lat"}, OptionError, "y= has no effect with hist"),
        ({"plot": "quiver", "u": "u", "v": "v"}, OptionError, "needs several variables"),
        ({"plot": {"sst": "line"}}, OptionTypeError, "a dict is for a Dataset"),
        ({"plot": print, "decorate": print}, OptionError, "decorate= has no effect with a function"),
        ({"u": "u"}, OptionError, "u= has no effect with pcolormesh"),
        ({"subplot_kws": 3}, OptionTypeError, "subplot_kws must be a dict"),
        ({"limits": [1]}, OptionError, "limits must be"),
        ({"x": ["lat"]}, OptionTypeError, "x must be the name of a coordinate"),
        ({"hue": (["lat"],)}, OptionTypeError, "hue must be the name of a coordinate"),
        ({"col": np.array([])}, OptionTypeError, "col must be the name of a coordinate"),
        ({"dim": np.array([])}, OptionError, "dim must be one of the dimensions"),
        ({"aspect": np.array([])}, OptionTypeError, "aspect must be a finite number"),
        ({"col_wrap": np.array([])}, OptionTypeError, "col_wrap must be an integer"),
        ({"cmap": np.array(3)}, OptionTypeError, "cmap must be a name, a Colormap or a list of colors"),
        ({"ad_colorbar": True}, OptionTypeError, "did you mean add_colorbar="),
    ],
)
def test_errors_before_any_work(options, error, match):
    if error is None:
        assert len(figure_of(field().animate(**options)).axes[0].lines) == 6
        return
    with pytest.raises(error, match=match):
        field().animate(**options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"plot": "quiver", "u": "u"}, "needs u= and v="),
        ({"plot": "quiver", "u": "u", "v": "w"}, "v='w' is no variable"),
        ({"plot": "quiver", "u": "u", "v": "profile"}, "must have 2 dimensions"),
        ({"plot": "quiver", "u": "u", "v": "v", "over": "sst", "hue": "chl"}, "either hue= or over="),
        ({"plot": "quiver", "u": "u", "v": "v", "cmap": "magma"}, "no effect without hue= or over="),
        (
            {"plot": "streamplot", "u": "u", "v": "v", "stride": 2},
            "stride= has no effect with streamplot",
        ),
        ({"plot": "scatter", "x": "sst"}, "needs x= and y="),
        (
            {"plot": "scatter", "x": "sst", "y": "chl", "col": "lat", "row": "lat"},
            "must be different dimensions",
        ),
        ({"plot": {"sst": "quiver"}}, "must be one of"),
        ({"plot": {"oxygen": "line"}}, "no variable 'oxygen'"),
        ({"plot": {"sst": "line"}}, "2 dimensions"),
        ({"plot": {"sst": "pcolormesh", "profile": "line"}, "cmap": {"profile": "k"}}, "no color map"),
        (
            {"plot": {"sst": "pcolormesh", "profile": "line"}, "cmap": {"profile": "bone"}},
            "no effect with line",
        ),
        ({"col": "lat"}, "make facets of one variable|is one number"),
    ],
)
def test_errors_of_datasets(options, match):
    with pytest.raises(OptionError, match=match):
        ocean().animate(**options)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"x": "lat", "y": "lat"}, "must be different coordinates"),
        ({"y": "height"}, "'height' is no coordinate"),
        ({"plot": "hist", "style": {"cumulative": True}}, "style of hist cannot have cumulative"),
        ({"hue": "lat", "add_legend": True, "plot": "line", "x": "nowhere"}, "no coordinate"),
    ],
)
def test_errors_before_data_is_read(options, match):
    with pytest.raises(SetupError, match=match):
        field().animate(**options).limits()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"norm": LogNorm()}, "no values greater than 0"),
        ({"norm": Normalize(vmin=5)}, "norm=Normalize cannot have the limits"),
        ({"vmin": 5}, "lies beyond the data"),
    ],
)
def test_errors_of_what_the_data_are(options, match):
    with pytest.raises(OptionError, match=match):
        field(-9, -1).animate(**options).limits()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"transform": object()}, "transform= needs a map: give a projection"),
        ({"xlim": ("a", "b")}, r"xlim must be numbers on an axis of numbers, got \('a', 'b'\)"),
        ({"yticks": ["a"]}, "yticks must be numbers on an axis of numbers"),
        ({"style": {"zz": 1}}, r"style=\{'zz': 1\}: AttributeError: .*zz"),
        ({"cbar_kwargs": {"zz": 1}}, r"cbar_kwargs=\{'zz': 1\}: TypeError: .*zz"),
    ],
)
def test_what_matplotlib_does_not_take_is_named(options, match):
    with pytest.raises(SetupError, match=f"OptionError: {match}"):
        field().animate(**options).limits()


def test_limits_of_texts_are_texts():
    named = field()[:, 0].assign_coords(lon=list("abcdefgh"))
    assert figure_of(named.animate(xlim=("b", "d"))).axes[0].get_xlim() == (1, 3)


def test_a_frame_is_a_slice():
    with pytest.raises(
        FrameError, match=r"ParamsError: a frame is drawn from a slice, such as data.isel"
    ):
        field().animate(figsize=(2, 2)).frame(1)


def test_data_without_a_name():
    with pytest.raises(OptionError, match=r"^the data hold complex128, which cannot be drawn"):
        (field().rename(None) * 1j).animate()


def test_all_frames_at_once_have_a_bound(monkeypatch):
    monkeypatch.setattr("dask_animate.xarray.scales.HISTORY_BYTES", 100)
    with pytest.raises(SetupError, match=r"plot=.hovmoller. sends all frames") as raised:
        field()[:, 0].animate(plot="hovmoller").limits()
    assert isinstance(raised.value.__cause__, ParamsError)


def test_coordinates_that_move_are_refused():
    data = field()
    data = data.assign_coords(z=(("time", "lat", "lon"), data.values))
    with pytest.raises(OptionError, match="y='z' changes along 'time', the dimension of the frames"):
        data.animate(x="lon", y="z")
    assert data[:, 0].animate(plot="hovmoller", x="time", y="lon").limits()


def test_accessor_and_class_take_the_same_words():
    import inspect

    own = {"data", "dim", "plot", "title", "unknown", "self"}
    for function in (DataArrayAnimator, AnimateAccessor.__call__):
        assert {*PlotWords.__dataclass_fields__} <= {*inspect.signature(function).parameters} - own


def test_options_of_xarray_choose_color_maps():
    with xr.set_options(cmap_divergent="bwr", cmap_sequential="bone"):
        assert mesh_of(field().animate()).cmap.name == "bwr"
        assert mesh_of(field(1, 2).animate()).cmap.name == "bone"


def test_positive_values_only():
    distribution = Distribution.of(np.linspace(-1, 9, 1001)).positive
    assert distribution.extremes == pytest.approx((0.01, 9))
    words = PlotWords.create({"norm": "log"}, {"": "pcolormesh"})
    scale = ColorScale.create(
        words.of("", "pcolormesh"), "pcolormesh", Distribution.of([-1.0, 1.0, 10.0])
    )
    assert scale.limits.low > 0
    plt.close("all")
