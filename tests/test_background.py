"""Renders that go on while other code runs."""

import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import CancelledError

import matplotlib.pyplot as plt
import numpy as np
import pytest
from helpers import (
    FailsAt,
    FrameNumber,
    Slow,
    assert_shows,
    decode,
    read_numbers,
    wait_until,
)
from matplotlib.lines import Line2D

from dask_animate import FrameSource, Render, animate, write_video
from dask_animate.errors import (
    AnimatorPickleError,
    CancelledRenderError,
    FrameError,
    NoFramesError,
    OptionError,
    OptionTypeError,
    OutputError,
    RedrawWarning,
)

PARAMS = [3 * i for i in range(40)]
SEGMENTS = {"partition_size": 5, "encode_on": "workers"}


def da_of(array):
    import dask.array

    return dask.array.zeros(len(array), chunks=10)


class Gate(FrameNumber):
    """Draws a frame only once a file exists."""

    def __init__(self, gate, first=0):
        super().__init__()
        self.gate, self.first = str(gate), first

    def update(self, frame_idx, params):
        if frame_idx >= self.first:
            wait_until(lambda: os.path.exists(self.gate))
        super().update(frame_idx, params)


class WhoDraws(FrameNumber):
    def update(self, frame_idx, params):
        assert os.getpid() != params
        super().update(frame_idx, frame_idx)


def unblittable():
    """Return a class that workers get by value: they cannot import what is defined in a function."""

    class Reads(Line2D):
        def draw(self, renderer):
            super().draw(renderer)
            renderer.copy_from_bbox(self.axes.bbox)

    class Unblittable(FrameNumber):
        def setup(self):
            fig = super().setup()
            fig.axes[0].add_line(Reads([0, 1], [0, 1]))
            return fig

    return Unblittable


UNBLITTABLE = unblittable()


@pytest.mark.parametrize("own", [True, False])
def test_the_same_file_as_when_waiting(tmp_path, client, own):
    options = {"num_workers": 2} if own else {"client": client}
    render = FrameNumber().make_video(
        tmp_path / "a.mp4", PARAMS, 30, partition_size=7, wait=False, **options
    )
    assert isinstance(render, Render)
    video = render.result()
    waited = FrameNumber().make_video(tmp_path / "b.mp4", PARAMS, 30, partition_size=7, num_workers=1)
    assert_shows(video.path, PARAMS)
    assert video.path.read_bytes() == waited.path.read_bytes()
    assert video == render.result()
    assert render.done()
    assert not render.running()
    assert not render.cancelled()
    assert render.exception() is None
    assert video.stats.n_frames_here == 0
    assert sorted(os.listdir(tmp_path)) == ["a.mp4", "b.mp4"]


def test_nothing_is_drawn_here(tmp_path):
    rc, numbers, random_state = dict(plt.rcParams), plt.get_fignums(), np.random.get_state()
    video = (
        WhoDraws()
        .make_video(tmp_path / "a.mp4", [os.getpid()] * 12, 30, num_workers=1, wait=False)
        .result()
    )
    assert video.n_frames == 12
    assert video.stats.n_workers == 1
    assert "wait=False" in video.stats.scaling_reason
    assert dict(plt.rcParams) == rc
    assert plt.get_fignums() == numbers
    assert str(np.random.get_state()) == str(random_state)


def test_threads_of_this_process_may_not_draw(tmp_path):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
        pytest.raises(OptionError, match="wait=False needs workers in other processes"),
    ):
        FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    assert os.listdir(tmp_path) == []


def test_progress(tmp_path, client):
    gate = tmp_path / "gate"
    render = Gate(gate, 10).make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=client, partition_size=10, wait=False
    )
    wait_until(lambda: render.progress.n_frames_encoded == 10)
    progress = render.progress
    assert (progress.phase, progress.n_frames, progress.share) == ("drawing", 40, 0.25)
    assert progress.n_frames_drawn == 10
    assert progress.seconds > 0
    assert not progress.is_over
    assert "10 of 40 frames" in repr(render)
    with pytest.raises(TimeoutError):
        render.result(timeout=0.01)
    assert not render.done()
    gate.touch()
    render.result()
    progress = render.progress
    assert (progress.phase, progress.n_frames_drawn, progress.n_frames_encoded) == ("done", 40, 40)
    assert progress.seconds_left == 0
    assert progress.is_over
    assert render.progress.seconds == progress.seconds  # its clock stands


