"""Looking at an animation before it is rendered.

A contact sheet shows some frames of it on one image; the determinism check draws some in several
orders, and says on what else than their arguments they depend. Read `contact_sheet` or `determinism`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
