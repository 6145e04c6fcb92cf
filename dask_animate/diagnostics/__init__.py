"""What is told of a render while it runs, and what it cost.

Events come from the executors; listeners make of them a progress bar, lines in a log, warnings and
statistics. This folder knows no executor. Read `events` first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
