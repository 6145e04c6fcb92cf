"""The page "Animate" on the dashboard of a scheduler: renders are seen while they run.

This folder knows the scheduler's web server and its plugins. In go the transitions of tasks, what these
tell of the partitions that they drew, and the events of starts and ends; out comes a page. All but
`options`, `announcements` and `registration` runs on the scheduler. Read `plugin` first, then `state`,
then `page`.

``dask scheduler --preload dask_animate.dashboard`` has the page from the start.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
