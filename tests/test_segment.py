"""Segments, and the file made of them."""

import pickle
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers import FrameNumber, decode

from dask_animate.encoder import choose_encoder
from dask_animate.errors import EncoderError
from dask_animate.formats import CODECS
from dask_animate.job import RenderJob
from dask_animate.mux import Muxer
from dask_animate.options import create_encode_spec
from dask_animate.output import OutputFile
from dask_animate.pixels import encoded_size
from dask_animate.renderer import Renderer
from dask_animate.spec import DrawSpec, FrameSize
from dask_animate.timeline import Timeline

SIZE = FrameSize(40, 140)


def segments(spec, sizes):
    renderer = Renderer(RenderJob(FrameNumber(), DrawSpec(), {}))
    start = 0
    for size in sizes:
        params = [(7 * i) % 1000 for i in range(start, start + size)]
        # pickled, as on its way from a worker
        yield pickle.loads(pickle.dumps(renderer.segment(start, params, "tcp://w:1", spec)))
        start += size
    renderer.close()


def spec_of(path, **options):
    return choose_encoder(create_encode_spec(path, 30, mode="cpu", **options), SIZE)


def mux(path, spec, parts):
    size = encoded_size(SIZE, spec.pixel_format)
    with OutputFile(path) as output:
        with Muxer(output, spec, size, Timeline(Fraction(30), None), {}) as muxer:
            for part in parts:
                muxer.add(part)
        output.commit()


@pytest.mark.parametrize("codec", sorted(codec for codec in CODECS if CODECS[codec].is_segmented))
def test_joined_frames_equal_those_of_each_segment_alone(tmp_path, codec):
    path = tmp_path / f"a{CODECS[codec].suffix}"
    spec = spec_of(path, codec=codec)
    parts = list(segments(spec, [1, 2, 37, 1, 24]))
    mux(path, spec, parts)
    joined = decode(path, 30)
    alone = []
    for part in parts:
        mux(path, spec, [replace(part, start=0)])
        alone.append(decode(path, 30))
    np.testing.assert_array_equal(joined, np.concatenate(alone))
    assert len(joined) == 65
    assert all(part.packets[0].is_keyframe for part in parts)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_frames_are_reordered(tmp_path, codec):
    """Or else the tests of order would not test it."""
    (part,) = segments(spec_of(tmp_path / "a.mp4", codec=codec), [30])
    ranks = [packet.rank for packet in part.packets]
    assert ranks != sorted(ranks)


def test_other_builds_are_named(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("before")
    spec = spec_of(path)
    first, second = segments(spec, [3, 3])
    other = replace(second, header=second.header + b"!", worker="tcp://x:2", build="PyAV 17.0")
    message = (
        r"frames 3 to 5 were encoded by tcp://x:2 with PyAV 17.0, frames before them by tcp://w:1 "
        r"with PyAV [\d.]+ with libavcodec [\d.]+, .* install one version of PyAV on all workers"
    )
    with pytest.raises(EncoderError, match=message):
        mux(path, spec, [first, other])
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_lost_and_doubled_packets_are_found(tmp_path):
    path = tmp_path / "a.mp4"
    spec = spec_of(path)
    (part,) = segments(spec, [5])
    for packets in (part.packets[:-1], [*part.packets, part.packets[-1]]):
        with pytest.raises(EncoderError, match=r"frames 0 to 4 were encoded to \d packets, not to one"):
            mux(path, spec, [replace(part, packets=packets)])


def test_all_workers_have_the_same_header():
    """What is compared is the same whatever the frames are."""
    spec = spec_of(Path("a.mp4"))
    assert len({part.header for part in segments(spec, [1, 5, 30])}) == 1


def test_no_frame_is_kept(tmp_path):
    """A segment's frames are not in memory together: 300 of 10 MB would be 3 GB."""
    import subprocess
    import sys
    import textwrap

    script = """
        import resource
        import sys
        from pathlib import Path
        import matplotlib.pyplot as plt
        from helpers import FrameNumber
        from dask_animate.job import RenderJob
        from dask_animate.renderer import Renderer
        from dask_animate.spec import DrawSpec
        from test_segment import spec_of

        renderer = Renderer(RenderJob(FrameNumber((16, 16), 100), DrawSpec(), {}))
        spec = spec_of(Path("a.mp4"), preset="ultrafast")
        for n in (10, 30):
            renderer.segment(0, range(n), "", spec)
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    few, many = map(int, done.stdout.split())
    assert many - few < 100, "MiB more for 20 frames more, of 10 MB each"
