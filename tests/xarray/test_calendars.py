"""Times of cftime on axes."""

import sys

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import dask_animate.xarray  # noqa: F401
from dask_animate.errors import SetupError

TIMES = xr.date_range("2001-02-25", periods=20, calendar="noleap", use_cftime=True)
DATA = xr.DataArray(
    np.random.default_rng(0).random((3, 20, 5)),
    dims=("member", "time", "x"),
    coords={"time": TIMES},
    name="a",
)


@pytest.mark.parametrize("data", [DATA, DATA[:, :, 0]], ids=["mesh", "line"])
def test_axes_without_the_package_that_draws_them(monkeypatch, data):
    monkeypatch.setitem(sys.modules, "nc_time_axis", None)
    with pytest.raises(SetupError, match="pip install nc-time-axis, or convert the times by") as caught:
        data.animate(dim="member").limits()
    assert isinstance(caught.value.__cause__, ImportError)
    assert "data.convert_calendar(\"standard\", dim='time', use_cftime=False)" in str(caught.value)


@pytest.mark.filterwarnings("ignore:The nonsingular function")  # nc-time-axis 1.4 calls it
@pytest.mark.parametrize("options", [{}, {"plot": "contourf"}, {"hue": "x"}])
def test_axes(options):
    pytest.importorskip("nc_time_axis")
    animator = DATA.animate(dim="member", limits=(0, 1), **options)
    frame = animator.frame(DATA[1], 1)
    assert (frame != 255).any()
    animator.before_drawing()
    figure = animator.setup()
    FigureCanvasAgg(figure).draw()
    assert any("2001" in text.get_text() for text in figure.findobj(Text))


@pytest.mark.filterwarnings("ignore:The nonsingular function")
def test_hovmoller(tmp_path):
    """The frames' own times are an axis."""
    pytest.importorskip("nc_time_axis")
    data = DATA[0]
    video = data.animate.to_video(
        tmp_path / "a.mp4", 10, plot="hovmoller", durations="time", num_workers=1, figsize=(3, 3)
    )
    assert video.n_frames == 20
