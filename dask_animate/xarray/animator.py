"""The ready animator for xarray: a figure with a panel for each variable, and its frames."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Hashable, Mapping
from contextlib import nullcontext
from copy import copy
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, overload

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..animator import Animator
from ..diagnostics import notify
from ..docstrings import parameters_as_in
from ..errors import OptionError, OptionTypeError, ParamsError, SetupError
from ..params import open_slices
from ..validation import require_choice
from .frame_selection import select_frames
from .limits import Distribution, Limits, check_limits, distributions, in_words, limits_of
from .panels import PLOTS, Panel, PanelOptions, make_panel, plot_of
from .timing import timed
from .titles import FrameTitle

if TYPE_CHECKING:
    from ..render import Render
    from ..video import Video


class DataArrayAnimator(Animator):
    """Animates a DataArray, or the variables of a Dataset, along one dimension.

    Each frame shows one slice. Axes and color bars are labelled with names and units, and the title
    shows the frame's coordinate. The limits of colors and values are the same for all frames. They are
    computed from all of the data when they are first needed, by dask's current scheduler: the workers of
    the active client if there is one. The data is not sent to workers with the animator.

    Parameters
    ----------
    data : xarray.DataArray or xarray.Dataset
        The data. Each variable of a Dataset that has the dimension gets a panel.
    dim : str, optional
        Dimension of the frames; by default the first one. It has to be given for a Dataset whose
        variables begin with different ones. Variables that do not have it get no panel; a function given
        as `plot` gets them whole.
    plot : {"line", "pcolormesh", "imshow", "contourf"} or callable, optional
        How a slice is drawn. By default a slice with one dimension is a line, one with two a pcolormesh,
        and an image with 3 or 4 channels last an imshow. A function is called as ``plot(ax, frame)`` for
        each frame, with cleared axes and a slice of `data`. It sets colors and limits itself, so that
        `x`, `y`, `limits`, `levels` and `style` are for the other plots only.
    x, y : str, optional
        Coordinates for the axes; by default those of the slice's last dimension and of its first. For
        pcolormesh and contourf they may have two dimensions.
    limits : "robust", "minmax", tuple of float, or mapping of str to these, optional
        Limits of colors, or of a line's values. The keys of a mapping are the names of a Dataset's
        variables. "robust", the default for colors, is from the 2nd to the 98th percentile. "minmax",
        the default for lines, is from the minimum to the maximum. Color limits on both sides of zero are
        made symmetric, as in xarray.
    levels : int, optional
        Approximate number of contourf levels, at round values between the limits; by default 11.
    title : str or callable, optional
        A template for the title of each frame, or a function that is called with a slice of `data`, in
        memory, and returns it; by default the frame's coordinate. Fields are coordinates with one value
        in a frame, by name, and, unless a coordinate has that name, ``{time}``, the frame's coordinate,
        ``{frame}``, its index, and ``{name}``, the label of a DataArray. Fields take formats: those of
        ``strftime`` for times, also for those of cftime, as in ``"{time:%d %b %Y}"``; those of numbers,
        as in ``"{depth:.0f} m"``; and for timedeltas those of numbers with a unit, as in
        ``"{lead:.0f h}"``. Times without a format are printed as exactly as all frames need.
    frames : slice, label or sequence, optional
        Which slices are frames, by default all: labels, as in ``data.sel``, such as
        ``slice("2001", "2003")`` or ``slice(None, None, 6)`` for every sixth. Integers are positions, as
        in ``data.isel``, unless the coordinate itself holds numbers, and booleans are a mask. Limits are
        those of these frames.
    figsize : tuple of float, optional
        Width and height in inches.
    style : mapping, optional
        Further arguments of the function of matplotlib that draws, such as ``{"cmap": "magma"}``.

    Attributes
    ----------
    data : xarray.DataArray or xarray.Dataset or None
        The selected frames; None in the copies that workers have.
    dim : str
        Dimension of the frames.

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
        data: xr.DataArray | xr.Dataset,
        dim: str | None = None,
        plot: str | Callable[[Axes, Any], object] | None = None,
        *,
        x: str | None = None,
        y: str | None = None,
        limits: str | tuple[float, float] | Mapping[str, Any] | None = None,
        levels: int | None = None,
        title: str | Callable[[Any], str] | None = None,
        frames: Any = None,
        figsize: tuple[float, float] | None = None,
        style: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(data, xr.DataArray | xr.Dataset):
            raise OptionTypeError(f"data must be a DataArray or a Dataset, got {type(data).__name__}")
        self.dim: str = open_slices(data, None, dim).arrays[0].dim  # type: ignore[attr-defined]
        data = select_frames(data, self.dim, frames)
        self.data: xr.DataArray | xr.Dataset | None = data
        self._first = data.isel({self.dim: 0})  # read when it is needed
        self._function = plot if callable(plot) else None
        kind = None if plot is None or callable(plot) else require_choice("plot", plot, list(PLOTS))
        self._plots = {} if self._function else self._choose_plots(data, kind)
        self._requested_limits = check_limits(limits, self._plots, self._first)
        self._is_ready = False
        self._limits: dict[Hashable, Limits] = {}
        self._options = PanelOptions.create(self._plots.values(), x, y, levels, style)
        self._title = FrameTitle(title, data, self.dim)
        self._figsize = figsize

    def before_drawing(self) -> None:
        """Read the first slice, try to draw it, then find the limits; once."""
        if self._is_ready or self.data is None:
            return
        self._first = self._first.compute()
        trial = copy(self)  # a figure made here would count as content of this animator
        trial._limits = dict.fromkeys(self._plots, Limits(0.0, 1.0))
        try:
            trial.setup()
        except Exception as exc:
            raise SetupError.of(exc) from exc
        self._limits = self._find_limits(self.data)
        self._is_ready = True

    def setup(self) -> Figure:
        """Build the axes and show the first frame."""
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
        self._panels: dict[Hashable, Panel] = {}
        for ax, (name, plot) in zip(axes.flat, self._plots.items(), strict=False):
            frame = self._variable(self._first, name)
            self._panels[name] = make_panel(ax, frame, plot, self._limits[name], self._options)
            if n > 1:
                ax.set_title(name)
        for ax in axes.flat[n:]:
            ax.set_axis_off()
        write = figure.suptitle if n > 1 else axes[0, 0].set_title
        self._text = write(self._title.of(self._first, 0))
        return figure

    def update(self, frame_idx: int, params: xr.DataArray | xr.Dataset) -> None:
        """Show a slice of the data."""
        if self._function:
            self._draw(params, frame_idx)
            return
        for name, panel in self._panels.items():
            panel.show(self._variable(params, name))
        self._text.set_text(self._title.of(params, frame_idx))

    def limits(self) -> dict[Hashable, tuple[float, float]]:
        """Return the limits of each variable, of its colors or of a line's values; computed once."""
        self.before_drawing()
        return {name: (limits.low, limits.high) for name, limits in self._limits.items()}

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
    @parameters_as_in(Animator.make_video)
    def to_video(
        self, output_file: str | os.PathLike[str], fps: float | Fraction = 30, **options: Any
    ) -> Video | Render:
        """Render a video of all frames.

        Parameters
        ----------
        output_file
            As in `make_video`.
        fps : float or Fraction, default: 30
            Frames per second.
        durations : str, mapping of int to float, or sequence of float, optional
            As in `make_video`. Or the name of a coordinate along the dimension of the frames, or "time"
            for the one of the frames, whatever its name. Each frame is then shown in proportion to the
            step to the next one, the last like the one before it. Frames begin at the nearest tick of
            ``1 / fps`` seconds; of several that begin at the same one, only that which is nearest to it
            is shown.
        length : float, optional
            Seconds that the video lasts, to the nearest tick, if `durations` is a coordinate; by default
            as long as with equal durations.
        rate : timedelta or number, optional
            Instead of `length`: how much of the coordinate goes by in a second of the video, such as
            ``"7D"`` or ``np.timedelta64(7, "D")`` of times, or a number.
        **options
            Other arguments of `make_video`.

        Returns
        -------
        Video
            The finished video and what the render cost; a `Render` with ``wait=False``.

        Raises
        ------
        OptionError
            If `durations` is no such coordinate, or it holds values that are missing or do not rise or
            fall from each frame to the next, or `length` or `rate` is not valid or has no effect.

        Examples
        --------
        >>> import os, tempfile
        >>> import numpy as np
        >>> import xarray as xr
        >>> days = np.datetime64("2001-01-01") + np.array([0, 1, 2, 9])
        >>> data = xr.DataArray(np.eye(4), dims=("time", "x"), coords={"time": days})
        >>> animator = DataArrayAnimator(data, figsize=(2, 2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     video = animator.to_video(
        ...         os.path.join(folder, "a.mp4"), 10, durations="time", rate="2D", num_workers=1
        ...     )
        >>> video.n_frames, video.duration
        (4, 8.0)
        """
        if self.data is None:
            raise ParamsError(
                "this animator is a copy without its data: call to_video() of the original"
            )
        data, options = timed(self.data, self.dim, fps, options)
        client = options.get("client")
        with nullcontext() if client is None else client.as_current():
            self.before_drawing()
        rendered: Video | Render = self.make_video(output_file, data, fps, dim=self.dim, **options)
        return rendered

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"data": None}

    def _choose_plots(self, data: xr.DataArray | xr.Dataset, plot: str | None) -> dict[Hashable, str]:
        """Return the kind of plot for each variable."""
        if isinstance(data, xr.DataArray):
            name = "" if data.name is None else data.name
            return {name: plot_of(self._first, plot)}
        names = [name for name, variable in data.data_vars.items() if self.dim in variable.dims]
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
            left_out = ", ".join(repr(name) for name in names if name not in plots)
            notify(f"variables of the Dataset that cannot be drawn like this are left out: {left_out}")
        return plots

    def _variable(self, frame: xr.DataArray | xr.Dataset, name: Hashable) -> xr.DataArray:
        return frame[name] if isinstance(frame, xr.Dataset) else frame

    def _draw(self, frame: xr.DataArray | xr.Dataset, frame_idx: int) -> None:
        assert self._function is not None
        self._axes.clear()
        self._function(self._axes, frame)
        if len(self._axes.figure.axes) > 1:
            raise OptionError(
                "the function given as plot= adds axes to the figure for each frame: draw into ax only; "
                "pass add_colorbar=False to xarray's own plots"
            )
        if not self._axes.get_title():
            self._axes.set_title(self._title.of(frame, frame_idx))

    def _find_limits(self, data: xr.DataArray | xr.Dataset) -> dict[Hashable, Limits]:
        is_dataset = isinstance(data, xr.Dataset)
        rules = {
            name: rule
            for name, rule in self._requested_limits.items()
            if isinstance(rule, str) and self._variable(self._first, name).ndim < 3
        }
        found: Mapping[Hashable, Distribution] = {}
        if rules:
            variables = data[list(rules)] if is_dataset else data
            found = distributions(open_slices(variables, None, self.dim))
        limits = {}
        for name, requested in self._requested_limits.items():
            if name in rules:
                distribution = found[name if is_dataset else ""]
                limits[name] = limits_of(distribution, rules[name], self._plots[name])
                low, high, _ = limits[name]
                what = "the data" if name == "" else name
                notify(f"limits of {what}: {low:g} to {high:g}, {in_words(rules[name])}")
            elif isinstance(requested, Limits):
                limits[name] = requested
            else:
                limits[name] = Limits(0.0, 1.0, "neither")  # an image with its own colors
        return limits
