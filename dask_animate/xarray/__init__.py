"""Ready animators for xarray: ``import dask_animate.xarray`` gives every DataArray ``.animate``.

This folder knows labelled data: panels that show a slice of it, labels and titles from its metadata,
and limits that hold for all frames. Input is a DataArray or a Dataset and a dimension; output is an
animator. Read `animator` first.
"""

try:
    import xarray  # noqa: F401
except ImportError as exc:
    raise ImportError("dask_animate.xarray needs xarray: pip install 'dask_animate[xarray]'") from exc

from .accessor import AnimateAccessor
from .animator import DataArrayAnimator

__all__ = ["AnimateAccessor", "DataArrayAnimator"]
