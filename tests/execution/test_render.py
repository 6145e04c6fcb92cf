"""Whole renders: the same frames however they are made, and nothing left behind."""

import asyncio
import gc
import hashlib
import json
import os
import random
import signal
import time
import traceback
import weakref
from contextlib import nullcontext
from copy import deepcopy
from fractions import Fraction
from pathlib import Path

import dask.array as da
import dask.bag as db
import matplotlib.pyplot as plt
import numpy as np
import pytest
from clusters import local_client
from distributed import Client, LocalCluster, Worker
from helpers import (
    ChangesParams,
    ChangesParamsAndImage,
    CountsSetups,
    FailsAt,
    FrameNumber,
    Grows,
    KillsItsWorker,
    NoFigure,
    Noise,
    Slow,
    SpeaksOut,
    assert_nothing_beside,
    assert_shows,
    decode,
    plain_frames,
    read_numbers,
)

from dask_animate import IndexedFrameParams
from dask_animate.errors import (
    AnimateError,
    AnimatorPickleError,
    FigureError,
    FrameError,
    FrameSizeError,
    OptionError,
    ParamsError,
    RedrawWarning,
    RemoteTraceback,
    UserCodeError,
    WorkerError,
)

PARAMS = [7 * i % 1000 for i in range(61)]


@pytest.fixture(
    params=[
        *("here", "two workers"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("four threads", "five workers")),
    ]
)
def where(request):
    """Arguments of make_video that choose who draws."""
    if request.param == "here":
        return {"num_workers": 1}
    name = {
        "two workers": "client",
        "five workers": "client_of_five",
        "four threads": "client_of_threads",
    }
    return {"client": request.getfixturevalue(name[request.param])}


def shuffled(params):
    items = [IndexedFrameParams(i, value) for i, value in enumerate(params)]
    random.Random(0).shuffle(items)
    return items


def mixed(params):
    items = list(params)
    for i in (3, 20, 50):
        items[i], items[i + 5] = (
            IndexedFrameParams(i + 5, params[i + 5]),
            IndexedFrameParams(i, params[i]),
        )
    return items


def bag_of_shuffled(params):
    """Out of order within and across partitions, by a little."""
    items = [IndexedFrameParams(i, value) for i, value in enumerate(params)]
    for i in range(0, 60, 6):
        items[i : i + 6] = reversed(items[i : i + 6])
    return db.from_sequence(items, partition_size=4)


KINDS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "generator": iter,
    "shuffled": shuffled,
    "mixed": mixed,
    "lazy-shuffled": lambda params: iter(shuffled(params)),
    "bag": lambda params: db.from_sequence(params, npartitions=5),
    "filtered-bag": lambda params: db.from_sequence(params, npartitions=9).filter(lambda v: v >= 0),
    "bag-shuffled": bag_of_shuffled,
}
#: Who draws, where is encoded, and the kinds of parameters for which that is tried by default.
USUAL = {
    ("two workers", "workers"): KINDS.keys() - {"tuple", "shuffled", "mixed"},
    ("two workers", "client"): {"bag-shuffled"},
    ("here", "client"): {"tuple", "shuffled", "mixed"},
    ("four threads", "client"): {"lazy-shuffled", "bag-shuffled"},
}


@pytest.mark.mostly_slow(5)
@pytest.mark.parametrize(
    ("where", "encode_on", "kind"),
    [
        pytest.param(
            *(where, encode_on, kind),
            marks=() if kind in USUAL.get((where, encode_on), ()) else pytest.mark.slow,
        )
        for where in ("here", "two workers", "five workers", "four threads")
        for encode_on in ("workers", "client")
        for kind in KINDS
    ],
    indirect=["where"],
)
def test_each_frame_is_the_right_one(tmp_path, where, kind, encode_on):
    path = tmp_path / "a.mp4"
    video = FrameNumber().make_video(path, KINDS[kind](PARAMS), 30, encode_on=encode_on, **where)
    assert_shows(path, PARAMS)
    assert video.stats.encode_on == encode_on
    assert_nothing_beside(path)
    assert (video.n_frames, video.fps, video.width, video.height) == (61, 30, 140, 40)
    assert (video.path, video.codec, video.encoder) == (path, "h264", "libx264")
    assert video.duration == pytest.approx(61 / 30)


