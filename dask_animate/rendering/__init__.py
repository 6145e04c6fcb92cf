"""One render in one process.

What a process has to know to draw frames, the renderer that draws partitions of them, and what it
returns: blocks of pixels, encoded segments, or frames that were kept in a store. Read `renderer`
first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
