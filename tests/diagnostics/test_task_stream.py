"""The task stream of a render."""

from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from helpers import FrameNumber
from matplotlib import image
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from renders import made_up_stats

from dask_animate import join
from dask_animate.diagnostics.task_stream import CLOCK_SECONDS, PHASE_COLORS
from dask_animate.drawing import PHASES
from dask_animate.errors import OptionTypeError, StatsError


def bars(figure):
    """Return the corners of the bars of each phase, (n, 4, 2), by its name."""
    (ax,) = figure.axes
    found = {}
    for collection in ax.collections:
        if isinstance(collection, PolyCollection):
            name = collection.get_label().split()[0]
            assert tuple(collection.get_facecolor()[0]) == to_rgba(PHASE_COLORS[name])
            found[name] = np.array([path.vertices[:4] for path in collection.get_paths()])
    return found


def assert_shows(figure, stats):
    """Check that bars are where the partitions say, and overlap by no more than clocks err."""
    shown = bars(figure)
    assert set(PHASE_COLORS) == {*PHASES, "other"}
    reports = (*stats.partitions, *stats.encoded_here)
    for name in PHASE_COLORS:
        expected = [report.phases[name] for report in reports if report.phases[name] > 0]
        corners = shown.get(name, np.empty((0, 4, 2)))
        widths = corners[:, 1, 0] - corners[:, 0, 0]
        assert np.allclose(sorted(widths), sorted(expected), atol=1e-6)
    corners = np.concatenate(list(shown.values()))
    order = np.lexsort((corners[:, 0, 0], corners[:, 0, 1]))
    same_lane = np.diff(corners[order, 0, 1]) == 0
    gaps = corners[order, 0, 0][1:] - corners[order, 1, 0][:-1]
    assert (gaps[same_lane] > -CLOCK_SECONDS - 1e-6).all()
    figure.canvas.draw()


def row_names(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_of_a_render_in_this_process(tmp_path):
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(20), 30, num_workers=1, partition_size=8)
    before = plt.get_fignums()
    figure = video.stats.plot()
    assert isinstance(figure, Figure)
    assert image.imread(BytesIO(figure._repr_png_()), format="png").shape == (260, 1000, 4)
    assert plt.get_fignums() == before
    assert_shows(figure, video.stats)
    assert row_names(figure) == ["this process"]
    title = figure.axes[0].get_title(loc="left")
    assert title.startswith("20 frames in ")
    assert "3 partitions by this process; this process converted and encoded for " in title


def test_of_a_cluster(tmp_path, client, client_of_threads):
    for some in (client, client_of_threads):
        video = FrameNumber().make_video(
            tmp_path / "a.mp4", range(40), 30, client=some, partition_size=5, encode_on="workers"
        )
        figure = video.stats.plot()
        assert_shows(figure, video.stats)
        names = row_names(figure)
        assert names == sorted(worker.removeprefix("tcp://") for worker in some.nthreads())
        assert figure.axes[0].get_title(loc="left").endswith("; encoded where they were drawn")


def test_in_axes_of_the_callers(tmp_path):
    figure, (left, right) = plt.subplots(1, 2)
    assert made_up_stats(2, 10).plot(ax=right) is figure
    assert not left.collections
    assert right.collections
    plt.close(figure)
    nested = Figure()
    ax = nested.subfigures(1, 2)[1].add_subplot()
    assert made_up_stats(2, 10).plot(ax) is nested


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize(("n_workers", "n_partitions"), [(1, 1), (3, 40), (64, 5000), (200, 20_000)])
def test_few_artists_for_any_number_of_partitions(n_workers, n_partitions):
    stats = made_up_stats(n_workers, n_partitions)
    figure = stats.plot()
    assert_shows(figure, stats)
    (ax,) = figure.axes
    assert len(ax.collections) <= len(PHASE_COLORS) + 1
    assert len(row_names(figure)) <= 70
    # Names do not overlap, and nothing lies outside of the figure.
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert all(low.y1 <= high.y0 + 0.5 for high, low in pairwise(boxes))
    for text in (*ax.get_yticklabels(), ax.title, *ax.get_legend().get_texts()):
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1 + 1


def test_names_are_shown_as_they_are():
    stats = made_up_stats(2, 6, worker="tcp://$x^2$ \\frac <b>:{}")
    figure = stats.plot()
    figure.canvas.draw()  # as mathematics it would fail
    assert all(r"\$x^2\$ \frac <b>" in name for name in row_names(figure))


def test_what_cannot_be_plotted(tmp_path):
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(5), 30, num_workers=1)
    with pytest.raises(OptionTypeError, match=r"ax must be an Axes of matplotlib or None, got 3"):
        video.stats.plot(ax=3)
    with pytest.raises(StatsError, match="there is no partition to plot: the frames were copied"):
        join([video.path], tmp_path / "b.mp4").stats.plot()


def test_what_the_calling_process_encodes(tmp_path, client):
    video = FrameNumber().make_video(tmp_path / "a.gif", range(20), 20, client=client, partition_size=5)
    figure = video.stats.plot()
    assert_shows(figure, video.stats)
    assert row_names(figure)[0] == "this process"
    assert "this process converted and encoded for" in figure.axes[0].get_title(loc="left")
