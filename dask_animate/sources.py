"""Ready frame sources: `ImageFiles` and `VideoFile`.

Each is a `dask_animate.FrameSource`, so that it makes videos, lazy arrays and previews. Derive a class
from one of them to change its frames: override ``draw`` and call ``super().draw(frame_idx, params)``.
"""

from .adapters import ImageFile, ImageFiles, VideoFile

__all__ = ["ImageFile", "ImageFiles", "VideoFile"]