@pytest.mark.parametrize(
    "partition_size",
    [
        *(1, 100, (1, 2, 37, 20, 1)),
        *(pytest.param(size, marks=pytest.mark.slow) for size in (3, 61, np.array([60, 1]))),
    ],
)
def test_partition_sizes(tmp_path, client, partition_size):
    video = FrameNumber().make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=client, partition_size=partition_size
    )
    assert_shows(tmp_path / "a.mp4", PARAMS)
    n = len(partition_size) if np.ndim(partition_size) else -(-61 // partition_size)
    assert video.stats.n_partitions == n


@pytest.mark.parametrize("kind", [list, iter, lambda params: db.from_sequence(params, npartitions=5)])
def test_n_frames(tmp_path, where, kind):
    FrameNumber().make_video(tmp_path / "a.mp4", kind(PARAMS), 30, 23, **where)
    assert_shows(tmp_path / "a.mp4", PARAMS[:23])


def test_an_endless_generator(tmp_path, client):
    def forever():
        i = 0
        while True:
            yield i % 1000
            i += 1

    FrameNumber().make_video(tmp_path / "a.mp4", forever(), 30, n_frames=50, client=client)
    assert_shows(tmp_path / "a.mp4", range(50))


@pytest.mark.parametrize(
    ("encode_on", "clusters"),
    [
        ("workers", ("client", "client_of_threads")),
        *(
            pytest.param(encode_on, ("client", "client_of_five"), marks=pytest.mark.slow)
            for encode_on in ("workers", "client")
        ),
    ],
)
def test_random_frames_are_the_same_everywhere(tmp_path, request, client, encode_on, clusters):
    np.random.seed(1234)
    before = np.random.get_state()[1].tolist()
    digests = {}
    sizes = {"partition_size": 10}
    for name, where in {
        "here": {"num_workers": 1},
        "anew": {"num_workers": 1, "reuse_figure_object": False},
        **{name: {"client": request.getfixturevalue(name)} for name in clusters},
    }.items():
        Noise().make_video(tmp_path / "a.mp4", range(40), 30, encode_on=encode_on, **sizes, **where)
        digests[name] = hashlib.sha256((tmp_path / "a.mp4").read_bytes()).hexdigest()
    assert len(set(digests.values())) == 1, digests
    assert np.random.get_state()[1].tolist() == before
    Noise().make_video(
        tmp_path / "a.mp4", range(40), 30, encode_on=encode_on, client=client, seed=1, **sizes
    )
    assert hashlib.sha256((tmp_path / "a.mp4").read_bytes()).hexdigest() not in digests.values()


def test_a_generator_with_random_numbers_in_this_process(tmp_path):
    def generate():
        for _ in range(20):
            yield np.random.randint(1000)

    np.random.seed(7)
    expected = list(generate())
    np.random.seed(7)
    FrameNumber().make_video(tmp_path / "a.mp4", generate(), 30, num_workers=1)
    assert_shows(tmp_path / "a.mp4", expected)


@pytest.fixture
def in_process():
    """A client whose two workers are threads of this process."""
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": False}
    with (
        LocalCluster(**workers, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def assert_reads_as_a_plain_loop(use, python_too=True):
    """Check what a generator of 40 items finds while `use` reads it."""

    def generate():
        for _ in range(40):
            assert plt.get_fignums() == [77]
            number = 10 * np.random.randint(10) + int(plt.rcParams["lines.linewidth"])
            seen.append(number + (100 * random.randrange(10) if python_too else 0))
            yield seen[-1]

    def run(consume):
        np.random.seed(5)
        random.seed(5)
        seen.clear()
        consume(generate())
        return list(seen), np.random.get_state()[1].tolist(), python_too and random.getstate()

    seen = []
    plt.figure(77)
    try:
        expected = run(list)
        assert run(use) == expected
    finally:
        plt.close(77)
    return expected[0]


@pytest.mark.parametrize("where", ["here", "in_process"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("a.mp4", {}, id="mp4"),
        pytest.param("a.gif", {}, id="gif"),
        pytest.param("a.mp4", {"encode_on": "client"}, id="client", marks=pytest.mark.slow),
        pytest.param("a.mp4", {"store": "frames.zarr", "n_frames": 40}, id="mp4-store"),
        pytest.param(
            *("a.gif", {"store": "frames.zarr", "n_frames": 40}), id="gif-store", marks=pytest.mark.slow
        ),
    ],
)
def test_generators_run_in_the_callers_state(tmp_path, monkeypatch, request, where, name, options):
    monkeypatch.chdir(tmp_path)
    drawn = {"partition_size": 4, "num_workers": 1}
    if where == "in_process":
        drawn["client"] = request.getfixturevalue(where)
        del drawn["num_workers"]
    expected = assert_reads_as_a_plain_loop(
        lambda params: SpeaksOut().make_video(tmp_path / name, params, 25, **options, **drawn),
        python_too=where == "here",  # a scheduler in this process draws such numbers itself
    )
    assert_shows(tmp_path / name, expected, 25)


@pytest.mark.parametrize("look_at", ["frames", "preview", "check"])
def test_generators_run_in_the_callers_state_without_a_video(look_at):
    assert_reads_as_a_plain_loop(getattr(SpeaksOut(), look_at))


def test_a_generator_may_wait_for_the_workers_that_draw(tmp_path, in_process):
    """In one process, where nothing is read while they draw."""

    def generate():
        for i in range(30):
            yield in_process.submit(abs, -i, pure=False).result()

    FrameNumber().make_video(tmp_path / "a.mp4", generate(), 30, client=in_process, partition_size=3)
    assert_shows(tmp_path / "a.mp4", range(30))


@pytest.mark.parametrize("where", ["here", "cluster", "in_process"])
@pytest.mark.parametrize("animator", [ChangesParams(), ChangesParamsAndImage()])
def test_update_changes_its_params(tmp_path, request, client, animator, where):
    """Frames share them, some are drawn again, and the caller's stay as they were."""
    drawn = {"num_workers": 1}
    if where != "here":
        drawn = {"client": client if where == "cluster" else request.getfixturevalue(where)}
    shared = {"x": np.array([5, 6]), "more": []}
    own = np.arange(10, 22)
    params = [shared] * 12 + [{"x": own[i : i + 1], "more": []} for i in range(12)]
    kept = deepcopy(params)
    expects_fault = isinstance(animator, ChangesParamsAndImage)
    with pytest.warns(RedrawWarning) if expects_fault else nullcontext():
        video = animator.make_video(tmp_path / "a.mp4", params, 30, partition_size=8, **drawn)
    assert_shows(video.path, [5] * 12 + list(range(10, 22)))
    assert str(params) == str(kept)


def test_looking_leaves_params_as_they_were():
    params = [{"x": np.array([i]), "more": []} for i in range(6)]
    kept = deepcopy(params)
    assert read_numbers(ChangesParams().frame(params[3], 3)) == (3, 3)
    ChangesParams().preview(params)
    assert ChangesParams().check(params).ok
    frames = ChangesParams().frames(params).compute(scheduler="sync")
    assert [read_numbers(frame) for frame in frames] == [(i, i) for i in range(6)]
    assert str(params) == str(kept)


def test_a_generator_may_render(tmp_path):
    """As frames for a GIF are read where nothing is being drawn."""

    def generate():
        for i in range(4):
            frames = FrameNumber().frames([i] * 4)
            yield int(frames.compute(scheduler="threads").any()) + i

    FrameNumber().make_video(tmp_path / "a.gif", generate(), 25, num_workers=1)
    assert_shows(tmp_path / "a.gif", range(1, 5), 25)


def test_frames_equal_a_plain_matplotlib_loop(client):
    """Not one pixel differs from what matplotlib draws, on a worker or here."""

    def render():
        return [FrameNumber().frame(idx + 1, idx) for idx in (0, 9, 4)]

    expected = plain_frames(FrameNumber(), [(idx, idx + 1) for idx in (0, 9, 4)])
    np.testing.assert_array_equal(render(), expected)
    np.testing.assert_array_equal(client.submit(render, pure=False).result(), expected)


class Lists(FrameNumber):
    """Keeps its artists in a list that __init__ made."""

    def __init__(self):
        super().__init__()
        self.images = []

    def setup(self):
        fig = super().setup()
        self.images.append(self.image)
        return fig

    def update(self, frame_idx, params):
        self.image = self.images[0]
        super().update(frame_idx, params)


def test_an_animator_renders_again_and_again(tmp_path, client):
    animator = Lists()
    for where in (
        {"num_workers": 1},
        {"num_workers": 1, "reuse_figure_object": False},
        {"client": client},
    ):
        animator.frame(3)
        animator.make_video(tmp_path / "a.mp4", PARAMS[:20], 30, **where)
        assert_shows(tmp_path / "a.mp4", PARAMS[:20])
    assert animator.images == []


def test_renders_in_threads_of_this_process():
    from concurrent.futures import ThreadPoolExecutor

    class Styled(FrameNumber):
        def __init__(self, color):
            super().__init__()
            self.color = color

        def setup(self):
            plt.rcParams["figure.facecolor"] = self.color
            return plt.figure(figsize=(1, 1), dpi=20)

        def update(self, frame_idx, params):
            self.text = plt.gcf().text(0.5, 0.5, "")

    plain = NoPatch()
    with ThreadPoolExecutor(4) as pool:
        colors = ["red", "blue"] * 8
        frames = [pool.submit(Styled(color).frame, 0) for color in colors]
        whites = [pool.submit(plain.frame, 0) for _ in range(8)]
    for color, frame in zip(colors, frames, strict=True):
        assert frame.result()[0, 0].tolist() == ([255, 0, 0] if color == "red" else [0, 0, 255])
    assert all(frame.result()[0, 0].tolist() == [255, 255, 255] for frame in whites)


def test_rcparams_travel(tmp_path, client):
    with plt.rc_context({"figure.facecolor": "red", "image.cmap": "viridis"}):
        NoPatch().make_video(tmp_path / "a.mp4", range(4), 30, client=client)
    assert np.abs(decode(tmp_path / "a.mp4")[0].astype(int) - (255, 0, 0)).max() <= 3


class NoPatch(FrameNumber):
    """An empty figure, in the colors of the settings."""

    def setup(self):
        return plt.figure(figsize=(1, 1), dpi=32)

    def update(self, frame_idx, params):
        pass


def test_setup_runs_once_on_each_worker(tmp_path, client):
    (tmp_path / "log").mkdir()
    CountsSetups(tmp_path / "log").make_video(tmp_path / "a.mp4", range(80), 30, client=client)
    setups = [name.split("-")[1] for name in os.listdir(tmp_path / "log")]
    pids = client.run(os.getpid).values()
    assert sorted(setups) == sorted(map(str, pids))


def test_setup_runs_for_each_frame_if_asked(tmp_path, client):
    (tmp_path / "log").mkdir()
    CountsSetups(tmp_path / "log").make_video(
        tmp_path / "a.mp4", range(6), 30, client=client, reuse_figure_object=False
    )
    assert_shows(tmp_path / "a.mp4", range(6))
    assert len(os.listdir(tmp_path / "log")) >= 6


def test_setup_runs_once_with_four_threads(tmp_path, client_of_threads):
    (tmp_path / "log").mkdir()
    CountsSetups(tmp_path / "log").make_video(
        tmp_path / "a.mp4", range(40), 30, client=client_of_threads
    )
    assert len(os.listdir(tmp_path / "log")) == 1


def what_is_left(dask_worker: Worker):
    """Return what a render could have left on a worker."""
    import sys

    gc.collect()
    pyplot = sys.modules.get("matplotlib.pyplot")
    return {
        "plugins": [name for name in dask_worker.plugins if "dask_animate" in name],
        "figures": [] if pyplot is None else pyplot.get_fignums(),
        "data": list(map(str, dask_worker.data)),
        "objects": [
            type(x).__name__ for x in gc.get_objects() if type(x).__name__ in ("Renderer", "Figure")
        ],
    }


NOTHING = {"plugins": [], "figures": [], "data": [], "objects": []}


def wait_until_nothing_is_left(client):
    """The scheduler forgets released keys a moment later."""
    import time

    for _ in range(50):
        left = client.run(what_is_left)
        if all(value == NOTHING for value in left.values()):
            return
        time.sleep(0.1)
    raise AssertionError(json.dumps(left, indent=1))


def test_nothing_is_left_on_the_workers(tmp_path, client):
    FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client)
    wait_until_nothing_is_left(client)
    with pytest.raises(FrameError):
        FailsAt(30).make_video(tmp_path / "b.mp4", PARAMS, 30, client=client)
    wait_until_nothing_is_left(client)
    bag = db.from_sequence(PARAMS, npartitions=30)
    FrameNumber().make_video(tmp_path / "a.mp4", bag, 30, n_frames=10, client=client)
    wait_until_nothing_is_left(client)


class FailsToSetUp(FrameNumber):
    def setup(self):
        raise LookupError("no figure")


def torn(block):
    raise OSError("tape is torn")


class Items(list):
    """A list that can be referred to weakly."""


@pytest.mark.parametrize(
    ("animator", "params"),
    [
        pytest.param(FailsToSetUp, Items, id="setup"),
        pytest.param(lambda: FailsAt(3), Items, id="update"),
        pytest.param(FrameNumber, lambda p: da.asarray(list(p)).map_blocks(torn, dtype=int), id="block"),
        pytest.param(FrameNumber, lambda p: db.from_sequence(p).map(torn), id="bag"),
    ],
)
def test_a_render_that_failed_leaves_nothing_on_the_client(tmp_path, client, animator, params):
    """The client keeps the exceptions of tasks, whose tracebacks hold what the caller gave."""

    def fail():
        given = animator(), params(range(40))
        with pytest.raises(AnimateError):
            given[0].make_video(tmp_path / "a.mp4", given[1], 30, client=client)
        return list(map(weakref.ref, given))

    before = set(client.futures)  # of other tests
    refs = fail()
    wait_until_nothing_is_left(client)
    gc.collect()
    assert [ref() for ref in refs] == [None, None]
    assert set(client.futures) <= before


def test_the_animator_here_stays_as_it_was(tmp_path, client):
    animator = FrameNumber()
    before = dict(vars(animator))
    animator.make_video(tmp_path / "a.mp4", range(3), 30, num_workers=1)
    animator.make_video(tmp_path / "a.mp4", range(3), 30, client=client)
    animator.frame(1)
    animator.preview(range(5), 2)
    assert vars(animator) == before
    assert plt.get_fignums() == []


def test_two_renders_at_once(tmp_path, client):
    from concurrent.futures import ThreadPoolExecutor

    class Numbered(FrameNumber):
        """Both renders ask pyplot for figure 1."""

        def setup(self):
            plt.figure(1)
            return super().setup()

    def render(name, params):
        Numbered().make_video(tmp_path / name, params, 30, client=client, partition_size=3)

    with ThreadPoolExecutor(2) as pool:
        for done in [
            pool.submit(render, "a.mp4", PARAMS),
            pool.submit(render, "b.mp4", PARAMS[::-1]),
        ]:
            done.result()
    assert_shows(tmp_path / "a.mp4", PARAMS)
    assert_shows(tmp_path / "b.mp4", PARAMS[::-1])
    wait_until_nothing_is_left(client)


def test_a_class_defined_again_is_the_one_that_renders(tmp_path, client):
    for factor in (1, 2):

        class Scaled(FrameNumber):
            scale = factor

            def update(self, frame_idx, params):
                super().update(frame_idx, self.scale * params)

        Scaled().make_video(tmp_path / "a.mp4", range(10), 30, client=client)
        assert_shows(tmp_path / "a.mp4", [factor * i for i in range(10)])


@pytest.mark.parametrize(
    ("partition_size", "preload_factor"),
    [
        *(("auto", 1), ("auto", 20), (6, 8)),
        *(
            pytest.param(*pair, marks=pytest.mark.slow)
            for pair in (
                *(("auto", 4), ("auto", 8), (1, 1), (1, 4), (1, 8), (1, 20)),
                *((6, 1), (6, 4), (6, 20)),
            )
        ),
    ],
)
def test_a_generator_is_not_read_far_ahead(tmp_path, client, preload_factor, partition_size):
    n_read = 0
    ahead = []

    def generate():
        nonlocal n_read
        for i in range(150):
            n_read += 1
            yield i

    class Watch:
        """Counts how far the reading is ahead whenever a frame was encoded."""

        def __call__(self, event):
            ahead.append(n_read - event.frame_idx)

    from dask_animate.diagnostics.progress import ProgressLines

    original = ProgressLines.__call__
    ProgressLines.__call__ = lambda self, event: Watch()(event) if hasattr(event, "frame_idx") else None
    try:
        video = FrameNumber().make_video(
            tmp_path / "a.mp4",
            generate(),
            30,
            client=client,
            disable_progress_bar=False,
            preload_factor=preload_factor,
            partition_size=partition_size,
        )
    finally:
        ProgressLines.__call__ = original
    size = max(video.stats.partition_sizes)
    # one partition being drawn and preload_factor frames behind it for each of two workers, rounded up
    # to whole partitions, and one partition that is being encoded
    assert max(ahead) <= 2 * (size + max(preload_factor, size)) + size
    assert_shows(tmp_path / "a.mp4", range(150))


def test_large_params_do_not_ride_in_tasks(tmp_path, client, monkeypatch):
    class Bitmap(FrameNumber):
        def update(self, frame_idx, params):
            assert params.shape == (300, 1000)
            super().update(frame_idx, params[7, 3])

    scattered = []
    scatter = client.scatter

    def spy(partition, **kwargs):
        scattered.append(len(partition))
        return scatter(partition, **kwargs)

    monkeypatch.setattr(client, "scatter", spy)
    Bitmap().make_video(
        tmp_path / "a.mp4", (np.full((300, 1000), float(i)) for i in range(40)), 30, client=client
    )
    assert_shows(tmp_path / "a.mp4", range(40))
    assert sum(scattered) == 40
    wait_until_nothing_is_left(client)


@pytest.fixture(scope="module")
def small_client():
    """Two workers with little memory."""
    cluster, client = local_client(2, memory_limit="400 MiB")
    with cluster, client:
        yield client


@pytest.mark.parametrize("kind", [pytest.param("bag", marks=pytest.mark.slow), "params", "list"])
def test_memory_in_flight_is_bounded(tmp_path, small_client, monkeypatch, kind):
    """With small workers fewer partitions are in flight, whatever their number of frames."""
    from dask_animate.execution import distributed_executor as gather
    from dask_animate.memory import IN_FLIGHT_SHARE

    budget = 2 * 400 * 2**20 * IN_FLIGHT_SHARE
    most = 0
    original = gather.DistributedExecutor._fill

    def fill(self, submissions, window, run_code):
        nonlocal most
        original(self, submissions, window, run_code)
        if window._largest or kind != "bag":
            most = max(most, len(self._submissions))

    monkeypatch.setattr(gather.DistributedExecutor, "_fill", fill)
    if kind == "bag":
        params = db.from_sequence(range(120), npartitions=6)  # 20 frames of 2.9 MB: 58 MB each
        FrameNumber(figsize=(12.4, 7.75), dpi=100).make_video(
            tmp_path / "a.mp4", params, 30, client=small_client, encode_on="client"
        )
        allowed = budget // (20 * 1240 * 775 * 3)
    else:
        params = (np.full(40_000_000, i, np.uint8) for i in range(12))
        if kind == "list":
            params = list(params)

        class First(FrameNumber):
            def update(self, frame_idx, params):
                super().update(frame_idx, params[0])

        video = First().make_video(tmp_path / "a.mp4", params, 30, client=small_client)
        assert video.stats.n_partitions > 3  # not one of 8 frames and 320 MB
        allowed = budget // 40_000_000
    n_frames = 120 if kind == "bag" else 12
    assert_shows(tmp_path / "a.mp4", range(n_frames))
    assert 1 <= most <= allowed


def test_stats(tmp_path, client):
    video = FrameNumber().make_video(
        tmp_path / "a.mp4", PARAMS, Fraction(30000, 1001), client=client, partition_size=10
    )
    stats = video.stats
    assert (stats.n_partitions, stats.n_workers) == (7, 2)
    assert stats.partition_sizes == (10,) * 6 + (1,)
    assert (stats.encode_on, stats.mux_seconds) == ("client", 0)
    assert stats.encode_on_reason == "a keyframe for each 10 frames would cost too much"
    assert stats.n_bytes_received == 61 * 140 * 40 * 3
    assert stats.file_size == (tmp_path / "a.mp4").stat().st_size
    assert stats.frames_per_second == pytest.approx(61 / stats.wall_seconds)
    assert min(stats.render_seconds, stats.encode_seconds, stats.wait_seconds) > 0
    copied = sum(report.convert_seconds for report in stats.partitions)  # by the workers
    assert stats.encode_seconds - copied + stats.wait_seconds <= stats.wall_seconds
    again = FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client).stats
    assert (again.encode_on, sum(again.partition_sizes)) == ("workers", 61)
    assert again.encode_on_reason == "partitions are long enough to begin with a keyframe"
    assert min(again.mux_seconds, again.encode_seconds, again.render_seconds) > 0
    assert again.n_bytes_received < stats.n_bytes_received / 10
    same = FrameNumber().make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=client, partition_size=again.partition_sizes
    )
    assert same.stats.partition_sizes == again.partition_sizes
    here = FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, num_workers=1).stats
    assert (here.n_workers, here.partition_sizes, here.n_bytes_received) == (0, (61,), 0)
    assert (here.encode_on, here.encode_on_reason) == ("client", "this process draws alone")