def test_partitions_count_as_drawn_in_any_order(tmp_path, client):
    """The first one waits; those behind it are drawn, and not encoded."""
    gate = tmp_path / "gate"

    class First(Gate):
        def update(self, frame_idx, params):
            super().update(10**6 if frame_idx == 0 else -1, params)
            FrameNumber.update(self, frame_idx, params)

    render = First(gate).make_video(
        tmp_path / "a.mp4",
        PARAMS,
        30,
        client=client,
        partition_size=5,
        encode_on="workers",
        wait=False,
    )
    wait_until(lambda: render.progress.n_frames_drawn >= 5)
    assert render.progress.n_frames_encoded == 0
    gate.touch()
    assert_shows(render.result().path, PARAMS)


@pytest.mark.parametrize("known", [True, False])
def test_a_generator_is_read_in_the_background(tmp_path, client, known):
    threads = set()

    def generate():
        for i in PARAMS:
            threads.add(threading.current_thread())
            yield i

    render = FrameNumber().make_video(
        tmp_path / "a.mp4", generate(), 30, 40 if known else None, client=client, wait=False
    )
    assert render.progress.n_frames == (40 if known else None)
    assert_shows(render.result().path, PARAMS)
    assert threading.current_thread() not in threads
    assert render.progress.n_frames == 40


def test_latest_frame(tmp_path, client):
    gate = tmp_path / "gate"
    render = Gate(gate, 25).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    assert render.latest_frame(timeout=0) is None  # nobody had asked for one
    gate.touch()
    sampled = (
        Slow(0.05).make_video(tmp_path / "b.mp4", PARAMS, 30, client=client, wait=False).latest_frame()
    )
    assert read_numbers(sampled.pixels) == (sampled.frame_idx, 3 * sampled.frame_idx)
    assert abs(time.time() - sampled.drawn_at) < 60
    assert sampled._repr_png_().startswith(b"\x89PNG")
    render.result()


def test_so_far(tmp_path, client):
    gate = tmp_path / "gate"
    render = Gate(gate, 20).make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=client, **SEGMENTS, wait=False
    )
    wait_until(lambda: render.progress.n_frames_encoded == 20)
    early, named = render.so_far(), render.so_far(tmp_path / "early.mp4")
    for video in (early, named):
        assert (video.n_frames, video.duration) == (20, pytest.approx(20 / 30))
        assert_shows(video.path, PARAMS[:20])
        assert video.probe().n_frames == 20
        assert (video.stats.n_frames_rendered, video.stats.n_frames_reused) == (20, 0)
    assert named.path == tmp_path / "early.mp4"
    assert not render.done()
    gate.touch()
    assert render.result().n_frames == 40
    assert render.so_far() == render.result()
    assert_shows(early.path, PARAMS[:20])  # as long as the render is there
    render = None
    gc.collect()
    assert not early.path.exists()
    assert named.path.exists()


def test_stats_so_far_of_frames_from_a_store(tmp_path, client):
    """They are counted as they arrive, before or after they are encoded."""
    gate = tmp_path / "gate"
    gate.touch()
    options = {"client": client, "store": tmp_path / "a.zarr", **SEGMENTS}
    Gate(gate, 20).make_video(tmp_path / "a.mp4", PARAMS[:20], 30, **options)
    gate.unlink()
    render = Gate(gate, 20).make_video(tmp_path / "a.mp4", PARAMS, 30, wait=False, **options)
    wait_until(lambda: render.progress.n_frames_encoded == 20)
    early = render.so_far()
    assert (early.stats.n_frames_rendered, early.stats.n_frames_reused) == (0, 20)
    gate.touch()
    stats = render.result().stats
    assert (stats.n_frames_rendered, stats.n_frames_reused) == (20, 20)


def test_so_far_after_an_error(tmp_path, client):
    render = FailsAt(13).make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=client, **SEGMENTS, wait=False
    )
    assert isinstance(render.exception(), FrameError)
    assert_shows(render.so_far().path, PARAMS[:10])


def test_so_far_before_any_frame(tmp_path, client):
    gate = tmp_path / "gate"
    render = Gate(gate).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    with pytest.raises(NoFramesError):
        render.so_far()
    gate.touch()
    render.result()


