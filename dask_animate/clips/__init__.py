"""Clips: frames of any source as a function of time, cut, joined and laid over each other.

A clip is an immutable tree of small objects. Asked for a time, it answers with a picture: an expression
that says which frames of which sources are shown, and how they are put together. Two equal pictures have
the same pixels. A render is an ordinary one, whose frame i is the picture in the middle of frame i. Read
`nodes` first, then `pictures`, then `clip_source`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
