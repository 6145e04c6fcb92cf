"""Matplotlib's own animations: the frames are those that ``animation.save`` draws."""

import io
import os
import pickle
import random
import re
import subprocess
import sys
import threading
from fractions import Fraction

import av
import func_animations
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from func_animations import NOT_COPIED, SIZE, WITH_HISTORY, WITHOUT_HISTORY, X
from helpers import WARNINGS, assert_nothing_beside
from matplotlib.animation import AbstractMovieWriter, FuncAnimation, TimedAnimation

import dask_animate
from dask_animate.adapters import history
from dask_animate.adapters.animation_pickle import dumps
from dask_animate.errors import (
    AnimatorPickleError,
    FrameError,
    NoFramesError,
    OptionError,
    OptionTypeError,
    ParamsError,
    RedrawWarning,
    SequentialWarning,
)
from dask_animate.execution import own_cluster

LOSSLESS = {"codec": "ffv1", "num_workers": 1}
ON_WORKERS = {"num_workers": -1, "partition_size": 7, "encode_on": "workers"}


class Grabber(AbstractMovieWriter):
    """Keeps the frames that matplotlib draws when it saves."""

    def setup(self, fig, outfile, dpi=None):
        super().setup(fig, outfile, dpi)
        self.frames = []

    def grab_frame(self, **options):
        file = io.BytesIO()
        self.fig.savefig(file, format="rgba", dpi=self.dpi, **options)
        width, height = self.frame_size
        self.frames.append(np.frombuffer(file.getvalue(), np.uint8).reshape(height, width, 4)[..., :3])

    def finish(self):
        pass


def saved_by_matplotlib(animation):
    writer = Grabber(fps=10)
    animation.save("unused", writer=writer)
    return np.stack(writer.frames)


@pytest.fixture(autouse=True)
def fresh_state():
    func_animations.node = 0
    yield
    plt.close("all")