def test_so_far_of_one_piece(tmp_path, client):
    render = FrameNumber().make_video(tmp_path / "a.gif", PARAMS, 10, client=client, wait=False)
    with pytest.raises(OptionError, match=r"in one piece, such as GIF: render to \.mp4"):
        render.so_far(tmp_path / "b.gif")
    render.result()


@pytest.mark.parametrize("own", [True, False])
def test_cancel(tmp_path, client, own):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"before")
    options = {"num_workers": 1} if own else {"client": client}
    render = Slow(0.02).make_video(path, range(5000), 30, wait=False, **options)
    wait_until(lambda: render.progress.phase == "drawing")
    assert render.cancel()
    with pytest.raises(CancelledRenderError, match=r"a\.mp4 was cancelled"):
        render.result()
    assert render.cancelled()
    assert render.done()
    assert isinstance(render.exception(), CancelledError)
    assert not render.cancel()
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["a.mp4"]
    if not own:
        assert client.submit(lambda: 1, pure=False).result(timeout=10) == 1
        wait_until(lambda: not any(client.processing().values()))


def test_cancel_before_anything_is_drawn(tmp_path):
    render = FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, num_workers=2, wait=False)
    assert render.cancel()
    with pytest.raises(CancelledRenderError):
        render.result()
    assert os.listdir(tmp_path) == []


def test_cancel_while_no_worker_is_there(tmp_path):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        render = FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
        time.sleep(0.3)
        assert render.progress.phase == "starting"
        render.cancel()
        with pytest.raises(CancelledRenderError):
            render.result(timeout=20)


def test_a_failing_frame(tmp_path, client):
    render = FailsAt(7).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    with pytest.raises(FrameError, match="frame 7 could not be drawn") as caught:
        render.result()
    assert caught.value.frame_idx == 7
    assert render.exception() is caught.value
    assert render.progress.phase == "failed"
    assert os.listdir(tmp_path) == []


