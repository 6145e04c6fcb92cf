"""Frames that fail or hang: drawn again, replaced, or an error that names them; all others are exact."""

import asyncio
import ctypes
import os
import threading
import time
import warnings

import dask
import dask.array as da
import dask.bag as db
import matplotlib.pyplot as plt
import numpy as np
import pytest
from clusters import local_client
from dask import delayed
from distributed import Client, LocalCluster
from helpers import FrameNumber, assert_nothing_beside, assert_shows, decode, plain_frames, read_numbers

from dask_animate import Animator, Clip, FrameSource, IndexedFrameParams, animate, save, write_video
from dask_animate.drawing import placeholder
from dask_animate.errors import (
    AnimateError,
    EncoderError,
    FrameError,
    FrameSizeError,
    FrameTimeoutError,
    OptionError,
    OptionTypeError,
    ParamsError,
    SetupError,
    SkippedFrameWarning,
    WorkerError,
)
from dask_animate.execution import own_cluster
from dask_animate.frames import FrameSize

#: A cluster gives up a worker that is not back after 15 seconds, which a busy machine may need.
PATIENT = {"distributed.deploy.lost-worker-timeout": "10 minutes"}
N = 20
#: The first one, two next to each other, again two, and the last one.
BAD = (0, 3, 4, 9, 10, 19)
LOSSLESS = {"codec": "ffv1", "partition_size": 7}
DIVISIONS = [1, 2, 5, 7, (1, 3, 6, 10), 20]


class Breaks(FrameNumber):
    """Leaves the figure, the settings and itself half-changed when it fails."""

    def __init__(self, bad=BAD):
        super().__init__()
        self.bad = set(bad)
        self.offset = 0

    def update(self, frame_idx, params):
        super().update(frame_idx, params + self.offset)
        if frame_idx in self.bad:
            self.offset = 5
            self.image.set_alpha(0.5)
            plt.rcParams["image.resample"] = False
            plt.gcf().set_facecolor("red")
            plt.gcf().add_subplot().plot([0, 1])
            self.fail(frame_idx)

    def fail(self, frame_idx):
        raise ValueError(f"no {frame_idx}")


class Hangs(FrameNumber):
    """Never ends some of its frames."""

    def __init__(self, bad, how, notes=None):
        super().__init__()
        self.bad, self.how, self.notes = set(bad), how, notes

    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if frame_idx in self.bad:
            if self.notes is not None:
                note = self.notes / f"{frame_idx}"
                if note.exists():
                    return
                note.touch()
            HANGS[self.how]()


def loop():
    while True:
        pass


def lock():
    held = threading.Lock()
    held.acquire()
    held.acquire()


HANGS = {
    "sleep": lambda: time.sleep(1000),
    "loop": loop,
    "lock": lock,
    "C": lambda: ctypes.CDLL(None).sleep(1000),
    "Python": lambda: ctypes.PyDLL(None).sleep(1000),  # keeps the lock of Python
}


def good_frames(params):
    return plain_frames(FrameNumber(), enumerate(params))


def expected_frames(params, bad, on_error, reason=lambda frame_idx: f"ValueError: no {frame_idx}"):
    """Return what is to be seen."""
    frames = good_frames(params)
    size, shown = FrameSize(*frames.shape[1:3]), False
    for frame_idx in range(len(frames)):
        if frame_idx not in bad:
            shown = True
        elif on_error == "skip" and shown:
            frames[frame_idx] = frames[frame_idx - 1]
        else:
            frames[frame_idx] = placeholder(size, frame_idx, reason(frame_idx))
    return frames


def assert_replaced(video, params, bad, on_error):
    np.testing.assert_array_equal(decode(video.path), expected_frames(params, bad, on_error))
    assert [failure.frame_idx for failure in video.skipped] == sorted(bad)
    assert all(failure.error == f"ValueError: no {failure.frame_idx}" for failure in video.skipped)
    stats = video.stats
    assert stats.n_frames_skipped == len(bad)
    assert stats.n_frames_rendered + stats.n_frames_reused == len(params) - len(bad)
    assert video.n_frames == len(params)


