"""Every codec in every container, wherever frames are encoded: each frame right, at the right time."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from helpers import (
    FrameNumber,
    KillsItsWorker,
    assert_nothing_beside,
    assert_shows,
    decode,
    read_numbers,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dask_animate import write_video
from dask_animate.encoding.formats import CODECS, CONTAINERS, container_of, pixel_format_of
from dask_animate.errors import EncoderError, OptionError, TransparencyWarning

PAIRS = [(codec, suffix) for suffix, kind in CONTAINERS.items() for codec in kind.codecs]
SEGMENTED = [pair for pair in PAIRS if CODECS[pair[0]].is_segmented]
NUMBERS = [37 * i % 1000 for i in range(40)]


def ffmpeg_decodes(path, shape):
    """Return the frames that Debian's ffmpeg decodes, having no complaint."""
    if shutil.which("ffmpeg") is None:
        assert "CI" not in os.environ, "the tests' ffmpeg is missing"
        pytest.skip("needs the program ffmpeg")
    command = ["ffmpeg", "-v", "warning", "-i", path, "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stderr == b""
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, *shape, 3)


@pytest.mark.mostly_slow(8)
@pytest.mark.parametrize(
    ("codec", "suffix", "encode_on"),
    [
        *(
            pytest.param(*pair, "workers", marks=[pytest.mark.slow] * (pair[1] == ".m4v"))  # as .mp4
            for pair in SEGMENTED
        ),
        *(  # each codec once
            pytest.param(*pair, "client", marks=[pytest.mark.slow] * (pair[1] != CODECS[pair[0]].suffix))
            for pair in SEGMENTED
        ),
    ],
)
def test_every_frame_of_some_partitions(tmp_path, codec, suffix, encode_on):
    assert_every_frame(tmp_path, codec, suffix, encode_on, [1, 9, 2, 5])


@pytest.mark.slow
@pytest.mark.parametrize("encode_on", ["workers", "client"])
@pytest.mark.parametrize(("codec", "suffix"), SEGMENTED)
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_every_frame_of_any_partitions(tmp_path, codec, suffix, encode_on, sizes):
    assert_every_frame(tmp_path, codec, suffix, encode_on, sizes)


def assert_every_frame(tmp_path, codec, suffix, encode_on, sizes):
    path = tmp_path / f"a{suffix}"
    numbers = [37 * i % 1000 for i in range(sum(sizes))]
    options = {"codec": codec, "encode_on": encode_on, "partition_size": sizes, "num_workers": 1}
    video = FrameNumber().make_video(path, numbers, 30, **options)
    assert video.stats.partition_sizes == tuple(sizes)
    assert_shows(path, numbers, 30)
    pictures = ffmpeg_decodes(path, (video.height, video.width))
    assert [read_numbers(picture) for picture in pictures] == list(enumerate(numbers))


@pytest.mark.parametrize("codec", sorted(codec for codec in CODECS if not CODECS[codec].is_segmented))
@pytest.mark.parametrize("where", ["here", "cluster"])
def test_every_frame_of_an_image(tmp_path, client, codec, where):
    path = tmp_path / f"a{CODECS[codec].suffix}"
    arguments = {"num_workers": 1} if where == "here" else {"client": client}
    video = FrameNumber().make_video(path, NUMBERS, 25, **arguments)
    assert (video.codec, video.stats.encode_on) == (codec, "client")
    assert video.stats.encode_on_reason == f"each frame of {codec} builds on the one before"
    assert_shows(path, NUMBERS, 25)
    assert_nothing_beside(path)
    if codec != "webp":  # which FFmpeg 5 does not decode
        pictures = ffmpeg_decodes(path, (40, 140))
        assert [read_numbers(picture) for picture in pictures] == list(enumerate(NUMBERS))


@pytest.mark.parametrize(
    ("codec", "clusters"),
    [
        ("h264", ("client", "client_of_threads")),
        pytest.param("h264", ("client_of_five",), marks=pytest.mark.slow),
        *(
            pytest.param(
                codec, ("client", "client_of_five", "client_of_threads"), marks=pytest.mark.slow
            )
            for codec in ("hevc", "av1", "vp9", "ffv1")
        ),
    ],
)
def test_the_same_bytes_whoever_encodes(tmp_path, request, codec, clusters):
    path = tmp_path / "a.mkv"
    digests = {}
    for name, where in {
        "here": {"num_workers": 1},
        **{name: {"client": request.getfixturevalue(name)} for name in clusters},
    }.items():
        FrameNumber().make_video(
            path, NUMBERS, 30, codec=codec, encode_on="workers", partition_size=7, **where
        )
        digests[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(set(digests.values())) == 1, digests
    assert_shows(path, NUMBERS, 30)


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["h264", "av1", "vp9"])
def test_the_same_bytes_after_a_workers_death(tmp_path, own_client, codec):
    (tmp_path / "log").mkdir()
    options = {"codec": codec, "encode_on": "workers", "partition_size": (13, 9, 18)}
    KillsItsWorker(20, tmp_path / "log").make_video(
        tmp_path / "a.mkv", NUMBERS, 30, client=own_client, **options
    )
    assert len(os.listdir(tmp_path / "log")) == 1
    FrameNumber().make_video(tmp_path / "b.mkv", NUMBERS, 30, num_workers=1, **options)
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()