# What goes wrong


@pytest.mark.parametrize("where", ["here", "two workers", "four threads"], indirect=True)
def test_a_failing_frame_is_named(tmp_path, where):
    path = tmp_path / "a.mp4"
    path.write_text("before")
    with pytest.raises(
        FrameError, match="frame 37 could not be drawn: LookupError: no data for 259"
    ) as caught:
        FailsAt(37).make_video(path, PARAMS, 30, **where)
    assert caught.value.frame_idx == 37
    assert caught.value.params == "259"
    cause = caught.value.__cause__
    assert isinstance(cause, LookupError)
    if "client" in where:
        frames = traceback.extract_tb(cause.__traceback__)
        assert (frames[-1].name, Path(frames[-1].filename).name) == ("update", "helpers.py")
    assert path.read_text() == "before"
    assert_nothing_beside(path)


class Stops(FrameNumber):
    """Raises what would end a process."""

    def __init__(self, where, error):
        super().__init__()
        self.where, self.error = where, error

    def setup(self):
        if self.where == "setup":
            raise self.error
        return super().setup()

    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if self.where == frame_idx:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError])
@pytest.mark.parametrize(
    ("where", "message"),
    [("setup", r"setup\(\) failed: {}$"), (37, r"frame 37 could not be drawn: {} \(params: 259\)")],
)
@pytest.mark.parametrize("fixture", ["client", "in_process"])
def test_what_would_end_a_process_ends_no_worker(tmp_path, request, where, message, error, fixture):
    client = request.getfixturevalue(fixture)
    workers = client.run(os.getpid)
    with pytest.raises(UserCodeError, match=message.format(error.__name__)) as caught:
        Stops(where, error).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, partition_size=8)
    assert type(caught.value.__cause__) is error
    assert client.run(os.getpid) == workers
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("where", ["setup", 37])
def test_an_interrupt_in_this_process(tmp_path, where):
    with pytest.raises(KeyboardInterrupt):
        Stops(where, KeyboardInterrupt).make_video(tmp_path / "a.mp4", PARAMS, 30, num_workers=1)
    with pytest.raises(KeyboardInterrupt):
        Stops(where, KeyboardInterrupt).frames(PARAMS)[37].compute(scheduler="synchronous")
    assert os.listdir(tmp_path) == []