def decoded(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def assert_same_as_matplotlib(make, path, **options):
    """Save an animation both ways, each time made anew, and compare all frames."""
    animation = make()
    expected = saved_by_matplotlib(animation)
    plt.close("all")
    func_animations.node = 0
    animation = make()
    video = dask_animate.save(animation, path, **LOSSLESS | options)
    np.testing.assert_array_equal(decoded(path), expected)
    assert video.n_frames == len(expected)
    assert_nothing_beside(path)
    return video


def line_animation(**options):
    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot(X, np.sin(X))
    return FuncAnimation(fig, lambda i: line.set_ydata(np.sin(X + i / 10)), **{"frames": 6} | options)


def names(makers):
    return [pytest.param(make, id=make.__name__) for make in makers]


@pytest.mark.mostly_slow(4)
@pytest.mark.parametrize("make", names(WITHOUT_HISTORY))
def test_frames_are_those_of_matplotlib(make, tmp_path):
    assert_same_as_matplotlib(make, tmp_path / "a.mkv")


@pytest.mark.mostly_slow(5)
@pytest.mark.parametrize("make", names(WITH_HISTORY))
def test_history_is_found(make, tmp_path, client):
    found = "looks different after other frames than alone"
    with pytest.warns(SequentialWarning, match=f"{found}.*by this process alone") as warned:
        stats = assert_same_as_matplotlib(make, tmp_path / "a.mkv", client=client, **ON_WORKERS).stats
    assert stats.scaling_reason.startswith("this process draws the frames in order: ")
    assert found in stats.scaling_reason
    assert stats.warnings == tuple(str(warning.message) for warning in warned)


def test_history_is_drawn_by_one_other_process_in_the_background(tmp_path):
    make, path = WITH_HISTORY[0], tmp_path / "a.mkv"
    expected = saved_by_matplotlib(make())
    func_animations.node = 0
    with pytest.warns(SequentialWarning, match="by one other process"):
        render = dask_animate.save(make(), path, codec="ffv1", num_workers=2, wait=False)
    assert render.result().stats.n_frames_here == 0
    np.testing.assert_array_equal(decoded(path), expected)


@pytest.fixture
def all_are_short(monkeypatch):
    """Have no render pay for other processes, however slow the machine is."""
    monkeypatch.setattr(history, "SHORT_SECONDS", 600)
    monkeypatch.setattr(own_cluster, "START_SECONDS", 600)
    monkeypatch.setattr(own_cluster, "_measured", [])


@pytest.mark.usefixtures("all_are_short")
@pytest.mark.parametrize("make", names([func_animations.basic_line, func_animations.late_mark]))
def test_short_renders_are_drawn_in_order_here(make, tmp_path):
    video = assert_same_as_matplotlib(make, tmp_path / "a.mkv", num_workers=2)
    assert video.stats.n_frames_here == video.n_frames
    assert "before other processes would be ready" in video.stats.scaling_reason
    assert video.stats.warnings == ()


@pytest.mark.usefixtures("all_are_short")
def test_short_renders_are_copied_once(tmp_path, monkeypatch):
    copied = []

    def copy(drawing, *functions):
        copied.append(drawing)
        return dumps(drawing, *functions)

    monkeypatch.setattr("dask_animate.adapters.animation_copy.dumps", copy)
    video = dask_animate.save(func_animations.basic_line(), tmp_path / "a.mkv", num_workers=2)
    assert video.stats.n_frames_here == video.n_frames
    assert len(copied) == 1


@pytest.mark.parametrize(
    "make",
    [
        *names(WITH_HISTORY[:3]),
        *(pytest.param(make, id=make.__name__, marks=pytest.mark.slow) for make in WITH_HISTORY[3:]),
    ],
)
def test_sequential_frames_are_drawn_in_order_without_a_word(make, tmp_path):
    stats = assert_same_as_matplotlib(make, tmp_path / "a.mkv", sequential=True).stats
    assert stats.scaling_reason == "this process draws the frames in order: sequential=True"


@pytest.mark.mostly_slow(4)
@pytest.mark.parametrize("make", names(NOT_COPIED))
def test_what_cannot_be_copied_is_drawn_by_matplotlib(make, tmp_path):
    with pytest.warns(SequentialWarning, match=NOT_COPIED[make]) as warned:
        stats = assert_same_as_matplotlib(make, tmp_path / "a.mkv").stats
    assert re.search(f"in order: .*{NOT_COPIED[make]}", stats.scaling_reason)
    assert stats.warnings == tuple(str(warning.message) for warning in warned)


def test_what_cannot_be_copied_cannot_be_drawn_otherwise(tmp_path):
    reason = NOT_COPIED[func_animations.generator_in_function]
    animation = func_animations.generator_in_function()
    with pytest.raises(AnimatorPickleError, match=reason):
        dask_animate.save(animation, tmp_path / "b.mkv", sequential=False)
    with pytest.raises(OptionError, match=f"store: not possible if matplotlib draws.*{reason}"):
        dask_animate.save(animation, tmp_path / "b.mkv", store=tmp_path / "store", sequential=None)
    assert not list(tmp_path.iterdir())


def test_classes_and_modules_are_put_back_before_matplotlib_draws(tmp_path):
    """matplotlib's own calls change them, as they always do; the calls of copies leave no trace."""
    animation = func_animations.counter_in_a_class()
    with pytest.warns(SequentialWarning):
        dask_animate.save(animation, tmp_path / "a.mkv")
    assert func_animations.Counted.n == 7  # the initial draw, and six frames


@pytest.mark.parametrize("size", [(2.3, 1.6), (2.01, 1.63), (2.03, 2.03)])
def test_sizes_between_pixels(size, tmp_path):
    fig, ax = plt.subplots(figsize=size)
    lock = threading.Lock()
    animation = FuncAnimation(fig, lambda i: ax.set_title(f"{lock.locked()} {i}"), 2)
    with pytest.warns(SequentialWarning, match="cannot pickle"):
        dask_animate.save(animation, tmp_path / "a.mkv", codec="ffv1")
    fig.savefig(tmp_path / "last.png")
    expected = (plt.imread(tmp_path / "last.png")[..., :3] * 255).round()
    height, width = expected.shape[:2]
    np.testing.assert_array_equal(decoded(tmp_path / "a.mkv")[-1][:height, :width], expected)


def test_dpi_of_the_figure(tmp_path):
    with mpl.rc_context({"savefig.dpi": 60}):
        video = dask_animate.save(line_animation(), tmp_path / "a.mp4", savefig_params={"dpi": "figure"})
    assert (video.width, video.height) == (256, 192)
    animation = line_animation()
    animation._fig.dpi = 160  # as on a screen of twice the resolution
    assert dask_animate.save(animation, tmp_path / "a.mp4").width == 512


def test_a_function_that_changes_the_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    animation = FuncAnimation(plt.figure(**SIZE), lambda i: os.chdir(tmp_path / "other"), 3)
    dask_animate.save(animation, "a.mp4")
    assert (tmp_path / "a.mp4").exists()


@pytest.mark.mostly_slow(2)
@pytest.mark.parametrize(
    "make",
    names(
        [
            func_animations.basic_line,
            func_animations.walks_3d,
            func_animations.numbered_figure,
            func_animations.images,
        ]
    ),
)
def test_workers_draw_the_same(make, tmp_path, client):
    video = assert_same_as_matplotlib(make, tmp_path / "a.mkv", client=client, **ON_WORKERS)
    assert video.stats.n_frames_here == 0


def test_what_is_the_callers_stays_as_it_was(tmp_path, client):
    animation = func_animations.object_that_holds_its_animation()
    holder = animation._func.__self__
    figure = animation._fig
    figure.canvas.draw()
    before = np.array(figure.canvas.buffer_rgba()), holder.values.copy()
    states = pickle.dumps((np.random.get_state(), random.getstate()))
    axes, dpi, canvas = list(figure.axes), figure.dpi, figure.canvas
    with pytest.warns(SequentialWarning):
        dask_animate.save(animation, tmp_path / "a.mkv", client=client, savefig_params={"dpi": 50})
    assert pickle.dumps((np.random.get_state(), random.getstate())) == states
    assert (figure.axes, figure.dpi, figure.canvas) == (axes, dpi, canvas)
    assert plt.get_fignums() == [figure.number]
    figure.canvas.draw()
    np.testing.assert_array_equal(np.array(figure.canvas.buffer_rgba()), before[0])
    np.testing.assert_array_equal(holder.values, before[1])


def test_random_states_are_those_of_the_call(tmp_path, client):
    animation = func_animations.global_random_numbers()
    with pytest.warns(SequentialWarning, match="seed=0 gives each frame numbers of its own"):
        dask_animate.save(animation, tmp_path / "a.mkv", client=client, **LOSSLESS | ON_WORKERS)
    dask_animate.save(animation, tmp_path / "b.mkv", seed=0, client=client, **LOSSLESS | ON_WORKERS)
    expected = saved_by_matplotlib(animation)  # goes on with the states as they were
    np.testing.assert_array_equal(decoded(tmp_path / "a.mkv"), expected)
    seeded = decoded(tmp_path / "b.mkv")
    assert len(np.unique(seeded, axis=0)) == len(seeded) == 12


def test_interval_and_repeat_delay(tmp_path):
    video = dask_animate.save(line_animation(interval=40, repeat_delay=1000), tmp_path / "a.mp4")
    assert (video.fps, video.n_frames, video.duration) == (25, 6, pytest.approx(6 / 25 + 1))
    video = dask_animate.save(
        line_animation(interval=40, repeat_delay=900, repeat=False), tmp_path / "a.mp4"
    )
    assert video.duration == pytest.approx(6 / 25)
    video = dask_animate.save(line_animation(repeat_delay=900), tmp_path / "a.mp4", 10, durations={0: 1})
    assert (video.fps, video.duration) == (10, pytest.approx(1.5))


@pytest.mark.parametrize(
    ("interval", "fps"),
    [
        (33, Fraction(1000, 33)),
        (1000 / 30, 30),
        (np.float64(1000 / 29.97), Fraction(2997, 100)),
        (1001 / 30, Fraction(30_000, 1001)),
    ],
)
def test_intervals_that_are_no_decimal_fractions(tmp_path, interval, fps):
    animation = line_animation(interval=interval)
    assert dask_animate.save(animation, tmp_path / "a.mp4", num_workers=1).fps == fps


def test_a_hold_counts_the_frames_of_a_generator(tmp_path):
    animation = line_animation(
        frames=lambda: iter(range(4)), save_count=9, repeat_delay=1000, interval=100
    )
    assert dask_animate.save(animation, tmp_path / "a.mp4").duration == pytest.approx(1.4)


@pytest.mark.parametrize("repeat", [True, False])
def test_a_generator_is_read_once(repeat, tmp_path):
    read = []

    def items():
        for i in range(9):
            read.append(i)
            yield i

    animation = line_animation(frames=items(), save_count=20, repeat=repeat)
    dask_animate.save(animation, tmp_path / "a.mkv", **LOSSLESS)
    assert read == list(range(9))
    expected = saved_by_matplotlib(line_animation(frames=iter(range(9)), save_count=20, repeat=repeat))
    np.testing.assert_array_equal(decoded(tmp_path / "a.mkv"), expected)


@pytest.mark.filterwarnings("ignore:Animation was deleted")
def test_items_are_there_again_if_history_shows_late(tmp_path, client):
    def make():
        animation = func_animations.late_mark()
        return FuncAnimation(
            animation._fig, animation._func, iter(range(40)), save_count=50, repeat=False
        )

    with pytest.warns(SequentialWarning):
        assert_same_as_matplotlib(make, tmp_path / "a.mkv", client=client, **ON_WORKERS)


def test_number_of_frames(tmp_path):
    def saved(animation, **options):
        return dask_animate.save(animation, tmp_path / "a.mkv", **LOSSLESS | options).n_frames

    endless = line_animation(frames=None, cache_frame_data=False)
    with pytest.raises(ParamsError, match="neither frames= nor save_count=, so it never ends"):
        saved(endless)
    endless._draw_was_started = True
    assert saved(line_animation(frames=None, cache_frame_data=False), n_frames=5) == 5
    assert saved(line_animation(frames=None, save_count=4)) == 4
    assert saved(line_animation(frames=range(9)), n_frames=2) == 2
    short, empty = line_animation(frames=range(9)), line_animation(frames=[])
    with pytest.raises(ParamsError, match="n_frames is 10, but the animation has only 9 frames"):
        saved(short, n_frames=10)
    with pytest.raises(NoFramesError, match="no frames"):
        saved(empty)
    short._draw_was_started = empty._draw_was_started = True


def test_what_was_shown_before_is_saved(tmp_path):
    animation = line_animation(frames=lambda: iter(range(30)), save_count=5)
    for _ in range(7):
        animation._step()
    dask_animate.save(animation, tmp_path / "a.mkv", **LOSSLESS)
    np.testing.assert_array_equal(decoded(tmp_path / "a.mkv"), saved_by_matplotlib(animation))


def test_settings_for_saving(tmp_path):
    with mpl.rc_context({"savefig.dpi": 60, "savefig.facecolor": "lightblue"}):
        assert_same_as_matplotlib(line_animation, tmp_path / "a.mkv")
    look = {"dpi": 40, "facecolor": (1, 1, 0, 0.5)}
    dask_animate.save(line_animation(), tmp_path / "b.mkv", savefig_params=look, **LOSSLESS)
    writer = Grabber(fps=10)
    line_animation().save("unused", writer=writer, dpi=40, savefig_kwargs={"facecolor": (1, 1, 0, 0.5)})
    np.testing.assert_array_equal(decoded(tmp_path / "b.mkv"), writer.frames)


class OwnAnimation(TimedAnimation):
    """Draws in a way of its own, as subclasses did before there was FuncAnimation."""

    def __init__(self):
        self.figure, axes = plt.subplots(**SIZE)
        (self.line,) = axes.plot(X, X)
        super().__init__(self.figure, interval=50)

    def new_frame_seq(self):
        return iter(range(5))

    def _draw_frame(self, framedata):
        self.line.set_ydata(np.sin(X + framedata))


def test_subclasses_that_draw_in_a_way_of_their_own(tmp_path):
    with pytest.warns(SequentialWarning, match="OwnAnimation draws in a way of its own"):
        assert_same_as_matplotlib(OwnAnimation, tmp_path / "a.mkv")


def unannounced():
    """Changes an image in place, from frame to frame, without telling matplotlib."""
    fig, ax = plt.subplots(**SIZE)
    image = ax.imshow(np.zeros((8, 8)), vmin=0, vmax=64)
    (line,) = ax.plot([0, 7], [0, 0], "w")
    state = [0]

    def animate(i):
        state[0] += 1
        line.set_ydata([i % 7, 3])
        image.get_array()[state[0] // 8 % 8, state[0] % 8] = state[0]

    return FuncAnimation(fig, animate, 60)


def test_unannounced_changes_of_sequential_frames(tmp_path):
    with pytest.warns(RedrawWarning, match="All frames are drawn again, in full"):
        stats = assert_same_as_matplotlib(unannounced, tmp_path / "a.mkv", sequential=True).stats
    assert len(stats.warnings) == 1


def test_frames_are_kept_and_found_again(tmp_path):
    def saved(make=func_animations.pendulum):
        video = dask_animate.save(make(), tmp_path / "a.mkv", store=tmp_path / "store", **LOSSLESS)
        plt.close("all")
        return video.stats.n_frames_reused

    assert [saved(), saved()] == [0, 40]
    with pytest.raises(OptionError, match="store= keeps frames that can be drawn alone, but frame"):
        dask_animate.save(func_animations.trail(), tmp_path / "a.mkv", store=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_segments_are_kept(tmp_path, client):
    kept = {"keep_segments": tmp_path / "kept", "partition_size": [5, 10, 5], "codec": "ffv1"}
    animation = func_animations.basic_line()
    dask_animate.save(animation, tmp_path / "a.mkv", sequential=False, client=client, **kept)
    dask_animate.join(sorted((tmp_path / "kept").iterdir()), tmp_path / "b.mkv")
    expected = saved_by_matplotlib(animation)
    np.testing.assert_array_equal(decoded(tmp_path / "a.mkv"), expected)
    np.testing.assert_array_equal(decoded(tmp_path / "b.mkv"), expected)
    kept["keep_segments"] = tmp_path / "other"
    with pytest.raises(OptionError, match="keep_segments= keeps what was drawn"):
        dask_animate.save(animation, tmp_path / "a.mkv", **kept)
    assert not (tmp_path / "other").exists()
    dask_animate.save(
        unannounced(), tmp_path / "a.mkv", sequential=True, keep_segments=tmp_path / "other"
    )


@pytest.mark.parametrize("sequential", [True, False, None])
def test_the_frames_so_far_are_kept(tmp_path, sequential):
    def fails(i):
        if i == 14:
            raise LookupError("no data")
        line.set_ydata([i, 0])

    fig, ax = plt.subplots(**SIZE)
    (line,) = ax.plot([0, 1])
    options = {"keep_partial": True, "partition_size": 4, "num_workers": 1, "codec": "ffv1"}
    with pytest.raises(FrameError, match="frame 14 ") as caught:
        dask_animate.save(
            FuncAnimation(fig, fails, 20), tmp_path / "a.mkv", sequential=sequential, **options
        )
    assert "shows the first 12 frames" in caught.value.__notes__[0]
    kept = decoded(tmp_path / "a.partial.mkv")
    expected = saved_by_matplotlib(FuncAnimation(fig, fails, 12))
    np.testing.assert_array_equal(kept, expected)


def test_frames_that_are_drawn_again_are_not_kept(tmp_path):
    with pytest.warns(RedrawWarning, match="All frames are drawn again, in full"):
        dask_animate.save(
            unannounced(), tmp_path / "a.mkv", sequential=True, keep_partial=True, partition_size=4
        )
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_failing_functions(tmp_path):
    def fails(i):
        if i == 4:
            raise LookupError("no data")

    fig = plt.figure(**SIZE)
    with pytest.raises(FrameError, match="frame 4 could not be drawn: LookupError: no data"):
        dask_animate.save(FuncAnimation(fig, fails, 9), tmp_path / "a.mkv", **LOSSLESS)
    animation = FuncAnimation(fig, lambda i: None, 9, init_func=list, blit=True)
    with (
        pytest.warns(SequentialWarning, match="a copy cannot be drawn"),
        pytest.raises(FrameError, match="must return a sequence of Artist objects"),
    ):
        dask_animate.save(animation, tmp_path / "a.mkv", **LOSSLESS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"fps": 0}, OptionError, "fps must be a positive number"),
        ({"sequential": "yes"}, OptionTypeError, "sequential must be True, False or None"),
        ({"n_frames": 0}, OptionError, "n_frames must be at least 1"),
        ({"bitrate": 5}, OptionTypeError, r"save\(\) has no option bitrate; for bitrate=, give video_q"),
        ({"axis": 0}, OptionTypeError, r"save\(\) has no option axis"),
        ({"savefig_params": {"format": "png"}}, OptionError, "no effect on video frames for format"),
        ({"sequential": True, "store": "x"}, OptionError, "leave out sequential=True"),
        ({"video_quality": 99}, OptionError, "video_quality must be at most 51"),
    ],
)
def test_wrong_options(options, error, text, tmp_path):
    drawn = []
    animation = FuncAnimation(plt.figure(), drawn.append, 3)
    with pytest.raises(error, match=text):
        dask_animate.save(animation, tmp_path / "a.mkv", **options)
    assert not drawn
    assert not list(tmp_path.iterdir())
    animation._draw_was_started = True


