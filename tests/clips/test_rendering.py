"""Clips as videos and arrays: decoded, compared with what is drawn directly, and draws counted."""

import os
import threading
from collections import Counter
from fractions import Fraction

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
import zarr
from clip_laws import shown
from helpers import Counted, FailsAt, FrameNumber, decode, read_numbers

from dask_animate import Animator, Clip, FrameSource
from dask_animate.encoding import probe
from dask_animate.errors import AnimatorPickleError, FrameError, OptionError, OptionTypeError, SetupError

N = 24


@pytest.fixture(params=["here", "cluster"])
def where(request):
    if request.param == "here":
        return {"num_workers": 1}
    return {"client": request.getfixturevalue("client")}


def numbers(clip, path, fps=None, **options):
    """Render a clip of frame numbers, and return the index of each frame and its parameters."""
    clip.render(path, fps, **options)
    return [read_numbers(frame) for frame in decode(path, clip.fps if fps is None else fps)]


def log_of(path):
    return Counter(path.read_text().splitlines()) if path.exists() else Counter()


def test_a_video(tmp_path, where):
    clip = Clip(FrameNumber(), range(100, 100 + N), 30)
    both = clip[:10].speed(Fraction(1, 2)) + clip.reverse().speed(2)
    expected = [idx for idx in range(10) for _ in range(2)] + list(range(N - 2, -1, -2))
    found = numbers(both, tmp_path / "a.mp4", **where)
    assert found == [(idx, 100 + idx) for idx in expected]