@pytest.fixture(scope="module")
def harmed_client():
    """Two workers that end now and then, and are started again."""
    with dask.config.set(PATIENT):
        cluster, client = local_client(2)
        with cluster, client:
            yield client


@pytest.fixture(params=["here", "client"])
def place(request):
    """The arguments of a render that draws in this process, and of one that draws on a cluster."""
    if request.param == "here":
        return {"num_workers": 1}
    return {"client": request.getfixturevalue("client")}


class Mute(Exception):
    def __str__(self):
        raise ValueError("no text")


class RaisesAnything(FrameNumber):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if frame_idx == 2:
            raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Mute(), "Mute: (no message)"),
        (ValueError(), "ValueError"),
        (ValueError("many\n" * 2000), f"ValueError: {'many ' * 100}"),
        (ValueError("two\n  lines"), "ValueError: two lines"),
    ],
    ids=["mute", "empty", "long", "lines"],
)
def test_messages_of_any_kind(tmp_path, error, said):
    """The error tells them as they are, up to a length; where many may be listed, each is a line."""
    animator = RaisesAnything(error)
    with pytest.raises(FrameError, match=r"frame 2 could not be drawn: (Mute|ValueError)") as caught:
        animator.make_video(tmp_path / "a.mkv", range(4), 30, num_workers=1)
    assert ("ValueError (params: 2)" in str(caught.value)) == (said == "ValueError")
    assert len(str(caught.value)) < 2200
    options = {"num_workers": 1, "on_error": "skip"}
    with pytest.warns(SkippedFrameWarning) as warned:
        video = animator.make_video(tmp_path / "a.mkv", range(4), 30, **options)
    line = said if len(said) <= 400 else f"{said[:399]}…"
    assert [failure.error for failure in video.skipped] == [line]
    assert "\n" not in str(warned[0].message)


class Stop(BaseException):
    """What frameworks raise to leave code, as trio and anyio do."""


@pytest.mark.parametrize(
    "error", [Stop, GeneratorExit, asyncio.CancelledError, SystemExit, KeyboardInterrupt]
)
def test_what_is_no_exception_is_no_hang(tmp_path, client, error):
    """dask's client raises errors where only those are caught that derive from Exception."""
    path = tmp_path / "a.mkv"
    with pytest.raises(FrameError, match=rf"frame 2 could not be drawn: {error.__name__}"):
        RaisesAnything(error).make_video(path, range(4), 30, client=client)
    with pytest.warns(SkippedFrameWarning, match=error.__name__):
        RaisesAnything(error).make_video(path, range(4), 30, client=client, on_error="skip")


@pytest.mark.parametrize("error", [Stop, GeneratorExit])
def test_what_is_no_exception_in_parameters(tmp_path, client, error):
    @delayed
    def load(i):
        if i == 2:
            raise error
        return i

    params = [load(i) for i in range(4)]
    with pytest.raises(AnimateError, match=error.__name__):
        FrameNumber().make_video(tmp_path / "a.mkv", params, 30, client=client)
    assert_nothing_beside(tmp_path / "a.mkv")


@pytest.mark.parametrize("on_error", ["skip", "placeholder"])
@pytest.mark.parametrize("division", DIVISIONS, ids=str)
def test_frames_are_replaced_here(tmp_path, on_error, division):
    params = range(100, 100 + N)
    with pytest.warns(SkippedFrameWarning, match=r"0, 3, 4, 9, 10, 19. Frame 0: ValueError: no 0"):
        video = Breaks().make_video(
            tmp_path / "a.mkv",
            params,
            10,
            num_workers=1,
            on_error=on_error,
            codec="ffv1",
            partition_size=division,
        )
    assert_replaced(video, params, BAD, on_error)


