"""What a frame was made from, as a token that changes when it does.

The content of animators and parameters, the source files and the values that the user's code reaches,
versions of libraries, fonts. Nothing is imported and nothing is run to find it. Read `content` first,
then `environment`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
