"""What the code uses of PyAV beyond its documentation still works in the release that is installed."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from dask_animate.encoding import _pyav

RELEASE = f"PyAV {av.__version__}"


def frames(n=3):
    for i in range(n):
        frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 80 * i, np.uint8), format="rgb24")
        frame.pts, frame.time_base = i, Fraction(1, 10)
        yield frame.reformat(format="yuv420p")


def opened(name, options):
    context = av.Codec(name, "w").create("video")
    context.width, context.height, context.pix_fmt = 32, 32, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 10), Fraction(10)
    context.flags |= av.codec.context.Flags.global_header
    context.options = options
    context.open()
    return context


def test_side_data_can_be_made():
    packet = av.Packet(b"color")
    assert _pyav.get_alpha(packet) == b""
    try:
        _pyav.set_alpha(packet, b"alpha")
    except Exception as exc:
        pytest.fail(f"{RELEASE} has another way to make side data of a packet, for VP9's alpha: {exc!r}")
    assert _pyav.get_alpha(packet) == b"alpha", f"{RELEASE} does not keep side data of a packet"


def test_unknown_options_are_left_after_opening():
    context = opened("libx264", {"crf": "20", "nosuch": "1"})
    assert _pyav.unknown_options(context) == ["nosuch"], (
        f"{RELEASE} does not leave just the unknown options in CodecContext.options: misspelled "
        f"video_extra_ffmpeg_params would go unnoticed"
    )


def test_packets_go_into_a_stream_with_a_header_of_its_own():
    context = opened("libx264", {})
    packets = [packet for frame in (*frames(), None) for packet in context.encode(frame)]
    file = io.BytesIO()
    try:
        with av.open(file, "w", format="matroska") as container:
            stream = _pyav.add_packet_stream(container, "libx264", Fraction(10))
            header = stream.codec_context
            header.width, header.height, header.pix_fmt, header.colorspace = 32, 32, "yuv420p", 1
            header.extradata = context.extradata
            for packet in packets:
                packet.stream = stream
                container.mux_one(packet)
            is_open = header.is_open
    except Exception as exc:
        pytest.fail(f"{RELEASE} does not mux packets into a stream made from a template: {exc!r}")
    assert not is_open, f"{RELEASE} opens an encoder for a stream that takes packets"
    with av.open(io.BytesIO(file.getvalue())) as container:
        read = [(frame.width, int(frame.colorspace)) for frame in container.decode(video=0)]
    assert read == [(32, 1)] * 3, f"{RELEASE} does not write a stream's context into the header"
