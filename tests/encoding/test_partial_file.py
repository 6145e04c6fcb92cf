"""keep_partial: the frames so far stay as a file that plays, whatever becomes of the render."""

import os
import resource
import signal
import time
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
import xarray as xr
from helpers import FailsAt, FrameNumber, assert_shows, decode, read_numbers
from partial_renders import NUMBERS, SIZES, render, render_until_killed, wait_for
from test_segment import SIZE, encoding_of, segments
from test_video import boxes

import dask_animate.xarray  # noqa: F401  registers the accessor
from dask_animate import write_video
from dask_animate.encoding import read_frames, segment_encoder
from dask_animate.encoding._pyav import get_alpha
from dask_animate.encoding.formats import CODECS
from dask_animate.encoding.growing_file import GrowingFile, _find_box, _mkv_clusters
from dask_animate.encoding.output_file import OutputFile
from dask_animate.encoding.partial_file import PartialFile
from dask_animate.encoding.segment_copies import VideoFormat
from dask_animate.encoding.segment_encoder import SegmentEncoder
from dask_animate.encoding.segment_journal import SegmentJournal
from dask_animate.encoding.timeline import Timeline
from dask_animate.encoding.video_writer import VideoWriter
from dask_animate.errors import AnimateError, CancelledRenderError, EncoderError, FrameError, Restart
from dask_animate.frames import FrameSize

pytestmark = pytest.mark.newest  # PyAV alone matters, of which the oldest release is the newest

STOPS = np.cumsum(SIZES).tolist()
SUFFIXES = [".mp4", ".mov", ".mkv", ".webm"]


def assert_kept(folder, name, n_frames):
    """Check that the only file in a directory shows so many frames."""
    assert os.listdir(folder) == [name]
    assert_shows(folder / name, NUMBERS[:n_frames], 30)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_after_a_frame_fails(tmp_path, suffix, encode_on):
    with pytest.raises(FrameError, match="frame 14 ") as caught:
        render(tmp_path / f"a{suffix}", FailsAt(14), encode_on=encode_on)
    assert_kept(tmp_path, f"a.partial{suffix}", 12)
    note = f"keep_partial: {tmp_path / f'a.partial{suffix}'} shows the first 12 frames"
    assert caught.value.__notes__ == [note]
    if suffix in (".mp4", ".mov"):
        found = boxes(tmp_path / f"a.partial{suffix}")
        assert found.index("moov") < found.index("mdat")
        assert "moof" not in found


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_on_a_cluster(tmp_path, client, suffix, encode_on):
    """The frame fails when all before it are in the file."""

    class FailsLate(FailsAt):
        def update(self, frame_idx, params):
            if frame_idx == self.bad:
                wait_for(tmp_path / f"a.partial{suffix}", STOPS[2])
            super().update(frame_idx, params)

    options = {"client": client, "encode_on": encode_on}
    if encode_on == "client":
        options["video_extra_ffmpeg_params"] = ["-g", "12"]
    with pytest.raises(FrameError, match="frame 14 "):
        render(tmp_path / f"a{suffix}", FailsLate(14), num_workers=-1, **options)
    assert_kept(tmp_path, f"a.partial{suffix}", 12)


