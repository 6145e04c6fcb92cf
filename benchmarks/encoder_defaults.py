"""Size, quality and speed of encoders and presets on the examples: where the defaults come from.

    python benchmarks/encoder_defaults.py > benchmarks/encoder_defaults.md

Frames are drawn once for each example and encoded with each setting, by one thread. PSNR and SSIM are
those of the decoded pixels against the same frames converted to yuv420p, so they show what the encoder
loses, by FFmpeg's own filters. The reference is crf 20, slow, with the macroblock tree: the settings of
parallel-matplotlib-animation.
"""

import math
import statistics
import sys
import tempfile
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from every_format import Spiral
from multi_panel import MultiPanel
from nondeterministic_loader import Images, load
from readme_picture import Packet
from real_terrain import Terrain, sun
from redraw import Lines
from simple_wave import Wave
from very_complex import VeryComplex

from dask_animate.drawing.options import DrawOptions
from dask_animate.encoding.conversion import Converter
from dask_animate.encoding.encoder_choice import choose_encoder
from dask_animate.encoding.muxer import Muxer, encoded_stream
from dask_animate.encoding.options import EncodeOptions
from dask_animate.encoding.output_file import OutputFile
from dask_animate.encoding.segment_encoder import SegmentEncoder
from dask_animate.encoding.timeline import Timeline
from dask_animate.frames import FrameSize
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec

EXAMPLES = {
    "simple_wave": (Wave(), np.linspace(0, 2 * np.pi, 60)),
    "multi_panel": (MultiPanel(), np.linspace(0, 1, 90)[:60]),
    "very_complex": (VeryComplex(), np.linspace(0, 1, 24)),
    "nondeterministic_loader": (Images(), map(load, range(60))),
    "real_terrain": (Terrain(), list(sun(120))[::4]),
    "readme_picture": (Packet(), np.linspace(-2.6, 2.6, 48)),
    "every_format": (Spiral(), np.linspace(0.1, 6 * np.pi, 60)),
    "lines, 1080p": (Lines(), np.linspace(0, 1, 300)[:60]),
}
INTRODUCTION = """
Made by `python benchmarks/encoder_defaults.py`. Quality is this library's `video_quality`. PSNR and
SSIM: means over the frames. ms: CPU time per frame of conversion and encoding, one thread; the median of
3 for h264, one run for the others. Ratios are to the reference, x264 with the settings of
parallel-matplotlib-animation: slow, crf 20 and macroblock tree; geometric means over the examples."""
CHOICE = """
The default of h264 is superfast at quality 22 with options that suit plots. At the SSIM of the
reference its files are 1.23 times as large, 1.33 at most, and take 0.29 of the time. The former options,
chosen at quality 20 and not at equal SSIM, take as long and 1.47 times the size, plain superfast 1.61.
Quality 22 loses 0.97 of what the reference loses, with 1.27 times the size.

- Runs of B-frames of one length save the time that all partitions and mixed references cost.
- Most of a plot stands still and is copied from the keyframe, so good keyframes pay off, also in
  segments of 20 frames. B-frames, from which little is copied, take fewer bits.
- The offset of chroma is what x264 sets by itself in presets from fast on. Without it, colors lose more
  than in the reference.
- subq=2 saves 6 % more and takes a quarter more time, trellis=1 4 % for 15 %, a search for the lengths
  of B-frame runs 1 % for 12 %.
- The macroblock tree is off, although it saves size, because it gives other bytes from run to run on
  machines with AVX-512 (x264 core 165, one thread or many).

The other codecs' numbers for quality 20 were chosen for about the same loss."""
REFERENCE = ("h264", "slow", 20, {"mbtree": 1})
# The options before these were compared at equal loss.
FORMER = {
    "refs": 3,
    "partitions": "p8x8,i8x8,i4x4",
    "i_qfactor": 0.5,
    "b_qfactor": 1.5,
    "aq-strength": 1.25,
}
# codec, preset or None for the default, quality, further options
SETTINGS = [
    REFERENCE,
    ("h264", "slow", 20, {}),
    ("h264", "medium", 20, {}),
    ("h264", "fast", 20, {}),
    ("h264", "faster", 20, {}),
    *[("h264", None, quality, {}) for quality in (20, 22, 24)],
    *[("h264", "superfast", quality, FORMER) for quality in (20, 22)],
    *[("h264", "veryfast", quality, {}) for quality in (20, 22)],
    ("h264", "veryfast", 20, {"subq": 4}),
    ("h264", "veryfast", 20, {"mbtree": 1}),
    *[("h264", "superfast", quality, {}) for quality in (20, 22)],
    *[("h264", "ultrafast", quality, {}) for quality in (16, 20)],
    *[("hevc", preset, 20, {}) for preset in ("ultrafast", None, "veryfast", "fast")],
    *[("av1", preset, 20, {}) for preset in ("6", None, "10", "12")],
    *[("vp9", preset, 20, {}) for preset in ("3", None, "8")],
    ("ffv1", None, None, {}),
]


def draw(animator, params):
    renderer = Renderer(FigureSpec(animator, DrawOptions(), {}))
    frames = [renderer.frame(i, p) for i, p in enumerate(params)]
    renderer.close()
    return frames


def encode_options(setting):
    codec, preset, quality, options = setting
    words = [word for name, value in options.items() for word in (f"-{name}", str(value))]
    return EncodeOptions.create(
        Path("a.mkv"),
        30,
        codec=codec,
        mode="cpu",
        preset=preset,
        quality=quality,
        pixel_format="yuv420p",
        extra_ffmpeg_params=words,
    )


