"""Which fonts a figure is drawn with, and what is said when they differ."""

import shutil
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib import font_manager

from dask_animate import Animator
from dask_animate.errors import FontWarning
from dask_animate.provenance.fonts import fonts_of

DEJAVU = Path(matplotlib.get_data_path()) / "fonts" / "ttf"


class Words(Animator):
    def __init__(self, family="sans-serif"):
        self.family = family

    def setup(self):
        fig = plt.figure(figsize=(1, 1), dpi=40)
        self.text = fig.text(0.1, 0.4, "", family=self.family)
        return fig

    def update(self, frame_idx, params):
        self.text.set_text(f"{params}")


@pytest.fixture
def figure():
    fig = plt.figure()
    yield fig
    plt.close(fig)


def test_fonts_are_files(figure, tmp_path):
    path = tmp_path / "own.ttf"
    shutil.copy(DEJAVU / "DejaVuSerif.ttf", path)
    figure.text(0, 0, "a", family=["nothing", "serif"], weight="bold")
    figure.text(0, 0, "b", font=path)
    fonts = fonts_of(figure)
    assert fonts.keys() == {"nothing bold", "serif bold", "own.ttf"}
    assert fonts["nothing bold"] == "no font"
    assert fonts["serif bold"].startswith("DejaVuSerif-Bold.ttf ")
    shutil.copy(DEJAVU / "DejaVuSans.ttf", tmp_path / "other.ttf")
    figure.text(0, 0, "c", font=tmp_path / "other.ttf")
    assert fonts_of(figure)["other.ttf"].split()[1] != fonts["own.ttf"].split()[1]


def test_fonts_of_formulas_that_users_choose(figure):
    with plt.rc_context({"mathtext.fontset": "custom", "mathtext.rm": "serif"}):
        assert fonts_of(figure)["serif"].startswith("DejaVuSerif.ttf ")


def lose_a_font():
    manager = font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if font.name != "DejaVu Serif"]
    manager._findfont_cached.cache_clear()


def test_workers_with_other_fonts_are_named(tmp_path, own_client):
    address = list(own_client.scheduler_info()["workers"])[1]
    own_client.run(lose_a_font, workers=[address])
    options = {"client": own_client, "partition_size": 5, "redraw": "full"}
    with pytest.warns(FontWarning, match=rf"font 'DejaVu Serif' is .*{address}"):
        Words("DejaVu Serif").make_video(tmp_path / "a.mp4", range(40), 20, **options)
    Words("DejaVu Sans").make_video(tmp_path / "b.mp4", range(40), 20, **options)


def test_frames_in_other_fonts_are_other_frames(tmp_path, monkeypatch):
    options = {"num_workers": 1, "store": tmp_path / "s.zarr"}
    for fonts, n_reused in ((None, 0), (None, 5), ("", 0)):
        if fonts is not None:
            monkeypatch.setattr(font_manager.fontManager, "ttflist", font_manager.fontManager.ttflist)
            lose_a_font()
        video = Words("DejaVu Serif").make_video(tmp_path / "a.mp4", range(5), 20, **options)
        assert video.stats.n_frames_reused == n_reused
    font_manager.fontManager._findfont_cached.cache_clear()
