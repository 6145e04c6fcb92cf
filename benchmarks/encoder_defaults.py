"""Size, quality and speed of x264's presets on the examples: where the defaults come from.

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

from dask_animate.encoder import create_encode_spec
from dask_animate.job import RenderJob
from dask_animate.output import OutputFile
from dask_animate.renderer import Renderer
from dask_animate.spec import DrawSpec
from dask_animate.video import VideoWriter

EXAMPLES = {
    "simple_wave": (Wave(), np.linspace(0, 2 * np.pi, 60)),
    "multi_panel": (MultiPanel(), np.linspace(0, 1, 90)[:60]),
    "very_complex": (VeryComplex(), np.linspace(0, 1, 24)),
    "nondeterministic_loader": (Images(), map(load, range(60))),
    "real_terrain": (Terrain(), list(sun(120))[::4]),
}
CHOICE = """
The defaults are veryfast, crf 20, without macroblock tree: in the geometric mean less SSIM lost than by
the reference (on very_complex and multi_panel a little more), a third of its time, half as much again in
size. On plots of lines 50 dB and more, nowhere below 42 dB: no difference to be seen. The tree is off,
although it saves size, because it gives other bytes from run to run on machines with AVX-512 (x264 core
165, one thread or many)."""
SETTINGS = [
    ("slow", 20, 1),
    ("slow", 20, 0),
    ("medium", 20, 0),
    *[("veryfast", crf, 0) for crf in (16, 18, 20, 22, 23)],
    *[("superfast", crf, 0) for crf in (16, 18, 20, 22)],
    *[("ultrafast", crf, 0) for crf in (16, 20)],
    ("veryfast", 18, 1),
    ("veryfast", 20, 1),
    ("faster", 20, 0),
    ("fast", 20, 0),
]


def draw(animator, params):
    renderer = Renderer(RenderJob(animator, DrawSpec(), {}))
    frames = [renderer.frame(i, p) for i, p in enumerate(params)]
    renderer.close()
    return frames


def encode(frames, path, preset, crf, mbtree):
    """Return CPU seconds and the yuv420p frames that went into the encoder."""
    options = ["-mbtree", str(mbtree), "-threads", "1"]
    spec = create_encode_spec(path, 30, preset=preset, quality=crf, extra_ffmpeg_params=options)
    start = time.process_time()
    with OutputFile(path) as output, VideoWriter(output, spec) as writer:
        for frame in frames:
            writer.write(frame)
    return time.process_time() - start


def originals(frames):
    """The frames as the encoder gets them."""
    spec = create_encode_spec(Path("a.mp4"), 30)
    with tempfile.TemporaryDirectory() as folder, OutputFile(Path(folder) / "a.mp4") as output:
        writer = VideoWriter(output, spec)
        return [writer._to_yuv(frame) for frame in frames]


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
        for setting in SETTINGS:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "a.mp4"
                times = [encode(frames, path, *setting) for _ in range(3)]
                rows[name, setting] = (
                    path.stat().st_size / 1000,
                    compare(path, originals(frames), "psnr", "lavfi.psnr.psnr_avg"),
                    compare(path, originals(frames), "ssim", "lavfi.ssim.All"),
                    statistics.median(times) / len(frames) * 1000,
                )
    report(rows)


def report(rows):
    print("# x264 settings on the examples\n")
    print("Made by `python benchmarks/encoder_defaults.py`. ms: CPU time per frame of conversion and")
    print(
        "encoding, one thread, median of 3. Ratios are to crf 20, slow, macroblock tree, the settings of"
    )
    print("parallel-matplotlib-animation; geometric means over the examples.\n")
    print("| preset | crf | mbtree | size ratio | time ratio | SSIM loss ratio | worst PSNR |")
    print("|---|---|---|---|---|---|---|")
    reference = ("slow", 20, 1)
    for setting in SETTINGS:
        ratios = [[], [], []]
        for name in EXAMPLES:
            size, _, ssim, ms = rows[name, setting]
            size0, _, ssim0, ms0 = rows[name, reference]
            for ratio, value in zip(
                ratios, (size / size0, ms / ms0, max(1 - ssim, 1e-5) / max(1 - ssim0, 1e-5)), strict=True
            ):
                ratio.append(value)
        worst = min(rows[name, setting][1] for name in EXAMPLES)
        means = " | ".join(f"{statistics.geometric_mean(ratio):.2f}" for ratio in ratios)
        print(f"| {setting[0]} | {setting[1]} | {setting[2]} | {means} | {worst:.1f} dB |")
    print(CHOICE)
    for name in EXAMPLES:
        print(f"\n## {name}\n")
        print("| preset | crf | mbtree | kB | PSNR | SSIM | ms |")
        print("|---|---|---|---|---|---|---|")
        for setting in SETTINGS:
            size, psnr, ssim, ms = rows[name, setting]
            print(
                f"| {setting[0]} | {setting[1]} | {setting[2]} "
                f"| {size:.0f} | {psnr:.1f} | {ssim:.5f} | {ms:.1f} |"
            )


if __name__ == "__main__":
    main()
