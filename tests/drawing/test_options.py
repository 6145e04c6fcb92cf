from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from dask_animate.drawing.options import DrawOptions
from dask_animate.encoding.options import as_fps
from dask_animate.errors import AnimateError, OptionError, OptionTypeError
from dask_animate.frames import FrameSize


@pytest.mark.parametrize(
    ("fps", "exact"),
    [
        (30, Fraction(30)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (29.97, Fraction(2997, 100)),
        (12.5, Fraction(25, 2)),
        (np.float32(0.5), Fraction(1, 2)),
        (np.int64(24), Fraction(24)),
        (Decimal("29.97"), Fraction(2997, 100)),
    ],
)
def test_fps(fps, exact):
    assert as_fps(fps) == exact


@pytest.mark.parametrize(
    "fps", [0, -1, float("nan"), float("inf"), 1e-9, 1e9, Fraction(-1, 2), Fraction(10**12 + 1, 10**11)]
)
def test_fps_of_no_use(fps):
    with pytest.raises(OptionError, match="fps must"):
        as_fps(fps)


@pytest.mark.parametrize("fps", ["30", None, True, [30]])
def test_fps_of_the_wrong_type(fps):
    with pytest.raises(OptionTypeError, match="fps must be a positive number"):
        as_fps(fps)


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