def test_an_interrupt_leaves_the_render_running(tmp_path, client):
    gate = tmp_path / "gate"
    render = Gate(gate).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    main = threading.main_thread().ident
    timer = threading.Timer(0.3, signal.pthread_kill, [main, signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        render.result()
    timer.join()
    assert not render.done()
    gate.touch()
    assert_shows(render.result().path, PARAMS)


def test_callbacks(tmp_path, client):
    called = []
    render = FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    render.add_done_callback(called.append)
    render.result()
    render.add_done_callback(called.append)
    wait_until(lambda: len(called) == 2)
    assert called == [render, render]


def test_await(tmp_path, client):
    async def main():
        render = FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(_awaited(render)), 0)
        video = await render  # which was not cancelled by that
        failing = FailsAt(3).make_video(tmp_path / "b.mp4", PARAMS, 30, client=client, wait=False)
        with pytest.raises(FrameError):
            await failing
        return video

    # A client of another thread's loop is not asynchronous here.
    assert_shows(asyncio.run(main()).path, PARAMS)


async def _awaited(render):
    return await render


def test_two_at_once(tmp_path, client):
    renders = [
        animator.make_video(tmp_path / f"{i}.mp4", PARAMS, 30, client=client, wait=False)
        for i, animator in enumerate((FrameNumber(), FrameNumber((3, 2))))
    ]
    for render in renders:
        assert_shows(render.result().path, PARAMS)


def test_the_animator_may_be_changed_meanwhile(tmp_path, client):
    animator = Gate(tmp_path / "gate")
    render = animator.make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    animator.gate = "another"
    (tmp_path / "gate").touch()
    assert_shows(render.result().path, PARAMS)


@pytest.mark.parametrize("kind", ["list", "items", "array", "arrays", "xarray", "dataset"])
def test_parameters_may_be_changed_meanwhile(tmp_path, client, kind):
    import xarray

    gate = tmp_path / "gate"
    values = np.array(PARAMS)

    class Picks(Gate):
        def update(self, frame_idx, params):
            params = params["x"] if isinstance(params, dict | xarray.Dataset) else params
            super().update(frame_idx, int(np.ravel(params)[0]))

    columns = values[:, None].copy()
    data = xarray.DataArray(columns, dims=("time", "column"), name="x")
    params = {
        "list": lambda: values.tolist(),
        "items": lambda: [columns[idx] for idx in range(40)],
        "array": lambda: columns[:, 0],
        "arrays": lambda: {"x": columns, "y": da_of(columns)},
        "xarray": lambda: data,
        "dataset": lambda: data.to_dataset(),
    }[kind]()
    render = Picks(gate).make_video(tmp_path / "a.mp4", params, 30, client=client, wait=False)
    columns[:] = 0
    if kind == "list":
        params[:] = [0] * 40
    gate.touch()
    assert_shows(render.result().path, PARAMS)


def test_frames_may_be_changed_meanwhile(tmp_path, client):
    frames = np.full((20, 16, 16, 1), 7, np.uint8)
    render = write_video(frames, tmp_path / "a.mkv", 10, codec="ffv1", client=client, wait=False)
    frames[:] = 255
    assert {int(frame.max()) for frame in decode(render.result().path)} == {7}


def test_so_far_spares_the_renders_own_files(tmp_path, client):
    gate = tmp_path / "gate"
    render = Gate(gate, 20).make_video(
        tmp_path / "a.mp4", PARAMS, 30, client=client, **SEGMENTS, keep_partial=True, wait=False
    )
    wait_until(lambda: render.progress.n_frames_encoded == 20)
    for name in ("a.mp4", "a.partial.mp4"):
        with pytest.raises(OptionError, match="a file of the render itself"):
            render.so_far(tmp_path / name)
    gate.touch()
    render.result()


def test_a_callback_that_ends_its_thread_ends_nothing(tmp_path, client):
    called = []
    gate = tmp_path / "gate"
    render = Gate(gate).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    render.add_done_callback(lambda render: sys.exit(1))
    render.add_done_callback(called.append)
    gate.touch()
    render.result()
    wait_until(lambda: called)
    render.add_done_callback(lambda render: sys.exit(1))


def test_warnings_come_with_the_result(tmp_path, client):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        render = UNBLITTABLE().make_video(
            tmp_path / "a.mp4", range(9), 30, client=client, redraw="blit", wait=False
        )
        render.exception()
    with pytest.warns(RedrawWarning) as caught:
        render.result()
    assert caught[0].filename == __file__
    render.result()  # says it once
    assert render.result().stats.warnings == (str(caught[0].message),)


def test_warnings_come_when_it_is_awaited(tmp_path, client):
    async def main():
        return await UNBLITTABLE().make_video(
            tmp_path / "a.mp4", range(9), 30, client=client, redraw="blit", wait=False
        )

    with pytest.warns(RedrawWarning):
        asyncio.run(main())


def test_a_forked_process_ends(tmp_path, client):
    gate = tmp_path / "gate"
    render = Gate(gate).make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of forking with threads
        process = multiprocessing.get_context("fork").Process(target=int)
        process.start()
    process.join(30)
    assert process.exitcode == 0
    gate.touch()
    render.result()


def test_cancelled_at_the_end(tmp_path, client, monkeypatch):
    """Either there is a new file and the render is done, or neither."""
    from dask_animate.encoding.video_writer import VideoWriter

    exits = VideoWriter.__exit__

    def cancel_first(self, *exc_info):
        render.cancel()
        return exits(self, *exc_info)

    monkeypatch.setattr(VideoWriter, "__exit__", cancel_first)
    render = FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    video = render.result()
    assert render.progress.phase == "done"
    assert_shows(video.path, PARAMS)


def test_so_far_of_a_render_that_is_done(tmp_path, client):
    render = FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, client=client, wait=False)
    video = render.result()
    copied = render.so_far(tmp_path / "b.mp4")
    assert (copied.path, copied.n_frames) == (tmp_path / "b.mp4", 40)
    assert copied.path.read_bytes() == video.path.read_bytes()
    with pytest.raises(OptionError, match=r"suffix of the whole video, \.mp4, got \.webm"):
        render.so_far(tmp_path / "b.webm")
    with pytest.raises(OptionTypeError):
        render.so_far(7)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"wait": "no"}, OptionTypeError),
        ({"wait": None}, OptionTypeError),
        ({"codec": "h266"}, OptionError),
    ],
)
def test_bad_options_are_errors_at_once(tmp_path, options, error):
    with pytest.raises(error):
        FrameNumber().make_video(tmp_path / "a.mp4", PARAMS, 30, **{"wait": False, **options})
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_written_or_sent_is_an_error_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        FrameNumber().make_video(tmp_path / "file" / "a.mp4", PARAMS, 30, wait=False)
    animator = FrameNumber()
    animator.lock = threading.Lock()
    with pytest.raises(AnimatorPickleError, match="lock"):
        animator.make_video(tmp_path / "a.mp4", PARAMS, 30, wait=False)
    assert os.listdir(tmp_path) == ["file"]