class Waits(FrameNumber):
    """Draws frame 14 once there is a file."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def update(self, frame_idx, params):
        while frame_idx == 14 and not self.path.exists():
            time.sleep(0.02)
        super().update(frame_idx, params)


@pytest.mark.parametrize("cancels", [True, False])
def test_of_a_render_in_the_background(tmp_path, client, cancels):
    """Its journal serves both the file that is kept and those that are asked for."""
    output, go = tmp_path / "videos" / "a.mp4", tmp_path / "go"
    running = render(output, Waits(go), client=client, encode_on="workers", num_workers=-1, wait=False)
    wait_for(output.with_name("a.partial.mp4"), 12)
    video = running.so_far(tmp_path / "b.mp4")
    assert video.n_frames == 12
    assert_shows(tmp_path / "b.mp4", NUMBERS[:12], 30)
    if cancels:
        running.cancel()
    go.touch()
    if cancels:
        with pytest.raises(CancelledRenderError) as caught:
            running.result(60)
        assert "shows the first 12 frames" in caught.value.__notes__[0]
        assert_kept(output.parent, "a.partial.mp4", 12)
    else:
        assert running.result(60).n_frames == len(NUMBERS)
        assert_kept(output.parent, "a.mp4", len(NUMBERS))


class Interrupts(FrameNumber):
    """Presses Ctrl-C in a frame."""

    def update(self, frame_idx, params):
        if frame_idx == 14:
            signal.raise_signal(signal.SIGINT)
        super().update(frame_idx, params)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_after_an_interrupt(tmp_path, suffix, encode_on):
    with pytest.raises(KeyboardInterrupt) as caught:
        render(tmp_path / f"a{suffix}", Interrupts(), encode_on=encode_on)
    assert_kept(tmp_path, f"a.partial{suffix}", 12)
    assert "shows the first 12 frames" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("suffix", "encode_on", "where"),
    [
        *[(".mp4", "workers", "here"), (".mkv", "client", "here"), (".mov", "client", "cluster")],
        *[
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                *[(".mp4", "client", "here"), (".mov", "workers", "here"), (".mkv", "workers", "here")],
                *[(".webm", "workers", "here"), (".webm", "client", "here")],
                *[(suffix, "workers", "cluster") for suffix in SUFFIXES],
            )
        ],
    ],
)
def test_after_the_process_is_killed(tmp_path, suffix, encode_on, where):
    render_until_killed(tmp_path / f"a{suffix}", encode_on, where)
    name = f"a.partial{suffix}"
    visible = [name for name in os.listdir(tmp_path) if not name.startswith(".")]
    assert visible == [name]
    assert_shows(tmp_path / name, NUMBERS[:12], 30)
    # The next render needs neither that file nor the hidden one.
    render(tmp_path / f"a{suffix}", encode_on=encode_on)
    assert_kept(tmp_path, f"a{suffix}", len(NUMBERS))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_a_complete_video_is_the_same(tmp_path, suffix, encode_on):
    (tmp_path / "plain").mkdir()
    plain, kept = tmp_path / "plain" / f"a{suffix}", tmp_path / "kept" / f"a{suffix}"
    render(plain, encode_on=encode_on, keep_partial=False)
    render(kept, encode_on=encode_on)
    assert kept.read_bytes() == plain.read_bytes()
    assert os.listdir(kept.parent) == [kept.name]


def test_an_existing_video_stays(tmp_path):
    (tmp_path / "a.mp4").write_text("before")
    with pytest.raises(FrameError):
        render(tmp_path / "a.mp4", FailsAt(14))
    assert (tmp_path / "a.mp4").read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["a.mp4", "a.partial.mp4"]


def test_the_last_render_is_kept(tmp_path):
    for fails_at, n_frames in ((14, 12), (5, 1), (0, 1), (20, 17)):
        with pytest.raises(FrameError):
            render(tmp_path / "a.mp4", FailsAt(fails_at))
        assert_kept(tmp_path, "a.partial.mp4", n_frames)
    render(tmp_path / "a.mp4")
    assert os.listdir(tmp_path) == ["a.mp4"]


def test_no_frame_leaves_nothing(tmp_path):
    with pytest.raises(FrameError) as caught:
        render(tmp_path / "new" / "a.mp4", FailsAt(0))
    assert os.listdir(tmp_path) == []
    assert not hasattr(caught.value, "__notes__")


class Untouched(FrameNumber):
    def setup(self):
        raise AssertionError("work has started")


def make_other(path, kind):
    """Make something that no render left."""
    if kind == "text":
        path.write_text("mine")
    elif kind == "video":
        write_video(np.zeros((3, 32, 32, 3)), path, 30, metadata={"comment": "mine"})
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(path.with_name("nowhere"))


@pytest.mark.parametrize("kind", ["text", "video", "directory", "pipe", "link"])
def test_what_is_not_ours_is_not_replaced(tmp_path, kind):
    path = tmp_path / "a.partial.mp4"
    make_other(path, kind)
    before = path.lstat()
    with pytest.raises(AnimateError, match=r"needs the name .*a\.partial\.mp4, which something else"):
        render(tmp_path / "a.mp4", Untouched())
    assert path.lstat() == before
    assert os.listdir(tmp_path) == ["a.partial.mp4"]


@pytest.mark.parametrize("first", [0, 13])
def test_what_appears_meanwhile_is_not_replaced(tmp_path, first):
    path = tmp_path / "a.partial.mp4"

    class Writes(FailsAt):
        def update(self, frame_idx, params):
            if frame_idx == first:
                path.unlink(missing_ok=True)
                path.write_text("mine")
            super().update(frame_idx, params)

    with pytest.raises(FrameError) as caught:
        render(tmp_path / "a.mp4", Writes(20))
    assert path.read_text() == "mine"
    assert "which something else has" in caught.value.__notes__[0]
    path.unlink()
    render(tmp_path / "a.mp4", Writes(99))
    assert path.read_text() == "mine"
    assert_shows(tmp_path / "a.mp4", NUMBERS, 30)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keep_partial": 1}, "keep_partial must be True or False, got 1"),
        ({"keep_partial": "yes"}, "keep_partial must be True or False, got 'yes'"),
        *(
            ({"path": f"a{CODECS[codec].suffix}"}, f"keep_partial=True is not possible for {codec}: GIF")
            for codec in CODECS
            if not CODECS[codec].is_segmented
        ),
    ],
)
def test_bad_arguments_are_errors_before_any_work(tmp_path, monkeypatch, change, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AnimateError, match=message):
        render(**{"path": "a.mp4", "animator": Untouched(), **change})
    assert os.listdir(tmp_path) == []


def test_with_a_store(tmp_path):
    for fails_at, n_frames in ((14, 10), (99, None)):
        options = {"store": tmp_path / "frames.zarr", "partition_size": 5}
        if n_frames is None:
            video = render(tmp_path / "a.mp4", FailsAt(fails_at), **options)
            assert_shows(tmp_path / "a.mp4", NUMBERS, 30)
            assert video.stats.n_frames_reused == 0
        else:
            with pytest.raises(FrameError):
                render(tmp_path / "a.mp4", FailsAt(fails_at), **options)
            assert_shows(tmp_path / "a.partial.mp4", NUMBERS[:n_frames], 30)
    assert sorted(os.listdir(tmp_path)) == ["a.mp4", "frames.zarr"]


def test_frames_that_exist_already(tmp_path):
    """Of an unknown number, encoded in this process, in a file whose name has no suffix."""

    def frames():
        for idx in range(10):
            yield np.full((32, 32, 3), 20 * idx, np.uint8)
        raise LookupError("no more")

    with pytest.raises(LookupError) as caught:
        write_video(frames(), tmp_path / "a", 30, codec="ffv1", partition_size=4, keep_partial=True)
    assert os.listdir(tmp_path) == ["a.partial.mkv"]
    shown = decode(tmp_path / "a.partial.mkv", 30)
    assert shown[:, 0, 0, 0].tolist() == [20 * idx for idx in range(8)]
    assert "the first 8 frames" in caught.value.__notes__[0]


def test_of_labelled_data(tmp_path):
    data = xr.DataArray(np.zeros((10, 8, 12)), dims=("time", "y", "x"))
    with pytest.raises(AnimateError, match="keep_partial=True is not possible for gif"):
        data.animate.to_video(tmp_path / "a.gif", fps=5, keep_partial=True)
    data.animate.to_video(tmp_path / "a.mp4", fps=5, num_workers=1, keep_partial=True)
    assert os.listdir(tmp_path) == ["a.mp4"]


def chapters_of(path):
    with av.open(str(path)) as container:
        return [
            (
                chapter["metadata"]["title"],
                round(float(chapter["start"] * chapter["time_base"]), 3),
                round(float(chapter["end"] * chapter["time_base"]), 3),
            )
            for chapter in container.chapters()
        ]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_times_chapters_and_texts(tmp_path, suffix):
    with pytest.raises(FrameError):
        render(
            tmp_path / f"a{suffix}",
            FailsAt(14),
            durations={0: 0.5, 9: 1, -1: 3},
            chapters=[("a", 0), ("b", 0.6), ("c", 3)],
            metadata={"title": "Waves", "comment": "mine"},
        )
    path = tmp_path / f"a.partial{suffix}"
    end = round((15 + 8 + 30 + 2) / 30, 3)
    assert chapters_of(path) == [("a", 0, 0.6), ("b", 0.6, end)]
    with av.open(str(path)) as container:
        texts = {name.lower(): text for name, text in container.metadata.items()}
        assert container.duration / 1e6 == pytest.approx(end, abs=2e-3)
    assert texts["title"] == "Waves"
    assert texts["comment"].splitlines() == ["mine", "partial video of dask_animate"]
    render(tmp_path / f"a{suffix}")  # knows it by the comment
    assert os.listdir(tmp_path) == [f"a{suffix}"]


FILES = [
    *[("h264", ".mp4"), ("h264", ".mov"), ("hevc", ".mp4"), ("hevc", ".mov"), ("vp9", ".mp4")],
    *[("av1", ".mp4"), ("h264", ".mkv"), ("vp9", ".webm"), ("av1", ".webm"), ("ffv1", ".mkv")],
]


@pytest.mark.mostly_slow(6)
@pytest.mark.parametrize("durations", [None, {0: 0.5, 9: 1, 11: 0.2, -1: 3}])
@pytest.mark.parametrize(("codec", "suffix"), FILES)
def test_a_growing_file_plays_after_each_segment(tmp_path, codec, suffix, durations):
    path = tmp_path / f"a{suffix}"
    timeline = Timeline.create(Fraction(30), len(NUMBERS), durations)
    video = VideoFormat(encoding_of(path, codec=codec), SIZE, timeline, {"title": "Waves"})
    with path.open("wb", buffering=0) as file:
        growing = GrowingFile(file, path, video)
        for stop, segment in zip(STOPS, segments(video.encoding, SIZES), strict=True):
            growing.add(segment)
            assert growing.n_frames == stop
            with av.open(str(path)) as container:
                frames = list(container.decode(video=0))
                if suffix in (".mp4", ".mov"):  # Matroska tells it at the end
                    end = timeline.seconds(stop)
                    assert container.duration / 1e6 == pytest.approx(end, abs=1e-5)
            shown = [read_numbers(frame.to_ndarray(format="rgb24")) for frame in frames]
            assert shown == list(enumerate(NUMBERS[:stop]))
            expected = [timeline.seconds(idx) for idx in range(stop)]
            assert [frame.time for frame in frames] == pytest.approx(expected, abs=1e-3)
            with av.open(str(path)) as container:
                decoded = [packet.dts for packet in container.demux(video=0) if packet.size]
            decoded = [dts for dts in decoded if dts is not None]
            assert all(a < b for a, b in pairwise(decoded))


def test_transparent_frames(tmp_path):
    """Of VP9, whose alpha channel is a second picture beside the first, also in each fragment."""
    frames = np.zeros((6, 32, 32, 4), np.uint8)
    frames[..., 0], frames[..., 3] = 255, 100
    path = tmp_path / "a.webm"
    encoding = encoding_of(path, transparent=True)
    video = VideoFormat(encoding, FrameSize(32, 32), Timeline(Fraction(30), None), {})
    with path.open("wb", buffering=0) as file:
        growing = GrowingFile(file, path, video)
        for start in (0, 4):
            with SegmentEncoder(encoding, video.size, start) as encoder:
                for frame in frames[start : start + 4]:
                    encoder.encode(encoder.convert(frame, opaque=False))
                growing.add(encoder.finish())
            kept = np.stack(list(read_frames(path)))
            assert kept.shape == frames[: start + 4].shape
            assert np.abs(kept.astype(int) - frames[0]).max() <= 5


def encode_all(encoder, frames):
    for frame in frames:
        encoder.encode(encoder.convert(frame, opaque=True))
    encoder.finish()


def interrupt_after(n_packets, patched):
    """Interrupt the call of the encoder after whose return there would be more packets."""
    made = []

    def take(packet):
        if len(made) == n_packets:
            raise KeyboardInterrupt
        made.append(packet)
        return get_alpha(packet)

    patched.setattr(segment_encoder, "get_alpha", take)


@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9"])
def test_an_interrupt_while_a_frame_is_encoded(tmp_path, monkeypatch, codec):
    """The packets of that call are lost; frames that can be decoded without them are kept."""
    path = tmp_path / f"a{CODECS[codec].suffix}"
    encoding = encoding_of(path, codec=codec)
    frames = FrameNumber().frames(NUMBERS).compute(scheduler="synchronous")
    found = []
    for n_packets in range(len(NUMBERS)):
        with SegmentEncoder(encoding, SIZE, 0) as encoder:
            with monkeypatch.context() as patched:
                interrupt_after(n_packets, patched)
                with pytest.raises(KeyboardInterrupt):
                    encode_all(encoder, frames)
            segment = encoder.salvage()
        n_frames = 0 if segment is None else segment.n_frames
        assert n_frames <= n_packets
        found.append(n_frames)
        if segment is not None:
            with SegmentJournal(tmp_path) as journal:
                video = VideoFormat(encoding, SIZE, Timeline(Fraction(30), None), {})
                journal.add(segment, video)
                assert_shows(journal.write(path).path, NUMBERS[:n_frames], 30)
    assert found == sorted(found)
    assert found[-1] >= len(NUMBERS) - 6


class FullDisk:
    """Limits the size of files."""

    def __init__(self, n_bytes):
        self.n_bytes = n_bytes

    def __enter__(self):
        self.handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.n_bytes, self.limits[1]))

    def __exit__(self, *exc_info):
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limits)
        signal.signal(signal.SIGXFSZ, self.handler)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_full_disk(tmp_path, suffix):
    """What was written before stays as it was, and the error of the render says what is missing."""
    path = tmp_path / f"a.partial{suffix}"
    video = VideoFormat(encoding_of(path), SIZE, Timeline(Fraction(30), len(NUMBERS)), {})
    parts = list(segments(video.encoding, SIZES))
    error = LookupError("fails")
    with SegmentJournal(tmp_path) as journal:
        partial = PartialFile(path, journal)
        for part in parts[:2]:
            journal.add(part, video)
            partial.add(part, video)
        before = path.read_bytes()
        with FullDisk(len(before) + 100):
            partial.add(parts[2], video)
        partial.add(parts[3], video)
        assert path.read_bytes() == before
        journal.close()
        partial.__exit__(LookupError, error, None)
    assert_kept(tmp_path, path.name, STOPS[1])
    assert "the first 10 frames, without an index: [Errno 27] File too large" in error.__notes__[0]


def test_a_render_that_begins_again(tmp_path):
    path = tmp_path / "a.partial.mp4"
    video = VideoFormat(encoding_of(path), SIZE, Timeline(Fraction(30), None), {})
    with SegmentJournal(tmp_path) as journal:
        partial = PartialFile(path, journal)
        partial.add(next(segments(video.encoding, [5])), video)
        assert_kept(tmp_path, path.name, 5)
        partial.__exit__(Restart, Restart(), None)
    assert os.listdir(tmp_path) == []


def test_a_segment_that_it_cannot_take(tmp_path):
    """The render does not fail for it."""
    path = tmp_path / "a.partial.mp4"
    video = VideoFormat(encoding_of(path), SIZE, Timeline(Fraction(30), len(NUMBERS)), {})
    first, second = segments(video.encoding, SIZES[:2])
    error = LookupError("fails")
    with SegmentJournal(tmp_path) as journal:
        partial = PartialFile(path, journal)
        journal.add(first, video)
        partial.add(first, video)
        partial.add(replace(second, packets=second.packets[1:]), video)
        journal.close()
        partial.__exit__(LookupError, error, None)
    assert_kept(tmp_path, path.name, 1)
    assert "without an index: frames 0 to 8 were encoded to 8 packets" in error.__notes__[0]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_fragment_that_is_not_as_expected(tmp_path, suffix):
    """Such as one of another FFmpeg: without a fragment of MP4, or cut off before the first cluster."""
    path = tmp_path / f"a{suffix}"
    video = VideoFormat(encoding_of(path), SIZE, Timeline(Fraction(30), 5), {})
    with OutputFile(path) as output, VideoWriter(output, video) as writer:
        writer.add(next(segments(video.encoding, [5])), "here")
    find = _mkv_clusters if suffix == ".mkv" else lambda data: _find_box(data, b"moof", 0)
    whole = path.read_bytes()
    end = whole.index(b"\x1f\x43\xb6\x75") if suffix == ".mkv" else len(whole)
    for n_bytes in (0, 3, 20, end):
        with pytest.raises(EncoderError, match="is not found"):
            find(memoryview(whole[:n_bytes]))
