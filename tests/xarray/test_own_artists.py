"""What a function given as each= adds is gone in the next frame, wherever in the figure it is."""

import numpy as np
import pytest
import xarray as xr

from dask_animate.errors import SetupError

VALUES = [3.0, 9.0, 5.0, 7.0]


def field():
    values = np.multiply.outer(VALUES, np.linspace(0, 1, 30)).reshape(4, 5, 6)
    coords = {"y": np.arange(5), "x": np.arange(6)}
    return xr.DataArray(values, coords, ("time", "y", "x"), "sst")


def value_of(frame):
    return float(frame.max())


def bars_with_legend(ax, frame):
    ax.bar([1, 2], [value_of(frame) / 4] * 2, label="bars")
    ax.legend()


def text_of_the_figure(ax, frame):
    ax.figure.text(value_of(frame) / 20, 0.5, "here")


def title_of_the_figure(ax, frame):
    ax.figure.suptitle(f"{value_of(frame)}")
    ax.figure.supxlabel(f"x {value_of(frame)}")


def legend_of_the_figure(ax, frame):
    ax.figure.legend(ax.plot([0, 5], [0, value_of(frame) / 3]), [f"{value_of(frame)}"])


def inset(ax, frame):
    ax.inset_axes([0.5, 0.5, 0.4, 0.4]).plot([0, value_of(frame)])


def text_of_the_color_bar(ax, frame):
    ax.figure.axes[-1].text(0.1, value_of(frame) / 2, "here")


def color_limits(ax, frame):
    ax.collections[0].set_clim(0, value_of(frame))  # the color bar is remade


def more_axes(figure, ax):
    ax.twinx().set(ylim=(0, 10))
    figure.add_axes((0.1, 0.2, 0.05, 0.5), label="bar")


def contours_with_color_bar(ax, frame):
    *_, twin, own = ax.figure.axes
    twin.plot([0, 5], [0, value_of(frame)])
    ax.figure.colorbar(ax.contour(frame.x, frame.y, frame), cax=own)


@pytest.mark.parametrize(
    ("each", "decorate"),
    [
        (bars_with_legend, None),
        (text_of_the_figure, None),
        (title_of_the_figure, None),
        (legend_of_the_figure, None),
        (inset, None),
        (text_of_the_color_bar, None),
        (color_limits, None),
        (contours_with_color_bar, more_axes),
    ],
)
def test_frames_after_others_are_those_drawn_alone(each, decorate):
    data = field()
    options = {"each": each, "decorate": decorate, "figsize": (3, 2)}
    frames = data.animate(**options).frames(data, partition_size=4).compute(scheduler="synchronous")
    last = data.animate(**options).frame(data[3], 3)
    assert (frames[3] == last).all()
    assert not (frames[3] == frames[2]).all()


@pytest.mark.parametrize(
    "each", [lambda ax, frame: ax.twinx(), lambda ax, frame: frame.plot.contourf(ax=ax)]
)
def test_axes_for_each_frame(each):
    with pytest.raises(SetupError, match=r"OptionError: the function given as each= adds axes"):
        field().animate(each=each).limits()
