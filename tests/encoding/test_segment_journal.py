"""The journal of a render: a file of all segments so far, whenever it is asked for."""

import os
import resource
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from helpers import FrameNumber, assert_shows, decode, read_numbers
from test_segment import SIZE, encoding_of, segments

from dask_animate.encoding.formats import CODECS
from dask_animate.encoding.kept_segments import KeptSegments
from dask_animate.encoding.output_file import OutputFile
from dask_animate.encoding.segment_copies import VideoFormat
from dask_animate.encoding.segment_journal import SegmentJournal
from dask_animate.encoding.timeline import Timeline
from dask_animate.encoding.video_writer import VideoWriter
from dask_animate.errors import NoFramesError, OutputError

SIZES = [1, 9, 2, 5, 8]
STOPS = np.cumsum(SIZES).tolist()
NUMBERS = [7 * i % 1000 for i in range(STOPS[-1])]


def video_of(path, timeline=None, metadata=None, **options):
    timeline = timeline or Timeline(Fraction(30), len(NUMBERS))
    return VideoFormat(encoding_of(path, **options), SIZE, timeline, metadata or {})


@pytest.fixture
def journal(tmp_path):
    with SegmentJournal(tmp_path) as journal:
        yield journal


FILES = [
    *[("h264", ".mp4"), ("h264", ".mov"), ("hevc", ".mp4"), ("h264", ".mkv")],
    *[("vp9", ".webm"), ("av1", ".mp4"), ("ffv1", ".mkv")],
]


@pytest.mark.parametrize(("codec", "suffix"), FILES)
def test_each_file_holds_what_came_before_it(tmp_path, journal, codec, suffix):
    video = video_of(tmp_path / f"a{suffix}", codec=codec)
    with OutputFile(tmp_path / f"a{suffix}") as output, VideoWriter(output, video, [journal]) as writer:
        for stop, segment in zip(STOPS, segments(video.encoding, SIZES), strict=True):
            writer.add(segment, "a worker")
            made = journal.write(tmp_path / f"b{suffix}")
            assert (made.path, made.n_frames) == (tmp_path / f"b{suffix}", stop)
            assert_shows(made.path, NUMBERS[:stop], 30)
    assert (tmp_path / f"b{suffix}").read_bytes() == (tmp_path / f"a{suffix}").read_bytes()
    assert sorted(os.listdir(tmp_path)) == [f"a{suffix}", f"b{suffix}"]


def test_frames_that_are_encoded_in_this_process(tmp_path, journal):
    video = video_of(tmp_path / "a.mp4", extra_ffmpeg_params=["-g", "6"])
    frames = FrameNumber().frames(NUMBERS).compute(scheduler="synchronous")
    with OutputFile(tmp_path / "a.mp4") as output, VideoWriter(output, video, [journal]) as writer:
        for frame_idx, frame in enumerate(frames):
            writer.encode(writer.convert(frame, opaque=True))
            if frame_idx >= 6:
                made = journal.write(tmp_path / "b.mp4")
                assert made.n_frames == (frame_idx + 1) // 6 * 6
                assert_shows(made.path, NUMBERS[: made.n_frames], 30)
    assert journal.write(tmp_path / "b.mp4").n_frames == len(NUMBERS)
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "a.mp4").read_bytes()


def test_the_error_of_a_render_is_told_though_a_copy_fails(tmp_path, journal):
    """The other copy gets the last frames."""
    video, parts = video_of(tmp_path / "a.mp4"), tmp_path / "parts"
    frames = FrameNumber().frames(NUMBERS[:5]).compute(scheduler="synchronous")

    def fail():
        with (
            KeptSegments(parts, ".mp4") as kept,
            OutputFile(tmp_path / "a.mp4") as output,
            VideoWriter(output, video, [kept, journal]) as writer,
        ):
            for frame in frames:
                writer.encode(writer.convert(frame, opaque=True))
            (parts / "000000-000004.mp4").write_text("somebody else's")
            raise LookupError("fails")

    with pytest.raises(LookupError, match="fails") as caught:
        fail()
    assert "000000-000004.mp4 exists already" in caught.value.__notes__[0]
    assert journal.write(tmp_path / "b.mp4").n_frames == 5
    assert_shows(tmp_path / "b.mp4", NUMBERS[:5], 30)


def test_files_are_written_while_segments_come(tmp_path):
    """Each reads segments that were there when it began; others come before it has read them."""
    video = video_of(tmp_path / "a.mp4")
    parts = list(segments(video.encoding, SIZES))
    begun, added = threading.Semaphore(0), threading.Semaphore(0)

    class Waits(SegmentJournal):
        def _read(self, idx):
            begun.release()
            assert added.acquire(timeout=60)
            return super()._read(idx)

    with Waits(tmp_path) as journal, ThreadPoolExecutor(3) as pool:
        journal.add(parts[0], video)
        journal.add(parts[1], video)
        writes = [pool.submit(journal.write, tmp_path / f"{name}.mp4") for name in range(3)]
        for _ in writes:
            assert begun.acquire(timeout=60)
        for part in parts[2:]:
            journal.add(part, video)
        added.release(1000)
        for write in writes:
            assert write.result().n_frames == STOPS[1]
            assert_shows(write.result().path, NUMBERS[: STOPS[1]], 30)
        assert journal.write(tmp_path / "all.mp4").n_frames == len(NUMBERS)
        assert_shows(tmp_path / "all.mp4", NUMBERS, 30)


