"""FrameSource: frames without a figure take the same road as an animator's."""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import dask
import dask.array as da
import dask.bag as db
import numpy as np
import pytest
from helpers import FrameNumber, decode

from dask_animate import FrameSource, IndexedFrameParams
from dask_animate.drawing import DrawSession
from dask_animate.errors import (
    AnimatorPickleError,
    FrameError,
    FrameSizeError,
    OptionError,
    SetupError,
    TransparencyWarning,
)
from dask_animate.rendering.source_spec import FigureSpec

N = 60


@pytest.fixture(params=["here", "cluster"])
def where(request, client):
    return {"num_workers": 1} if request.param == "here" else {"client": client}


class Levels(FrameSource):
    """Frames of one gray level each, from the index and the parameters."""

    height, width = 32, 48

    def setup(self):
        self.canvas = np.zeros((self.height, self.width, 3), np.uint8)

    def draw(self, frame_idx, params):
        self.canvas[: self.height // 2] = 4 * frame_idx
        self.canvas[self.height // 2 :] = 4 * int(params)
        return self.canvas  # one buffer for all frames


class Counted(Levels):
    """Leaves a file for each frame that is drawn, named by process and time."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def setup(self):
        super().setup()
        self.folder.mkdir(exist_ok=True)
        self.note("setup")

    def draw(self, frame_idx, params):
        self.note(frame_idx)
        return super().draw(frame_idx, params)

    def note(self, what):
        (self.folder / f"{what}-{os.getpid()}-{time.monotonic_ns()}").touch()

    def notes(self, by=None):
        names = [path.name.split("-") for path in self.folder.iterdir()]
        return sorted(int(what) for what, pid, _ in names if what != "setup" and by in (None, int(pid)))

    def n_setups(self, by):
        return len([*self.folder.glob(f"setup-{by}-*")])


def assert_shows(path, params, fps=None):
    shown = decode(path, fps)[:, [4, -4], 20].astype(int).mean(axis=-1)
    expected = [(4 * idx, 4 * int(value)) for idx, value in enumerate(params)]
    assert shown.shape == (len(expected), 2)
    assert np.abs(shown - expected).max() <= 3


@pytest.mark.parametrize("name", ["a.mp4", "a.gif"])
def test_make_video(tmp_path, where, name):
    params = [N - idx for idx in range(N)]
    video = Levels().make_video(tmp_path / name, params, 25, **where)
    assert_shows(video.path, params, 25)
    assert (video.width, video.height, video.n_frames) == (48, 32, N)
    assert bool(video.stats.n_workers) == ("client" in where)


@pytest.mark.parametrize(
    ("make", "is_lazy"),
    [
        (lambda: (idx for idx in range(N)), False),
        (lambda: (IndexedFrameParams(idx ^ 1, idx ^ 1) for idx in range(N)), False),
        (lambda: [dask.delayed(int)(idx) for idx in range(N)], True),
        (lambda: db.from_sequence(range(N), npartitions=4), True),
        (lambda: da.arange(N, chunks=20), True),
        (lambda: np.arange(N), False),
    ],
    ids="generator indexed delayed bag dask numpy".split(),
)
def test_kinds_of_parameters(tmp_path, where, make, is_lazy):
    video = Levels().make_video(tmp_path / "a.mp4", make(), 25, **where)
    assert_shows(video.path, range(N))
    lazy = Levels().frames(make(), partition_size="auto" if is_lazy else 25)
    assert lazy.shape == (N, 32, 48, 3)
    assert lazy[::7, 4, 20, 0].compute().tolist() == [4 * idx for idx in range(0, N, 7)]


def test_no_frame_is_drawn_twice_here(tmp_path):
    source = Counted(tmp_path / "notes")
    video = source.make_video(tmp_path / "a.mp4", iter(range(N)), 25, num_workers=1)
    assert_shows(video.path, range(N))
    assert source.notes() == [*range(N)]
    assert source.n_setups(os.getpid()) == 1


def test_a_cluster_draws_the_first_frame_again(tmp_path, client):
    source = Counted(tmp_path / "notes")
    source.make_video(tmp_path / "a.mp4", range(N), 25, client=client)
    assert source.notes(os.getpid()) == [0]
    assert source.notes() == [0, *range(N)]


class Declared(Counted):
    frame_shape = (32, 48, 3)


def test_with_a_declared_shape_only_workers_draw(tmp_path, client):
    source = Declared(tmp_path / "notes")
    video = source.make_video(tmp_path / "a.mp4", range(N), 25, client=client)
    assert_shows(video.path, range(N))
    assert source.notes(os.getpid()) == []
    assert source.n_setups(os.getpid()) == 0
    assert source.notes() == [*range(N)]
    assert source.frames(range(N)).shape == (N, 32, 48, 3)
    assert source.notes() == [*range(N)]
    assert source.n_setups(os.getpid()) == 0


def test_a_wrong_declaration_is_an_error(tmp_path, where):
    source = Levels()
    source.frame_shape = (32, 50, 3)
    with pytest.raises(FrameSizeError, match=r"frame 0 has the shape \(32, 48, 3\).*\(32, 50, 3\)"):
        source.make_video(tmp_path / "a.mp4", range(N), 25, **where)


@pytest.mark.parametrize("shape", [(32, 48), (32, 48, 2), (0, 48, 3), (32.0, 48, 3), "auto", 3])
def test_declared_shapes_are_checked(shape):
    source = Levels()
    source.frame_shape = shape
    with pytest.raises(OptionError, match=r"frame_shape must be .* or None, got"):
        source.frame(1)


def test_frame_preview_and_before_drawing():
    class Prepared(Levels):
        def before_drawing(self):
            self.height = 64

    assert Prepared().frame(7, 3)[[4, -4], 9].tolist() == [[12] * 3, [28] * 3]
    sheet = Prepared().preview(range(N), n=4)
    assert len(sheet.frame_idx) == 4


class Gray(FrameSource):
    def draw(self, frame_idx, params):
        return np.full((16, 16), 4 * frame_idx, np.uint8)


class Translucent(FrameSource):
    """Red of which each frame is more opaque."""

    def draw(self, frame_idx, params):
        frame = np.zeros((16, 16, 4), np.uint8)
        frame[..., 0], frame[..., 3] = 255, 4 * frame_idx
        return frame


def test_gray(tmp_path, where):
    video = Gray().make_video(tmp_path / "a.mkv", range(N), 25, codec="ffv1", **where)
    assert decode(video.path)[:, 3, 3].tolist() == [[4 * idx] * 3 for idx in range(N)]
    assert Gray().frame(None, 5).shape == (16, 16, 3)


@pytest.mark.parametrize("shape", [None, (16, 16, 4)])
@pytest.mark.parametrize("name", ["a.mkv", "a.apng"])
def test_transparency_is_kept(tmp_path, where, name, shape):
    source = Translucent()
    source.frame_shape = shape
    codec = "ffv1" if name == "a.mkv" else None
    video = source.make_video(tmp_path / name, range(N), 25, codec=codec, **where)
    frames = np.stack(list(video.frames()))
    assert frames[:, 3, 3].tolist() == [[255, 0, 0, 4 * idx] for idx in range(N)]


@pytest.mark.parametrize("options", [{}, {"pixel_format": "bgr0", "codec": "ffv1"}])
def test_transparency_that_is_lost(tmp_path, options):
    name = "a.mkv" if options else "a.mp4"
    with pytest.warns(TransparencyWarning, match="transparent frames are drawn on white"):
        video = Translucent().make_video(tmp_path / name, range(N), 25, num_workers=1, **options)
    shown = decode(video.path)[:, 3, 3].astype(int)
    expected = [(255, 255 - 4 * idx, 255 - 4 * idx) for idx in range(N)]
    assert np.abs(shown - expected).max() <= (0 if options else 4)
    lazy = Translucent().frames(range(N))[:, 3, 3].compute()
    assert lazy.tolist() == [[*color] for color in expected]


class Noise(FrameSource):
    """Of NumPy's global state alone: distributed's threads in a worker use Python's."""

    def setup(self):
        self.first = np.random.rand(8)

    def draw(self, frame_idx, params):
        return np.array([self.first, np.random.rand(8)])


def test_pythons_random_state_is_seeded_too():
    class PythonNoise(FrameSource):
        def draw(self, frame_idx, params):
            return np.array([[random.random() for _ in range(8)]])

    assert np.array_equal(PythonNoise().frame(None, 9), PythonNoise().frame(None, 9))
    assert not np.array_equal(PythonNoise().frame(None, 9), PythonNoise().frame(None, 8))


def test_random_states_are_seeded_and_put_back(tmp_path, client):
    np.random.seed(7)
    random.seed(7)
    expected = np.random.rand(), random.random()
    np.random.seed(7)
    random.seed(7)
    here = Noise().frames(range(N))[:].compute(scheduler="synchronous")
    alone = Noise().frame(None, 9)
    assert (np.random.rand(), random.random()) == expected
    assert len(np.unique(here, axis=0)) == N
    assert np.array_equal(here[9], alone)
    there = Noise().make_video(tmp_path / "a.mkv", range(N), 25, codec="ffv1", client=client)
    assert np.array_equal(decode(there.path), here)
    assert not np.array_equal(Noise().frame(None, 9, seed=1), alone)


def test_threads_of_a_worker_take_turns(tmp_path, client_of_threads):
    class OneAtATime(Noise):
        def draw(self, frame_idx, params):
            self.busy = getattr(self, "busy", 0) + 1
            time.sleep(0.001)
            frame = super().draw(frame_idx, params)
            assert self.busy == 1
            self.busy -= 1
            return frame

    source = OneAtATime()
    options = {"codec": "ffv1", "client": client_of_threads, "partition_size": 7}
    video = source.make_video(tmp_path / "a.mkv", range(N), 25, **options)
    assert np.array_equal(decode(video.path), Noise().frames(range(N)).compute())


def test_sources_and_figures_take_turns():
    """Their random states are global."""
    frames = []

    def draw():
        frames.append(Noise().frames(range(20)).compute(scheduler="synchronous"))

    threads = [threading.Thread(target=draw) for _ in range(3)]
    for thread in threads:
        thread.start()
    figures = FrameNumber().frames(range(20)).compute(scheduler="synchronous")
    for thread in threads:
        thread.join()
    assert all(np.array_equal(drawn, frames[0]) for drawn in frames)
    assert np.array_equal(figures[3], FrameNumber().frame(3, 3))


# --- stores


def counts(video):
    return video.stats.n_frames_rendered, video.stats.n_frames_reused


def test_store(tmp_path, where):
    options = {"store": tmp_path / "frames.zarr", "codec": "ffv1", **where}
    first = Levels().make_video(tmp_path / "a.mkv", range(N), 25, **options)
    assert counts(first) == (N, 0)
    again = Levels().make_video(tmp_path / "a.mkv", range(N), 25, **options)
    assert counts(again) == (0, N)
    changed = [*range(N)]
    changed[7] = 1
    video = Levels().make_video(tmp_path / "a.mkv", changed, 25, **options)
    assert counts(video) == (1, N - 1)
    assert_shows(video.path, changed)
    other = Levels()
    other.something = 1
    assert counts(other.make_video(tmp_path / "a.mkv", changed, 25, **options)) == (N, 0)
    seeded = other.make_video(tmp_path / "a.mkv", changed, 25, seed=3, **options)
    assert counts(seeded) == (N, 0)


def test_changed_code_in_a_store(tmp_path):
    def render(factor):
        if factor == 2:

            class Shown(FrameSource):
                def draw(self, frame_idx, params):
                    return np.full((16, 16), 2 * params, np.uint8)

        else:

            class Shown(FrameSource):
                def draw(self, frame_idx, params):
                    return np.full((16, 16), 3 * params, np.uint8)

        options = {"store": tmp_path / "frames.zarr", "codec": "ffv1", "num_workers": 1}
        return Shown().make_video(tmp_path / "a.mkv", range(N), 25, **options)

    assert [counts(render(factor)) for factor in (2, 2, 3)] == [(N, 0), (0, N), (N, 0)]
    assert decode(tmp_path / "a.mkv")[:, 3, 3, 0].tolist() == [3 * idx for idx in range(N)]


def test_transparent_frames_in_a_store(tmp_path, where):
    options = {"store": tmp_path / "frames.zarr", "codec": "ffv1", **where}
    for expected in ((N, 0), (0, N)):
        video = Translucent().make_video(tmp_path / "a.mkv", range(N), 25, **options)
        assert counts(video) == expected
        frames = np.stack(list(video.frames()))
        assert frames[:, 3, 3].tolist() == [[255, 0, 0, 4 * idx] for idx in range(N)]


def test_continued_after_a_failure(tmp_path, where):
    class FailsOnce(Levels):
        def draw(self, frame_idx, params):
            if frame_idx == 41 and not Path(params[1]).exists():
                raise LookupError("not yet")
            return super().draw(frame_idx, params[0])

    params = [(idx, str(tmp_path / "there")) for idx in range(N)]
    options = {"store": tmp_path / "frames.zarr", "partition_size": 6, **where}
    with pytest.raises(FrameError):
        FailsOnce().make_video(tmp_path / "a.mp4", params, 25, **options)
    (tmp_path / "there").touch()
    video = FailsOnce().make_video(tmp_path / "a.mp4", params, 25, **options)
    assert video.stats.n_frames_reused >= 6
    assert_shows(video.path, range(N))


# --- frames that equal those before


def test_repeated_frames_are_found():
    spec = Levels()._spec(_options())
    source, session = spec.source(), DrawSession()
    repeated = []
    for params in (1, 1, 2, 2, 2, 1):
        source.draw(5, params, session)
        repeated.append(session.is_repeated)
    other = DrawSession()
    assert source.draw(5, 1, other)[-1, 0].tolist() == [4] * 3
    assert repeated == [False, True, False, True, True, False]
    assert not other.is_repeated


def test_repeated_frames_are_shown(tmp_path, where):
    params = [idx // 20 for idx in range(N)]

    class OfParams(Levels):
        def draw(self, frame_idx, params):
            return super().draw(params, params)

    video = OfParams().make_video(tmp_path / "a.mkv", params, 25, codec="ffv1", **where)
    assert decode(video.path)[:, 4, 4, 0].tolist() == [4 * value for value in params]


def _options():
    from dask_animate.drawing import DrawOptions

    return DrawOptions.create(None)


# --- errors


class Fails(Levels):
    def __init__(self, frame_idx, returns=None):
        self.bad, self.returns = frame_idx, returns

    def draw(self, frame_idx, params):
        if frame_idx == self.bad and self.returns is None:
            raise LookupError(f"no data for {params}")
        return self.returns if frame_idx == self.bad else super().draw(frame_idx, params)


@pytest.mark.parametrize("frame_idx", [0, 37])
def test_a_failing_frame_is_named(tmp_path, where, frame_idx):
    with pytest.raises(
        FrameError, match=rf"frame {frame_idx} could .* no data for 9.*\(params: 9"
    ) as info:
        Fails(frame_idx).make_video(tmp_path / "a.mp4", [9] * N, 25, **where)
    assert (info.value.frame_idx, type(info.value.__cause__)) == (frame_idx, LookupError)
    assert os.listdir(tmp_path) == []


def test_what_is_no_frame_is_named(tmp_path, where):
    with pytest.raises(FrameError, match=r"frame 37 .* draw\(\) must return an array .*, got 'a'"):
        Fails(37, "a").make_video(tmp_path / "a.mp4", range(N), 25, **where)


@pytest.mark.parametrize("shape", [(32, 48), (32, 48, 4), (32, 50, 3)])
def test_a_frame_of_another_shape_is_named(tmp_path, where, shape):
    source = Fails(37, np.zeros(shape, np.uint8))
    with pytest.raises(FrameSizeError, match=r"frame 37 has the shape .* have the shape \(32, 48, 3\)"):
        source.make_video(tmp_path / "a.mp4", range(N), 25, **where)


def test_setup_that_fails(tmp_path, where):
    class NoSetup(Levels):
        frame_shape = (32, 48, 3)

        def setup(self):
            raise LookupError("no data")

    with pytest.raises(SetupError, match="LookupError: no data"):
        NoSetup().make_video(tmp_path / "a.mp4", range(N), 25, **where)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"savefig_params": {"dpi": 50}}, "savefig_params"),
        ({"savefig_params": {"transparent": True}}, "savefig_params"),
        ({"redraw": "blit"}, 'redraw="blit"'),
        ({"reuse_figure_object": False}, "reuse_figure_object=False"),
        ({"freeze_layout": False}, "freeze_layout=False"),
    ],
)
def test_arguments_about_figures_are_errors(tmp_path, options, name):
    source = Counted(tmp_path / "notes")
    with pytest.raises(OptionError, match=f"{name}: only for an Animator, which has a figure"):
        source.make_video(tmp_path / "a.mp4", range(N), 25, **options)
    if "savefig_params" in options:
        with pytest.raises(OptionError, match=name):
            source.frame(1, **options)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("options", [{"chapters": [("a", -1)]}, {"store": 5}, {"partition_size": 0}])
