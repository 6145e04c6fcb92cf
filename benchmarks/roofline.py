"""A render in one process, beside the least that its parts can take: update, draw, convert, encode, mux.

    python benchmarks/roofline.py [runs] [animation ...]

The limit is a loop that is written for one animation, with matplotlib and PyAV alone: it restores the
background and draws the artists that it knows to change, in whatever order and without looking whether
the pixels are right, converts, encodes with one thread and the library's options, and muxes. Where an
animation makes new artists, it draws the whole figure. All of it is CPU time in milliseconds a frame;
imports, figures and the first frame are not counted for either. Loop and render take turns.

The last columns are what the render says of its own phases (`video.stats`), of which `compare` is the
price of exactness and `other` that of isolation.
"""

import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

import av
import matplotlib.pyplot as plt
import numpy as np
from av.video.reformatter import VideoReformatter

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the animations of the comparison
from benchmarks.compare.workloads import FPS, WORKLOADS
from dask_animate.encoding.encoder_choice import choose_encoder
from dask_animate.encoding.options import EncodeOptions
from dask_animate.frames import FrameSize

#: Animations of the comparison, and the frames that are drawn of them here.
FRAMES = {
    "simple_wave": 2000,
    "multi_panel": 200,
    "very_complex": 40,
    "lines 1080p": 300,
    "scatter of 100,000": 60,
    "image 2048x2048": 60,
}
PARTS = ("update", "draw", "convert", "encode", "mux")
PHASES = ("draw", "compare", "convert", "encode", "other")


def loaded(workload, n_frames):
    """Return an animator of the workload, and the parameters of its frames."""
    names = {"__name__": "workload", "__file__": __file__}
    exec(compile(workload.script("dask_animate"), workload.name, "exec"), names)
    return names[workload.animator](), list(names["params"](n_frames))


class Laps(dict):
    """CPU seconds of the parts of a loop."""

    def __init__(self):
        super().__init__(dict.fromkeys(PARTS, 0.0))
        self.last = time.process_time()

    def lap(self, part=None):
        now = time.process_time()
        if part:
            self[part] += now - self.last
        self.last = now


def limit(workload, n_frames, path):
    """Return the CPU seconds of the parts of a loop that knows what changes."""
    animator, params = loaded(workload, n_frames)
    figure = animator.setup()
    canvas = figure.canvas
    artists = eval(workload.artists, {"animator": animator}) if workload.artists else None
    for artist in artists or ():
        artist.set_animated(True)
    animator.update(0, params[0])
    canvas.draw()
    figure.set_layout_engine("none")
    background = canvas.copy_from_bbox(figure.bbox)
    height, width = np.asarray(canvas.buffer_rgba()).shape[:2]
    encoding = choose_encoder(EncodeOptions.create(path, FPS, mode="cpu"), FrameSize(height, width))
    with av.open(path, "w") as container:
        stream = container.add_stream(encoding.encoder, FPS, options=encoding.options(1))
        stream.width, stream.height, stream.pix_fmt = width, height, encoding.pixel_format
        stream.codec_context.thread_count = 1
        reformatter, laps = VideoReformatter(), Laps()
        for idx, param in enumerate(params):
            animator.update(idx, param)
            laps.lap("update")
            if artists:
                canvas.restore_region(background)
                for artist in artists:
                    figure.draw_artist(artist)
            else:
                canvas.draw()
            laps.lap("draw")
            frame = av.VideoFrame.from_ndarray(np.asarray(canvas.buffer_rgba()), "rgba")
            frame = reformatter.reformat(frame, format=encoding.pixel_format)
            laps.lap("convert")
            packets = stream.encode(frame)
            laps.lap("encode")
            container.mux(packets)
            laps.lap("mux")
        packets = stream.encode(None)
        laps.lap("encode")
        container.mux(packets)
        laps.lap("mux")
    plt.close(figure)
    return laps


def render(workload, n_frames, path):
    """Return the CPU seconds of a render in this process, and the seconds of its phases.

    A render of two frames takes as long but for the other frames.
    """
    animator, params = loaded(workload, n_frames)
    seconds = []
    for part in (params[:2], params):
        start = time.process_time()
        video = animator.make_video(path, part, FPS, num_workers=1, video_mode="cpu")
        seconds.append(time.process_time() - start)
    reports = [*video.stats.partitions, *video.stats.encoded_here]
    return seconds[1] - seconds[0], {
        name: sum(report.phases.get(name, 0.0) for report in reports) for name in PHASES
    }


def main(runs=3, *wanted):
    head = ["animation", *PARTS, "limit", "render", "ratio", *(f"its {name}" for name in PHASES)]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(KeyboardInterrupt):
        path = f"{folder}/a.mp4"
        for workload in WORKLOADS:
            n_frames = FRAMES.get(workload.name)
            if n_frames is None or (wanted and not workload.name.startswith(wanted)):
                continue
            render(workload, 3, path)  # imports
            parts, renders, phases, ratios = [], [], [], []
            for _ in range(int(runs)):
                parts.append(limit(workload, n_frames, path))
                seconds, phase = render(workload, n_frames, path)
                renders.append(seconds)
                phases.append(phase)
                ratios.append(seconds / sum(parts[-1].values()))
            cells = [
                f"{workload.name}, {n_frames} frames",
                *(shown([one[name] for one in parts], n_frames) for name in PARTS),
                shown([sum(one.values()) for one in parts], n_frames),
                shown(renders, n_frames),
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
                *(shown([one[name] for one in phases], n_frames) for name in PHASES),
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


def shown(seconds, n_frames):
    return f"{1000 * statistics.median(seconds) / n_frames:.2f}"


if __name__ == "__main__":
    main(*sys.argv[1:])