@pytest.mark.mostly_slow(8)
@pytest.mark.parametrize("encode_on", ["workers", "client"])
@pytest.mark.parametrize("on_error", ["skip", "placeholder"])
@pytest.mark.parametrize("division", DIVISIONS, ids=str)
def test_frames_are_replaced_on_workers(tmp_path, client, on_error, division, encode_on):
    params = range(100, 100 + N)
    with pytest.warns(SkippedFrameWarning) as warned:
        video = Breaks().make_video(
            tmp_path / "a.mkv",
            params,
            10,
            client=client,
            on_error=on_error,
            codec="ffv1",
            partition_size=division,
            encode_on=encode_on,
        )
    assert len(warned) == 1
    assert video.stats.warnings == (str(warned[0].message),)
    assert_replaced(video, params, BAD, on_error)
    assert video.stats.encode_on == encode_on


PARAMS = {
    "generator": lambda: (100 + i for i in range(N)),
    "delayed": lambda: [delayed(100 + i) for i in range(N)],
    "array": lambda: da.arange(100, 100 + N, chunks=3),
    "bag": lambda: db.range(N, npartitions=7).map(lambda i: 100 + i),
    "indexed": lambda: [IndexedFrameParams(i, 100 + i) for i in reversed(range(N))],
}


@pytest.mark.parametrize("kind", PARAMS)
def test_frames_are_replaced_whatever_the_parameters(tmp_path, kind, place):
    options = place if kind == "bag" else place | {"partition_size": 3}
    with pytest.warns(SkippedFrameWarning):
        video = Breaks().make_video(
            tmp_path / "a.mkv", PARAMS[kind](), 10, on_error="skip", codec="ffv1", **options
        )
    assert_replaced(video, range(100, 100 + N), BAD, "skip")


@pytest.mark.parametrize(("n_threads", "kind"), [(4, "threads"), (1, "one process")])
def test_frames_are_replaced_by_any_number_of_threads(tmp_path, client_of_threads, n_threads, kind):
    with pytest.warns(SkippedFrameWarning):
        video = Breaks().make_video(
            tmp_path / "a.mkv",
            range(N),
            10,
            client=client_of_threads if n_threads == 4 else None,
            num_workers=-1 if n_threads == 4 else 1,
            on_error="skip",
            codec="ffv1",
            partition_size=2,
            encode_on="workers",
        )
    assert_replaced(video, range(N), BAD, "skip")