def test_an_exception_that_cannot_travel(tmp_path, client):
    class Fails(FrameNumber):
        def update(self, frame_idx, params):
            error = ValueError("holds a lock")
            error.lock = __import__("threading").Lock()
            raise error

    with pytest.raises(FrameError, match="holds a lock") as caught:
        Fails().make_video(tmp_path / "a.mp4", range(5), 30, client=client)
    assert isinstance(caught.value.__cause__, RemoteTraceback)
    assert "in update" in str(caught.value.__cause__)


@pytest.mark.parametrize("encode_on", ["workers", pytest.param("client", marks=pytest.mark.slow)])
def test_a_worker_killed_in_the_middle(tmp_path, own_client, encode_on):
    (tmp_path / "log").mkdir()
    options = {"encode_on": encode_on, "partition_size": 7}
    KillsItsWorker(37, tmp_path / "log").make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=own_client, **options
    )
    assert len(os.listdir(tmp_path / "log")) == 1
    FrameNumber().make_video(tmp_path / "b.mp4", PARAMS, 30, num_workers=1, **options)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


class LateOne(FrameNumber):
    """Draws frame 10 once frame 13 is drawn elsewhere, and may kill who drew that."""

    def __init__(self, directory, kills):
        super().__init__()
        self.drawn, self.kills = Path(directory) / "pid", kills

    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if frame_idx == 13 and not self.drawn.exists():
            self.drawn.write_text(str(os.getpid()))
        while frame_idx == 10 and not self.drawn.exists():
            time.sleep(0.05)
        if frame_idx == 10:
            time.sleep(0.3)  # until the client knows
            if self.kills:
                os.kill(int(self.drawn.read_text()), signal.SIGKILL)