def test_many_files_at_once(tmp_path, journal):
    video = video_of(tmp_path / "a.mkv", codec="ffv1")
    done = threading.Event()

    def watch(name):
        seen = []
        while not done.is_set():
            made = journal.write(tmp_path / name)
            seen.append(made.n_frames)
            assert_shows(made.path, NUMBERS[: made.n_frames], 30)
        return seen

    parts = segments(video.encoding, [1] * len(NUMBERS))
    journal.add(next(parts), video)
    with ThreadPoolExecutor(2) as pool:
        watches = [pool.submit(watch, f"{name}.mkv") for name in range(2)]
        for part in parts:
            journal.add(part, video)
        done.set()
        for watched in watches:
            assert watched.result() == sorted(watched.result())


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_times_and_chapters_are_those_of_the_beginning(tmp_path, journal, suffix):
    shown = {0: 0.5, 9: 1, 11: 0.2, -1: 3}
    timeline = Timeline.create(
        Fraction(30), len(NUMBERS), shown, [("a", 0), ("b", 0.6), ("c", 1.9), ("d", 2.3)]
    )
    video = video_of(tmp_path / f"a{suffix}", timeline, {"title": "Waves"})
    found = []
    for segment in segments(video.encoding, SIZES):
        journal.add(segment, video)
        made = journal.write(tmp_path / f"b{suffix}")
        with av.open(str(made.path)) as container:
            decoded = container.decode(video=0)
            frames = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in decoded]
            chapters = [
                (
                    chapter["metadata"]["title"],
                    float(chapter["start"] * chapter["time_base"]),
                    float(chapter["end"] * chapter["time_base"]),
                )
                for chapter in container.chapters()
            ]
            assert container.metadata["title"] == "Waves"
            end = timeline.seconds(made.n_frames)
            assert container.duration / 1e6 == pytest.approx(end, abs=2e-3)
        assert [read_numbers(frame) for _, frame in frames] == list(enumerate(NUMBERS))[: len(frames)]
        expected = [timeline.seconds(idx) for idx in range(made.n_frames)]
        assert [time for time, _ in frames] == pytest.approx(expected, abs=1e-3)
        assert all(stop == start for (_, _, stop), (_, start, _) in pairwise(chapters))
        assert chapters[-1][2] == pytest.approx(end, abs=2e-3)
        found.append("".join(title for title, _, _ in chapters))
    assert found == ["a", "ab", "abc", "abc", "abcd"]


def test_the_whole_is_the_whole(tmp_path):
    timeline = Timeline.create(Fraction(30), 4, {1: 2}, [("a", 0), ("b", 1)])
    assert timeline.beginning(4) == timeline
    assert timeline.beginning(1).chapters == (("a", 0, 1),)
    assert timeline.beginning(3).chapters == (("a", 0, 30), ("b", 30, 62))
    assert Timeline(Fraction(30), None).beginning(7) == Timeline(Fraction(30), 7)


def test_no_segment_yet(tmp_path, journal):
    with pytest.raises(NoFramesError, match="no segment is complete yet"):
        journal.write(tmp_path / "a.mp4")
    assert os.listdir(tmp_path) == []


def test_closed(tmp_path, journal):
    video = video_of(tmp_path / "a.mp4")
    parts = segments(video.encoding, [2, 2])
    journal.add(next(parts), video)
    journal.close()
    journal.add(next(parts), video)
    with pytest.raises(OutputError, match="the journal of the render is closed"):
        journal.write(tmp_path / "a.mp4")
    assert os.listdir(tmp_path) == []


def test_a_full_disk_does_not_end_the_render(tmp_path, journal):
    """Writing fails, here by a limit on the size of files, and the space is given back."""
    video = video_of(tmp_path / "a.mp4")
    parts = list(segments(video.encoding, SIZES))
    journal.add(parts[0], video)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (parts[0].n_bytes + parts[1].n_bytes // 2, hard))
    try:
        journal.add(parts[1], video)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert not [name for name in os.listdir("/proc/self/fd") if str(tmp_path) in link(name)]
    journal.add(parts[2], video)
    with pytest.raises(OutputError, match=r"the frames so far could not be kept in .*: File too large"):
        journal.write(tmp_path / "b.mp4")
    assert os.listdir(tmp_path) == []


def link(name):
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return ""


def test_frames_equal_those_of_the_video(tmp_path, journal):
    """Bit for bit, in formats without loss and in others."""
    for codec in ("ffv1", "vp9"):
        path = tmp_path / f"{codec}{CODECS[codec].suffix}"
        video = video_of(path, codec=codec)
        with SegmentJournal(tmp_path) as own, OutputFile(path) as output:
            with VideoWriter(output, video, [own]) as writer:
                for segment in segments(video.encoding, SIZES):
                    writer.add(segment, "a worker")
                    if segment.start + segment.n_frames == STOPS[2]:
                        beginning = decode(own.write(tmp_path / f"b{path.suffix}").path, 30)
        np.testing.assert_array_equal(beginning, decode(path, 30)[: STOPS[2]])
