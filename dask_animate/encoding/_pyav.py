"""What encoding relies on in PyAV beyond its documentation, so that a release may take it away.

Everything else in this folder uses names that PyAV documents. tests/encoding/test_pyav_names.py says
which of these no longer works.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any, Literal, cast

import av
from av.packet import PacketSideData, packet_sidedata_type_from_literal
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

# FFmpeg's name of the side data in which VP9's alpha channel goes beside the packet.
_ALPHA: Literal["matroska_block_additional"] = "matroska_block_additional"


def get_alpha(packet: av.Packet[Any]) -> bytes:
    """Return the alpha channel that goes beside a packet, or nothing."""
    return bytes(packet.get_sidedata(_ALPHA)) if packet.has_sidedata(_ALPHA) else b""


def set_alpha(packet: av.Packet[Any], alpha: bytes) -> None:
    """Put an alpha channel beside a packet."""
    # Documented is only how side data is copied from another packet; the constructor is not.
    side_data: PacketSideData = cast(Any, PacketSideData)(
        packet_sidedata_type_from_literal(_ALPHA), len(alpha)
    )
    side_data.update(alpha)
    packet.set_sidedata(side_data, move=True)


def other_side_data(packet: av.Packet[Any]) -> str:
    """Return the names of what goes beside a packet and is no alpha channel."""
    return ", ".join(data.data_type for data in packet.iter_sidedata() if data.data_type != _ALPHA)


def unknown_options(context: VideoCodecContext) -> list[str]:
    """Return the names of the options that an encoder does not have, after it was opened."""
    # That `open` removes the others from `options` is not documented.
    return sorted(context.options)


def add_packet_stream(
    container: av.container.OutputContainer, encoder: str, rate: Fraction
) -> VideoStream:
    """Add a stream for packets that come encoded; its context says what the file's header holds."""
    # The documented `add_mux_stream` gives a stream without a context. A stream made from a template has
    # one. That packets may be muxed without opening it is not documented.
    with av.open(io.BytesIO(), "w", format="matroska") as nowhere:
        template = cast(VideoStream, nowhere.add_stream(encoder, rate=rate))
        return container.add_stream_from_template(template, opaque=True)
