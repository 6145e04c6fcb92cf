"""Parameter sequences, of whatever kind, as partitions of consecutive frames.

Lists, generators, arrays of any library, dask collections: this folder knows how each is read lazily,
divided and sent to workers, and what of it is computed there. In goes ``param_by_frame``; out come
partitions. Read `param_sequences` first.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
