"""Building a figure and drawing its frames.

This folder makes each frame depend on its index and its parameters alone: it isolates the global state
that drawing code uses, fixes the size and the layout of the figure, and seeds random numbers. It also
decides whether a frame is drawn in full or incrementally. Input is an animator and its drawing options;
output is pixels. Read the protocol in `source` first, then `figure_source`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
