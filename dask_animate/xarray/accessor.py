"""The xarray accessor: ``data.animate`` of every DataArray and Dataset."""

from __future__ import annotations

import inspect
import os
from collections.abc import Collection
from contextlib import nullcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, overload

import xarray as xr

from ..animator import Animator
from ..docstrings import parameters_as_in
from ..errors import OptionTypeError
from .animator import DataArrayAnimator

if TYPE_CHECKING:
    from ..inspection import ContactSheet, Explorer
    from ..render import Render
    from ..video import Video

_ANIMATOR_OPTIONS = frozenset(inspect.signature(DataArrayAnimator).parameters) - {"data"}
_RENDER_OPTIONS = frozenset(inspect.signature(Animator.make_video).parameters) - {
    "self",
    "output_file",
    "param_by_frame",
    "fps",
}
_TIME_OPTIONS = frozenset({"length", "rate"})
_EXPLORE_OPTIONS = frozenset(inspect.signature(Animator.explore).parameters) - {
    "self",
    "param_by_frame",
}
#: What to give for arguments that xarray's own plots have.
_INSTEAD = {
    "vmin": "limits=(low, high)",
    "vmax": "limits=(low, high)",
    "robust": 'limits="robust"',
    "center": "limits=(low, high)",
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
        _check_names(options, _ANIMATOR_OPTIONS)
        return DataArrayAnimator(self._data, **options)

    @overload
    def to_video(
        self,
        output_file: str | os.PathLike[str],
        fps: float | Fraction = 30,
        *,
        wait: Literal[False],
        **options: Any,
    ) -> Render: ...
    @overload
    def to_video(
        self,
        output_file: str | os.PathLike[str],
        fps: float | Fraction = 30,
        *,
        wait: Literal[True] = True,
        **options: Any,
    ) -> Video: ...
    @overload
    def to_video(
        self,
        output_file: str | os.PathLike[str],
        fps: float | Fraction = 30,
        *,
        wait: bool,
        **options: Any,
    ) -> Video | Render: ...
    @parameters_as_in(DataArrayAnimator)
    @parameters_as_in(DataArrayAnimator.to_video)
    @parameters_as_in(Animator.make_video)
    def to_video(
        self, output_file: str | os.PathLike[str], fps: float | Fraction = 30, **options: Any
    ) -> Video | Render:
        """Render a video of the data.

        Parameters
        ----------
        output_file
            As in `make_video`.
        fps : float or Fraction, default: 30
            Frames per second.
        dim, plot
            As in `DataArrayAnimator`.
        x, y : str, optional
            Coordinates for the axes; by default those of the slice's last dimension and of its first.
            For pcolormesh and contourf they may have two dimensions.
        limits, levels, title, frames, figsize, style
            As in `DataArrayAnimator`.
        durations : str, mapping of int to float, or sequence of float, optional
            As in `to_video`.
        length, rate
            As in `to_video`.
        **options
            Other arguments of `Animator.make_video`, such as ``num_workers``, ``client``, ``store`` and
            ``n_frames``.

        Returns
        -------
        Video
            The finished video and what the render cost; a `Render` with ``wait=False``.

        Raises
        ------
        OptionTypeError
            If there is no such argument. Arguments of matplotlib, such as ``cmap``, go into `style`.
        """
        _check_names(options, _ANIMATOR_OPTIONS | _RENDER_OPTIONS | _TIME_OPTIONS)
        animator_options = {name: options.pop(name) for name in _ANIMATOR_OPTIONS & options.keys()}
        rendered: Video | Render = self(**animator_options).to_video(output_file, fps, **options)
        return rendered

    @parameters_as_in(DataArrayAnimator)
    def preview(self, n: int = 9, **options: Any) -> ContactSheet:
        """Draw evenly spaced frames in this process, on one image.

        Parameters
        ----------
        n : int, default: 9
            Number of frames to draw, the first and the last one among them.
        dim, plot
            As in `DataArrayAnimator`.
        x, y : str, optional
            Coordinates for the axes; by default those of the slice's last dimension and of its first.
            For pcolormesh and contourf they may have two dimensions.
        limits, levels, title, frames, figsize, style
            As in `DataArrayAnimator`.

        Returns
        -------
        ContactSheet
            Displays itself in a notebook; its ``save("sheet.png")`` writes a file.
        """
        animator = self(**options)
        return animator.preview(animator.data, n, dim=animator.dim)

    @parameters_as_in(DataArrayAnimator)
    def explore(self, **options: Any) -> Explorer:
        """Look at any frame before the video is rendered, with a slider in a notebook.

        Parameters
        ----------
        dim, plot
            As in `DataArrayAnimator`.
        x, y : str, optional
            Coordinates for the axes; by default those of the slice's last dimension and of its first.
            For pcolormesh and contourf they may have two dimensions.
        limits, levels, title, frames, figsize, style
            As in `DataArrayAnimator`.
        **options
            Other arguments of `Animator.explore`, such as ``client``, ``store`` and ``n_frames``.

        Returns
        -------
        Explorer
            Displays itself in a notebook; its ``show(frame_idx)`` shows a frame by code, and its
            ``close()`` frees the figure, as leaving a ``with`` statement does.

        Examples
        --------
        >>> import numpy as np
        >>> import xarray as xr
        >>> import dask_animate.xarray
        >>> data = xr.DataArray(np.random.rand(10, 8, 12), dims=("time", "y", "x"))
        >>> with data.animate.explore(limits=(0, 1)) as explorer:
        ...     explorer.show(7).params
        'DataArray float64 (8, 12)'
        """
        _check_names(options, _ANIMATOR_OPTIONS | _EXPLORE_OPTIONS)
        animator_options = {name: options.pop(name) for name in _ANIMATOR_OPTIONS & options.keys()}
        animator = self(**animator_options)
        client = options.get("client")
        with nullcontext() if client is None else client.as_current():
            animator.before_drawing()
        return animator.explore(animator.data, dim=animator.dim, **options)


def _check_names(options: Collection[str], known: Collection[str]) -> None:
    """Raise for an argument that is not known; the error says what to give instead."""
    for name in options:
        if name not in known:
            style = f'style={{"{name}": ...}} if it is an argument of matplotlib'
            raise OptionTypeError(f"unknown argument {name}=: give {_INSTEAD.get(name, style)}")