def moving(n=20, height=64, width=96, channels=3):
    frames = np.zeros((n, height, width, channels), np.uint8)
    for i, frame in enumerate(frames):
        frame[8:40, 2 * i : 2 * i + 24] = (200, 30 + i, 90, 255)[:channels]
    return frames


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [(codec, pixels) for codec, known in CODECS.items() for pixels in known.pixel_formats],
)
def test_pixel_formats(tmp_path, codec, pixel_format):
    path = tmp_path / f"a{CODECS[codec].suffix}"
    frames = moving()
    video = write_video(frames, path, 20, codec=codec, pixel_format=pixel_format)
    shown = np.stack([frame[..., :3] for frame in video.frames()]).astype(int)
    assert np.abs(shown[:, 12:36] - frames[:, 12:36]).mean() < 6
    info = video.probe()
    assert (info.n_frames, info.width, info.height, info.is_uniform) == (20, 96, 64, True)
    if codec not in ("gif", "webp"):  # decoded to RGB
        assert info.pixel_format == pixel_format or info.has_alpha


@pytest.mark.parametrize("name", ["a.mkv", "a.apng"])
def test_lossless_is_exact(tmp_path, name):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (12, 63, 95, 3), np.uint8)
    video = write_video(noise, tmp_path / name, 20, codec="ffv1" if name == "a.mkv" else None)
    np.testing.assert_array_equal(np.stack(list(video.frames())), noise)


@pytest.mark.parametrize(
    ("codec", "encode_on"),
    [
        *[(codec, "client") for codec in ("vp9", "ffv1", "apng", "webp")],
        *[(codec, "workers") for codec in ("vp9", "ffv1")],
    ],
)
def test_alpha(tmp_path, codec, encode_on):
    frames = moving(channels=4)
    frames[:, 48:, :, 3] = 120
    options = {"encode_on": encode_on, "partition_size": 7, "codec": codec}
    video = write_video(frames, tmp_path / f"a{CODECS[codec].suffix}", 20, **options)
    shown = np.stack(list(video.frames())).astype(int)
    assert video.probe().has_alpha
    assert shown.shape == frames.shape
    off = np.abs(shown - frames)[..., 3]
    assert off.max() == 0 if codec in ("ffv1", "apng", "webp") else off[:, 50:].max() <= 4
    opaque = frames[..., 3] == 255
    assert np.abs(shown - frames)[opaque][..., :3].mean() < 6


@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_a_transparent_figure(tmp_path, client, encode_on):
    """Where there is alpha it is kept, elsewhere the frame lies on white."""
    import matplotlib.pyplot as plt

    class Disc(FrameNumber):
        def setup(self):
            fig = plt.figure(figsize=(1, 1), dpi=64)
            self.disc = fig.add_axes((0, 0, 1, 1)).scatter([0], [0], s=2000, c="red", alpha=0.5)
            self.disc.axes.set_axis_off()
            return fig

        def update(self, frame_idx, params):
            pass

    options = {"client": client, "encode_on": encode_on, "savefig_params": {"transparent": True}}
    clear = Disc().make_video(tmp_path / "a.webm", range(30), 30, **options)
    with pytest.warns(
        TransparencyWarning, match=r"drawn on white: .* \.webm, \.apng, \.png, \.webp"
    ) as found:
        white = Disc().make_video(tmp_path / "a.mp4", range(30), 30, **options)
    assert [warning.filename for warning in found] == [__file__]
    for frame in clear.frames():
        assert frame[2, 2, 3] == 0
        assert np.abs(frame[32, 32] - np.array([255, 0, 0, 128])).max() <= 4
    for frame in white.frames():
        assert frame[2, 2].min() >= 252
        assert np.abs(frame[32, 32] - np.array([255.0, 127, 127])).max() <= 4


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "webp"])
def test_one_quality_scale(tmp_path, codec):
    rng = np.random.default_rng(0)
    soft = rng.random((20, 12, 16, 3)).repeat(8, 1).repeat(8, 2)
    sizes, losses = [], []
    for quality in (5, 20, 40):
        video = write_video(
            soft, tmp_path / f"a{CODECS[codec].suffix}", 20, codec=codec, video_quality=quality
        )
        shown = np.stack([frame[..., :3] for frame in video.frames()])
        sizes.append(video.stats.file_size)
        losses.append(np.square(shown / 255 - soft).mean())
    assert sizes == sorted(sizes, reverse=True)
    assert losses == sorted(losses)
    assert sizes[0] > 1.2 * sizes[2]


