"""The tools: what they need, and the script that their documentation tells users to write.

Each has at most `n_workers` processes that draw, and the fastest way that its documentation shows. A
script writes out/a.mp4 in the folder where it runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .workloads import FPS, Workload

#: What the workloads import; each environment has it.
COMMON = ("matplotlib", "numpy", "av", "xarray", "zarr", "dask", "cartopy", "scipy")
#: Encoder options of this library and of parallel-matplotlib-animation, and of ffmpeg.
OPTIONS = {"equal": ', video_mode="cpu", video_preset="slow", video_quality=20'}
EXTRA_ARGS = {"equal": ', extra_args=["-preset", "slow", "-crf", "20"]'}
#: How a script is measured: as users write it; at equal settings of the encoder; and, as users write it,
#: in a process that has made a short video before, on a cluster that runs where the tool has one.
SETTINGS = ("defaults", "equal", "again")
#: The name of this library and of its environment, which plain matplotlib shares; and where it is.
OURS, ROOT = "dask_animate", Path(__file__).parents[2]


#: Starts a cluster of a number of workers.
CLUSTER = "Client(n_workers={}, threads_per_worker=1)"


@dataclass(frozen=True)
class Tool:
    """A tool.

    Attributes
    ----------
    script
        Returns the script for a workload and one of `SETTINGS`, or says in a sentence,
        without line breaks, why there is none.
    environment
        The name of the virtual environment.
    is_parallel
        True if it draws in several processes.
    has_cluster
        True if these are a cluster of Dask, which may run before a video is asked for.
    requirements
        What pip installs there, besides what the workloads need; a path is that of a checkout.
    """

    name: str
    script: Callable[[Workload, int, str, int], str]
    environment: str = OURS
    requirements: tuple[str, ...] = (str(ROOT),)
    is_parallel: bool = False
    has_cluster: bool = False

    def session(self, n_workers: int) -> str:
        """Return a script that runs warm_up.py and script.py, and writes the seconds of the latter."""
        cluster = CLUSTER.format(n_workers) if self.has_cluster else ""
        return SESSION.format(
            importing="from dask.distributed import Client" if cluster else "import contextlib",
            cluster=cluster or "contextlib.nullcontext()",
        )


SESSION = """
import os
import runpy
import time
{importing}

if __name__ == "__main__":
    with {cluster}:
        runpy.run_path("warm_up.py", run_name="__main__")
        os.remove("out/a.mp4")
        start = time.perf_counter()
        runpy.run_path("script.py", run_name="__main__")
        seconds = time.perf_counter() - start
    with open("seconds", "w") as file:
        file.write(str(seconds))
"""


def is_script(text: str) -> bool:
    return "\n" in text


def ours(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    options = f"fps={FPS}, num_workers={n_workers}{OPTIONS.get(settings, '')}"
    phases = PHASES if settings == "again" else ""
    if workload.animator is None:
        return (
            f"{workload.script(None)}\n\nimport dask_animate\n\n"
            f'video = dask_animate.save(animation({n_frames}), "out/a.mp4", {options})\n{phases}'
        )
    params = f"params({n_frames})"
    if workload.whole:
        params = workload.whole.replace("n_frames", str(n_frames))
    return (
        f"{workload.script('dask_animate')}\n\n"
        f'video = {workload.animator}().make_video("out/a.mp4", {params}, {options})\n{phases}'
    )


#: Adds up the seconds of the phases over all partitions, and what was not spent in any.
PHASES = """
import collections
import json

stats, phases = video.stats, collections.Counter()
for partition in [*stats.partitions, *stats.encoded_here]:
    phases.update(partition.phases)
with open("phases.json", "w") as file:
    json.dump({"wall": stats.wall_seconds, **phases}, file)
"""


def parallel_animate(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    if workload.animator is None:
        return "takes no FuncAnimation"
    return f"""{workload.script("parallel_animate")}

if __name__ == "__main__":
    {workload.animator}().make_video(
        "out/a.mp4",
        param_by_frame=params({n_frames}),
        n_frames={n_frames},
        fps={FPS},
        num_workers={n_workers}{OPTIONS.get(settings, "")},
    )
