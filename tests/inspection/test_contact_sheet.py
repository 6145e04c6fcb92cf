import dask.bag as db
import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import FrameNumber
from matplotlib import image

from dask_animate.inspection.contact_sheet import make_sheet


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_tiles_are_the_frames(tmp_path, n):
    colors = np.random.default_rng(0).integers(60, 200, (n, 3), np.uint8)
    frames = [np.broadcast_to(color, (90, 160, 3)) for color in colors]
    sheet = make_sheet(range(n), frames)
    sheet.save(tmp_path / "sheet.png")
    saved = (image.imread(tmp_path / "sheet.png") * 255).round().astype(np.uint8)
    np.testing.assert_array_equal(saved, sheet.pixels)
    assert (tmp_path / "sheet.png").read_bytes() == sheet._repr_png_()
    for color in colors:
        found = np.abs(saved[..., :3].astype(int) - color).max(axis=-1) <= 1
        assert found.sum() > 300 * 160


def test_tiles_stand_upright():
    top_red = np.full((90, 160, 3), 255, np.uint8)
    top_red[:45] = 255, 0, 0
    with plt.rc_context({"image.origin": "lower"}):
        sheet = make_sheet([0], [top_red])
    red = (sheet.pixels[..., :3] == (255, 0, 0)).all(axis=-1).any(axis=1).nonzero()[0]
    assert red.mean() < sheet.pixels.shape[0] / 2
    assert sheet != make_sheet([0], [top_red])


def test_bag_in_a_sheet():
    sheet = FrameNumber().preview(db.from_sequence(range(30), npartitions=4), 3)
    assert sheet.frame_idx == (0, 16, 29)
    assert repr(sheet) == "ContactSheet(frame_idx=(0, 16, 29))"
