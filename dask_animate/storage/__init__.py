"""Frames stored in zarr, so that a render can be continued.

This folder alone knows zarr: where a store may lie, how it is laid out, what in it this library made and
may delete, how frames are stored with digests of what they were drawn from, and how they are found again
and verified. Read `frame_store` first, then `frame_cache`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
