"""Memory and size of an MP4 muxer's index: what FFmpeg holds for each frame until the file ends.

    python benchmarks/mp4_index.py [n_frames]

The packets of a clip of 60 small frames are muxed again and again, in a process of its own for each way
of writing the file. Growth is that of resident memory from the thousandth frame to the last one, and to
the peak, which includes writing the index.
"""

import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil

#: FFmpeg's "movflags" of each way.
WAYS = {
    "index at the front (as here)": "+faststart",
    "index at the end": "",
    "fragments": "+frag_keyframe+empty_moov+default_base_moof",
    "fragments, an index at the end": "+hybrid_fragmented+frag_keyframe",
}


def clip(path):
    """Encode 60 frames to a file."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for value in range(0, 240, 4):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), value, np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def mux(flags, n_frames, folder):
    """Return bytes a frame: growth of memory, of its peak, and the file without packets; and seconds."""
    clip(folder / "clip.mp4")
    source = av.open(folder / "clip.mp4")
    template = source.streams.video[0]
    packets = [(bytes(packet), packet.is_keyframe) for packet in source.demux(template) if packet.size]
    rss = psutil.Process().memory_info
    began = time.perf_counter()
    with av.open(folder / "long.mp4", "w", options={"movflags": flags} if flags else {}) as container:
        stream = container.add_stream_from_template(template)
        stream.time_base = Fraction(1, 30)
        for i in range(n_frames):
            data, is_keyframe = packets[i % len(packets)]
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 30), is_keyframe
            packet.pts = packet.dts = i
            packet.duration = 1
            container.mux(packet)
            if i == 1000:
                early = rss().rss
        late = rss().rss
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = (folder / "long.mp4").stat().st_size
    of_packets = sum(len(packets[i % len(packets)][0]) for i in range(n_frames))
    grown = [(value - early) / n_frames for value in (late, peak)]
    return *grown, (size - of_packets) / n_frames, time.perf_counter() - began


def main(n_frames=1_000_000):
    print(f"{n_frames} frames, bytes a frame:\n")
    print(
        "| way | memory | memory at its peak | file, without packets | seconds |\n|---|---|---|---|---|"
    )
    for way, flags in WAYS.items():
        command = [sys.executable, __file__, "--one", flags, str(n_frames)]
        values = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        print(f"| {way} | {' | '.join(values.split())} |", flush=True)


if __name__ == "__main__":
    if "--one" in sys.argv:
        with tempfile.TemporaryDirectory() as temporary:
            *values, seconds = mux(sys.argv[2], int(sys.argv[3]), Path(temporary))
        print(*(f"{value:.0f}" for value in values), f"{seconds:.1f}")
    else:
        main(*map(int, sys.argv[1:]))
