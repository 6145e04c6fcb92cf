"""Segments that are kept: files that play, and that join to the whole video."""

import os

import numpy as np
import pytest
from helpers import FailsAt, FrameNumber, assert_shows, decode, demux, read_numbers

from dask_animate import join, write_video
from dask_animate.encoding import probe
from dask_animate.encoding.formats import CODECS
from dask_animate.errors import AnimateError, FrameError, OutputError

SIZES = [1, 9, 2, 5]
NUMBERS = [37 * i % 1000 for i in range(sum(SIZES))]
NAMES = ["000000-000000", "000001-000009", "000010-000011", "000012-000016"]


def packets(path):
    return [(packet.pts, packet.dts, packet.is_keyframe, bytes(packet)) for packet in demux(path)]


def assert_parts(folder, suffix, sizes=SIZES):
    """Check the files in a directory of kept segments, and return their paths."""
    paths = sorted(folder.iterdir())
    stops = np.cumsum(sizes).tolist()
    ranges = [(stop - size, stop) for size, stop in zip(sizes, stops, strict=True)]
    assert [path.name for path in paths] == [f"{a:06}-{b - 1:06}{suffix}" for a, b in ranges]
    for path, (start, stop) in zip(paths, ranges, strict=True):
        shown = [read_numbers(frame) for frame in decode(path, 30)]
        assert shown == [(i, NUMBERS[i]) for i in range(start, stop)]
    return paths


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        *[("h264", ".mp4"), ("h264", ".mov"), ("h264", ".mkv"), ("hevc", ".mp4"), ("hevc", ".mkv")],
        *[("vp9", ".webm"), ("vp9", ".mp4"), ("av1", ".mp4"), ("av1", ".webm"), ("ffv1", ".mkv")],
    ],
)
def test_they_play_and_join_to_the_whole(tmp_path, codec, suffix):
    whole, joined = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    video = FrameNumber().make_video(
        *(whole, NUMBERS, 30),
        num_workers=1,
        codec=codec,
        partition_size=SIZES,
        keep_segments=tmp_path / "parts",
    )
    assert video.stats.encode_on == "workers"
    assert video.stats.partition_sizes == tuple(SIZES)
    again = join(assert_parts(tmp_path / "parts", suffix), joined)
    assert_shows(joined, NUMBERS, 30)
    np.testing.assert_array_equal(decode(joined, 30), decode(whole, 30))
    assert packets(joined) == packets(whole)
    assert (again.n_frames, again.fps, again.duration) == (video.n_frames, 30, video.duration)
    if codec in ("h264", "hevc") and suffix in (".mp4", ".mov"):
        assert joined.read_bytes() == whole.read_bytes()


def test_on_a_cluster(tmp_path, client):
    FrameNumber().make_video(
        tmp_path / "a.mp4",
        NUMBERS,
        30,
        client=client,
        partition_size=SIZES,
        keep_segments=tmp_path / "parts",
    )
    assert_parts(tmp_path / "parts", ".mp4")
    assert_shows(tmp_path / "a.mp4", NUMBERS, 30)


def test_with_a_store(tmp_path):
    """Frames that are found in the store are encoded where they are read, partition by partition."""
    for attempt, n_reused in (("first", 0), ("second", len(NUMBERS))):
        video = FrameNumber().make_video(
            tmp_path / "a.mp4",
            NUMBERS,
            30,
            num_workers=1,
            partition_size=5,
            store=tmp_path / "frames.zarr",
            keep_segments=tmp_path / attempt,
        )
        assert video.stats.n_frames_reused == n_reused
        assert_parts(tmp_path / attempt, ".mp4", [5, 5, 5, 2])


def test_frames_that_exist_already(tmp_path):
    frames = np.arange(12, dtype=np.uint8)[:, None, None, None] * np.full((32, 32, 3), 20, np.uint8)
    options = {"partition_size": [4, 8], "codec": "ffv1", "durations": {1: 0.5, -1: 2}}
    video = write_video(
        frames, tmp_path / "a.mkv", 30, keep_segments=tmp_path / "a" / "parts", **options
    )
    paths = sorted((tmp_path / "a" / "parts").iterdir())
    assert [probe(path).n_frames for path in paths] == [4, 8]
    assert [probe(path).duration for path in paths] == pytest.approx([0.6, 2 + 7 / 30], abs=1e-3)
    assert join(paths, tmp_path / "b.mkv").duration == video.duration
    assert packets(tmp_path / "a.mkv") == packets(tmp_path / "b.mkv")
    np.testing.assert_array_equal(np.stack(list(video.frames())), frames)


