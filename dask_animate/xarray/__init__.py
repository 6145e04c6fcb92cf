"""Ready animators for xarray: ``import dask_animate.xarray`` gives every DataArray ``.animate``.

This folder knows labelled data: the words of xarray's plots, panels that show a slice, labels and titles
from metadata, and limits and colors that hold for all frames. Input is a DataArray or a Dataset and a
dimension; output is an animator. Read `animator` first, then `specs` (which panels), `scales` (what
holds for all frames) and `layout` (the figure); `words` and `kinds` are the tables of what there is.
"""

try:
    import xarray  # noqa: F401
except ImportError as exc:
    raise ImportError("dask_animate.xarray needs xarray: pip install 'dask_animate[xarray]'") from exc

from .accessor import AnimateAccessor
from .animator import DataArrayAnimator

__all__ = ["AnimateAccessor", "DataArrayAnimator"]
