"""Frames that exist already, as frame sources that can be rendered.

This folder turns arrays of frames, of any kind and size, into a frame source and the parameters that
supply its frames. Read `arrays` first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