@pytest.mark.parametrize(
    ("codec", "options", "message"),
    [
        ("gif", {"video_quality": 10}, "video_quality: gif has no choice of quality, got 10"),
        ("ffv1", {"video_preset": "slow"}, "video_preset: ffv1 has no presets, got 'slow'"),
        ("av1", {"video_preset": "slow"}, "video_preset for libsvtav1 must be one of '0', '1'"),
        ("gif", {"fps": 60}, "fps must be at most 50 for gif, .* got 60"),
        ("gif", {"dither": "noise"}, "dither must be one of 'none', 'bayer'"),
        ("apng", {"metadata": {"title": "x"}}, "metadata: apng files cannot hold metadata"),
        ("webp", {"chapters": [("a", 0)]}, "chapters: webp files cannot hold chapters"),
        ("vp9", {"video_mode": "gpu"}, "no GPU encodes vp9: NVENC has h264, hevc, av1"),
        ("hevc", {"video_extra_ffmpeg_params": ["-x265-params", "nosuch=1"]}, "nosuch"),
        (
            "h264",
            {"video_extra_ffmpeg_params": ["-x264-params", "crf=4"]},
            "cannot set crf: give video_q",
        ),
        ("h264", {"video_extra_ffmpeg_params": ["-colorspace", "1"]}, "converted to BT.709"),
        ("vp9", {"fps": 2000}, "fps must be at most 1000 for webm"),
        (
            "gif",
            {"durations": {0: 700.0}},
            "for 700 s, but gif files can show one for at most 655",
        ),
        ("gif", {"fps": 0.001}, "a frame is shown for 1000 s"),
        ("h264", {"durations": {0: 1e18}}, "a frame is shown for 1e.18 s, but mp4 files"),
        ("h264", {"metadata": {"title": "a\0b"}}, "string without NUL and lone surrogates"),
    ],
)
def test_options_that_a_codec_does_not_take(tmp_path, codec, options, message):
    from dask_animate.errors import AnimateError

    path = tmp_path / f"a{CODECS[codec].suffix}"
    with pytest.raises(AnimateError, match=message):
        write_video(moving(), path, codec=codec, **{"fps": 20, **options})
    assert list(tmp_path.iterdir()) == []


def test_names_of_files():
    assert container_of(Path("a.mp4"), None)[1] == "h264"
    assert container_of(Path("A.WebM"), None)[1] == "vp9"
    assert container_of(Path("a"), "hevc")[0].muxer == "mp4"
    with pytest.raises(OptionError, match=r"output_file must end in \.mp4, .* got 'a'.* give codec=$"):
        container_of(Path("a"), None)
    with pytest.raises(OptionError, match=r"'vp9' does not go into 'a\.gif', which holds gif; vp9 goes"):
        container_of(Path("a.gif"), "vp9")
    webm, mp4 = CONTAINERS[".webm"], CONTAINERS[".mp4"]
    assert pixel_format_of(webm, "vp9", None, transparent=True) == "yuva420p"
    assert pixel_format_of(mp4, "vp9", None, transparent=True) == "yuv420p"
    assert pixel_format_of(mp4, "h264", None, transparent=True) == "yuv420p"
    with pytest.raises(OptionError, match=r"pixel_format of vp9 in mp4 must be one of .*got 'yuva420p'"):
        pixel_format_of(mp4, "vp9", "yuva420p", transparent=False)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("name", ["a.apng", "a.webp", "a.gif", "a.mkv", "a.webm"])
def test_buffers_may_be_reused(tmp_path, name, channels):
    """The encoder keeps no frame that is not its own."""

    def reused():
        buffer = np.empty_like(expected[0])
        for frame in expected:
            buffer[:] = frame
            yield buffer
            buffer[:] = 77

    expected = moving(channels=channels)
    codec = "ffv1" if name == "a.mkv" else None
    one = write_video(reused(), tmp_path / name, 20, codec=codec, n_frames=20)
    other = write_video(expected, tmp_path / f"b{name}", 20, codec=codec)
    assert one.path.read_bytes() == other.path.read_bytes()