"""


def func_animation(workload: Workload, n_frames: int, settings: str, blit: bool) -> str:
    save = f'.save("out/a.mp4", writer="ffmpeg", fps={FPS}{EXTRA_ARGS.get(settings, "")})'
    if workload.animator is None:
        if blit:
            return "the animation itself says blit=True"
        return f"{workload.script(None)}\n\nanimation({n_frames}){save}\n"
    if blit and not workload.artists:
        return "update() makes new artists, which it does not return"
    return f"""{workload.script(None)}

from matplotlib.animation import FuncAnimation

animator = {workload.animator}()
figure = animator.setup()


def init():
    return {workload.artists if blit else []}


def animate(item):
    animator.update(*item)
    return {workload.artists if blit else []}


FuncAnimation(
    figure,
    animate,
    enumerate(params({n_frames})),
    init_func=init,
    save_count={n_frames},
    repeat=False,
    cache_frame_data=False,
    blit={blit},
){save}
"""


def matplotlib(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    return func_animation(workload, n_frames, settings, blit=False)


def matplotlib_blit(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    return func_animation(workload, n_frames, settings, blit=True)


def plain_loop(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    """Return a loop that draws and encodes, as PyAV's documentation has it."""
    if workload.animator is None:
        return "takes no FuncAnimation"
    options = ', options={"preset": "slow", "crf": "20"}' if settings == "equal" else ""
    width, height = workload.size
    return f"""{workload.script(None)}

import av

animator = {workload.animator}()
canvas = animator.setup().canvas
with av.open("out/a.mp4", "w") as container:
    stream = container.add_stream("libx264", rate={FPS}{options})
    stream.width, stream.height, stream.pix_fmt = {width}, {height}, "yuv420p"
    for idx, item in enumerate(params({n_frames})):
        animator.update(idx, item)
        canvas.draw()
        frame = av.VideoFrame.from_ndarray(np.asarray(canvas.buffer_rgba()), format="rgba")
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
"""


