"""The arguments of an encoding: which are valid, what they mean, and that they travel."""

import pickle
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dask_animate.encoding.encoder_choice import choose_encoder
from dask_animate.encoding.options import EncodeOptions, as_fps, parse_ffmpeg_params
from dask_animate.encoding.output_options import OutputOptions
from dask_animate.errors import EncoderError, OptionError, OptionTypeError
from dask_animate.frames import FrameSize


@pytest.mark.parametrize(
    ("fps", "exact"),
    [
        (30, Fraction(30)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (29.97, Fraction(2997, 100)),
        (12.5, Fraction(25, 2)),
        (np.float32(0.5), Fraction(1, 2)),
        (np.int64(24), Fraction(24)),
        (Decimal("29.97"), Fraction(2997, 100)),
    ],
)
def test_fps(fps, exact):
    assert as_fps(fps) == exact


@pytest.mark.parametrize(
    "fps", [0, -1, float("nan"), float("inf"), 1e-9, 1e9, Fraction(-1, 2), Fraction(10**12 + 1, 10**11)]
)
def test_fps_out_of_range(fps):
    with pytest.raises(OptionError, match="fps must"):
        as_fps(fps)


@pytest.mark.parametrize(
    "options",
    [
        {"fps": list(range(10_000))},
        {"mode": "fast" * 1000},
        {"quality": tuple(range(10_000))},
        {"dither": "no" * 1000},
    ],
)
def test_messages_do_not_repeat_long_arguments(options):
    with pytest.raises((OptionError, OptionTypeError), match=r"must .*\.\.\.|only for GIF") as raised:
        EncodeOptions.create(Path("a.mp4"), **({"fps": 30} | options))
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize("fps", ["30", None, True, [30]])
def test_fps_of_the_wrong_type(fps):
    with pytest.raises(OptionTypeError, match="fps must be a positive number"):
        as_fps(fps)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"mode": "fast"}, OptionError, "video_mode must be one of 'auto', 'gpu', 'cpu', got 'fast'"),
        (
            {"preset": "nope"},
            OptionError,
            "video_preset for libx264 must be one of 'ultrafast', .* got 'nope'",
        ),
        ({"preset": 3}, OptionTypeError, "video_preset must be a name"),
        ({"quality": 52}, OptionError, "video_quality must be at most 51, got 52"),
        ({"quality": -1}, OptionError, "video_quality must be at least 0"),
        ({"quality": 20.5}, OptionTypeError, "video_quality must be an integer"),
        ({"codec": "theora"}, OptionError, "codec must be one of 'h264', .*'webp', got 'theora'"),
        ({"extra_ffmpeg_params": ["-nosuch", "1"]}, OptionError, "libx264 has no option nosuch"),
        ({"extra_ffmpeg_params": ["-x264-params", "nosuch=1"]}, OptionError, "nosuch"),
        ({"extra_ffmpeg_params": ["-tune"]}, OptionError, "must alternate options"),
        ({"extra_ffmpeg_params": ["tune", "film"]}, OptionError, "must alternate options"),
        ({"extra_ffmpeg_params": "-tune film"}, OptionTypeError, "must be a list"),
        ({"extra_ffmpeg_params": ["-crf", "3"]}, OptionError, "cannot set -crf: give video_quality="),
        (
            {"extra_ffmpeg_params": ["-preset", "slow"]},
            OptionError,
            "cannot set -preset: give video_pre",
        ),
        ({"quality": 3, "extra_ffmpeg_params": ["-b:v", "1M"]}, OptionError, "exclude each other"),
        ({"extra_ffmpeg_params": ["-r", "3"]}, OptionError, "cannot set -r: give fps="),
        (
            {"extra_ffmpeg_params": ["-tune", "nope"]},
            EncoderError,
            "preset/tune superfast/nope.*: libx264 does not start at 256x256 pixels with ",
        ),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error, match=message):
        OutputOptions.create("a.mp4", EncodeOptions.create(Path("a.mp4"), 30, **options), 30)


def test_parse_ffmpeg_params():
    assert parse_ffmpeg_params(None) == ()
    assert parse_ffmpeg_params(["-tune", "film", "-g", 5]) == (("tune", "film"), ("g", "5"))


def test_an_encoding_travels():
    options = EncodeOptions.create("a.mp4", 30, mode="cpu", preset="fast", quality=30)
    encoding = choose_encoder(options, FrameSize(63, 95))
    assert pickle.loads(pickle.dumps(encoding)) == encoding
    assert (encoding.encoder, encoding.encoded_size(FrameSize(63, 95))) == ("libx264", FrameSize(64, 96))
    assert encoding.options(threads=3) == {"g": "250", "mbtree": "0", "crf": "30", "preset": "fast"}


@pytest.mark.parametrize(
    ("options", "crf"),
    [
        ({}, "22"),
        ({"extra_ffmpeg_params": ["-bf", "0"]}, "22"),
        ({"quality": 20}, "20"),
        ({"preset": "superfast"}, "20"),
        ({"extra_ffmpeg_params": ["-tune", "animation"]}, "20"),
        ({"codec": "hevc"}, "20"),
    ],
)
def test_default_quality_goes_with_the_default_options(options, crf):
    options = EncodeOptions.create("a.mp4", 30, mode="cpu", **options)
    assert choose_encoder(options, FrameSize(64, 64)).options(threads=1)["crf"] == crf


def test_encoders_that_read_their_threads_from_an_option():
    options = EncodeOptions.create(
        "a.mp4", 30, mode="cpu", codec="hevc", extra_ffmpeg_params=["-x265-params", "bframes=0"]
    )
    params = choose_encoder(options, FrameSize(64, 64)).options(threads=3)["x265-params"].split(":")
    assert params[-2:] == ["pools=3", "bframes=0"]


def test_one_worker_without_a_gpu_decides():
    options = EncodeOptions.create("a.mp4", 30)
    size = FrameSize(64, 64)
    assert choose_encoder(options, size, [None, None]).encoder == "h264_nvenc"
    assert choose_encoder(options, size, [None, "no GPU here"]).encoder == "libx264"
    options = EncodeOptions.create("a.mp4", 30, mode="gpu")
    with pytest.raises(EncoderError, match="no GPU here"):
        choose_encoder(options, size, [None, "no GPU here"])


def test_output_options():
    encode = EncodeOptions.create("a.mp4", 10)
    labels = {"title": "Waves", "author": "me"}
    output = OutputOptions.create("a.mp4", encode, 30, chapters=[("a", 0)], metadata=labels)
    assert (output.destination, output.metadata) == (
        Path("a.mp4").absolute(),
        {"title": "Waves", "artist": "me"},
    )
    assert output.timeline.chapters == (("a", 0, 30),)
    for metadata, error in (([], OptionTypeError), ({"genre": "x"}, OptionError)):
        with pytest.raises(error, match="metadata"):
            OutputOptions.create("a.mp4", encode, 30, metadata=metadata)