def test_wrong_options_are_found_before_anything_is_drawn(tmp_path, options):
    source = Counted(tmp_path / "notes")
    with pytest.raises((ValueError, TypeError)):
        source.make_video(tmp_path / "a.mp4", range(N), 25, num_workers=1, **options)
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_pickled_is_named(tmp_path, client):
    source = Levels()
    source.lock = threading.Lock()
    with pytest.raises(AnimatorPickleError, match=r"self\.lock \(lock\)"):
        source.make_video(tmp_path / "a.mp4", range(N), 25, client=client)
    assert_shows(source.make_video(tmp_path / "a.mp4", range(N), 25, num_workers=1).path, range(N))


# --- check, interruption, imports


def test_check_finds_what_depends_on_history():
    class Trail(Levels):
        def draw(self, frame_idx, params):
            self.canvas[frame_idx % 32] = 255
            return self.canvas

    report = Trail().check(range(N), n=6)
    assert {finding.cause for finding in report.findings} == {"history"}
    assert "draw() must set everything" in str(report)
    assert "update" not in str(report)
    assert report.sheet is not None
    assert Levels().check(range(N)).ok


def test_check_finds_random_frames():
    class Random(FrameSource):
        def draw(self, frame_idx, params):
            return np.random.default_rng().random((8, 8))

    report = Random().check(range(N), n=3)
    assert {finding.cause for finding in report.findings} == {"random"}
    alike = Gray().check([1], n=1)
    assert alike.ok
    assert not isinstance(Gray()._spec(_options()), FigureSpec)


