from fractions import Fraction

import av
import numpy as np
import pytest
from helpers import FrameNumber, read_numbers
from hypothesis import given
from hypothesis import strategies as st

from dask_animate import write_video
from dask_animate.encoding.timeline import Timeline
from dask_animate.errors import OptionError, OptionTypeError


def starts(timeline, n_frames):
    return [timeline.start(i) for i in range(n_frames + 1)]


def test_uniform():
    timeline = Timeline.create(Fraction(30), None)
    assert timeline.is_uniform
    assert [timeline.start(i) for i in (-2, 0, 7)] == [-2, 0, 7]
    assert timeline.seconds(60) == 2


def test_durations():
    held = Timeline.create(Fraction(10), 4, {1: 0.5, -1: 2})
    assert starts(held, 4) == [0, 1, 6, 7, 27]
    assert [held.start(-1), held.start(6)] == [-1, 29]
    assert (held.seconds(4), held.last_interval) == (2.7, 2)
    listed = Timeline.create(Fraction(10), 3, np.array([0.1, 0.25, 0.25]))
    assert starts(listed, 3) == [0, 1, 4, 6]  # the times are rounded, so that errors do not add up


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=30))
def test_rounding_does_not_add_up(durations):
    timeline = Timeline.create(Fraction(30), len(durations), durations)
    exact = np.cumsum([0, *durations]) * 30
    assert np.abs(np.array(starts(timeline, len(durations))) - exact).max() <= 0.5 + 1e-9


@pytest.mark.parametrize(
    ("durations", "error", "message"),
    [
        ({3: 1}, OptionError, "durations names frame 3, but there are 3 frames"),
        ({-4: 1}, OptionError, "durations names frame -4, but there are 3 frames"),
        ({"a": 1}, OptionTypeError, "a frame index must be an integer, got 'a'"),
        ({0: 1, -3: 1}, OptionError, "durations names a frame twice"),
        ({0: 0}, OptionError, r"durations\[0\] must be a positive number of seconds, got 0"),
        ({0: -1}, OptionError, "0 or more, got -1"),
        ({0: float("nan")}, OptionError, "0 or more, got nan"),
        ({0: "1"}, OptionTypeError, "must be a number of seconds, got '1'"),
        ([1, 1], OptionError, "durations has 2 items, but there are 3 frames"),
        (
            [1, 0.01, 1],
            OptionError,
            r"frame 1 is shown for 0.01 s, less than the 0.1 s of a",
        ),
        (2.0, OptionTypeError, "durations must be seconds by frame index"),
    ],
)
def test_bad_durations(durations, error, message):
    with pytest.raises(error, match=message):
        Timeline.create(Fraction(10), 3, durations)


def test_chapters():
    timeline = Timeline.create(Fraction(10), 30, None, [("a", 0), ("b", 1.5)])
    assert timeline.chapters == (("a", 0, 15), ("b", 15, 30))


@pytest.mark.parametrize(
    ("chapters", "error", "message"),
    [
        ([("a", 0), ("b", 3)], OptionError, "before the end at 3 s"),
        ([("a", 0), ("b", 0)], OptionError, "must start one after the other"),
        ([("a", -1)], OptionError, "0 or more, got -1"),
        ([("a", 0.5)], OptionError, "chapters: the first must start at 0"),
        ([("a\0", 0)], OptionError, "without NUL"),
        ([("\ud800", 0)], OptionError, "lone surrogates"),
        ([("a",)], OptionTypeError, r"\('a',\) is not a pair"),
        (["ab"], OptionTypeError, "'ab' is not a pair"),
        ([(1, "a")], OptionTypeError, "a title must be a non-empty string, got 1"),
        ({"a": 1}, OptionTypeError, "chapters must be pairs"),
    ],
)
def test_bad_chapters(chapters, error, message):
    with pytest.raises(error, match=message):
        Timeline.create(Fraction(10), 30, None, chapters)


@pytest.mark.parametrize("name", ["durations", "chapters"])
def test_what_needs_the_number_of_frames(tmp_path, name):
    value = {"durations": {-1: 2}, "chapters": [("a", 0)]}[name]
    frames = (np.zeros((16, 16, 3)) for _ in range(3))
    with pytest.raises(OptionError, match=f"{name} needs n_frames"):
        write_video(frames, tmp_path / "a.mp4", 10, **{name: value})
    frames = (np.zeros((16, 16, 3)) for _ in range(3))
    write_video(frames, tmp_path / "a.mp4", 10, n_frames=3, **{name: value})


