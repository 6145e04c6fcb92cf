"""The xarray accessor: ``data.animate`` of every DataArray and Dataset."""

from __future__ import annotations

import inspect
import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import xarray as xr

from .animator import DataArrayAnimator

if TYPE_CHECKING:
    from ..inspection import ContactSheet
    from ..video import Video

_ANIMATOR_OPTIONS = frozenset(inspect.signature(DataArrayAnimator.__init__).parameters) - {
    "self",
    "data",
}


@xr.register_dataarray_accessor("animate")
@xr.register_dataset_accessor("animate")
class AnimateAccessor:
    """The ``data.animate`` of a DataArray or a Dataset.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import xarray as xr
    >>> import dask_animate.xarray
    >>> data = xr.DataArray(np.random.rand(10, 8, 12), dims=("time", "y", "x"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     video = data.animate.to_video(os.path.join(folder, "a.mp4"), fps=5, num_workers=1)
    >>> video.n_frames
    10
    """

    def __init__(self, data: xr.DataArray | xr.Dataset) -> None:
        self._data = data

    def __call__(self, **options: Any) -> DataArrayAnimator:
        """Return a `DataArrayAnimator` of the data with these options."""
        return DataArrayAnimator(self._data, **options)

    def to_video(
        self, output_file: str | os.PathLike[str], fps: float | Fraction = 30, **options: Any
    ) -> Video:
        """Render a video; the options are those of `DataArrayAnimator` and of `Animator.make_video`."""
        animator_options = {name: options.pop(name) for name in _ANIMATOR_OPTIONS & options.keys()}
        return self(**animator_options).to_video(output_file, fps, **options)

    def preview(self, n: int = 9, **options: Any) -> ContactSheet:
        """Draw `n` frames on one image; the options are those of `DataArrayAnimator`."""
        animator = self(**options)
        return animator.preview(self._data, n, dim=animator.dim)
