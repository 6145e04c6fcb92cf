"""The program ``dask-animate``: what the library does, from a shell or a batch script.

In go arguments, out come files, an exit code and single lines on standard error. `main` runs the
program. `commands` says what can be given; each command's work is in a module of its own, which is
imported when the command runs, so that ``--help`` needs no more than click. Start reading at `commands`,
then `render`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
