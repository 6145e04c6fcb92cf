"""Frames that exist already, as frame sources that can be rendered.

This folder turns arrays of frames, of any kind and size, into a source and the parameters that supply
its frames, and has frame sources for image files and video files. Read `finished_frames` or
`image_files` first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