def encode(frames, path, setting):
    """Return CPU seconds to convert and encode."""
    size = FrameSize(*frames[0].shape[:2])
    encoding = choose_encoder(encode_options(setting), size)
    start = time.process_time()
    with SegmentEncoder(encoding, size, 0) as encoder:
        for frame in frames:
            encoder.encode(encoder.convert(frame, opaque=True))
        segment = encoder.finish()
    seconds = time.process_time() - start
    with OutputFile(path) as output:
        with Muxer(
            output, encoding, encoded_stream(encoding, size), Timeline(encoding.fps, None), {}
        ) as muxer:
            muxer.add(segment)
        output.commit()
    return seconds


def originals(frames):
    """The frames as the encoder gets them."""
    size = FrameSize(*frames[0].shape[:2])
    converter = Converter(choose_encoder(encode_options(REFERENCE), size), size)
    return [converter.convert(frame, opaque=True) for frame in frames]


def compare(path, reference, name, key):
    """Return the mean over a file's frames of what FFmpeg's filter `name` measures."""
    graph = av.filter.Graph()
    template = {"width": reference[0].width, "height": reference[0].height, "format": "yuv420p"}
    sources = [graph.add_buffer(**template, time_base=Fraction(1, 30)) for _ in range(2)]
    measure, sink = graph.add(name), graph.add("buffersink")
    for i, source in enumerate(sources):
        source.link_to(measure, 0, i)
    measure.link_to(sink)
    graph.configure()
    values = []
    with av.open(str(path)) as container:
        for i, (frame, original) in enumerate(zip(container.decode(video=0), reference, strict=True)):
            for source, picture in zip(sources, (frame, original), strict=True):
                picture.pts, picture.time_base = i, Fraction(1, 30)
                source.push(picture)
            values.append(float(sink.pull().metadata[key]))
    return statistics.mean(values)


def measured(name):
    """Return size in kB, PSNR, SSIM and milliseconds a frame of an example, for each setting."""
    frames = draw(*EXAMPLES[name])
    reference = originals(frames)
    rows = []
    for setting in SETTINGS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.mkv"
            times = [encode(frames, path, setting) for _ in range(3 if setting[0] == "h264" else 1)]
            rows.append(
                (
                    path.stat().st_size / 1000,
                    compare(path, reference, "psnr", "lavfi.psnr.psnr_avg"),
                    compare(path, reference, "ssim", "lavfi.ssim.All"),
                    statistics.median(times) / len(frames) * 1000,
                )
            )
    return rows


def label(setting):
    codec, preset, quality, options = setting
    if preset is None and codec == "ffv1":
        preset = "lossless"
    further = " ".join(f"{name}={value}" for name, value in options.items())
    if options is FORMER:
        further = "with the former options"
    return f"| {codec} | {preset or 'default'} {further} | {'' if quality is None else quality} |"


def report(rows):
    print("# Encoders on the examples")
    print(f"{INTRODUCTION}\n")
    print("| codec | preset | quality | size ratio | time ratio | SSIM loss ratio | worst PSNR |")
    print("|---|---|---|---|---|---|---|")
    for idx, setting in enumerate(SETTINGS):
        pairs = [(table[idx], table[0]) for table in rows.values()]
        columns = zip(*map(ratios, pairs), strict=True)
        means = " | ".join(f"{statistics.geometric_mean(column):.2f}" for column in columns)
        worst = min(row[1] for row, _ in pairs)
        print(f"{label(setting)} {means} | {worst:.1f} dB |")
    report_equal_loss(rows)
    print(CHOICE)
    for name, table in rows.items():
        print(f"\n## {name}\n")
        print("| codec | preset | quality | kB | PSNR | SSIM | ms |")
        print("|---|---|---|---|---|---|---|")
        for setting, (size, psnr, ssim, ms) in zip(SETTINGS, table, strict=True):
            print(f"{label(setting)} {size:.0f} | {psnr:.1f} | {ssim:.5f} | {ms:.1f} |")


def loss(row):
    return max(1 - row[2], 1e-6)


def ratios(pair):
    """Return the ratios of size, time and SSIM loss of a row to the reference's."""
    row, reference = pair
    return row[0] / reference[0], row[3] / reference[3], loss(row) / loss(reference)


def report_equal_loss(rows):
    print("\nWith the quality that loses as much SSIM as the reference, for each example by itself,")
    print("interpolated between the qualities above; for ultrafast, extrapolated:\n")
    print("| codec | preset | size ratio | largest | time ratio |")
    print("|---|---|---|---|---|")
    families = {}
    for idx, (codec, preset, _, options) in enumerate(SETTINGS):
        families.setdefault((codec, preset, str(options)), []).append(idx)
    for indices in families.values():
        if len(indices) < 2:
            continue
        equal = [at_equal_loss([table[idx] for idx in indices], table[0]) for table in rows.values()]
        sizes, times = zip(*equal, strict=True)
        codec, preset, _, options = SETTINGS[indices[0]]
        size, time_ratio = map(statistics.geometric_mean, (sizes, times))
        name = label((codec, preset, None, options)).removesuffix("  |")
        print(f"{name} {size:.2f} | {max(sizes):.2f} | {time_ratio:.2f} |")


def at_equal_loss(family, reference):
    """Return size and time of a setting at the reference's loss, as ratios to the reference's."""
    low, high = next(
        (pair for pair in pairwise(family) if loss(pair[1]) >= loss(reference)), tuple(family[-2:])
    )
    share = math.log(loss(reference) / loss(low)) / math.log(loss(high) / loss(low))
    return tuple(low[k] ** (1 - share) * high[k] ** share / reference[k] for k in (0, 3))


if __name__ == "__main__":
    report({name: measured(name) for name in EXAMPLES})
