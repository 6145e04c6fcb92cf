"""Inspection of an animation before it is rendered.

A contact sheet shows sampled frames on one image. The determinism check draws sampled frames in several
orders and reports what they depend on besides their arguments. The explorer shows any frame, with a
slider in a notebook. Read `contact_sheet`, `determinism` or `frame_browser`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
