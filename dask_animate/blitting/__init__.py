"""The pixels of a figure from its last ones.

This folder knows how matplotlib draws. Artists draw into a recorder, which writes a display list:
drawing commands, with the pixels that each can touch. Invalidation tells which artists may look
otherwise in the next frame; only those are recorded again, and only the rectangles where display lists
differ are drawn. In goes a figure whose artists were changed; out come pixels equal to those of a full
draw. Read `blitter` first, then `scene`. Everything of matplotlib that is not public stands in
`_matplotlib`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
