"""Ready animators for xarray: ``import dask_animate.xarray`` gives every DataArray ``.animate``.

This folder knows labelled data: the panels that show a slice of it, titles from coordinates, and limits
that hold for all frames. In go a DataArray or a Dataset and a dimension; out comes an animator. Read
`animator` first.
"""

from .animator import AnimateAccessor, DataArrayAnimator

__all__ = ["AnimateAccessor", "DataArrayAnimator"]