def test_results_that_wait_for_one_are_fetched_with_it(tmp_path, client, monkeypatch):
    gather, at_once = Client.gather, []

    def noted(self, futures, *args, **kwargs):
        at_once.append(len(futures) if isinstance(futures, list) else 1)
        return gather(self, futures, *args, **kwargs)

    monkeypatch.setattr(Client, "gather", noted)
    LateOne(tmp_path, kills=False).make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=client, partition_size=2, encode_on="workers"
    )
    assert max(at_once) > 1
    assert sum(at_once) < 45  # 31 partitions, and the figures
    assert_shows(tmp_path / "a.mp4", PARAMS)


def test_a_worker_killed_with_results_that_wait(tmp_path, own_client):
    LateOne(tmp_path, kills=True).make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=own_client, partition_size=2, encode_on="workers"
    )
    assert_shows(tmp_path / "a.mp4", PARAMS)


@pytest.mark.parametrize("kind", ["large", pytest.param("bag", marks=pytest.mark.slow)])
def test_a_worker_killed_with_the_parameters_it_held(tmp_path, own_client, kind):
    class Kills(KillsItsWorker):
        def update(self, frame_idx, params):
            super().update(frame_idx, np.ravel(params)[0])

    (tmp_path / "log").mkdir()
    arrays = [np.full(20_000, i) for i in range(60)]
    params = arrays if kind == "large" else db.from_sequence(arrays, npartitions=12)
    Kills(25, tmp_path / "log").make_video(tmp_path / "a.mp4", params, 30, client=own_client)
    assert len(os.listdir(tmp_path / "log")) == 1
    assert_shows(tmp_path / "a.mp4", range(60))


