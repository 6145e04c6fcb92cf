import logging
from fractions import Fraction

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dask_animate.errors import OptionError
from dask_animate.util import configure_matplotlib_style, get_rendered_frame_ids


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ((330, 0.1, 30, 12), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ((30, 1, 30, 5), [0, 1, 2, 3, 4]),
        ((60, 1, 30, 5), [0, 2]),
        ((30, Fraction(1, 2), 30, 3), [0, 0, 1, 1, 2, 2]),
        ((1000, 1, 30, 10), [0]),
        ((30, 1, 30, 0), []),
        ((30, 1, 30, -4), []),
    ],
)
def test_ids(arguments, ids):
    got = get_rendered_frame_ids(*arguments)
    assert got.tolist() == ids
    assert got.dtype == np.int64


def test_a_tenth_is_a_tenth():
    assert len(get_rendered_frame_ids(30, 0.1, 30, 100)) == 1000
    assert len(get_rendered_frame_ids(Fraction(30000, 1001), 1.0, 30, 30000)) == 30030
    assert len(get_rendered_frame_ids(1e9, 7e-7, 30, 100_000)) == 4285
    assert get_rendered_frame_ids(1e12, 1e-11, 30, 3).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_repeats_are_logged(caplog):
    with caplog.at_level(logging.WARNING):
        get_rendered_frame_ids(30, 0.1, 30, 3)
    assert "shown more than once" in caplog.text


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf"), "30"])
@pytest.mark.parametrize("place", range(3))
def test_bad_rates(bad, place):
    arguments = [30, 1, 30]
    arguments[place] = bad
    name = ("data_fps", "play_speed", "rendered_fps")[place]
    with pytest.raises(OptionError, match=f"{name} must be a positive number"):
        get_rendered_frame_ids(*arguments, 10)


def test_style():
    with matplotlib.rc_context():
        level = logging.getLogger("matplotlib.font_manager").level
        try:
            configure_matplotlib_style()
            assert plt.rcParams["font.family"][0] == "Arial"
            assert plt.rcParams["pdf.fonttype"] == 42
        finally:
            logging.getLogger("matplotlib.font_manager").setLevel(level)
