"""Where frames come from: tokens that change when anything changes that a frame is drawn from.

That is the content of animators and parameters, the user's source files and the values in their modules,
versions of libraries, and fonts. Tokens are computed without importing any module and without running
any code but what pickle runs. Read `content` first, then `environment`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