def test_check_says_if_all_frames_look_alike():
    class Constant(FrameSource):
        def draw(self, frame_idx, params):
            return np.zeros((8, 8))

    assert "draw() may not use its arguments" in str(Constant().check(range(N)))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_interruption(tmp_path, stop):
    class Stops(Levels):
        def draw(self, frame_idx, params):
            if frame_idx == 37:
                raise stop
            return super().draw(frame_idx, params)

    expected = KeyboardInterrupt if stop is KeyboardInterrupt else FrameError
    with pytest.raises(expected):
        Stops().make_video(tmp_path / "a.mp4", range(N), 25, num_workers=1)
    assert os.listdir(tmp_path) == []


def test_workers_import_no_matplotlib(tmp_path):
    """In a cluster of its own, as others have drawn figures in that of the tests."""
    (tmp_path / "squares.py").write_text(
        "import numpy as np\n"
        "from dask_animate import FrameSource\n"
        "class Squares(FrameSource):\n"
        "    def draw(self, frame_idx, params):\n"
        "        return np.full((16, 16, 3), frame_idx, np.uint8)\n"
    )
    (tmp_path / "script.py").write_text(
        "import sys\n"
        "from dask.distributed import Client\n"
        "from squares import Squares\n"
        "if __name__ == '__main__':\n"
        "    with Client(n_workers=1, threads_per_worker=1, dashboard_address=':0') as client:\n"
        "        Squares().make_video('a.mp4', range(30), 25)\n"
        "        loaded = client.run(lambda: 'matplotlib' in sys.modules)\n"
        "        print(list(loaded.values()), 'matplotlib' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[False] False\n"
