"""Segments, and the file made of them."""

import os
import pickle
from dataclasses import replace
from fractions import Fraction
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
from helpers import FrameNumber, decode

from dask_animate.drawing.options import DrawOptions
from dask_animate.encoding.encoder_choice import choose_encoder
from dask_animate.encoding.formats import CODECS
from dask_animate.encoding.muxer import Muxer, encoded_stream
from dask_animate.encoding.options import EncodeOptions
from dask_animate.encoding.output_file import OutputFile
from dask_animate.encoding.timeline import Timeline
from dask_animate.errors import EncoderError
from dask_animate.frames import FrameSize
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec
from dask_animate.rendering.task_output import TaskSpec

SIZE = FrameSize(40, 140)


def segments(encoding, sizes):
    renderer = Renderer(FigureSpec(FrameNumber(), DrawOptions(), {}))
    start = 0
    for size in sizes:
        params = [(7 * i) % 1000 for i in range(start, start + size)]
        # pickled, as on its way from a worker
        output = renderer.render(TaskSpec(encoding), start, enumerate(params, start))
        yield pickle.loads(pickle.dumps(output.payload))
        start += size
    renderer.close()


def encoding_of(path, **options):
    return choose_encoder(EncodeOptions.create(path, 30, mode="cpu", **options), SIZE)


def mux(path, encoding, parts, origins=None):
    with OutputFile(path) as output:
        with Muxer(
            output, encoding, encoded_stream(encoding, SIZE), Timeline(Fraction(30), None), {}
        ) as muxer:
            for part, origin in zip(parts, origins or repeat("here"), strict=False):
                muxer.add(part, origin)
        output.commit()


@pytest.mark.mostly_slow(2)
@pytest.mark.parametrize("codec", sorted(codec for codec in CODECS if CODECS[codec].is_segmented))
def test_joined_frames_equal_those_of_each_segment_alone(tmp_path, codec):
    path = tmp_path / f"a{CODECS[codec].suffix}"
    encoding = encoding_of(path, codec=codec)
    parts = list(segments(encoding, [1, 2, 37, 1, 24]))
    mux(path, encoding, parts)
    joined = decode(path, 30)
    alone = []
    for part in parts:
        mux(path, encoding, [replace(part, start=0)])
        alone.append(decode(path, 30))
    np.testing.assert_array_equal(joined, np.concatenate(alone))
    assert len(joined) == 65
    assert all(part.packets[0].is_keyframe for part in parts)


def test_length_of_a_gop():
    assert encoding_of("a.mp4").gop == 250
    assert encoding_of("a.mp4", extra_ffmpeg_params=["-g", "50"]).gop == 50
    assert encoding_of("a.mkv", codec="ffv1").gop == 250


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_frames_are_reordered(tmp_path, codec):
    """Or else the tests of order would not test it."""
    (part,) = segments(encoding_of(tmp_path / "a.mp4", codec=codec), [30])
    ranks = [packet.rank for packet in part.packets]
    assert ranks != sorted(ranks)


def test_other_builds_are_named(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_text("before")
    encoding = encoding_of(path)
    first, second = segments(encoding, [3, 3])
    other = replace(second, header=second.header + b"!", build="PyAV 17.0")
    message = (
        r"frames 3 to 5 were encoded by tcp://x:2 with PyAV 17.0, frames before them by tcp://w:1 "
        r"with PyAV [\d.]+ with libavcodec [\d.]+, .* install one version of PyAV on all workers"
    )
    with pytest.raises(EncoderError, match=message):
        mux(path, encoding, [first, other], ["tcp://w:1", "tcp://x:2"])
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_lost_and_doubled_packets_are_found(tmp_path):
    path = tmp_path / "a.mp4"
    encoding = encoding_of(path)
    (part,) = segments(encoding, [5])
    for packets in (part.packets[:-1], [*part.packets, part.packets[-1]]):
        with pytest.raises(EncoderError, match=r"frames 0 to 4 were encoded to \d packets, not to one"):
            mux(path, encoding, [replace(part, packets=packets)])


def test_all_workers_have_the_same_header():
    """What is compared is the same whatever the frames are."""
    encoding = encoding_of(Path("a.mp4"))
    assert len({part.header for part in segments(encoding, [1, 5, 30])}) == 1


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
        from dask_animate.rendering.source_spec import FigureSpec
        from dask_animate.rendering.task_output import TaskSpec
        from dask_animate.rendering.renderer import Renderer
        from dask_animate.drawing.options import DrawOptions
        from test_segment import encoding_of

        renderer = Renderer(FigureSpec(FrameNumber((16, 16), 100), DrawOptions(), {}))
        encoding = encoding_of(Path("a.mp4"), preset="ultrafast")
        for n in (10, 20):
            renderer.render(TaskSpec(encoding), 0, enumerate(range(n)))
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    few, many = map(int, done.stdout.split())
    assert many - few < 50, "MiB more for 10 frames more, of 10 MB each"