def test_a_frame_that_kills_every_worker(tmp_path, own_client):
    (tmp_path / "log").mkdir()
    path = tmp_path / "out" / "a.mp4"
    with pytest.raises(WorkerError, match=r"frames \d+ to \d+: workers died drawing this"):
        KillsItsWorker(25, tmp_path / "log", times=99).make_video(
            path, PARAMS, 30, client=own_client, partition_size=8
        )
    assert not path.parent.exists()


@pytest.mark.parametrize(
    ("animator", "error", "message"),
    [
        (NoFigure(), FigureError, "setup\\(\\) must return the matplotlib Figure"),
        (Grows(5), FrameSizeError, "frame 5 is 200x150 pixels, but the figure was 140x40"),
    ],
)
def test_bad_animators(tmp_path, where, animator, error, message):
    with pytest.raises(error, match=message):
        animator.make_video(tmp_path / "a.mp4", PARAMS, 30, **where)
    assert os.listdir(tmp_path) == []


def test_an_animator_that_cannot_be_pickled(tmp_path, client):
    import threading

    animator = FrameNumber()
    animator.fine, animator.guard = 1, threading.Lock()
    with pytest.raises(
        AnimatorPickleError, match=r"FrameNumber .* as self\.guard \(lock\) cannot be pickled"
    ):
        animator.make_video(tmp_path / "a.mp4", PARAMS, 30, client=client)
    animator.make_video(tmp_path / "a.mp4", PARAMS, 30, num_workers=1)
    assert_shows(tmp_path / "a.mp4", PARAMS)


