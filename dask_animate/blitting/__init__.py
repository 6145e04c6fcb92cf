"""The pixels of a figure from its last ones.

This folder knows how matplotlib draws. A recorder takes the place of the renderer and turns what artists
draw into display lists: draw commands, each with the pixels that it can touch. Invalidation tells which
artists may look different in the next frame. Only those are recorded again, and only the dirty
rectangles, where display lists differ, are drawn. In goes a figure whose artists were changed; out come
the pixels of a full draw. Read `blitter` first, then `scene`. All that is used of matplotlib and is not
public is in `_matplotlib`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
