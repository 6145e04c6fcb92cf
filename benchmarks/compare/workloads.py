"""What is animated, for every tool alike: sources, numbers of frames, and what is special about them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

ANIMATIONS = Path(__file__).parent / "animations"
EXAMPLES = Path(__file__).parents[2] / "examples"
FPS = 30
#: The environment variable that holds the path of the field on disk.
FIELD = "BENCHMARK_FIELD"

EVENLY = """

def params(n_frames):
    return [{} * idx / n_frames for idx in range(n_frames)]
"""


@dataclass(frozen=True)
class Workload:
    """An animation.

    Attributes
    ----------
    animator
        The name of the class in `source`, or None if the source defines `animation(n_frames)`, which
        returns a `FuncAnimation`.
    size
        Width and height in pixels.
    quick_frames
        The number of frames where only correctness counts.
    artists
        What `update()` changes, as an expression of `animator`; for matplotlib's `blit=True`.
    whole
        All parameters as one object, as an expression of `n_frames`, for tools that take it.
    anew
        Statements that plot a frame with new artists, for tools that keep those of all frames.
    before
        Statements after `setup()`, before these.
    needs
        Modules that have to be installed.
    random_access
        True if a process can make the parameters of any frame.
    is_varied
        True if the tools are compared at equal settings of the encoder, too, and in a warm process.
    """

    name: str
    source: str
    animator: str | None
    size: tuple[int, int]
    n_frames: int
    quick_frames: int
    artists: str | None = None
    whole: str | None = None
    before: str = ""
    anew: str | None = None
    needs: tuple[str, ...] = ()
    random_access: bool = True
    is_varied: bool = False
    xmovie: str | None = field(default=None, repr=False)

    def script(self, base: str | None) -> str:
        """Return the source with `Animator` imported from a package, or with `object` in its place."""
        line = "from dask_animate import Animator\n"
        new = f"from {base} import Animator\n" if base else "\nAnimator = object\n"
        return self.source.replace(line, new)


def example(name: str, stop: float) -> str:
    """Return the source of an example whose parameters go evenly from 0 to `stop`."""
    return (EXAMPLES / f"{name}.py").read_text().split("\n\nif __name__")[0] + EVENLY.format(stop)


def animation(name: str) -> str:
    return (ANIMATIONS / f"{name}.py").read_text()


LINES_ANEW = """
for k in range(3):
    ax.plot(animator.x, np.sin(animator.x + k + 6 * item), color=f"C{k}")
ax.text(0.5, 1.006, f"t = {item:.3f}", transform=ax.transAxes, ha="center", fontsize=12)
"""
XMOVIE = """
def plot(data, fig, timestep, framedim, **kwargs):
    ax = fig.subplots()
    step = data.isel({framedim: timestep})
    image = ax.imshow(step.values, vmin=-2, vmax=32, extent=(0, 360, -90, 90))
    ax.set_title(str(step.time.values)[:10])
    fig.colorbar(image, orientation="horizontal", shrink=0.6)
    return ax, image
"""

WORKLOADS = [
    Workload(
        "simple_wave",
        example("simple_wave", 25),
        "Wave",
        (640, 480),
        n_frames=300,
        quick_frames=30,
        artists="[animator.line]",
        before="animator.line.remove()",
        anew='ax.plot(animator.x, np.cos(animator.x + item), color="C0")',
        is_varied=True,
    ),
    Workload(
        "multi_panel",
        example("multi_panel", 1),
        "MultiPanel",
        (1200, 700),
        n_frames=90,
        quick_frames=8,
        artists="[*animator.lines, *animator.bars, animator.image, animator.helix, animator.scatter]",
        is_varied=True,
    ),
    Workload(
        "very_complex",
        example("very_complex", 1),
        "VeryComplex",
        (1600, 900),
        n_frames=20,
        quick_frames=3,
        is_varied=True,
    ),
    Workload(
        "lines 1080p",
        animation("lines"),
        "Lines",
        (1920, 1080),
        n_frames=120,
        quick_frames=10,
        artists="[*animator.lines, animator.ax.title]",
        before="[line.remove() for line in animator.lines]",
        anew=LINES_ANEW,
        is_varied=True,
    ),
    Workload(
        "lines 2160p",
        animation("lines") + "\n\nLines.dpi = 200\n",
        "Lines",
        (3840, 2160),
        n_frames=32,
        quick_frames=4,
        artists="[*animator.lines, animator.ax.title]",
    ),
    Workload(
        "scatter of 100,000",
        animation("scatter"),
        "Scatter",
        (1280, 720),
        n_frames=30,
        quick_frames=4,
        artists="[animator.dots]",
        before="animator.dots.remove()",
        anew='ax.scatter(*((animator.start + [item, 2 * item]) % 1).T, s=2, color="C0")',
    ),
    Workload(
        "image 2048x2048",
        animation("image"),
        "Image",
        (1920, 1080),
        n_frames=30,
        quick_frames=4,
        artists="[animator.image]",
    ),
    Workload(
        "field on disk",
        animation("field"),
        "Field",
        (1280, 720),
        n_frames=60,
        quick_frames=6,
        artists="[animator.image, animator.title]",
        whole="field(n_frames)",
        needs=("xarray", "zarr"),
        xmovie=XMOVIE,
    ),
    Workload(
        "FuncAnimation",
        animation("pendulum"),
        None,
        (640, 480),
        n_frames=240,
        quick_frames=24,
    ),
    Workload(
        "bitmaps, generated",
        animation("bitmaps"),
        "Bitmap",
        (1920, 1080),
        n_frames=30,
        quick_frames=4,
        artists="[animator.image]",
        random_access=False,
    ),
    Workload(
        "map by cartopy",
        animation("map"),
        "Track",
        (1280, 720),
        n_frames=30,
        quick_frames=6,
        artists="[animator.track, animator.satellite]",
        needs=("cartopy", "scipy"),
    ),
]


def slug(name: str) -> str:
    """Return a name as files have it."""
    return re.sub(r"\W+", "_", name).strip("_")
