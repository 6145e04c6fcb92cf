"""Turn a matplotlib figure and a sequence of parameters into a video, on a Dask cluster."""

from .animator import Animator
from .params import IndexedFrameParams
from .video import Video
from .write import write_video

__all__ = ["Animator", "IndexedFrameParams", "Video", "write_video"]
