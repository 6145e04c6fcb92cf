"""A render divided, drawn here or on a cluster, and put in order.

This folder knows Dask: how many frames a partition has, clusters and clients, the tasks that run on
workers and what happens when a worker dies, lazy arrays of frames. In go the parameters and what to
draw; results come out in the order of frames, and go to a sink. Read `render_loop` first, then `executor`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