def test_other_frame_rates(tmp_path):
    clip = Clip(FrameNumber(), range(N), 24)
    assert numbers(clip, tmp_path / "a.mp4", 48, num_workers=1) == [
        (idx, idx) for idx in range(N) for _ in range(2)
    ]
    assert numbers(clip, tmp_path / "b.mp4", 12, num_workers=1) == [
        (2 * i, 2 * i) for i in range(N // 2)
    ]


def test_frames_are_those_that_are_drawn_directly(where):
    animator = FrameNumber()
    clip = Clip(animator, range(N))
    frames = (
        (clip + clip.reverse())
        .frames(partition_size=7)
        .compute(scheduler=where.get("client", "synchronous"))
    )
    expected = animator.frames(range(N)).compute(scheduler="synchronous")
    assert np.array_equal(frames, np.concatenate([expected, expected[::-1]]))


SHAPES = {
    "there and back": lambda clip: clip + clip.reverse(),
    "repeat": lambda clip: clip.repeat(3),
    "slow": lambda clip: clip.speed(0.25),
    "hold": lambda clip: clip.hold(1, at=0.3),
    "grid": lambda clip: Clip.grid([clip, clip.reverse(), clip, clip.speed(2).repeat(2)]),
    "halves": lambda clip: clip[:12].beside(clip[12:]).speed(0.5),
    "crossfade": lambda clip: clip.crossfade(clip.reverse(), 0.4),
    "eased": lambda clip: clip.ease(lambda u: abs(2 * u - 1)),
    "inset": lambda clip: clip.overlay(clip.resize(70).speed(0.5), "top right"),
}


@pytest.mark.mostly_slow(6)
@pytest.mark.parametrize("shape", SHAPES)
def test_each_frame_is_drawn_once(tmp_path, where, shape):
    log = tmp_path / "log"
    clip = SHAPES[shape](Clip(Counted(log), range(N), redraw="full"))
    video = clip.render(tmp_path / "a.mp4", **where)
    keys = {leaf.key for picture in shown(clip) for leaf in picture.leaves()}
    drawn = log_of(log)
    assert set(drawn) == {f"{key} {key}" for key in keys}
    if "client" in where:  # what repeats next to each other may be in two partitions
        n_twice = len(video.stats.partition_sizes) - 1
        assert sum(drawn.values()) <= len(keys) + n_twice * (3 if shape == "halves" else 1)
    else:
        assert max(drawn.values()) == 1


def test_what_was_drawn_before_is_what_is_drawn_directly(tmp_path, where):
    clip = Clip(Striped(), np.linspace(0, 1, N))
    grid = Clip.grid([clip, clip.reverse(), clip.hold(1).crop(1), clip.resize(90, 60)])
    lossless = tmp_path / "a.mkv"
    grid.render(lossless, codec="ffv1", pixel_format="bgr0", **where)
    assert np.array_equal(decode(lossless, 30), grid.frames().compute(scheduler="synchronous"))


class Striped(Animator):
    """A figure with colors and soft edges, which depends on the index, too."""

    def setup(self):
        fig, ax = plt.subplots(figsize=(1.8, 1.2), dpi=50)
        (self.line,) = ax.plot([], [])
        ax.set(xlim=(0, 1), ylim=(0, N))
        return fig

    def update(self, frame_idx, x):
        self.line.set_data([0, x], [frame_idx, N * np.random.rand()])


def test_a_store_keeps_the_frames_of_sources(tmp_path, where):
    log, store = tmp_path / "log", tmp_path / "store"
    clip = Clip(Counted(log), range(N))
    render = dict(store=store, **where)
    first = numbers(clip + clip[5:9].reverse(), tmp_path / "a.mp4", **render)
    assert first == [(idx, idx) for idx in [*range(N), 8, 7, 6, 5]]
    assert max(log_of(log).values()) == 1
    again = numbers(clip.reverse().repeat(2), tmp_path / "b.mp4", **render)
    assert again == [(idx, idx) for idx in range(N - 1, -1, -1)] * 2
    assert max(log_of(log).values()) == 1
    numbers(clip, tmp_path / "c.mp4", overwrite=True, **render)
    assert set(log_of(log).values()) == {2}


def test_in_the_background(tmp_path, client):
    log = tmp_path / "log"
    clip = Clip(Counted(log), range(N))
    render = (clip + clip.reverse()).render(tmp_path / "a.mp4", client=client, wait=False)
    video = render.result()
    assert video.n_frames == 2 * N
    found = [read_numbers(frame)[0] for frame in decode(video.path, 30)]
    assert found == [*range(N), *range(N - 1, -1, -1)]
    drawn = log_of(log)
    assert len(drawn) == N
    assert sum(drawn.values()) <= N + 1  # the one in the middle may be in two partitions


def test_a_function_of_time(tmp_path, where):
    clip = Clip.from_function(FrameNumber(), lambda t: round(300 * t), 1, fps=10)
    found = numbers(clip, tmp_path / "a.mp4", 20, **where)
    assert found == [(idx // 2, round(300 * (idx + 0.5) / 20)) for idx in range(20)]
    fast = numbers(clip.speed(2), tmp_path / "b.mp4", **where)
    assert fast == [(2 * idx + 1, round(300 * (2 * idx + 1) / 10)) for idx in range(5)]


def test_two_parameters_in_one_figure(tmp_path, where):
    animator = FrameNumber()
    tens = Clip(animator, range(0, 100 * N, 100))
    ones = Clip(animator, range(N)).reverse()
    joined = tens.join(ones, lambda a, b: a + b)
    both = joined + joined.reverse()
    expected = [(idx, 100 * idx + N - 1 - idx) for idx in range(N)]
    assert numbers(both, tmp_path / "a.mp4", **where) == expected + expected[::-1]
    with pytest.raises(OptionError, match="several: FrameNumber and Striped"):
        (tens + Clip(Striped(), range(N))).join(ones + ones, max)


class Other(FrameNumber):
    """A source of parameters that draws nothing."""

    def setup(self):
        raise AssertionError


@pytest.mark.parametrize("kind", ["animator", "equal", "array"])
def test_parameters_of_two_sources(tmp_path, client, kind):
    others = {
        "animator": lambda: Clip(Other(), range(N)),
        "equal": lambda: Clip(FrameNumber((1, 1)), range(N)),
        "array": lambda: Clip(
            np.arange(N, dtype=np.uint8)[:, None, None, None] * np.ones((2, 2, 3), "u1")
        ),
    }
    tens = Clip(FrameNumber(), range(0, 100 * N, 100))
    joined = tens.join(others[kind]().reverse(), lambda a, b: a + int(np.max(b)))
    expected = [(idx, 100 * idx + N - 1 - idx) for idx in range(N)]
    both = joined + joined.reverse()
    frames = both.frames(partition_size=7)
    assert [read_numbers(frame) for frame in frames.compute(scheduler="sync")] == expected + expected[
        ::-1
    ]
    assert numbers(both, tmp_path / "a.mp4", client=client) == expected + expected[::-1]
    render = both.render(tmp_path / "b.mp4", client=client, wait=False)
    found = [read_numbers(frame) for frame in decode(render.result().path, 30)]
    assert found == expected + expected[::-1]


class Board(Animator):
    """A figure that scenes add to."""

    def setup(self):
        self.fig = plt.figure(figsize=(1, 1), dpi=20)
        self.patch = None
        return self.fig

    def update(self, frame_idx, params):
        if self.patch is not None:
            self.patch.set_alpha(params)


def paint(color, log=None):
    def enter(board):
        board.patch = plt.Rectangle((0, 0), 1, 1, transform=board.fig.transFigure, color=color)
        board.fig.add_artist(board.patch)
        if log is not None:
            with open(log, "a") as file:
                file.write(f"enter {color}\n")

    return enter


def unpaint(log):
    def leave(board):
        board.patch.remove()
        with open(log, "a") as file:
            file.write("exit\n")

    return leave


def test_scenes(tmp_path, where):
    log = tmp_path / "log"
    board = Board()
    red = Clip(board, [1.0] * 6, enter=paint("red", log), exit=unpaint(log))
    blue = Clip(board, [1.0] * 6, enter=paint("blue"))
    plain = Clip(board, [1.0] * 6)
    scenes = red + blue + plain + red.reverse() + blue[:3]
    path = tmp_path / "a.mkv"
    scenes.render(path, codec="ffv1", pixel_format="bgr0", **where)
    colors = [tuple(frame[10, 10].tolist()) for frame in decode(path, 30)]
    red_, blue_, white = (255, 0, 0), (0, 0, 255), (255, 255, 255)
    assert colors == [red_] * 6 + [blue_] * 6 + [white] * 6 + [red_] * 6 + [blue_] * 3
    assert board.__dict__ == {}
    left = log_of(log)
    assert left["enter red"] >= left["exit"] >= 1


def test_scenes_that_fail(tmp_path, caplog):
    def fail(board):
        raise LookupError("no such board")

    with pytest.raises(SetupError, match="no such board"):
        Clip(Board(), [1.0] * 6, enter=fail).render(tmp_path / "a.mp4", num_workers=1)
    assert not list(tmp_path.iterdir())
    video = Clip(Board(), [1.0] * 6, exit=fail).render(tmp_path / "a.mp4", num_workers=1)
    assert video.n_frames == 6
    (record,) = caplog.records
    assert (record.name, record.message) == ("dask_animate.renderer", "exit of Board failed")


class Levels(FrameSource):
    """Frames of one gray level each."""

    def draw(self, frame_idx, params):
        return np.full((20, 30, 3), 5 * params, np.uint8)


def test_sources_without_figures(tmp_path, where):
    clip = Clip(Levels(), range(N))
    path = tmp_path / "a.mkv"
    both = clip.reverse() + clip[5:]
    both.render(path, codec="ffv1", pixel_format="bgr0", **where)
    expected = [*range(N - 1, -1, -1), *range(5, N)]
    assert [int(frame[0, 0, 0]) for frame in decode(path, 30)] == [5 * idx for idx in expected]


PARAMS = {
    "list": lambda folder: list(range(N)),
    "tuple": lambda folder: tuple(range(N)),
    "numpy": lambda folder: np.arange(N),
    "dask": lambda folder: da.arange(N, chunks=5),
    "xarray": lambda folder: xr.DataArray(np.arange(N), dims="time"),
    "zarr": lambda folder: zarr.create_array(str(folder / "a.zarr"), data=np.arange(N), chunks=(5,)),
    "dict": lambda folder: {"a": da.arange(N, chunks=5), "b": np.arange(N)},
}


class OfAny(FrameNumber):
    def update(self, frame_idx, params):
        if isinstance(params, dict):
            assert params["a"] == params["b"]
            params = params["a"]
        super().update(frame_idx, np.asarray(params).item())


@pytest.mark.mostly_slow(6)
@pytest.mark.parametrize("kind", PARAMS)
def test_parameters(tmp_path, where, kind):
    clip = Clip(OfAny(), PARAMS[kind](tmp_path))
    assert clip.n_frames == N
    both = clip[::] + clip.reverse()[3:]
    expected = [*range(N), *range(N - 4, -1, -1)]
    assert numbers(both, tmp_path / "a.mp4", **where) == [(idx, idx) for idx in expected]


def test_chunks_are_read_once(tmp_path, monkeypatch):
    """Parameters in arrays are read a chunk at a time."""
    reads = []

    def load(block):
        reads.append(len(block))
        return block

    array = da.arange(N, chunks=6).map_blocks(load, dtype=int, meta=np.empty(0, int))
    clip = Clip(OfAny(), array)
    reads.clear()
    clip.render(tmp_path / "a.mp4", num_workers=1)
    assert [n for n in reads if n] == [6] * 4


def test_chapters(tmp_path):
    clip = Clip(FrameNumber(), range(30))
    intro, main = clip.named("Intro"), (clip + clip.reverse()).named("Main")
    inset = clip.resize(30).named("Inset")
    film = clip[:6] + intro + main.overlay(inset, start=0.5) + intro.speed(2)
    video = film.render(tmp_path / "a.mp4", num_workers=1)
    expected = [("Start", 0), ("Intro", 0.2), ("Main", 1.2), ("Intro", 3.2)]
    assert probe(video.path).chapters == [(name, pytest.approx(start)) for name, start in expected]
    other = film.render(tmp_path / "b.mp4", num_workers=1, chapters=[("All", 0)])
    assert probe(other.path).chapters == [("All", 0)]
    none = film.render(tmp_path / "c.mp4", num_workers=1, chapters=None)
    assert probe(none.path).chapters == []
    film.render(tmp_path / "d.gif", num_workers=1)


def test_a_preview_and_a_timeline(tmp_path):
    clip = Clip(FrameNumber(), range(30)).named("Count")
    film = clip + clip.ease("smoothstep").reverse()
    assert film.preview(4).frame_idx == (0, 20, 39, 59)
    timeline = film.timeline()
    assert timeline.duration == 2
    assert timeline.names == (("Count", 0.0, 1.0), ("Count", 1.0, 2.0))
    timeline.save(tmp_path / "a.png")
    assert plt.imread(tmp_path / "a.png").shape[2] == 4
    timeline.save(tmp_path / "new" / "a.svg")
    assert b"<svg" in (tmp_path / "new" / "a.svg").read_bytes()
    with pytest.raises(OptionError, match=r"path must end in one of .*\.png.*, got"):
        timeline.save(tmp_path / "a.xyz")
    with pytest.raises(OptionTypeError, match="path"):
        timeline.save(3)
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "new"}
    assert "60 frames" in film._repr_html_()
    assert not plt.get_fignums()


def test_a_frame_that_fails(tmp_path, where):
    clip = Clip(FailsAt(5), range(N))
    with pytest.raises(FrameError, match="frame 5 could not be drawn") as caught:
        (clip[10:] + clip[:10]).render(tmp_path / "a.mp4", **where)
    assert any("frame 19 of the clip" in note for note in caught.value.__notes__)
    assert os.listdir(tmp_path) == []


def test_parameters_that_fail(tmp_path, where):
    clip = Clip.from_function(FrameNumber(), lambda t: 1 // round(10 * t - 5), 1)
    with pytest.raises(FrameError, match="ZeroDivisionError") as caught:
        clip.render(tmp_path / "a.mp4", **where)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "(params: those of 0.45 s)" in str(caught.value)
    with pytest.raises(FrameError, match=r"params: those of frame 0 and 0\.05 s\)"):
        Clip(FrameNumber(), range(10), 10).join(
            Clip.from_function(FrameNumber(), lambda t: 1 / 0, 1, 10), max
        ).render(tmp_path / "a.mp4", **where)


@pytest.mark.parametrize("seconds", [1, 0.01])
def test_a_function_is_asked_for_times_that_are_shown(tmp_path, seconds):
    asked = []

    def level(t):
        asked.append(t)
        return 0.01 / t

    clip = Clip.from_function(Levels(), level, seconds, fps=10)
    for one in (clip, clip.join(clip, min)):
        asked.clear()
        one.render(tmp_path / "a.mp4", num_workers=1)
        expected = [(idx + 0.5) / 10 for idx in range(10)] if seconds == 1 else [0.005]
        assert sorted(set(asked)) == expected


def test_the_first_frame_is_drawn_with_its_index(tmp_path):
    """Also where its size is found out by drawing, and the clip begins with another one."""
    calls = set()

    class Noted(Levels):
        def draw(self, frame_idx, params):
            calls.add((frame_idx, params))
            return super().draw(frame_idx, params)

    clip = Clip(Noted(), range(N))
    joined = clip.reverse().join(clip, lambda one, other: one)
    joined.render(tmp_path / "a.mp4", num_workers=1)
    assert calls == {(idx, idx) for idx in range(N)}


def test_what_cannot_travel(tmp_path, client):
    clip = Clip(FrameNumber(), [threading.Lock()] * 3)
    with pytest.raises(AnimatorPickleError, match="parameters or functions in it"):
        clip.render(tmp_path / "a.mp4", client=client)


@pytest.mark.parametrize("name", ["savefig_params", "redraw", "seed", "axis"])
def test_options_of_sources_are_refused(tmp_path, name):
    with pytest.raises(OptionTypeError, match=f"render.. has no option {name}"):
        Clip(FrameNumber(), range(3)).render(tmp_path / "a.mp4", **{name: None})
    with pytest.raises(OptionError, match="overwrite=True requires store="):
        Clip(FrameNumber(), range(3)).render(tmp_path / "a.mp4", overwrite=True)


def test_threads_of_one_worker(tmp_path, client_of_threads):
    """Threads draw partitions in turn; frames that one of them drew may turn out wrong."""
    clip = Clip(Striped(), np.linspace(0, 1, 60))
    grid = clip.beside(clip.reverse(), Clip(FrameNumber((1.8, 1.2)), range(60)))
    path = tmp_path / "a.mkv"
    options = {"client": client_of_threads, "partition_size": 5}
    grid.render(path, codec="ffv1", pixel_format="bgr0", **options)
    assert np.array_equal(decode(path, 30), grid.frames().compute(scheduler="synchronous"))


def test_equal_footage_is_drawn_once(tmp_path, where):
    """Two clips of equal sources and parameters have the same frames."""
    log = tmp_path / "log"
    both = Clip(Counted(log), list(range(N))) + Clip(Counted(log), list(range(N)))
    assert numbers(both, tmp_path / "a.mp4", **where) == [(idx, idx) for idx in range(N)] * 2
    assert max(log_of(log).values()) == 1


def test_what_the_caller_changes_meanwhile(tmp_path, client):
    params = [[idx] for idx in range(N)]
    clip = Clip(OfAny(), params)
    render = (clip + clip.reverse()).render(tmp_path / "a.mp4", client=client, wait=False)
    for item in params:
        item[0] = 1000
    params.clear()
    path = render.result().path
    assert [read_numbers(frame) for frame in decode(path, 30)] == [
        (idx, idx) for idx in [*range(N), *range(N - 1, -1, -1)]
    ]


def test_figures_whose_frames_are_there_are_not_built(tmp_path, where):
    """With a store, a render that draws nothing calls no ``setup()`` but to learn about the pool."""
    log = tmp_path / "log"

    clip = Clip(Setups(log), range(N))
    clip.render(tmp_path / "a.mp4", store=tmp_path / "store", num_workers=1)
    n_before = sum(log_of(log).values())
    clip.reverse().render(tmp_path / "a.mp4", store=tmp_path / "store", num_workers=1)
    assert sum(log_of(log).values()) - n_before <= n_before == 1


class Setups(FrameNumber):
    """Leaves a line in a file for each figure."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def setup(self):
        with open(self.log, "a") as file:
            file.write("setup\n")
        return super().setup()
