import pytest

from dask_animate.drawing.options import DrawOptions
from dask_animate.errors import AnimateError, OptionError, OptionTypeError
from dask_animate.frames import FrameSize


def test_draw_spec_from_savefig_params():
    spec = DrawOptions.create(
        {
            "dpi": 80,
            "facecolor": "red",
            "edgecolor": (0, 0, 0, 1),
            "transparent": False,
            "bbox_inches": "tight",
            "pad_inches": 0.2,
        }
    )
    assert spec == DrawOptions(
        dpi=80, facecolor="red", edgecolor=(0, 0, 0, 1), tight=True, pad_inches=0.2
    )


def test_savefig_values_that_change_nothing():
    none = {"dpi": "figure", "facecolor": "auto", "edgecolor": None, "bbox_inches": None}
    assert DrawOptions.create(none) == DrawOptions.create(None) == DrawOptions()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"metadata": {}, "format": "png"}, "no effect on video frames for format, metadata"),
        ({"dpi": 0}, r'\["dpi"\] must be a positive number'),
        ({"dpi": "high"}, r'\["dpi"\] must be a positive number'),
        ({"facecolor": "no such color"}, r'\["facecolor"\] must be a matplotlib color'),
        ({"bbox_inches": "loose"}, 'must be "tight" or None'),
        ({"pad_inches": 0.1}, 'requires bbox_inches="tight"'),
        ({"bbox_inches": "tight", "pad_inches": -1}, "must be a number of inches"),
        ({"transparent": "yes"}, "must be True or False"),
        (["dpi", 80], "savefig_params must be a dict"),
    ],
)
def test_bad_savefig_params(params, message):
    with pytest.raises(AnimateError, match=message):
        DrawOptions.create(params)


@pytest.mark.parametrize("seed", [-1, 1.5, "a"])
def test_bad_seed(seed):
    with pytest.raises((OptionError, OptionTypeError), match="seed must be"):
        DrawOptions.create(None, seed=seed)


def test_frame_size():
    assert str(FrameSize(480, 640)) == "640x480"
    assert FrameSize(480, 640).n_bytes == 480 * 640 * 3
