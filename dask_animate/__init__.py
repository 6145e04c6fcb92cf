"""Turn a matplotlib figure and a sequence of parameters into a video, on a Dask cluster.

Derive a class from `Animator`: its `setup` builds the figure, its `update` changes it to show one frame.
Then ``make_video`` draws the frames on all cores, or on the workers of a Dask cluster::

    class Wave(Animator):
        def setup(self):
            fig, ax = plt.subplots()
            self.x = np.linspace(0, 4 * np.pi, 200)
            (self.line,) = ax.plot(self.x, np.cos(self.x))
            return fig

        def update(self, frame_idx, phase):
            self.line.set_ydata(np.cos(self.x + phase))

    video = Wave().make_video("wave.mp4", np.linspace(0, 2 * np.pi, 60), fps=30)

``preview`` shows some frames, ``explore`` any of them with a slider, ``check`` says whether frames
depend on anything but their arguments, and ``frames`` returns them as a lazy dask array. `FrameSource`
does all this for frames that are drawn without matplotlib; `dask_animate.sources` has ready ones for
image files and video files. `save` renders matplotlib's own animations. `write_video` encodes frames
that exist already, and `join` makes one video of several. `Clip` cuts, speeds up, joins and overlays
frames of all these before they are drawn.

`dask_animate.xarray` animates labelled data, `dask_animate.errors` has the exceptions and warnings, and
`dask_animate.util` two helpers.
"""

from typing import TYPE_CHECKING

from .animator import Animator
from .frame_source import FrameSource
from .join import join
from .params import IndexedFrameParams
from .video import Video
from .write import write_video

if TYPE_CHECKING:
    from .clips import Clip
    from .function_animator import animate
    from .render import Render
    from .saving import save

__all__ = [
    "Animator",
    "Clip",
    "FrameSource",
    "IndexedFrameParams",
    "Render",
    "Video",
    "animate",
    "join",
    "save",
    "write_video",
]

__version__: str


def __getattr__(name: str) -> object:
    # These import matplotlib, or PyAV, which workers do not need to draw the frames of a FrameSource.
    if name == "animate":
        from .function_animator import animate

        return animate
    if name == "Clip":
        from .clips import Clip

        return Clip
    if name == "Render":
        from .render import Render

        return Render
    if name == "save":
        from .saving import save

        return save
    if name == "__version__":
        return _version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("dask_animate")
    except PackageNotFoundError:
        raise AttributeError("dask_animate is not installed: its version is unknown") from None
