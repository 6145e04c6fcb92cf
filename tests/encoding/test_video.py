import os
import resource
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from helpers import decode

from dask_animate import write_video
from dask_animate.encoding.encoder_choice import check_encoder
from dask_animate.encoding.options import EncodeOptions
from dask_animate.errors import AnimateError, EncoderError, FrameSizeError


def write(path, frames, fps=30, quality=None, preset=None, extra_ffmpeg_params=None, **options):
    return write_video(
        list(frames),
        path,
        fps,
        video_quality=quality,
        video_preset=preset,
        video_extra_ffmpeg_params=extra_ffmpeg_params,
        **options,
    )


def flat(color, n=4, height=64, width=96):
    return np.broadcast_to(np.array(color, np.uint8), (n, height, width, 3))


def boxes(path):
    """Names of the top-level boxes of an MP4 file, in order."""
    data, names, pos = Path(path).read_bytes(), [], 0
    while pos < len(data):
        size = int.from_bytes(data[pos : pos + 4])
        names.append(data[pos + 4 : pos + 8].decode())
        pos += size
    return names


def test_file_is_tagged_and_streams_from_its_start(tmp_path):
    path = tmp_path / "a.mp4"
    video = write(path, flat((10, 200, 30)))
    assert boxes(path).index("moov") < boxes(path).index("mdat")
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert context.name == "h264"
        assert context.pix_fmt == "yuv420p"
        # BT.709, by the numbers of ITU-T H.273, and limited range
        tags = context.colorspace, context.color_primaries, context.color_trc, context.color_range
        assert tags == (1, 1, 1, 1)
    assert (video.n_frames, video.encoder, video.height, video.width) == (4, "libx264", 64, 96)


@pytest.mark.parametrize("size", [(64, 96), (480, 640), (1080, 1920)])
@pytest.mark.parametrize(
    "color", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (31, 119, 180), (255, 255, 255)]
)
def test_colors_survive(tmp_path, size, color):
    write(tmp_path / "a.mp4", flat(color, 2, *size))
    shown = decode(tmp_path / "a.mp4").astype(int)
    assert np.abs(shown - color).max() <= 3


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), 1, 0.001, 12.5, 29.97, 60, 1000, 100_000])
def test_any_rate(tmp_path, fps):
    write(tmp_path / "a.mp4", flat((9, 9, 9), 5), fps)
    assert len(decode(tmp_path / "a.mp4")) == 5
    with av.open(str(tmp_path / "a.mp4")) as container:
        exact = Fraction(fps).limit_denominator(100_000)
        assert container.streams.video[0].average_rate == exact
        assert float(container.duration / 1e6) == pytest.approx(float(5 / exact), abs=2e-6)


@pytest.mark.parametrize(("height", "width"), [(63, 95), (64, 95), (63, 96), (1, 1), (33, 2)])
def test_odd_sizes_are_padded_not_scaled(tmp_path, height, width):
    rng = np.random.default_rng(0)
    # blocks of four pixels, so that the chroma's smaller grid does not blur what is compared
    small = rng.integers(0, 256, (3, -(-height // 4), -(-width // 4), 3), np.uint8)
    frames = np.ascontiguousarray(small.repeat(4, 1).repeat(4, 2)[:, :height, :width])
    video = write(tmp_path / "a.mp4", frames, quality=1)
    shown = decode(tmp_path / "a.mp4").astype(int)
    even = (height + height % 2, width + width % 2)
    assert shown.shape == (3, *even, 3)
    assert (video.height, video.width) == even
    padding = [(0, 0), (0, height % 2), (0, width % 2), (0, 0)]
    inside = np.abs(shown - np.pad(frames, padding, mode="edge"))
    assert np.median(inside) <= 2
    assert np.abs(shown[:, height:] - shown[:, height - 1 : height]).max(initial=0) <= 12


def test_options_reach_the_encoder(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (30, 64, 64, 3), np.uint8)
    sizes = {}
    for name, options in {
        "plain": {},
        "worse": {"quality": 40},
        "slow": {"preset": "slow"},
        "superfast": {"preset": "superfast"},  # without the options that go with it by default
        "grain": {"extra_ffmpeg_params": ["-tune", "grain"]},
        "rate": {"extra_ffmpeg_params": ["-b:v", "30k"]},
        "qp": {"extra_ffmpeg_params": ["-qp", "50"]},
        "keys": {"extra_ffmpeg_params": ["-g:v", "1"]},
    }.items():
        write(tmp_path / f"{name}.mp4", noise, **options)
        sizes[name] = (tmp_path / f"{name}.mp4").stat().st_size
    assert len(set(sizes.values())) == len(sizes)
    assert sizes["worse"] < sizes["plain"] / 2
    grain = {"preset": "superfast", "extra_ffmpeg_params": ["-tune", "grain"]}
    write(tmp_path / "same.mp4", noise, **grain)
    assert (tmp_path / "same.mp4").read_bytes() == (tmp_path / "grain.mp4").read_bytes()
    with av.open(str(tmp_path / "keys.mp4")) as container:
        assert all(packet.is_keyframe for packet in container.demux() if packet.size)


def test_gpu_is_nvenc_or_an_error_with_its_cause(tmp_path):
    if Path("/dev/nvidia0").exists():
        pytest.skip("there is a GPU, with or without an NVENC unit")
    with pytest.raises(
        EncoderError,
        match=r"^there is no NVIDIA driver on this machine .*libcuda.*: h264_nvenc does not",
    ):
        write(tmp_path / "a.mp4", flat(0), video_mode="gpu")
    assert list(tmp_path.iterdir()) == []


def test_probes_at_once_leave_the_log_level_alone():
    level = av.logging.get_level()
    options = EncodeOptions.create(Path("a.mp4"), 30)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: check_encoder(options), range(40)))
    assert av.logging.get_level() == level


def test_a_frame_of_another_size(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("before")
    with pytest.raises(
        FrameSizeError,
        match=r"frame 2 has the shape \(62, 96, 3\), but the first frame \(64, 96, 3\)",
    ):
        write(path, [*flat(0, 2), *flat(0, 1, height=62)])
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_no_frame(tmp_path):
    with pytest.raises(AnimateError, match="frames is empty: a video needs at least one frame"):
        write(tmp_path / "a.mp4", [])
    assert list(tmp_path.iterdir()) == []


def test_frames_may_be_reused_after_write(tmp_path):
    def frames():
        frame = np.empty((64, 64, 3), np.uint8)
        for i in range(20):
            frame[:] = i * 12
            yield frame
            frame[:] = 77

    write_video(frames(), tmp_path / "a.mp4", 30, video_quality=5)
    assert np.abs(decode(tmp_path / "a.mp4")[:, 20, 20, 0] - 12.0 * np.arange(20)).max() <= 3


def test_full_disk(tmp_path):
    """Writing fails half-way, here by a limit on the size of files."""
    script = """
        import sys
        from pathlib import Path
        import numpy as np
        from dask_animate.errors import OutputError
        from test_video import write

        noise = np.random.default_rng(0).integers(0, 256, (60, 240, 320, 3), np.uint8)
        try:
            write(Path(sys.argv[1]), noise)
        except OutputError as exc:
            print(exc)
    """

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    path = tmp_path / "a.mp4"
    path.write_text("before")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)],
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert f"cannot write {path}: File too large" in done.stdout, done.stderr
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
