"""Renders that draw frames into pools before they begin."""

import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from helpers import FailsAt, FrameNumber, assert_nothing_beside, assert_shows, decode, read_numbers

from dask_animate import FrameSource
from dask_animate.diagnostics import PartitionReport, PoolRendered
from dask_animate.diagnostics.progress import ProgressBar
from dask_animate.drawing import DrawOptions
from dask_animate.errors import CancelledRenderError, FrameError
from dask_animate.execution import PoolFill, open_pools
from dask_animate.params import open_params

N = 30
ORDER = [*range(N), *reversed(range(N))]


class Pooled(FrameSource):
    """Shows the frames of an animator, which are drawn into a pool, in an order that its params say."""

    def __init__(self, animator, pool=None):
        self.animator, self.pool = animator, pool

    def draw(self, frame_idx, params):
        return self.pool.frame(params)

    def make_video(self, *args, store=None, overwrite=False, **options):
        self.store, self.overwrite = store, overwrite
        return super().make_video(*args, **options)

    def _preparation(self):
        return self._prepared

    @contextmanager
    def _prepared(self, spec, cluster, *, in_background):
        source = self.animator._spec(DrawOptions.create(None))
        params = open_params(range(N), None)
        with open_pools(self.store, overwrite=self.overwrite) as place:
            fill = PoolFill(source, params, place, cluster, in_background=in_background)
            yield replace(spec, drawer=Pooled(None, fill.frames), shape=(40, 140, 3)), [fill]


class Slow(FrameNumber):
    def update(self, frame_idx, params):
        time.sleep(0.1)
        super().update(frame_idx, params)


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """The folder of temporary directories, in which no pool is left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not pools_in(folder)


@pytest.fixture
def output(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "a.mp4"


def pools_in(folder):
    return list(folder.glob("dask_animate-*/pool-*"))


@pytest.mark.mostly_slow(3)
@pytest.mark.parametrize("how", ["here", "begins here", "cluster", "background", "own cluster"])
def test_the_video_shows_the_pool(output, client, how, monkeypatch):
    options = {
        "here": {"num_workers": 1},
        "begins here": {"num_workers": 2},
        "cluster": {"client": client},
        "background": {"client": client, "wait": False},
        "own cluster": {"num_workers": 2, "wait": False},
    }[how]
    if how in ("begins here", "own cluster"):
        monkeypatch.setattr("dask_animate.execution.cluster._active_client", lambda: None)
    made = Pooled(FrameNumber()).make_video(output, ORDER, 20, **options)
    video = made.result() if "wait" in options else made
    assert [read_numbers(frame) for frame in decode(video.path, 20)] == [(i, i) for i in ORDER]
    assert video.stats.n_frames_pooled == N
    assert video.stats.pool_seconds > 0
    assert f"shown more than once: {N}," in str(video.stats)
    assert sum(video.stats.partition_sizes) == 2 * N
    assert_nothing_beside(output)


def test_pools_in_the_callers_store(tmp_path, output):
    options = {"num_workers": 1, "store": tmp_path / "kept"}
    counts = []
    for overwrite in (False, False, True):
        again = Pooled(FrameNumber()).make_video(output, ORDER, 20, overwrite=overwrite, **options)
        counts.append(again.stats.n_frames_pooled)
    assert counts == [N, 0, N]
    assert [read_numbers(frame) for frame in decode(again.path, 20)] == [(i, i) for i in ORDER]


@pytest.mark.parametrize("wait", [True, False])
def test_a_frame_of_a_pool_that_fails(output, client, wait):
    output.write_text("older")

    def render():
        made = Pooled(FailsAt(17)).make_video(output, ORDER, 20, client=client, wait=wait)
        return made if wait else made.result()

    with pytest.raises(FrameError, match="frame 17"):
        render()
    assert output.read_text() == "older"
    assert_nothing_beside(output)


def test_cancelled_while_a_pool_is_filled(output, temporary, client):
    render = Pooled(Slow()).make_video(output, ORDER, 20, client=client, wait=False)
    while not list(temporary.glob("dask_animate-*/*/frames/c.*")):
        assert not render.done()
        time.sleep(0.02)
    assert render.progress.phase in ("starting", "preparing")
    render.cancel()
    with pytest.raises(CancelledRenderError):
        render.result()
    assert render.cancelled()
    assert not output.exists()
    assert_nothing_beside(output)


def test_progress_tells_of_the_pool(output, client):
    render = Pooled(Slow()).make_video(output, ORDER, 20, client=client, wait=False)
    phases = set()
    while not render.done():
        phases.add(render.progress.phase)
        time.sleep(0.005)
    assert "preparing" in phases
    assert render.progress.phase == "done"


def test_a_progress_bar_tells_of_the_pool(capsys):
    with ProgressBar(60) as bar:
        for n_frames in (8, 12):
            bar(PoolRendered(PartitionReport(n_frames, 1.0)))
    assert "20 that are shown more than once are drawn" in capsys.readouterr().err


def test_others_have_no_pool(output):
    video = FrameNumber().make_video(output, range(N), 20, num_workers=1)
    assert_shows(video.path, range(N), 20)
    assert video.stats.n_frames_pooled == 0
    assert "more than once" not in str(video.stats)