@pytest.mark.parametrize("name", ["a.apng", "a.webm", "a.webp"])
def test_transparent_frames_are_the_same_everywhere(tmp_path, client, name):
    options = {"savefig_params": {"transparent": True}, "encode_on": "client"}
    here = FrameNumber().make_video(tmp_path / name, NUMBERS, 20, num_workers=1, **options)
    there = FrameNumber().make_video(tmp_path / f"b{name}", NUMBERS, 20, client=client, **options)
    assert here.path.read_bytes() == there.path.read_bytes()


def test_equal_frames_of_a_webp_become_one(tmp_path):
    gray = np.array([0, 50, 100, 100, 100], np.uint8)
    frames = gray[:, None, None, None] * np.ones((5, 32, 32, 3), np.uint8)
    info = write_video(frames, tmp_path / "a.webp", 10).probe()
    assert (info.n_frames, info.duration) == (3, 0.5)


def test_vp9_in_mp4_lies_on_white(tmp_path):
    frames = np.zeros((5, 32, 32, 4), np.uint8)
    for frame in write_video(frames, tmp_path / "a.mp4", 10, codec="vp9").frames():
        assert frame.shape == (32, 32, 3)
        assert frame.min() >= 252


@pytest.mark.parametrize(
    "codec",
    ["h264", *(pytest.param(c, marks=pytest.mark.slow) for c in ("hevc", "av1", "vp9", "ffv1"))],
)
def test_segments_and_frames_together(tmp_path, client, codec):
    """The partitions of a bag that hold others' frames come as pixels, between segments."""
    import dask.bag as db
    from dask import delayed

    from dask_animate import IndexedFrameParams

    order = [*range(20), *range(20, 30), 31, 30, *range(32, 40)]
    items = [IndexedFrameParams(i, NUMBERS[i]) for i in order]
    parts = db.from_delayed(
        [delayed(items[start:stop]) for start, stop in ((0, 20), (20, 31), (31, 40))]
    )
    path = tmp_path / "a.mkv"
    video = FrameNumber().make_video(path, parts, 30, codec=codec, encode_on="workers", client=client)
    assert video.stats.partition_sizes == (20, 11, 9)
    assert_shows(path, NUMBERS, 30)


@pytest.mark.parametrize("shape", [(66, 8), (8, 66), (200, 20), (16, 16)])
def test_too_small_for_av1(tmp_path, shape):
    """SVT-AV1 opens for these and never comes back."""
    frames = np.zeros((1, *shape, 3), np.uint8)
    with pytest.raises(EncoderError, match="libsvtav1 takes frames of at least 32 pixels on each side"):
        write_video(frames, tmp_path / "a.mp4", 10, codec="av1")
    assert list(tmp_path.iterdir()) == []


def test_too_narrow_for_hevc(tmp_path):
    """libx265 damages memory; a process that goes on may do anything."""
    with pytest.raises(
        EncoderError, match="libx265 takes frames of at least 64 pixels in width, got 48x"
    ):
        write_video(np.zeros((1, 100, 48, 3), np.uint8), tmp_path / "a.mp4", 10, codec="hevc")
    write_video(np.zeros((2, 16, 64, 3), np.uint8), tmp_path / "a.mp4", 10, codec="hevc")