class BreaksAndWaits(Breaks):
    """Draws slowly in the process that makes it, until another one has drawn a frame."""

    def __init__(self, bad, note):
        super().__init__(bad)
        self.here, self.note = os.getpid(), note

    def update(self, frame_idx, params):
        if os.getpid() != self.here:
            self.note.touch()
        elif not self.note.exists():
            time.sleep(0.2)
        super().update(frame_idx, params)


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize("kind", ["range", "bag"])
def test_frames_are_replaced_here_and_on_workers(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(own_cluster, "START_SECONDS", 0.1)
    monkeypatch.setattr(own_cluster, "_measured", [])
    n, note = 120, tmp_path / "note"
    params = range(n) if kind == "range" else db.range(n, npartitions=40)
    options = {"partition_size": 3} if kind == "range" else {}
    bad = [idx for idx in range(n) if idx % 3 == 0 or idx in (7, 8)]
    with pytest.warns(SkippedFrameWarning):
        video = BreaksAndWaits(bad, note).make_video(
            tmp_path / "a.mkv",
            params,
            10,
            num_workers=2,
            on_error="skip",
            codec="ffv1",
            encode_on="workers",
            **options,
        )
    assert_replaced(video, range(n), bad, "skip")
    assert 0 < video.stats.n_frames_here < n


def test_frames_out_of_order_have_no_frame_before(tmp_path, client):
    items = [IndexedFrameParams(i, i) for i in (0, 2, 1, 3)]
    bag = db.from_sequence(items, npartitions=2)
    path = tmp_path / "a.mkv"
    with pytest.raises(ParamsError, match=r"frame 2 could not be drawn: .* sort the bag"):
        Breaks([2]).make_video(path, bag, 10, client=client, on_error="skip", codec="ffv1")
    assert_nothing_beside(path)
    with pytest.warns(SkippedFrameWarning):
        video = Breaks([2]).make_video(
            path, bag, 10, client=client, on_error="placeholder", codec="ffv1"
        )
    assert_replaced(video, range(4), [2], "placeholder")


@pytest.mark.parametrize("codec", ["gif", "apng"])
def test_frames_are_replaced_in_formats_of_the_client(tmp_path, client, codec):
    with pytest.warns(SkippedFrameWarning):
        video = Breaks([3]).make_video(
            tmp_path / f"a.{codec}", range(6), 10, client=client, on_error="skip", partition_size=3
        )
    shown = [read_numbers(frame) for frame in decode(video.path, 10)]
    assert shown == [(0, 0), (1, 1), (2, 2), (2, 2), (4, 4), (5, 5)]


class ChangesInPlace(Animator):
    """Is drawn incrementally, moves dots in place without marking them stale, and then fails.

    From then on dots are where `setup` has put them: a new figure does not show what was wrong.
    """

    def __init__(self, stop, bad=()):
        self.stop, self.bad = stop, set(bad)

    def setup(self):
        figure, (self.left, self.right) = plt.subplots(1, 2, figsize=(3, 1), dpi=50)
        (self.line,) = self.left.plot([0, 1], [0, 1])
        self.dots = self.right.scatter(np.zeros(3), np.zeros(3))
        self.right.set(xlim=(-1, 20), ylim=(-1, 20))
        return figure

    def update(self, frame_idx, params):
        self.line.set_ydata([0, frame_idx / 20])
        self.dots.get_offsets()[...] = frame_idx if 8 <= frame_idx < self.stop else 0
        if frame_idx in self.bad:
            raise ValueError(f"no {frame_idx}")


@pytest.mark.mostly_slow(2)
@pytest.mark.parametrize("bad", [[10], [11], [10, 12], [19]])
def test_what_was_drawn_incrementally_before_a_failure_is_compared(tmp_path, monkeypatch, bad):
    monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    options = {"num_workers": 1, "on_error": "skip", "codec": "ffv1", "partition_size": N}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of frames drawn in full
        video = ChangesInPlace(bad[0], bad).make_video(tmp_path / "a.mkv", range(N), 10, **options)
    expected = plain_frames(ChangesInPlace(bad[0]), enumerate(range(N)))
    for frame_idx in bad:
        expected[frame_idx] = expected[frame_idx - 1]
    np.testing.assert_array_equal(decode(video.path), expected)


@pytest.mark.parametrize("redraw", ["auto", "blit", "full"])
@pytest.mark.parametrize("reuse", [True, False])
def test_frames_after_a_failure_are_those_of_a_new_figure(tmp_path, monkeypatch, redraw, reuse):
    monkeypatch.setattr("dask_animate.drawing.redraw.MAX_TIME_RATIO", float("inf"))
    if redraw == "blit" and not reuse:
        pytest.skip("not possible")
    with pytest.warns(SkippedFrameWarning):
        video = Breaks().make_video(
            tmp_path / "a.mkv",
            range(N),
            10,
            num_workers=1,
            on_error="skip",
            redraw=redraw,
            reuse_figure_object=reuse,
            codec="ffv1",
        )
    assert_replaced(video, range(N), BAD, "skip")


class Pixels(FrameSource):
    """Leaves itself half-changed when it fails."""

    frame_shape = (12, 16, 3)

    def setup(self):
        self.offset = 0

    def draw(self, frame_idx, params):
        self.offset += frame_idx in (2, 3)
        if frame_idx in (2, 3):
            raise ValueError(f"no {frame_idx}")
        return np.full(self.frame_shape, 10 * params + self.offset, np.uint8)


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_frames_of_a_source(tmp_path, place, size):
    with pytest.warns(SkippedFrameWarning):
        video = Pixels().make_video(
            tmp_path / "a.mkv",
            range(6),
            10,
            on_error="skip",
            partition_size=size,
            codec="ffv1",
            **place,
        )
    assert decode(video.path)[:, 0, 0, 0].tolist() == [0, 10, 10, 10, 40, 50]


def test_a_source_needs_a_shape(tmp_path):
    class Unknown(Pixels):
        frame_shape = None

    for options in ({"on_error": "skip"}, {"retries": 1}, {"timeout": 1}):
        with pytest.raises(OptionError, match="set frame_shape"):
            Unknown().make_video(tmp_path / "a.mkv", range(3), 10, **options)


class Flaky(FrameNumber):
    """Fails some frames for the first few times, wherever they are drawn."""

    def __init__(self, notes, bad, n_failures):
        super().__init__()
        self.notes, self.bad, self.n_failures = notes, set(bad), n_failures

    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if frame_idx in self.bad:
            for number in range(self.n_failures):
                note = self.notes / f"{frame_idx}-{number}"
                if not note.exists():
                    note.touch()
                    self.image.set_alpha(0.5)
                    raise OSError(f"no {frame_idx}")


def test_frames_are_drawn_again(tmp_path, place):
    animator = Flaky(tmp_path, BAD, 2)
    video = animator.make_video(tmp_path / "a.mkv", range(N), 10, retries=2, **LOSSLESS, **place)
    np.testing.assert_array_equal(decode(video.path), good_frames(range(N)))
    assert (video.skipped, video.stats.n_retries) == ((), 2 * len(BAD))
    assert video.stats.n_frames_rendered == N
    assert "drawn again: 12 times" in str(video.stats)


def test_frames_fail_after_retries(tmp_path, place):
    (path := tmp_path / "videos" / "a.mkv").parent.mkdir()
    (notes := tmp_path / "notes").mkdir()
    with pytest.raises(FrameError, match="frame 3 could not be drawn: OSError: no 3") as caught:
        Flaky(notes, [3], 3).make_video(path, range(N), 10, retries=2, **LOSSLESS, **place)
    assert (caught.value.frame_idx, caught.value.params) == (3, "3")
    assert len(list(notes.iterdir())) == 3
    assert_nothing_beside(path)


@pytest.mark.parametrize("on_error", ["skip", "placeholder"])
def test_not_a_single_frame(tmp_path, place, on_error):
    path = tmp_path / "a.mkv"
    with pytest.raises(FrameError, match="no 0; nor could any other of the 6 frames"):
        Breaks(range(6)).make_video(path, range(6), 10, on_error=on_error, codec="ffv1", **place)
    assert_nothing_beside(path)


class FailsSetup(FrameNumber):
    def setup(self):
        raise ValueError("no figure")


class Grows(FrameNumber):
    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if frame_idx == 2:
            plt.gcf().set_size_inches(4, 4)


@pytest.mark.parametrize(("animator", "error"), [(FailsSetup(), SetupError), (Grows(), FrameSizeError)])
def test_what_is_no_fault_of_a_frame_is_an_error(tmp_path, place, animator, error):
    with pytest.raises(error):
        animator.make_video(tmp_path / "a.mkv", range(5), 10, on_error="skip", retries=1, **place)


def test_a_setup_that_fails_after_a_frame_did(tmp_path):
    class Once(Breaks):
        def setup(self):
            if (tmp_path / "note").exists():
                raise ValueError("no figure")
            (tmp_path / "note").touch()
            return super().setup()

    with pytest.raises(SetupError, match="no figure"):
        Once([2]).make_video(tmp_path / "a.mkv", range(5), 10, on_error="skip", num_workers=1)


class Mended(FrameNumber):
    """Fails some frames as long as a file is there."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def update(self, frame_idx, params):
        super().update(frame_idx, params)
        if frame_idx in BAD and self.path.exists():
            raise ValueError(f"no {frame_idx}")


@pytest.mark.mostly_slow(4)
@pytest.mark.parametrize("on_error", ["skip", "placeholder"])
@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_a_store_has_them_drawn_again(tmp_path, place, on_error, encode_on):
    options = place | {"store": tmp_path / "store", "encode_on": encode_on, "partition_size": 4}
    (fails := tmp_path / "fails").touch()
    animator, path = Mended(fails), tmp_path / "a.mkv"
    with pytest.warns(SkippedFrameWarning):
        video = animator.make_video(path, range(N), 10, on_error=on_error, codec="ffv1", **options)
    assert_replaced(video, range(N), BAD, on_error)
    with pytest.raises(ParamsError, match="is not complete"):
        write_video(tmp_path / "store", tmp_path / "b.mkv", 10)
    fails.unlink()
    video = animator.make_video(path, range(N), 10, codec="ffv1", **options)
    assert (video.stats.n_frames_rendered, video.stats.n_frames_reused) == (len(BAD), N - len(BAD))
    np.testing.assert_array_equal(decode(path), good_frames(range(N)))
    write_video(tmp_path / "store", tmp_path / "b.mkv", 10, codec="ffv1")
    np.testing.assert_array_equal(decode(tmp_path / "b.mkv"), good_frames(range(N)))


def test_frames_are_found_and_drawn_in_turn(tmp_path, place):
    """Those that are found are RGB, and those that are drawn RGBA; either may be shown again."""
    options = {
        "store": tmp_path / "store",
        "partition_size": 10,
        "on_error": "skip",
        "retries": 1,
        **place,
    }
    params = list(range(20))
    FrameNumber().make_video(tmp_path / "a.mp4", params, 25, **options)
    for changed in (1, 4, 5, 13):
        params[changed] += 100
    video = FrameNumber().make_video(tmp_path / "a.mp4", params, 25, **options)
    assert (video.stats.n_frames_rendered, video.stats.n_frames_reused) == (4, 16)
    assert_shows(tmp_path / "a.mp4", params)


def test_frames_found_in_a_store_are_shown_for_those_after_them(tmp_path):
    (fails := tmp_path / "fails").touch()
    animator, options = Mended(fails), {"num_workers": 1, "codec": "ffv1", "store": tmp_path / "store"}
    for _ in range(2):  # the second time, all others are found
        with pytest.warns(SkippedFrameWarning):
            video = animator.make_video(tmp_path / "a.mkv", range(N), 10, on_error="skip", **options)
        assert_replaced(video, range(N), BAD, "skip")
    assert video.stats.n_frames_reused == N - len(BAD)


@pytest.mark.mostly_slow(2)
@pytest.mark.parametrize("how", ["sleep", "loop", "lock", "C"])
def test_a_frame_that_hangs_is_replaced(tmp_path, harmed_client, how):
    bad = [3, 4]
    with pytest.warns(SkippedFrameWarning, match="frame 3|Frame 3"):
        video = Hangs(bad, how).make_video(
            tmp_path / "a.mkv",
            range(9),
            10,
            client=harmed_client,
            timeout=1,
            on_error="skip",
            codec="ffv1",
            partition_size=4,
            encode_on="workers",
        )
    expected = good_frames(range(9))
    expected[3] = expected[4] = expected[2]
    np.testing.assert_array_equal(decode(video.path), expected)
    assert [failure.frame_idx for failure in video.skipped] == bad
    for failure in video.skipped:
        assert "longer than timeout=1 seconds" in failure.error
        assert __file__.rpartition("/")[2] in failure.error


def test_a_frame_that_hangs_is_an_error(tmp_path, harmed_client):
    path = tmp_path / "a.mkv"
    with pytest.raises(FrameTimeoutError, match="frame 5 could not be drawn: it took longer") as caught:
        Hangs([5], "lock").make_video(path, range(9), 10, client=harmed_client, timeout=1, **LOSSLESS)
    assert (caught.value.frame_idx, caught.value.params) == (5, "5")
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, AnimateError)
    assert_nothing_beside(path)


@pytest.mark.slow
def test_a_frame_that_hangs_once_is_drawn_again(tmp_path, harmed_client):
    (notes := tmp_path / "notes").mkdir()
    video = Hangs([2, 8], "sleep", notes).make_video(
        tmp_path / "a.mkv", range(9), 10, client=harmed_client, timeout=1, retries=1, **LOSSLESS
    )
    np.testing.assert_array_equal(decode(video.path), good_frames(range(9)))
    assert (video.skipped, video.stats.n_retries) == ((), 2)


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize("wait", [True, False])
def test_a_frame_that_hangs_on_the_cluster_of_the_call(tmp_path, wait):
    options = {"timeout": 1, "on_error": "placeholder", "codec": "ffv1", "partition_size": 3}
    animator, path = Hangs([0], "sleep"), tmp_path / "a.mkv"

    def render():
        drawn = animator.make_video(path, range(6), 10, num_workers=1, wait=wait, **options)
        return drawn if wait else drawn.result()

    with pytest.warns(SkippedFrameWarning):
        video = render()
    expected = good_frames(range(6))
    (failure,) = video.skipped
    expected[0] = placeholder(FrameSize(*expected.shape[1:3]), 0, failure.error)
    np.testing.assert_array_equal(decode(video.path), expected)
    assert video.stats.n_frames_here == 0
    option = "timeout=" if wait else "wait=False"
    assert f"a render with {option} does not draw in this process" in video.stats.scaling_reason


@pytest.mark.slow  # four workers have to end
def test_a_frame_that_stops_all_of_python(tmp_path, harmed_client):
    with pytest.raises(WorkerError, match=r"frames 4 to 7: .* lets no other thread of Python run"):
        Hangs([5], "Python").make_video(
            tmp_path / "a.mkv",
            range(9),
            10,
            client=harmed_client,
            timeout=0.5,
            on_error="skip",
            partition_size=4,
            encode_on="workers",
        )


@pytest.mark.slow
def test_other_tasks_of_the_worker_are_not_blamed(tmp_path):
    with (
        dask.config.set({**PATIENT, "distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=3, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
        pytest.warns(SkippedFrameWarning),
    ):
        video = Hangs([1, 5], "sleep").make_video(
            tmp_path / "a.mkv",
            range(8),
            10,
            client=client,
            timeout=1,
            on_error="skip",
            codec="ffv1",
            partition_size=2,
            encode_on="workers",
        )
    expected = good_frames(range(8))
    expected[1], expected[5] = expected[0], expected[4]
    np.testing.assert_array_equal(decode(video.path), expected)


class HangsInTheEncoder(FrameNumber):
    """Makes the encoder of the worker's process hang, as libSvtAv1 did, at its end."""

    def __init__(self, notes, n_times):
        super().__init__()
        self.notes, self.n_times = notes, n_times

    def setup(self):
        from dask_animate.encoding import SegmentEncoder
        from dask_animate.execution import watchdog

        watchdog.ENCODER_SECONDS = 1
        finish = SegmentEncoder.finish

        def hang(encoder):
            for number in range(self.n_times):
                if not (note := self.notes / f"{number}").exists():
                    note.touch()
                    HANGS["lock"]()
            return finish(encoder)

        SegmentEncoder.finish = hang
        return super().setup()


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize("n_times", [1, 2])
def test_an_encoder_that_hangs(tmp_path, harmed_client, n_times):
    (path := tmp_path / "videos" / "a.mkv").parent.mkdir()
    animator = HangsInTheEncoder(tmp_path, n_times)
    options = {"client": harmed_client, "timeout": 0.5, "retries": 1, "on_error": "skip"}

    def render():
        return animator.make_video(path, range(3), 10, partition_size=3, encode_on="workers", **options)

    if n_times == 2:
        with pytest.raises(EncoderError, match="frames 0 to 2: the encoder hangs: it took longer than"):
            render()
        assert_nothing_beside(path)
    else:
        assert render().stats.n_frames_skipped == 0
        assert_shows(path, range(3))
    harmed_client.restart()


def watchdogs():
    return [thread.name for thread in threading.enumerate() if "watchdog" in thread.name]


def test_nothing_stays_of_a_limit(tmp_path, harmed_client):
    before = set(harmed_client._event_handlers)
    FrameNumber().make_video(tmp_path / "a.mkv", range(6), 10, client=harmed_client, timeout=60)
    assert set(harmed_client._event_handlers) == before
    stop = time.monotonic() + 30
    while any(harmed_client.run(watchdogs).values()):
        assert time.monotonic() < stop
        time.sleep(0.02)


def test_threads_of_this_process_cannot_be_ended(tmp_path):
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
        pytest.raises(OptionError, match="timeout= needs workers in other processes"),
    ):
        FrameNumber().make_video(tmp_path / "a.mkv", range(6), 10, client=client, timeout=60)