def test_wrong_animations(tmp_path, client):
    with pytest.raises(OptionTypeError, match="animation must be one of matplotlib's"):
        dask_animate.save(plt.figure(), tmp_path / "a.mkv")
    animation = line_animation()
    with pytest.raises(OptionError, match="draws in this process: leave out client="):
        dask_animate.save(animation, tmp_path / "a.mkv", client=client, sequential=True)
    animation._draw_was_started = True


MODULE = """
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation

x = np.linspace(0, 6, 50)
fig, ax = plt.subplots(figsize=(3, 2))
(line,) = ax.plot(x, x)


def value(i):
    return np.sin(x + i / 10)


def animate(i):
    line.set_ydata(value(i))


animation = FuncAnimation(fig, animate, 20)
"""
SAVE = """
import dask_animate
from distributed import Client, LocalCluster, get_client

video = dask_animate.save(animation, "a.mkv", codec="ffv1", client={client})
print(video.stats.n_frames_here)
"""


@pytest.mark.parametrize("kind", ["script", "module"])
def test_scripts_without_a_main_guard_and_modules(kind, tmp_path, client):
    connected = f'Client("{client.scheduler.address}")'
    (tmp_path / "waves.py").write_text(MODULE)
    head = MODULE if kind == "script" else "from waves import animation\n"
    (tmp_path / "script.py").write_text(head + SAVE.format(client=connected))
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONWARNINGS": WARNINGS},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0"]
    scope = {}
    exec(MODULE, scope)
    np.testing.assert_array_equal(decoded(tmp_path / "a.mkv"), saved_by_matplotlib(scope["animation"]))
