"""VideoFile: each frame, in any order, is the one that decoding from the start yields."""

import os
from fractions import Fraction

import av
import numpy as np
import pytest
from helpers import decode

from dask_animate import write_video
from dask_animate.encoding import frame_reader, read_frames
from dask_animate.errors import FrameError, OptionError, OptionTypeError, OutputError
from dask_animate.sources import VideoFile

N = 60
X264 = {"bf": "3", "x264-params": "b-pyramid=normal:keyint=12"}
OPEN = {"bf": "3", "x264-params": "open-gop=1:keyint=12"}
REFRESH = {"x264-params": "intra-refresh=1:keyint=12"}


def picture(idx):
    rng = np.random.default_rng(idx // 2)
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, :idx] = 255
    pixels[10:20, 10:20] = rng.integers(0, 255, (10, 10, 3))
    return pixels


def encode(path, codec, options=(), pts=lambda idx: idx, clock=Fraction(1, 30), pixels="yuv420p"):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, pixels, 12
        stream.options, stream.codec_context.time_base = dict(options), clock
        for idx in range(N):
            frame = av.VideoFrame.from_ndarray(picture(idx))
            frame.pts, frame.time_base = pts(idx), clock
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def remux(source, target, shift=0, skip=0):
    """Copy a stream of packets, earlier by `shift` ticks, without the first `skip` of them."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = written.add_stream_from_template(read.streams.video[0])
        for number, packet in enumerate(read.demux(video=0)):
            if packet.size and number >= skip:
                packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = stream
                written.mux(packet)
    return target


def ever_longer(idx):
    return idx * idx + 100


KINDS = {
    "b-frames": lambda folder: encode(folder / "a.mp4", "libx264", X264),
    "open-gop": lambda folder: encode(folder / "a.mkv", "libx264", OPEN),
    "open-gop-mp4": lambda folder: encode(folder / "a.mp4", "libx264", OPEN),
    "refreshed": lambda folder: encode(folder / "a.mkv", "libx264", REFRESH),
    "vp9": lambda folder: encode(folder / "a.webm", "libvpx-vp9", {"lag-in-frames": "16"}),
    "ffv1": lambda folder: encode(folder / "a.mkv", "ffv1", pixels="bgr0"),
    "hevc": lambda folder: encode(
        folder / "a.mp4", "libx265", {"x265-params": "open-gop=1:keyint=12:log-level=none"}
    ),
    "durations": lambda folder: encode(
        folder / "a.mp4", "libx264", X264, ever_longer, Fraction(1, 1000)
    ),
    "late-start": lambda folder: encode(
        folder / "a.mkv", "libx264", X264, lambda idx: idx + 1000, Fraction(1, 30)
    ),
    "transport-stream": lambda folder: encode(folder / "a.ts", "libx264", X264),
    "trimmed": lambda folder: remux(
        encode(folder / "whole.mp4", "libx264", X264), folder / "a.mp4", shift=17 * 512
    ),
    "cut": lambda folder: remux(encode(folder / "whole.mkv", "libx264", X264), folder / "a.mkv", skip=5),
    "avi": lambda folder: encode(folder / "a.avi", "libx264", X264),
    "gif": lambda folder: encode(folder / "a.gif", "gif", pixels="rgb8"),
}
COUNTED = {"cut", "avi", "gif"}


@pytest.mark.mostly_slow(5)
@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_in_any_order(tmp_path, kind):
    path = KINDS[kind](tmp_path)
    expected = list(read_frames(path))
    source = VideoFile(path)
    assert source.n_frames == len(expected) > 40
    assert source.size == (64, 48)
    assert (source._index.pts is None) == (kind in COUNTED)
    source.setup()
    some = range(0, source.n_frames, 9 if kind in COUNTED else 1)
    orders = [np.random.default_rng(0).permutation([*some, *some]), some, [*some][::-1]]
    orders += [range(0, source.n_frames, 7), [40, 40, 41, 5, 6, 6, 40]]
    for order in orders:
        for number in order:
            frame = source.draw(0, int(number))
            assert np.array_equal(frame, expected[number]), (kind, number)


def test_frames_in_order_are_decoded_once(tmp_path, monkeypatch):
    source = VideoFile(KINDS["b-frames"](tmp_path))
    source.setup()
    n_begun = []
    decoded = frame_reader.FrameReader._decoded

    def counted(self, pts=None):
        n_begun.append(pts)
        return decoded(self, pts)

    monkeypatch.setattr(frame_reader.FrameReader, "_decoded", counted)
    for number in range(N):
        source.draw(0, number)
    assert len(n_begun) == 1
    source.draw(0, 59)
    assert len(n_begun) == 1
    source.draw(0, 30)
    assert len(n_begun) == 2
    source.draw(0, 35)
    assert len(n_begun) == 2
    source.draw(0, 50)  # beyond the next keyframe
    assert len(n_begun) == 3


def test_webp(tmp_path):
    frames = np.stack([picture(idx) for idx in range(9)])
    write_video(frames, tmp_path / "a.webp", 10)
    source = VideoFile(tmp_path / "a.webp")
    expected = list(read_frames(tmp_path / "a.webp"))
    assert (source.n_frames, source.fps, source.frame_shape) == (9, 10, expected[0].shape)
    source.setup()
    assert all(np.array_equal(source.draw(0, number), expected[number]) for number in (5, 2, 8, 0))


@pytest.mark.parametrize("name", ["a.webm", "a.mkv"])
def test_transparency(tmp_path, name):
    frames = np.dstack([picture(7), np.arange(48 * 64).reshape(48, 64) % 256]).astype(np.uint8)
    codec = "ffv1" if name == "a.mkv" else None
    write_video(np.stack([frames] * 20), tmp_path / name, 10, codec=codec)
    source = VideoFile(tmp_path / name)
    expected = list(read_frames(tmp_path / name))
    assert source.frame_shape == (48, 64, 4)
    source.setup()
    assert all(np.array_equal(source.draw(0, number), expected[number]) for number in (15, 2, 3, 19))


@pytest.mark.parametrize("where", ["here", "cluster"])
def test_make_video(tmp_path, client, where):
    options = {"num_workers": 1} if where == "here" else {"client": client}
    source = VideoFile(KINDS["b-frames"](tmp_path))
    assert source.fps == 30
    order = [*range(N)[::-1], *range(0, N, 2)]
    copied = source.make_video(tmp_path / "b.mkv", order, source.fps, codec="ffv1", **options)
    expected = list(read_frames(tmp_path / "a.mp4"))
    assert np.array_equal(decode(copied.path), [expected[number] for number in order])
    lazy = source.frames(range(N), partition_size=10)
    assert np.array_equal(lazy[33].compute(), expected[33])


def test_a_store_notices_another_file(tmp_path):
    options = {"codec": "ffv1", "store": tmp_path / "store.zarr", "num_workers": 1}
    path = KINDS["b-frames"](tmp_path)
    for n_rendered in (N, 0):
        video = VideoFile(path).make_video(tmp_path / "b.mkv", range(N), 30, **options)
        assert video.stats.n_frames_rendered == n_rendered
    encode(path, "libx264", OPEN)
    video = VideoFile(path).make_video(tmp_path / "b.mkv", range(N), 30, **options)
    assert video.stats.n_frames_rendered == N


def test_wrong_files_and_numbers(tmp_path):
    with pytest.raises(OutputError, match=r"cannot read .*nothing\.mp4: No such file"):
        VideoFile(tmp_path / "nothing.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(OutputError, match=r"cannot read .*text\.mp4"):
        VideoFile(tmp_path / "text.mp4")
    with pytest.raises(OptionTypeError, match="path must be the path of a video file, got 5"):
        VideoFile(5)
    source = VideoFile(KINDS["b-frames"](tmp_path))
    for number, message in (
        (60, "has no frame 60, but 60 frames"),
        (-1, "at least 0"),
        (1.5, "integer"),
    ):
        with pytest.raises(FrameError, match=message):
            source.frame(number)


def test_a_file_that_was_damaged_is_named(tmp_path):
    source = VideoFile(KINDS["b-frames"](tmp_path))
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(OutputError, match=r"cannot read .*a\.mp4: No such file"):
        source.make_video(tmp_path / "b.mp4", range(N), 30, num_workers=1)


def test_a_file_that_is_written_anew(tmp_path):
    path = tmp_path / "a.mkv"
    write_video(np.full((10, 16, 16, 3), 10, np.uint8), path, 10, codec="ffv1")
    source = VideoFile(path)
    options = {"num_workers": 1, "codec": "ffv1", "store": tmp_path / "store"}
    source.make_video(tmp_path / "b.mkv", range(10), 10, **options)
    write_video(np.full((12, 16, 16, 3), 60, np.uint8), path, 10, codec="ffv1")
    video = source.make_video(tmp_path / "b.mkv", range(10), 10, **options)
    assert video.stats.n_frames_reused == 0
    assert (decode(tmp_path / "b.mkv") == 60).all()
    assert source.n_frames == 12


def test_what_is_no_video_file(tmp_path):
    os.mkfifo(tmp_path / "a.mkv")
    with pytest.raises(OptionError, match="path must be that of a video file"):
        VideoFile(tmp_path / "a.mkv")