def test_threads_of_this_process_that_join_later(tmp_path):
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        timer = threading.Timer(0.5, cluster.scale, [1])
        timer.start()
        with pytest.raises(WorkerError, match="is a thread of the process that renders"):
            FrameNumber().make_video(tmp_path / "a.mkv", range(6), 10, client=client, timeout=60)
        timer.join()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"retries": -1}, OptionError, "retries must be at least 0"),
        ({"retries": 1.5}, OptionTypeError, "retries must be an integer"),
        ({"timeout": 0}, OptionError, "timeout must be more than 0"),
        ({"timeout": float("nan")}, OptionError, "timeout must be more than 0"),
        ({"timeout": "1"}, OptionTypeError, "timeout must be a number of seconds"),
        ({"on_error": "ignore"}, OptionError, "on_error must be"),
    ],
)
def test_options_are_checked(tmp_path, options, error, words):
    with pytest.raises(error, match=words):
        FrameNumber().make_video(tmp_path / "a.mkv", range(6), 10, **options)


def test_where_the_options_mean_nothing(tmp_path):
    from matplotlib.animation import FuncAnimation

    figure = plt.figure()
    animation = FuncAnimation(figure, lambda i: None, frames=3)
    with pytest.raises(OptionTypeError, match="no option on_error, retries"):
        save(animation, tmp_path / "a.mp4", on_error="skip", retries=1)
    animation._draw_was_started = True
    plt.close(figure)
    with pytest.raises(TypeError, match="on_error"):
        write_video(np.zeros((3, 8, 8, 3)), tmp_path / "a.mp4", 10, on_error="skip")


def test_clips_do_not_take_the_options(tmp_path):
    with pytest.raises(OptionTypeError, match=r"render\(\) has no option on_error"):
        Clip(Pixels(), range(3), fps=10).render(tmp_path / "a.mp4", on_error="skip")


def test_options_of_an_animator_made_of_functions(tmp_path):
    def setup():
        figure, _ = plt.subplots(figsize=(1, 1))
        return figure

    def update(frame_idx, params):
        if frame_idx == 1:
            raise ValueError("no 1")

    with pytest.warns(SkippedFrameWarning):
        video = animate(setup, update, on_error="skip", num_workers=1).make_video(
            tmp_path / "a.mp4", range(3), 10
        )
    assert [failure.frame_idx for failure in video.skipped] == [1]
