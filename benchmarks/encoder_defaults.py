"""Size, quality and speed of encoders and presets on the examples: where the defaults come from.

    python benchmarks/encoder_defaults.py > benchmarks/encoder_defaults.md

Frames are drawn once for each example and encoded with each setting, by one thread. PSNR and SSIM are
those of the decoded pixels against the same frames converted to yuv420p, so they show what the encoder
loses, by FFmpeg's own filters. The reference is crf 20, slow, with the macroblock tree: the settings of
parallel-matplotlib-animation.
"""

import statistics
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from multi_panel import MultiPanel
from nondeterministic_loader import Images, load
from real_terrain import Terrain, sun
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
}
CHOICE = """
The default of h264 is superfast at quality 20, with more references, smaller partitions and bits moved
from moving to still parts: in the geometric mean 4 times as fast as the reference, 1.49 times its size,
less SSIM lost. Plain superfast is no quicker, and larger. The macroblock tree is off, although it saves
size, because it gives other bytes from run to run on machines with AVX-512 (x264 core 165, one thread or
many). The other codecs' numbers for quality 20 were chosen for about the same loss."""
REFERENCE = ("h264", "slow", 20, {"mbtree": 1})
# codec, preset or None for the default, quality, further options
SETTINGS = [
    REFERENCE,
    ("h264", "slow", 20, {}),
    ("h264", "medium", 20, {}),
    ("h264", "fast", 20, {}),
    ("h264", "faster", 20, {}),
    ("h264", None, 20, {}),
    *[("h264", "veryfast", quality, {}) for quality in (20, 22)],
    ("h264", "veryfast", 20, {"subq": 4}),
    ("h264", "veryfast", 20, {"mbtree": 1}),
    *[("h264", "superfast", quality, {}) for quality in (20, 21)],
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
    """Return the median over a file's frames of what FFmpeg's filter `name` measures."""
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
    return statistics.median(values)


def main():
    rows = {}
    for name, (animator, params) in EXAMPLES.items():
        frames = draw(animator, params)
        reference = originals(frames)
        for idx, setting in enumerate(SETTINGS):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "a.mkv"
                times = [encode(frames, path, setting) for _ in range(3)]
                rows[name, idx] = (
                    path.stat().st_size / 1000,
                    compare(path, reference, "psnr", "lavfi.psnr.psnr_avg"),
                    compare(path, reference, "ssim", "lavfi.ssim.All"),
                    statistics.median(times) / len(frames) * 1000,
                )
    report(rows)


def label(setting):
    codec, preset, quality, options = setting
    if preset is None and codec == "ffv1":
        preset = "lossless"
    further = " ".join(f"{name}={value}" for name, value in options.items())
    return f"| {codec} | {preset or 'default'} {further} | {'' if quality is None else quality} |"


def report(rows):
    print("# Encoders on the examples\n")
    print(
        "Made by `python benchmarks/encoder_defaults.py`. Quality is this library's `video_quality`. ms:"
    )
    print("CPU time per frame of conversion and encoding, one thread, median of 3. Ratios are to the")
    print(
        "reference, x264 with the settings of parallel-matplotlib-animation: slow, crf 20 and macroblock"
    )
    print("tree; geometric means over the examples.\n")
    print("| codec | preset | quality | size ratio | time ratio | SSIM loss ratio | worst PSNR |")
    print("|---|---|---|---|---|---|---|")
    for idx, setting in enumerate(SETTINGS):
        ratios = [[], [], []]
        for name in EXAMPLES:
            size, _, ssim, ms = rows[name, idx]
            size0, _, ssim0, ms0 = rows[name, 0]
            for ratio, value in zip(
                ratios, (size / size0, ms / ms0, max(1 - ssim, 1e-6) / max(1 - ssim0, 1e-6)), strict=True
            ):
                ratio.append(value)
        worst = min(rows[name, idx][1] for name in EXAMPLES)
        means = " | ".join(f"{statistics.geometric_mean(ratio):.2f}" for ratio in ratios)
        print(f"{label(setting)} {means} | {worst:.1f} dB |")
    print(CHOICE)
    for name in EXAMPLES:
        print(f"\n## {name}\n")
        print("| codec | preset | quality | kB | PSNR | SSIM | ms |")
        print("|---|---|---|---|---|---|---|")
        for idx, setting in enumerate(SETTINGS):
            size, psnr, ssim, ms = rows[name, idx]
            print(f"{label(setting)} {size:.0f} | {psnr:.1f} | {ssim:.5f} | {ms:.1f} |")


if __name__ == "__main__":
    main()
