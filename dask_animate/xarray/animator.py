"""Ready animators for xarray: ``import dask_animate.xarray`` gives every DataArray ``.animate``."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from ..animator import Animator
from ..diagnostics import tell
from ..errors import OptionError, OptionTypeError, ParamsError, SetupError
from ..params import open_slices
from ..validation import require_choice, require_int
from .limits import Distribution, check_limits, distributions, in_words, limits_of
from .panels import PLOTS, Panel, label_of, plot_of
from .titles import check_title, coordinate_of, shown, unit_of

try:
    import xarray as xr
except ImportError as exc:
    raise ImportError("dask_animate.xarray needs xarray: pip install 'dask_animate[xarray]'") from exc

if TYPE_CHECKING:
    from ..rendering import FigureSpec
    from ..video import Video


class DataArrayAnimator(Animator):
    """Animates a DataArray, or the variables of a Dataset, along one dimension.

    Each frame shows one slice. Axes and color bars are labelled with names and units, the title tells
    the frame's coordinate. Limits of colors and values are the same for all frames; they are found over
    all of the data when they are first needed, by dask's current scheduler, the workers of the active
    client if there is one. The data is not sent with the animator.

    Parameters
    ----------
    data : xarray.DataArray or xarray.Dataset
        Of a Dataset, each variable that has the dimension gets a panel.
    dim : str, optional
        Along which the frames are; the first dimension by default.
    plot : {"line", "pcolormesh", "imshow", "contourf"} or callable, optional
        How a slice is drawn: by default a line for one dimension, pcolormesh for two, imshow for an
        image with 3 or 4 channels last. A function is called as ``plot(ax, frame)`` for each frame, with
        cleared axes and a slice of `data`.
    x, y : str, optional
        Coordinates for the axes; by default the slice's last dimension and its first. Of pcolormesh and
        contourf they may have two dimensions.
    limits : "robust", "minmax", tuple of float, or mapping of str to these, optional
        Of colors, or of a line's values; a mapping has the names of a Dataset's variables. "robust" is
        from the 2nd to the 98th percentile, the default for colors. "minmax" is all, the default for
        lines. Colors that reach below and above zero are centered on it, as xarray has it.
    levels : int, optional
        Of contourf, about 11 or so many, at round values between the limits.
    title : str, optional
        May contain ``{time}``, the frame's coordinate, and ``{name}``. By default the first of these.
    figsize : tuple of float, optional
        Width and height in inches.
    style : mapping, optional
        Further arguments of matplotlib's function, as ``{"cmap": "magma"}``.

    Attributes
    ----------
    data : xarray.DataArray or xarray.Dataset or None
        As given; None in the copies that workers have.
    dim : str
        Along which the frames are.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import xarray as xr
    >>> waves = np.sin(np.linspace(0, 6, 40) + np.linspace(0, 6, 30)[:, None])
    >>> data = xr.DataArray(waves, dims=("time", "x"), name="height", attrs={"units": "m"})
    >>> animator = DataArrayAnimator(data, dim="time", plot="line")
    >>> {name: tuple(np.round(limits, 1).tolist()) for name, limits in animator.limits().items()}
    {'height': (-1.0, 1.0)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     video = animator.to_video(os.path.join(folder, "waves.mp4"), fps=15, num_workers=1)
    >>> video.n_frames
    30
    """

    def __init__(
        self,
        data: Any,
        dim: str | None = None,
        plot: str | Callable[[Any, Any], Any] | None = None,
        *,
        x: str | None = None,
        y: str | None = None,
        limits: Any = None,
        levels: int | None = None,
        title: str | None = None,
        figsize: tuple[float, float] | None = None,
        style: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(data, xr.DataArray | xr.Dataset):
            raise OptionTypeError(f"data must be a DataArray or a Dataset, got {type(data).__name__}")
        self.dim: str = open_slices(data, None, dim).members[0].dim  # type: ignore[attr-defined]
        self.data = data
        self._first = data.isel({self.dim: 0})  # read when it is needed
        self._function = plot if callable(plot) else None
        kind = None if plot is None or callable(plot) else require_choice("plot", plot, list(PLOTS))
        self._plots = {} if self._function else self._choose(kind)
        self._how = check_limits(limits, self._plots, self._first)
        self._is_ready = False
        self._limits: dict[Any, tuple[float, float, str]] = {}
        self._options = _check_options(self._plots, x, y, levels, style)
        self._title = check_title("{time}" if title is None else title)
        self._figsize = figsize
        self._named = coordinate_of(data, self.dim)
        self._unit = unit_of(data, self._named)

    def setup(self) -> Figure:
        """Build the axes, with the first frame."""
        if self._function:
            figure = Figure(self._figsize, layout="constrained")
            self._axes = figure.subplots()
            self._draw(self._first, 0)
            return figure
        n = len(self._plots)
        n_columns = math.ceil(math.sqrt(n))
        n_rows = math.ceil(n / n_columns)
        figure = Figure(self._figsize or (6.4 * n_columns, 4.8 * n_rows), layout="constrained")
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
        self._panels = {}
        for ax, (name, plot) in zip(axes.flat, self._plots.items(), strict=False):
            low, high, extend = self._limits[name]
            frame = self._variable(self._first, name)
            self._panels[name] = Panel(ax, frame, plot, (low, high), extend, **self._options)
            if n > 1:
                ax.set_title(name)
        for ax in axes.flat[n:]:
            ax.set_axis_off()
        write = figure.suptitle if n > 1 else axes[0, 0].set_title
        self._text = write(self._title_of(self._first, 0))
        return figure

    def update(self, frame_idx: int, params: Any) -> None:
        """Show a slice of the data."""
        if self._function:
            self._draw(params, frame_idx)
            return
        for name, panel in self._panels.items():
            panel.show(self._variable(params, name))
        self._text.set_text(self._title_of(params, frame_idx))

    def limits(self) -> dict[str, tuple[float, float]]:
        """Return the limits of each variable, of colors or of a line's values; computed once."""
        self._prepare()
        return {name: (low, high) for name, (low, high, _) in self._limits.items()}

    def to_video(
        self, output_file: str | os.PathLike[str], fps: float | Fraction = 30, **options: Any
    ) -> Video:
        """Render all frames to a video.

        Parameters
        ----------
        output_file : path-like
            As of `make_video`.
        fps : float or Fraction, default: 30
            Frames per second.
        **options
            Any other of `make_video`.

        Returns
        -------
        Video
            What was made, and what it cost.
        """
        client = options.get("client")
        with nullcontext() if client is None else client.as_current():
            self._prepare()
        return self.make_video(output_file, self.data, fps, dim=self.dim, **options)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"data": None}

    def _spec(self, *args: Any) -> FigureSpec:
        self._prepare()
        return super()._spec(*args)

    def _choose(self, plot: str | None) -> dict[Any, str]:
        """Return how each variable is drawn."""
        if isinstance(self.data, xr.DataArray):
            name = "" if self.data.name is None else self.data.name
            return {name: plot_of(self._first, plot)}
        names = [name for name, variable in self.data.data_vars.items() if self.dim in variable.dims]
        if not names:
            raise ParamsError(f"no variable of the Dataset has the dimension {self.dim!r}")
        plots, problems = {}, []
        for name in names:
            try:
                plots[name] = plot_of(self._first[name], plot)
            except OptionError as exc:
                problems.append(exc)
        if not plots:
            raise problems[0]
        if problems:
            left = ", ".join(repr(name) for name in names if name not in plots)
            tell(f"variables of the Dataset that are left out, as they cannot be drawn so: {left}")
        return plots

    def _variable(self, frame: Any, name: Any) -> Any:
        return frame[name] if isinstance(frame, xr.Dataset) else frame

    def _draw(self, frame: Any, frame_idx: int) -> None:
        assert self._function is not None
        self._axes.clear()
        self._function(self._axes, frame)
        if len(self._axes.figure.axes) > 1:
            raise OptionError(
                "the function given as plot= added axes to the figure, for each frame anew: draw into "
                "ax alone; with xarray's own plots give add_colorbar=False"
            )
        if not self._axes.get_title():
            self._axes.set_title(self._title_of(frame, frame_idx))

    def _title_of(self, frame: Any, frame_idx: int) -> str:
        time = f"{self.dim} = {frame_idx}"
        if self._named in frame.coords:
            time = shown(frame.coords[self._named], self._unit)
        name = label_of(frame) if isinstance(frame, xr.DataArray) else ""
        return self._title.format(time=time.replace("$", r"\$"), name=name)

    def _prepare(self) -> None:
        """Read the first frame, try whether it can be drawn, then find the limits; once."""
        if self._is_ready or self.data is None:
            return
        self._first = self._first.compute()
        self._limits = dict.fromkeys(self._plots, (0.0, 1.0, "both"))
        try:
            self.setup()
        except Exception as exc:
            self._limits = {}
            raise SetupError.of(exc) from exc
        self._limits = {}
        self._find_limits()
        self._is_ready = True

    def _find_limits(self) -> None:
        asked = [name for name, how in self._how.items() if isinstance(how, str)]
        asked = [name for name in asked if self._variable(self._first, name).ndim < 3]
        found: Mapping[str, Distribution] = {}
        if asked:
            data = self.data[asked] if isinstance(self.data, xr.Dataset) else self.data
            found = distributions(open_slices(data, None, self.dim))
        for name, plot in self._plots.items():
            how = self._how[name]
            if not isinstance(how, str):
                self._limits[name] = (*how, "both")
            elif name in asked:
                key = name if isinstance(self.data, xr.Dataset) else ""
                self._limits[name] = limits_of(found[key], how, plot)
                low, high, _ = self._limits[name]
                what = "the data" if name == "" else name
                tell(f"limits of {what}: {low:g} to {high:g}, {in_words(how, plot)}")
            else:
                self._limits[name] = (0.0, 1.0, "neither")  # an image with colors of its own


