"""The xarray accessor: ``data.animate`` of every DataArray and Dataset."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, overload

import xarray as xr

from ..animator import Animator
from ..docstrings import parameters_as_in
from .animator import ARGUMENTS, DataArrayAnimator, computing_on
from .words import refuse_unknown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..inspection import ContactSheet, Explorer
    from ..render import Render
    from ..video import Video

_RENDER_OPTIONS = frozenset(inspect.signature(Animator.make_video).parameters) - {
    "self",
    "output_file",
    "param_by_frame",
    "fps",
} | {"length", "rate"}
_EXPLORE_OPTIONS = frozenset(inspect.signature(Animator.explore).parameters) - {
    "self",
    "param_by_frame",
}

P = ParamSpec("P")


def _with_arguments_of(
    animator: Callable[Concatenate[xr.DataArray | xr.Dataset, P], DataArrayAnimator],
) -> Callable[
    [Callable[..., DataArrayAnimator]], Callable[Concatenate[AnimateAccessor, P], DataArrayAnimator]
]:
    """Return a decorator for a method that takes the arguments of `animator` but the data."""

    def decorate(
        method: Callable[..., DataArrayAnimator],
    ) -> Callable[Concatenate[AnimateAccessor, P], DataArrayAnimator]:
        own = inspect.signature(method)
        _, *others = inspect.signature(animator).parameters.values()
        parameters = [own.parameters["self"], *others]
        vars(method)["__signature__"] = own.replace(parameters=parameters)
        return method

    return decorate


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

    @parameters_as_in(DataArrayAnimator)
    @_with_arguments_of(DataArrayAnimator)  # type: ignore[arg-type]  # `unknown` could hold "data"
    def __call__(
        self,
        dim: str | None = None,
        plot: str | Mapping[Any, str] | Callable[[Axes, Any], object] | None = None,
        **words: Any,
    ) -> DataArrayAnimator:
        """Return a `DataArrayAnimator` of the data.

        Parameters
        ----------
        dim, plot, title, x, y, hue, u, v, over, stride, col, row, col_wrap, limits, vmin, vmax
            As in `DataArrayAnimator`.
        robust, center, norm, cmap, levels, colors, extend, add_colorbar, cbar_kwargs, add_legend
            As in `DataArrayAnimator`.
        add_guide, add_labels, xlim, ylim, xscale, yscale, xticks, yticks, xincrease, yincrease, where
            As in `DataArrayAnimator`.
        bins, frames, figsize, size, aspect, subplot_kws, transform, style, decorate, each
            As in `DataArrayAnimator`.
        **unknown
            Raises an error that names the nearest argument.
        """
        return DataArrayAnimator(self._data, dim, plot, **words)

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
        dim, plot, title, x, y, hue, u, v, over, stride, col, row, col_wrap, limits, vmin, vmax
            As in `DataArrayAnimator`.
        robust, center, norm, cmap, levels, colors, extend, add_colorbar, cbar_kwargs, add_legend
            As in `DataArrayAnimator`.
        add_guide, add_labels, xlim, ylim, xscale, yscale, xticks, yticks, xincrease, yincrease, where
            As in `DataArrayAnimator`.
        bins, frames, figsize, size, aspect, subplot_kws, transform, style, decorate, each
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
            If there is no such argument; the error names the nearest one.
        """
        animator, others = self._animator(options, _RENDER_OPTIONS)
        rendered: Video | Render = animator.to_video(output_file, fps, **others)
        return rendered

    @parameters_as_in(DataArrayAnimator)
    def preview(self, n: int = 9, **options: Any) -> ContactSheet:
        """Draw evenly spaced frames in this process, on one image.

        Parameters
        ----------
        n : int, default: 9
            Number of frames to draw, the first and the last one among them.
        dim, plot, title, x, y, hue, u, v, over, stride, col, row, col_wrap, limits, vmin, vmax
            As in `DataArrayAnimator`.
        robust, center, norm, cmap, levels, colors, extend, add_colorbar, cbar_kwargs, add_legend
            As in `DataArrayAnimator`.
        add_guide, add_labels, xlim, ylim, xscale, yscale, xticks, yticks, xincrease, yincrease, where
            As in `DataArrayAnimator`.
        bins, frames, figsize, size, aspect, subplot_kws, transform, style, decorate, each
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
        dim, plot, title, x, y, hue, u, v, over, stride, col, row, col_wrap, limits, vmin, vmax
            As in `DataArrayAnimator`.
        robust, center, norm, cmap, levels, colors, extend, add_colorbar, cbar_kwargs, add_legend
            As in `DataArrayAnimator`.
        add_guide, add_labels, xlim, ylim, xscale, yscale, xticks, yticks, xincrease, yincrease, where
            As in `DataArrayAnimator`.
        bins, frames, figsize, size, aspect, subplot_kws, transform, style, decorate, each
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
        animator, others = self._animator(options, _EXPLORE_OPTIONS)
        with computing_on(others.get("client")):
            return animator.explore(animator.data, dim=animator.dim, **others)

    def _animator(
        self, options: Mapping[str, Any], others: frozenset[str]
    ) -> tuple[DataArrayAnimator, dict[str, Any]]:
        """Return the animator that options ask for, and those among them that are for `others`."""
        known = ARGUMENTS | others
        refuse_unknown([name for name in options if name not in known], known)
        animator = self(**{name: value for name, value in options.items() if name in ARGUMENTS})
        return animator, {name: value for name, value in options.items() if name not in ARGUMENTS}
