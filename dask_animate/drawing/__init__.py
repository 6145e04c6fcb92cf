"""A figure made ready, and drawn frame after frame.

This folder knows what has to be settled for a frame to depend on its index and its parameters alone:
the state of the process that drawing code sees, the size and the layout of the figure, random numbers,
and whether a frame is drawn as a whole or from the one before. In go an animator and the options of
drawing; out come pixels. Read `frame_source` first, the protocol, then `figure_source`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