def test_frames_that_exist(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (20, 32, 48, 3), np.uint8)
    video = write_video(frames, tmp_path / "a.mkv", 10, codec="ffv1", wait=False).result()
    assert np.array_equal(np.stack(list(decode(video.path))), frames)


def test_a_frame_source_of_unknown_shape(tmp_path, client):
    class Gray(FrameSource):
        def draw(self, frame_idx, params):
            return np.full((16, 24), params, np.uint8)

    video = (
        Gray()
        .make_video(tmp_path / "a.mkv", range(20), 10, codec="ffv1", client=client, wait=False)
        .result()
    )
    assert [frame[0, 0, 0] for frame in decode(video.path)] == list(range(20))


def test_an_animator_of_functions(tmp_path, client):
    @animate(fps=10)
    def dot():
        fig, ax = plt.subplots(figsize=(1, 1))
        (line,) = ax.plot([0], [0], "o")
        return fig, lambda frame_idx, x: line.set_xdata([x])

    render = dot.make_video(tmp_path / "a.mp4", range(8), client=client, wait=False)
    assert render.result().n_frames == 8


def test_a_store(tmp_path, client):
    for n_reused in (0, 40):
        video = (
            FrameNumber()
            .make_video(
                tmp_path / "a.mp4", PARAMS, 30, client=client, store=tmp_path / "s.zarr", wait=False
            )
            .result()
        )
        assert video.stats.n_frames_reused == n_reused
        assert_shows(video.path, PARAMS)


def at_the_end_of_python(animator, path):
    """Return what a script says that leaves a render of 30 frames to the end of Python."""
    script = f"""
        from helpers import FailsAt, FrameNumber
        {animator}.make_video({str(path)!r}, range(30), 30, num_workers=1, wait=False)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=120,
        capture_output=True,
        text=True,
    )
    return done.stderr


#: Those of Python that let nothing start a thread while it waits for threads at its end.
NO_THREADS = (3, 12, 0) <= sys.version_info < (3, 12, 3)


@pytest.mark.skipif(NO_THREADS, reason="this release of Python starts no threads then")
def test_python_waits_for_it_at_its_end(tmp_path):
    at_the_end_of_python("FrameNumber()", tmp_path / "a.mp4")
    assert_shows(tmp_path / "a.mp4", list(range(30)))


def test_a_render_that_fails_at_the_end_of_python(tmp_path):
    said = at_the_end_of_python("FailsAt(7)", tmp_path / "a.mp4")
    assert f"{tmp_path / 'a.mp4'} was not rendered: " in said
    why = "let the script call result()" if NO_THREADS else "no data for 7"
    assert why in said.splitlines()[-1]
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_the_own_cluster_dies(tmp_path):
    import psutil

    render = Slow(0.05).make_video(tmp_path / "a.mp4", range(500), 30, num_workers=1, wait=False)
    wait_until(lambda: render.progress.phase == "drawing")
    for child in psutil.Process().children():
        if "cluster_process" in " ".join(child.cmdline()):
            child.kill()
    error = render.exception(timeout=120)
    assert "ended with status -9" in str(error)
    assert os.listdir(tmp_path) == []


def n_shielded():
    from dask_animate.execution.interrupt_shield import shield

    return shield._n_renders


def test_an_interrupt_of_all_processes_ends_no_worker(tmp_path, own_client):
    """As a notebook's kernel sends it, also to the workers of a LocalCluster."""
    gate = tmp_path / "gate"
    before = own_client.run(lambda: (os.getpid(), repr(signal.getsignal(signal.SIGINT))))
    renders = [
        Gate(gate, first=5).make_video(
            tmp_path / f"{i}.mp4", PARAMS, 30, client=own_client, wait=False, **SEGMENTS
        )
        for i in range(2)
    ]
    # The second one may have to wait for the workers, which wait for the gate.
    wait_until(lambda: set(own_client.run(n_shielded).values()) == {2})
    wait_until(lambda: any(render.progress.phase == "drawing" for render in renders))
    for pid, _ in before.values():
        os.kill(pid, signal.SIGINT)
    gate.touch()
    for render in renders:
        assert_shows(render.result(60).path, PARAMS)
    wait_until(
        lambda: own_client.run(lambda: (os.getpid(), repr(signal.getsignal(signal.SIGINT)))) == before
    )