def test_an_unknown_number_of_frames(tmp_path):
    frames = (np.zeros((32, 32, 3), np.uint8) for _ in range(7))
    write_video(
        frames, tmp_path / "a", 30, codec="vp9", keep_segments=tmp_path / "parts", partition_size=4
    )
    names = ["000000000000-000000000003.webm", "000000000004-000000000006.webm"]
    assert sorted(os.listdir(tmp_path / "parts")) == names


@pytest.mark.parametrize("where", ["here", "cluster"])
def test_what_is_complete_stays_when_the_render_fails(tmp_path, client, where):
    arguments = {"num_workers": 1} if where == "here" else {"client": client}
    with pytest.raises(FrameError, match="frame 11 "):
        FailsAt(11).make_video(
            *(tmp_path / "a.mp4", NUMBERS, 30),
            partition_size=SIZES,
            keep_segments=tmp_path / "parts",
            **arguments,
        )
    assert os.listdir(tmp_path) == ["parts"]
    # on a cluster the failure may be known before the segments in front of it are fetched
    names = sorted(os.listdir(tmp_path / "parts"))
    assert names == [f"{name}.mp4" for name in NAMES[: len(names)]]
    assert len(names) == 2 or where == "cluster"
    joined = join([tmp_path / "parts" / name for name in names], tmp_path / "b.mp4") if names else None
    if joined is not None:
        assert_shows(tmp_path / "b.mp4", NUMBERS[: joined.n_frames], 30)


def test_they_are_there_as_soon_as_they_are_encoded(tmp_path):
    seen = {}

    class Looks(FrameNumber):
        def update(self, frame_idx, params):
            seen[frame_idx] = len(os.listdir(tmp_path / "parts"))
            super().update(frame_idx, params)

        def __deepcopy__(self, memo):
            return self

    Looks().make_video(
        *(tmp_path / "a.mp4", NUMBERS, 30),
        num_workers=1,
        partition_size=SIZES,
        keep_segments=tmp_path / "parts",
    )
    assert [seen[idx] for idx in (0, 1, 10, 12)] == [0, 1, 2, 3]


def test_nothing_is_left_if_there_is_no_segment(tmp_path):
    with pytest.raises(FrameError):
        FailsAt(0).make_video(
            *(tmp_path / "a.mp4", NUMBERS, 30), num_workers=1, keep_segments=tmp_path / "new" / "parts"
        )
    assert os.listdir(tmp_path) == []


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    other = tmp_path / "parts" / "000001-000009.mp4"

    class Writes(FrameNumber):
        def update(self, frame_idx, params):
            other.write_text("somebody else's")
            super().update(frame_idx, params)

    with pytest.raises(OutputError, match=r"000001-000009\.mp4 exists already"):
        Writes().make_video(
            *(tmp_path / "a.mp4", NUMBERS, 30),
            num_workers=1,
            partition_size=SIZES,
            keep_segments=tmp_path / "parts",
        )
    assert other.read_text() == "somebody else's"
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keep_segments": 7}, "keep_segments must be a path, got 7"),
        ({"keep_segments": ""}, "keep_segments must be a path, got ''"),
        ({"keep_segments": "full"}, "must be a new or an empty directory, .*full holds files: give"),
        ({"keep_segments": "full/note.txt"}, "keep_segments: cannot read .*note.txt: Not a directory"),
        ({"keep_segments": "."}, "must be another directory than that of output_file"),
        ({"keep_segments": "/proc/nosuch/parts"}, "keep_segments: cannot write to /proc/nosuch/parts"),
        ({"encode_on": "client"}, "keep_segments needs frames to be encoded partition by partition"),
        *(
            ({"output_file": f"a{CODECS[codec].suffix}"}, f"keep_segments is not possible for {codec}")
            for codec in CODECS
            if not CODECS[codec].is_segmented
        ),
    ],
)
def test_bad_arguments_are_errors_before_any_work(tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")

    class Untouched(FrameNumber):
        def setup(self):
            raise AssertionError("work has started")

    arguments = {"output_file": "a.mp4", "keep_segments": "parts", **change}
    with pytest.raises(AnimateError, match=message):
        Untouched().make_video(param_by_frame=NUMBERS, fps=30, num_workers=1, **arguments)
    assert os.listdir(tmp_path) == ["full"]
    assert os.listdir(tmp_path / "full") == ["note.txt"]
