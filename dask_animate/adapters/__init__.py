"""Frames that come from elsewhere, as sources that can be rendered.

Arrays of finished frames, of any kind and size, become a source of frames and the parameters that say
which frame is meant. Read `arrays` first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