def test_what_cannot_be_copied_is_shared_and_the_rest_is_not(tmp_path):
    import threading

    animator = Lists()
    animator.guard, animator.same = threading.Lock(), animator.images
    for _ in range(2):
        animator.make_video(tmp_path / "a.mp4", PARAMS[:5], 30, num_workers=1)
        assert_shows(tmp_path / "a.mp4", PARAMS[:5])
    assert animator.images == []

    class Forbids(FrameNumber):
        def __reduce_ex__(self, protocol):
            raise TypeError("no copies")

    Forbids().make_video(tmp_path / "a.mp4", PARAMS[:5], 30, num_workers=1)
    assert_shows(tmp_path / "a.mp4", PARAMS[:5])


@pytest.mark.parametrize(
    ("kind", "n_frames", "message"),
    [
        (list, 62, "n_frames is 62, but param_by_frame holds only 61 frames"),
        (iter, 62, "n_frames is 62, but param_by_frame ended after 61 frames"),
        (
            lambda p: db.from_sequence(p, npartitions=4),
            62,
            "n_frames is 62, but .* ended after 61 frames",
        ),
        (lambda p: iter([]), None, "param_by_frame is empty"),
        (lambda p: db.from_sequence([]), None, "param_by_frame is empty"),
        (
            lambda p: iter([IndexedFrameParams(i, 0) for i in (0, 1, 2, 4, 6)]),
            None,
            "no item for frame 3, 5",
        ),
        (
            lambda p: db.from_sequence([IndexedFrameParams(i, 0) for i in (0, 2, 1, 2)], npartitions=2),
            None,
            "gives frame 2 twice",
        ),
    ],
)
def test_parameters_found_wanting(tmp_path, where, kind, n_frames, message):
    with pytest.raises(ParamsError, match=message):
        FrameNumber().make_video(tmp_path / "a.mp4", kind(PARAMS), 30, n_frames, **where)
    assert os.listdir(tmp_path) == []