def test_a_full_disk_while_a_gif_waits(tmp_path):
    """Its frames do not fit into the temporary file, here by a limit on the size of files."""
    import sys
    import textwrap

    script = """
        import resource, signal, sys
        from pathlib import Path
        import numpy as np
        from dask_animate import write_video
        from dask_animate.errors import OutputError

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        noise = np.random.default_rng(0).integers(0, 256, (40, 100, 100, 3), np.uint8)
        try:
            write_video(noise, sys.argv[1], 10)
        except OutputError as exc:
            print(exc)
    """
    path = tmp_path / "a.gif"
    path.write_text("before")
    command = [sys.executable, "-c", textwrap.dedent(script), path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"cannot write {path}: File too large" in done.stdout
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_nvenc_takes_a_rate():
    from dask_animate.encoding.encoders import GPU_ENCODERS

    nvenc = GPU_ENCODERS["h264"]
    plain = nvenc.options()
    assert (plain["rc"], plain["qp"]) == ("constqp", "20")
    rated = nvenc.options(extra_options=(("b", "5M"),))
    assert "rc" not in rated
    assert "qp" not in rated


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
def test_hevc_is_tagged_for_apples_players(tmp_path, name):
    write_video(moving(), tmp_path / name, 20, codec="hevc")
    assert b"hvc1" in (tmp_path / name).read_bytes()


def test_users_encoder_lists_are_joined_to_ours(tmp_path):
    """x265-params of the user do not drop those that make it quiet and its segments closed."""
    video = write_video(
        moving(),
        tmp_path / "a.mp4",
        20,
        codec="hevc",
        video_extra_ffmpeg_params=["-x265-params", "bframes=0"],
    )
    assert len(decode(video.path, 20)) == 20
    with pytest.raises(OptionError, match="must be one of"):
        write_video(moving(), tmp_path / "a.mp4", 20, codec="hevc", video_preset="p4")


def oklab(rgb):
    """Convert sRGB from 0 to 1 to a space of even distances to the eye; the matrices are Ottosson's."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    to_lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.cbrt(linear @ np.transpose(to_cones)) @ np.transpose(to_lab)


@pytest.mark.parametrize(
    "dither",
    [
        "none",
        "bayer",
        *(pytest.param(d, marks=pytest.mark.slow) for d in ("floyd_steinberg", "sierra2_4a")),
    ],
)
def test_gif_is_as_good_as_ffmpegs(tmp_path, dither):
    """As small as with palettegen and paletteuse, and as near to the frames for the eye."""
    x = np.linspace(0, 1, 160)
    frames = np.empty((10, 120, 160, 3))
    for i, frame in enumerate(frames):
        frame[..., 0], frame[..., 1] = x, np.linspace(0, 1, 120)[:, None]
        frame[..., 2] = 0.5 + 0.5 * np.sin(6 * x + i / 5)
    video = write_video(frames, tmp_path / "a.gif", 20, dither=dither)
    raw = (frames * 255 + 0.5).astype(np.uint8).tobytes()
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs the program ffmpeg")
    chain = f"split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse=dither={dither}"
    command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "160x120"]
    command += ["-r", "20", "-i", "-", "-filter_complex", chain, tmp_path / "b.gif"]
    subprocess.run(command, input=raw, check=True)

    def loss(path):
        return np.square(oklab(decode(path, 20) / 255) - oklab(frames)).mean()

    assert video.stats.file_size <= 1.1 * (tmp_path / "b.gif").stat().st_size
    assert loss(video.path) <= 1.1 * loss(tmp_path / "b.gif")


def test_all_segments_come_from_one_encoder(tmp_path, own_client, caplog):
    """One worker has a GPU that encodes, as it says, the other has none."""

    def pretend(reason):
        from dask_animate.encoding import encoder_choice

        encoder_choice.gpu_reason = lambda options, size: reason

    first, second = own_client.nthreads()
    own_client.run(pretend, None, workers=[first])
    own_client.run(pretend, "there is no GPU here", workers=[second])
    options = {"client": own_client, "encode_on": "workers", "partition_size": 5}
    with caplog.at_level("INFO", "dask_animate"):
        video = FrameNumber().make_video(tmp_path / "a.mp4", NUMBERS, 30, **options)
    assert (video.encoder, video.stats.n_workers) == ("libx264", 2)
    lines = [record.getMessage() for record in caplog.records if "libx264" in record.getMessage()]
    assert lines == ["encoding with libx264 on the CPU because there is no GPU here"]
    with pytest.raises(EncoderError, match="there is no GPU here"):
        FrameNumber().make_video(tmp_path / "b.mp4", NUMBERS, 30, video_mode="gpu", **options)
    assert_nothing_beside(tmp_path / "a.mp4")


def test_a_worker_with_another_build_is_named(tmp_path, own_client):
    """One worker's encoder gives other headers, as another version might."""

    def pretend():
        from dask_animate.encoding import segment_encoder as segment

        finish = segment.SegmentEncoder.finish

        def other(self, *args):
            from dataclasses import replace

            return replace(finish(self, *args), header=b"other", build="PyAV 99")

        segment.SegmentEncoder.finish = other

    odd = next(iter(own_client.nthreads()))
    own_client.run(pretend, workers=[odd])
    with pytest.raises(EncoderError, match=f"(by {odd} with PyAV 99|by tcp.*by {odd} with PyAV 99)"):
        FrameNumber().make_video(
            tmp_path / "a.mp4",
            NUMBERS,
            30,
            client=own_client,
            encode_on="workers",
            partition_size=2,
        )
    assert list(tmp_path.iterdir()) == []