def _check_options(plots: Mapping[Any, str], x: Any, y: Any, levels: Any, style: Any) -> dict[str, Any]:
    """Return the options of panels; refuse what would be ignored."""
    given = {"x": x, "y": y, "levels": levels, "style": style}
    ignored = [] if plots else [name for name, value in given.items() if value is not None]
    if plots and levels is not None and "contourf" not in plots.values():
        ignored.append("levels")
    if plots and y is not None and set(plots.values()) == {"line"}:
        ignored.append("y")
    if ignored:
        kinds = ", ".join(sorted(set(plots.values()))) or "a function"
        raise OptionError(f"{', '.join(ignored)}= has no effect with {kinds} as plot=")
    if style is not None and not isinstance(style, Mapping):
        raise OptionTypeError(f'style must be a dict as {{"cmap": "magma"}}, got {style!r}')
    levels = 11 if levels is None else require_int("levels", levels, 2)
    return {"x": x, "y": y, "levels": levels, "style": dict(style or {})}


_OWN = frozenset(inspect.signature(DataArrayAnimator.__init__).parameters) - {"self", "data"}


@xr.register_dataarray_accessor("animate")
@xr.register_dataset_accessor("animate")
class AnimateAccessor:
    """What ``data.animate`` is, for a DataArray and a Dataset.

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

    def __init__(self, data: Any) -> None:
        self._data = data

    def __call__(self, **options: Any) -> DataArrayAnimator:
        """Return the `DataArrayAnimator`, which has these options."""
        return DataArrayAnimator(self._data, **options)

    def to_video(
        self, output_file: str | os.PathLike[str], fps: float | Fraction = 30, **options: Any
    ) -> Video:
        """Render a video; options are those of `DataArrayAnimator` and of `Animator.make_video`."""
        own = {name: options.pop(name) for name in _OWN & options.keys()}
        return self(**own).to_video(output_file, fps, **options)

    def preview(self, n: int = 9, **options: Any) -> Any:
        """Draw some frames on one image; options are those of `DataArrayAnimator`."""
        animator = self(**options)
        return animator.preview(self._data, n, dim=animator.dim)