def test_a_failing_generator(tmp_path, where):
    def generate():
        yield from range(20)
        raise OSError("the data ends here")

    with pytest.raises(OSError, match="the data ends here"):
        FrameNumber().make_video(tmp_path / "a.mp4", generate(), 30, **where)
    assert os.listdir(tmp_path) == []


def test_an_interrupt_leaves_nothing_on_a_cluster(tmp_path, client):
    def generate():
        yield from range(40)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Slow(0.01).make_video(tmp_path / "a.mp4", generate(), 30, client=client)
    assert os.listdir(tmp_path) == []
    wait_until_nothing_is_left(client)


def test_a_partition_that_does_not_fit(tmp_path, small_client):
    options = {"client": small_client, "partition_size": 90, "encode_on": "client"}
    with pytest.raises(WorkerError, match=r"a partition of 90 frames takes .* use at most \d+ frames"):
        FrameNumber(figsize=(19.2, 10.8), dpi=100).make_video(
            tmp_path / "a.mp4", range(200), 30, **options
        )


def test_bag_has_its_own_partitions(tmp_path):
    with pytest.raises(OptionError, match='partition_size must be "auto" for a Bag'):
        FrameNumber().make_video(tmp_path / "a.mp4", db.from_sequence(PARAMS), 30, partition_size=3)


def test_bag_too_far_out_of_order(tmp_path, client, monkeypatch):
    from dask_animate.execution.workers import Workers

    monkeypatch.setattr(Workers, "reorder_budget", lambda self: 10 * 140 * 40 * 3)
    items = [IndexedFrameParams(i, 0) for i in range(40)]
    with pytest.raises(ParamsError, match=r"too far out of order.* sort the bag by frame_id"):
        FrameNumber().make_video(
            tmp_path / "a.mp4", db.from_sequence(items[::-1], npartitions=4), 30, client=client
        )


def test_workers_that_join_late(tmp_path):
    """The plugin and the work reach a worker that comes in the middle of a render."""
    cluster, client = local_client(1)

    def generate():
        for i in range(30):
            if i == 10:
                cluster.scale(2)
                client.wait_for_workers(2)
            yield i

    with cluster, client:
        video = Slow(0.05).make_video(
            tmp_path / "a.mp4", generate(), 30, client=client, partition_size=2
        )
    assert video.stats.n_workers == 2
    assert_shows(tmp_path / "a.mp4", range(30))


def test_a_cluster_that_is_still_empty(tmp_path):
    import threading

    cluster, client = local_client(0)
    with cluster, client:
        threading.Timer(0.5, cluster.scale, [1]).start()
        FrameNumber().make_video(tmp_path / "a.mp4", range(20), 30, client=client)
    assert_shows(tmp_path / "a.mp4", range(20))


def test_workers_that_retire(tmp_path, own_client):
    """A worker leaves in good order, as at the end of its walltime."""

    def generate():
        for i in range(100):
            if i == 50:
                own_client.retire_workers(list(own_client.nthreads())[:1])
            yield np.full(20_000, i)

    class First(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params[0])

    First().make_video(tmp_path / "a.mp4", generate(), 30, client=own_client)
    assert_shows(tmp_path / "a.mp4", range(100))


@pytest.mark.newest  # the scheduler of 2025.1 lets any idle worker steal short tasks
@pytest.mark.parametrize(
    ("cluster", "limits"),
    [
        ("client", {1: 1, 2: 2, -2: 1}),
        pytest.param("client_of_five", {1: 1, 2: 2, -3: 3}, marks=pytest.mark.slow),
    ],
)
def test_num_workers_limits_a_clients_cluster(tmp_path, request, cluster, limits):
    client = request.getfixturevalue(cluster)
    client.run_on_scheduler(steal, "stop")  # which idle workers do when a task waits for long
    try:
        for num_workers, n_workers in limits.items():
            video = Slow(0.01).make_video(
                tmp_path / "a.mp4",
                range(24),
                30,
                num_workers=num_workers,
                client=client,
                partition_size=2,
            )
            assert video.stats.n_workers == n_workers
    finally:
        client.run_on_scheduler(steal, "start")


async def steal(action, dask_scheduler):
    await getattr(dask_scheduler.extensions["stealing"], action)()


def grows_in_place(n):
    """Yield one list again and again, which counts up."""
    item = [0]
    for number in range(n):
        item[0] = number
        yield item


class FirstOf(FrameNumber):
    def update(self, frame_idx, params):
        super().update(frame_idx, params[0])


@pytest.mark.parametrize("kind", ["here", "store", "client", "apng"])
def test_a_generator_may_go_on_with_one_object(tmp_path, client, kind):
    options = {"num_workers": 1} if kind in ("here", "store") else {"client": client}
    if kind == "store":
        options["store"] = tmp_path / "s.zarr"
    path = tmp_path / ("a.apng" if kind == "apng" else "a.mp4")
    FirstOf().make_video(path, grows_in_place(30), 20, **options)
    assert_shows(path, range(30), 20)