def matplotloom(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    if workload.animator is None:
        return "takes no FuncAnimation"
    if settings == "equal":
        return "has no options for the encoder"
    return f"""{workload.script(None)}

from joblib import Parallel, delayed
from matplotloom import Loom


def plot_frame(item, frame_number, loom):
    animator = {workload.animator}()
    fig = animator.setup()
    animator.update(frame_number, item)
    loom.save_frame(fig, frame_number)


if __name__ == "__main__":
    with Loom("out/a.mp4", fps={FPS}, parallel=True) as loom:
        Parallel(n_jobs={n_workers})(
            delayed(plot_frame)(item, idx, loom) for idx, item in enumerate(params({n_frames}))
        )
"""


def streamjoy(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    if workload.animator is None:
        return "takes no FuncAnimation"
    if settings == "equal":
        return "has no option for the preset"
    cluster = CLUSTER.format(n_workers)
    return f"""{workload.script(None)}

from dask.distributed import Client
from streamjoy import stream, wrap_matplotlib


@wrap_matplotlib()
def plot(item):
    animator = {workload.animator}()
    fig = animator.setup()
    animator.update(*item)
    return fig


if __name__ == "__main__":
    stream(
        list(enumerate(params({n_frames}))),
        uri="out/a.mp4",
        renderer=plot,
        fps={FPS},
        max_frames=-1,
        ending_pause=0,
        client={"Client.current()" if settings == "again" else cluster},
    )
"""


def celluloid(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    if workload.anew is None:
        return "keeps the artists of all frames, which would have to be made anew"
    anew = workload.anew.strip().replace("\n", "\n    ")
    return f"""{workload.script(None)}

from celluloid import Camera

animator = {workload.animator}()
fig = animator.setup()
{workload.before}
ax = fig.axes[0]
camera = Camera(fig)
for item in params({n_frames}):
    {anew}
    camera.snap()
camera.animate().save("out/a.mp4", writer="ffmpeg", fps={FPS}{EXTRA_ARGS.get(settings, "")})
"""


def xmovie(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    if workload.xmovie is None:
        return "takes arrays of xarray only"
    ffmpeg = ', ffmpeg_options="-c:v libx264 -preset slow -crf 20 -pix_fmt yuv420p"'
    width, height = workload.size
    return f"""{workload.script(None)}

from xmovie import Movie

{workload.xmovie}

if __name__ == "__main__":
    movie = Movie(
        field({n_frames}).chunk(time=1),
        plot,
        pixelwidth={width},
        pixelheight={height},
        dpi=100,
        input_check=False,
    )
    movie.save(
        "out/a.mp4",
        parallel=True,
        parallel_compute_kwargs={{"scheduler": "processes", "num_workers": {n_workers}}},
        framerate={FPS}{ffmpeg if settings == "equal" else ""},
    )
"""


def pympanim(workload: Workload, n_frames: int, settings: str, n_workers: int) -> str:
    if workload.animator is None:
        return "takes no FuncAnimation"
    if settings == "equal":
        return "has no options for the encoder but its bit rate"
    if not workload.random_access:
        return "asks for frames by their time, which a generator does not know"
    return f"""{workload.script(None)}

import pympanim.frame_gen as fg
import pympanim.worker as pmaw


class Frames(fg.FrameGenerator):
    duration = ({n_frames} + 0.5) * 1000 / {FPS}
    frame_size = {workload.size}

    def start(self):
        self.params = list(params({n_frames}))
        self.animator = {workload.animator}()
        self.canvas = self.animator.setup().canvas

    def generate_at(self, time_ms):
        idx = round(time_ms * {FPS} / 1000)
        self.animator.update(idx, self.params[idx])
        self.canvas.draw()
        return bytes(self.canvas.buffer_rgba())


if __name__ == "__main__":
    settings = pmaw.PerformanceSettings(num_workers={n_workers}, max_workers={n_workers})
    pmaw.produce(Frames(), fps={FPS}, dpi=100, bitrate=-1, outfile="out/a.mp4", settings=settings)
"""


def reference(workload: Workload, n_frames: int) -> str:
    """Return a script that draws frames plainly and keeps them without loss, as ref.mkv."""
    loop = f"""
animator = {workload.animator}()
figure = animator.setup()
steps = (animator.update(*item) for item in enumerate(params({n_frames})))
"""
    if workload.animator is None:
        loop = f"""
drawn = animation({n_frames})
figure = drawn._fig
drawn._init_draw()
steps = (drawn._draw_next_frame(idx, blit=False) for idx in range({n_frames}))
"""
    width, height = workload.size
    return f"""{workload.script(None)}

import io

import av
{loop}
with av.open("ref.mkv", "w") as container:
    stream = container.add_stream("libx264rgb", rate={FPS}, options={{"preset": "ultrafast", "qp": "0"}})
    stream.width, stream.height, stream.pix_fmt = {width}, {height}, "rgb24"
    for _ in steps:
        with io.BytesIO() as file:
            figure.savefig(file, format="rgba", dpi=figure.dpi)
            pixels = np.frombuffer(file.getbuffer(), np.uint8).reshape({height}, {width}, 4)[..., :3]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            del pixels
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
"""


#: What users write without any tool.
PLAIN_LOOP = "plain loop"
PMA = "parallel-matplotlib-animation"
TOOLS = [
    Tool(OURS, ours, is_parallel=True, has_cluster=True),
    Tool(PMA, parallel_animate, PMA, (f"{PMA}==0.1.4",), is_parallel=True),
    Tool("matplotlib", matplotlib),
    Tool("matplotlib, blit", matplotlib_blit),
    Tool(PLAIN_LOOP, plain_loop),
    Tool("matplotloom", matplotloom, "matplotloom", ("matplotloom", "joblib"), is_parallel=True),
    Tool("streamjoy", streamjoy, "streamjoy", ("streamjoy",), is_parallel=True, has_cluster=True),
    Tool("xmovie", xmovie, "xmovie", ("xmovie",), is_parallel=True),
    Tool("celluloid", celluloid, "celluloid", ("celluloid",)),
    Tool("pympanim", pympanim, "pympanim", ("pympanim",), is_parallel=True),
]
#: Those whose videos are checked by ``--quick``; they need no environment but that of this library.
QUICK = (OURS, "matplotlib")
