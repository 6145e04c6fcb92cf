"""Frames that are kept in zarr, so that a render can be continued.

This folder alone knows zarr: where a store may lie, what in it is ours and may be deleted, how frames
are kept with digests that tell what they are, and how they are found again. Read `frame_store` first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
