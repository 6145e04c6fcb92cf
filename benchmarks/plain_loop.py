"""Wall time of a render on two cores, over half the CPU time of a loop that draws, converts and encodes.

    python benchmarks/plain_loop.py [runs] [animation ...]

Two loops in one process, whose encoder has one thread and the library's options. "incremental" draws
each frame from the one before, as the library does, without comparing. "matplotlib" is what can be
written without the library: `update()`, `canvas.draw()`, PyAV; it draws an eighth of the frames, times
eight. A render takes two warm workers, or neither a client nor a number of workers.

"two loops at once" are two processes that know nothing of each other, each with half of the frames of
the incremental loop: what the machine gives to two processes, without any library.
"""

import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import av
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client, LocalCluster
from matplotlib.backends.backend_agg import FigureCanvasAgg
from redraw import Lines
from scaling import Wave

from dask_animate.drawing.options import DrawOptions
from dask_animate.encoding.encoder_choice import choose_encoder
from dask_animate.encoding.options import EncodeOptions
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec
from dask_animate.rendering.task_output import TaskSpec

PART = 8
#: The loops, and how seconds are counted.
ONE, TWO, WHOLE = LOOPS = ("incremental, CPU / 2", "two loops at once, CPU", "matplotlib, CPU / 2")
ANIMATIONS = {
    "wave 640x480, 6000 frames": (Wave((6.4, 4.8)), 6000),
    "lines 1920x1080, 800 frames": (Lines(), 800),
}


def encoding_of(path, size):
    return choose_encoder(EncodeOptions.create(path, 30, mode="cpu"), size)


def incremental(animator, params, path):
    """Return the CPU seconds of a loop that draws incrementally."""
    renderer = Renderer(FigureSpec(animator, DrawOptions(redraw="blit"), {}))
    encoding = encoding_of(path, renderer.size())
    start = time.process_time()
    renderer.render(TaskSpec(encoding), 0, enumerate(params), len(params))
    seconds = time.process_time() - start
    renderer.close()
    return seconds


def at_once(loops, animator, params, folder):
    """Return the CPU seconds of the slower of two incremental loops, each with half of the frames."""
    halves = params[: len(params) // 2], params[len(params) // 2 :]
    paths = [os.path.join(folder, f"{idx}.mp4") for idx in range(2)]
    return max(loops.map(incremental, [animator] * 2, halves, paths))


def matplotlib(animator, params, path):
    """Return the CPU seconds of a loop that draws whole figures."""
    figure = animator.setup()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    height, width = canvas.buffer_rgba().shape[:2]
    renderer = Renderer(FigureSpec(animator, DrawOptions(), {}))
    encoding = encoding_of(path, renderer.size())
    renderer.close()
    start = time.process_time()
    with av.open(path, "w") as container:
        stream = container.add_stream(encoding.encoder, 30, options=encoding.options(1))
        stream.width, stream.height, stream.pix_fmt = width, height, encoding.pixel_format
        stream.codec_context.thread_count = 1
        for idx, param in enumerate(params[: len(params) // PART]):
            animator.update(idx, param)
            canvas.draw()
            frame = av.VideoFrame.from_ndarray(np.asarray(canvas.buffer_rgba()), "rgba")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    plt.close(figure)
    return PART * (time.process_time() - start)


def wall(animator, params, path, client):
    start = time.perf_counter()
    animator.make_video(path, params, 30, client=client)
    return time.perf_counter() - start


def warm(animator, params, path, client):
    """Return wall seconds, and the CPU seconds of the workers and of this process."""
    before = sum(client.run(time.process_time).values()) + time.process_time()
    seconds = wall(animator, params, path, client)
    return seconds, sum(client.run(time.process_time).values()) + time.process_time() - before


def main(runs=3, *wanted):
    print("| animation | loop | its seconds | two warm workers | ratio | of CPU | choice | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
        ProcessPoolExecutor(2, get_context("spawn")) as loops,
    ):
        path = os.path.join(folder, "a.mp4")
        for title, (animator, n_frames) in ANIMATIONS.items():
            if wanted and not title.startswith(wanted):
                continue
            params = [idx / n_frames for idx in range(n_frames)]
            wall(animator, params[:60], path, client)  # imports
            at_once(loops, animator, params[:60], folder)  # imports
            taken = {name: [] for name in (*LOOPS, "warm", "cpu", "choice")}
            for _ in range(int(runs)):
                taken[ONE].append(incremental(animator, params, path) / 2)
                taken[TWO].append(at_once(loops, animator, params, folder))
                seconds, cpu = warm(animator, params, path, client)
                taken["warm"].append(seconds)
                taken["cpu"].append(cpu / 2)
                taken["choice"].append(wall(animator, params, path, None))
                taken[WHOLE].append(matplotlib(animator, params, path) / 2)
            for loop in LOOPS:
                ratios = {
                    way: statistics.median(a / b for a, b in zip(taken[way], taken[loop], strict=True))
                    for way in ("warm", "cpu", "choice")
                }
                cells = [title, loop, shown(taken[loop]), shown(taken["warm"])]
                cells += [f"{ratios['warm']:.2f}", f"{ratios['cpu']:.2f}", shown(taken["choice"])]
                print("|", " | ".join([*cells, f"{ratios['choice']:.2f}"]), "|", flush=True)


def shown(seconds):
    return f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


if __name__ == "__main__":
    main(*sys.argv[1:])