NUMBERS = [5 * i for i in range(40)]


VIDEOS = [".mp4", ".mov", ".mkv", ".webm"]


@pytest.mark.parametrize(
    ("suffix", "encode_on"),
    [
        (".mp4", "workers"),
        *[pytest.param(suffix, "workers", marks=pytest.mark.slow) for suffix in VIDEOS[1:]],
        *[(suffix, "client") for suffix in (*VIDEOS, ".gif", ".apng", ".webp")],
    ],
)
def test_frames_stay(tmp_path, client, suffix, encode_on):
    """Held frames are stored once and shown for long, also the last one."""
    video = FrameNumber().make_video(
        tmp_path / f"a{suffix}",
        NUMBERS,
        10,
        client=client,
        encode_on=encode_on,
        partition_size=13,
        durations={0: 0.5, 20: 3.0, -1: 2.0},
    )
    intervals = [0.5] + [0.1] * 19 + [3.0] + [0.1] * 18 + [2.0]
    assert video.duration == pytest.approx(sum(intervals))
    assert video.n_frames == 40
    info = video.probe()
    assert info.duration == pytest.approx(sum(intervals), abs=0.02)
    if suffix in (".mp4", ".mov"):  # the track knows it too
        with av.open(str(video.path)) as container:
            stream = container.streams.video[0]
            assert float(stream.duration * stream.time_base) == pytest.approx(sum(intervals))
    assert (info.n_frames, info.is_uniform) == (40, False)
    assert [read_numbers(frame) for frame in video.frames()] == list(enumerate(NUMBERS))
    shown = times(video.path)
    assert np.abs(shown - np.cumsum([0, *intervals])[:-1]).max() <= 0.006


def times(path):
    from PIL import Image

    if path.suffix == ".webp":
        delays = []
        with Image.open(path) as image:
            for idx in range(image.n_frames):
                image.seek(idx)
                image.load()
                delays.append(image.info["duration"] / 1000)
        return np.cumsum([0, *delays])[:-1]
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return np.array([float(f.pts * stream.time_base) for f in container.decode(stream)])


@pytest.mark.parametrize("suffix", VIDEOS)
def test_labels(tmp_path, suffix):
    frames = np.zeros((30, 32, 32, 3))
    labels = {"title": "Wellen", "author": "Ærø", "comment": "c", "copyright": "©", "date": "2026"}
    chapters = [("Anfang", 0), ("Mitte ä", 1.2)]
    video = write_video(frames, tmp_path / f"a{suffix}", 10, metadata=labels, chapters=chapters)
    info = video.probe()
    found = {key.lower(): value for key, value in info.metadata.items()}
    assert (found["title"], found["artist"], found["comment"]) == ("Wellen", "Ærø", "c")
    assert (found["copyright"], found["date"]) == ("©", "2026")
    assert info.chapters == [("Anfang", 0.0), ("Mitte ä", pytest.approx(1.2))]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize(
    "durations", [{-1: 2.0}, {-2: 2.0}, {-3: 1.5}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5]]
)
def test_the_total_of_reordered_frames(tmp_path, codec, durations):
    """The last packet is not that of the last frame."""
    frames = (np.arange(10)[:, None, None, None] * np.full((10, 64, 64, 3), 20)).astype(np.uint8)
    frames[:, 20:40, 20:40] = np.random.default_rng(0).integers(0, 256, (10, 20, 20, 3))
    video = write_video(frames, tmp_path / "a.mp4", 10, codec=codec, durations=durations)
    total = sum(durations) if isinstance(durations, list) else 0.9 + sum(durations.values())
    assert video.duration == pytest.approx(total)
    with av.open(str(video.path)) as container:
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) == pytest.approx(total)
        assert container.duration / av.time_base == pytest.approx(total, abs=0.001)


def test_a_single_frame(tmp_path):
    frame = np.zeros((1, 32, 32, 3))
    for name in ("a.mp4", "a.mkv", "a.gif"):
        video = write_video(frame, tmp_path / name, 10, durations={0: 3.0})
        assert video.probe().duration == pytest.approx(3, abs=0.002)
    for name in ("a.apng", "a.webp"):
        with pytest.raises(OptionError, match="a single frame is a still image"):
            write_video(frame, tmp_path / name, 10, durations={0: 3.0})
        write_video(frame, tmp_path / name, 10)
