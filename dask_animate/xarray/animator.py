"""The ready animator for xarray: a figure with a panel for each variable, and its frames."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, overload

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.spines import Spine

from ..animator import Animator
from ..docstrings import parameters_as_in
from ..errors import OptionError, OptionTypeError, ParamsError, SetupError, in_words
from ..params import open_slices, reading
from ..validation import in_short
from .frame_selection import select_frames
from .kinds import check_plot
from .layout import Grid, build
from .panels import Scales
from .scales import scales_of, shown_limits, trial_scales
from .specs import panel_specs
from .timing import timed
from .titles import FrameTitle
from .words import refuse_unknown

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.colors import Colormap, Normalize
    from numpy.typing import NDArray

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
    plot : str, mapping of str to str, or callable, optional
        How a slice is drawn: "line", "step", "pcolormesh", "imshow", "contour", "contourf", "hist",
        "hovmoller", or, for a Dataset, "scatter", "quiver", "streamplot". By default a slice with one
        dimension is a line, one with two a pcolormesh, and an image with 3 or 4 channels last an imshow.
        A mapping has the names of the Dataset's variables to be drawn, each with its plot. "hovmoller"
        draws a line's values as colors over the frames' coordinate, up to the current frame. A function
        is called as ``plot(ax, frame)`` for each frame, with cleared axes and a slice of `data`. It sets
        colors and limits itself, so that other arguments about them are an error.
    title : str or callable, optional
        A template for the title of each frame, or a function that is called with a slice of `data`, in
        memory, and returns it; by default the frame's coordinate. Fields are coordinates with one value
        in a frame, by name, and, unless a coordinate has that name, ``{time}``, the frame's coordinate,
        ``{frame}``, its index, and ``{name}``, the label of a DataArray. Fields take formats: those of
        ``strftime`` for times, also for those of cftime, as in ``"{time:%d %b %Y}"``; those of numbers,
        as in ``"{depth:.0f} m"``; and for timedeltas those of numbers with a unit, as in
        ``"{lead:.0f h}"``. Times without a format are printed as exactly as all frames need.
    x : hashable, optional
        Coordinate for the horizontal axis; by default that of the slice's last dimension. It may have
        two dimensions, except for imshow. For "scatter" a variable.
    y : hashable, optional
        Coordinate for the vertical axis; by default that of the slice's first dimension. A line with it
        stands upright, as a profile. For "scatter" a variable.
    hue : hashable, optional
        Dimension or coordinate along which lines differ; the variable that colors points or vectors.
    u : hashable, optional
        Variable with the horizontal components of vectors.
    v : hashable, optional
        Variable with the vertical components of vectors.
    over : hashable, optional
        Variable that is drawn as a pcolormesh below vectors.
    stride : int, optional
        Draw an arrow at each `stride`-th point of both dimensions only.
    col : hashable, optional
        Dimension with a column of facets for each of its values. All facets share limits, axes and one
        color bar or legend.
    row : hashable, optional
        Dimension with a row of facets for each of its values.
    col_wrap : int or "auto", optional
        Number of columns after which facets, or the panels of a Dataset, go on in the next row.
    limits : "robust", "minmax", tuple of float, or mapping of str to these, optional
        Limits of colors, or of a line's or histogram's values. "robust", the default for colors, is from
        the 2nd to the 98th percentile of all frames. "minmax", the default for values, is from the
        minimum to the maximum. Color limits on both sides of zero are made symmetric, as in xarray.
    vmin : float, optional
        Lower limit of colors. The upper one is computed, if it is not given: by symmetry if the limits
        lie on both sides of zero.
    vmax : float, optional
        Upper limit of colors.
    robust : bool, optional
        Whether color limits that are computed are percentiles, as with ``limits="robust"``, or the
        minimum and the maximum. By default they are percentiles, unlike in xarray.
    center : float or False, optional
        Value in the middle of the color limits; False: colors that do not diverge.
    norm : Normalize or str, optional
        How values become colors, such as ``LogNorm()`` or "log". Limits that it does not have are those
        of all frames.
    cmap : str, Colormap or list of colors, optional
        Colors of values. By default those of xarray: "viridis", or "RdBu_r" if limits are symmetric.
    levels : int or sequence of float, optional
        Edges of intervals with one color each, or of contours. A number gives about so many round
        values, or exactly so many between `vmin` and `vmax`. By default matplotlib chooses contours.
    colors : color or list of colors, optional
        Colors of levels, in place of `cmap`.
    extend : {"neither", "min", "max", "both"}, optional
        Ends at which there are values beyond the limits. By default what the data of all frames say, or
        "both" if the limits are given, so that no data is read.
    add_colorbar : bool, optional
        Whether there is a color bar; by default for all plots with colors but contour.
    cbar_kwargs : mapping, optional
        Further arguments of ``Figure.colorbar``, such as ``{"label": "SST", "shrink": 0.8}``.
    add_legend : bool, optional
        Whether lines with `hue` have a legend, as they have by default.
    add_guide : bool, optional
        Whether arrows have a key, as they have by default.
    add_labels : bool, optional
        False: no labels of axes and color bars, no titles of panels, and no title if none is given.
    xlim : tuple, optional
        Limits of the horizontal axis.
    ylim : tuple, optional
        Limits of the vertical axis.
    xscale : str, optional
        Scale of the horizontal axis, such as "log".
    yscale : str, optional
        Scale of the vertical axis, such as "log".
    xticks : sequence, optional
        Positions of the ticks of the horizontal axis.
    yticks : sequence, optional
        Positions of the ticks of the vertical axis.
    xincrease : bool, optional
        Whether values increase to the right; by default they do, whatever the order of the coordinate.
    yincrease : bool, optional
        Whether values increase upwards; by default they do, whatever the order of the coordinate.
    where : {"pre", "post", "mid"}, optional
        Where steps are, as in xarray.
    bins : int or sequence of float, optional
        Number of bins of a histogram between the limits, by default 10, or their edges.
    frames : slice, label or sequence, optional
        Which slices are frames, by default all: labels, as in ``data.sel``, such as
        ``slice("2001", "2003")`` or ``slice(None, None, 6)`` for every sixth. Integers are positions, as
        in ``data.isel``, unless the coordinate itself holds numbers, and booleans are a mask. Limits are
        those of these frames.
    figsize : tuple of float, optional
        Width and height of the figure in inches.
    size : float, optional
        Height of each panel in inches, in place of `figsize`; 3 for facets.
    aspect : float, "auto" or "equal", optional
        Width of each panel divided by `size`.
    subplot_kws : mapping, optional
        Arguments of ``Figure.add_subplot``, such as ``{"projection": cartopy.crs.Robinson()}``.
    transform : cartopy.crs.CRS or Transform, optional
        What the coordinates are, such as ``cartopy.crs.PlateCarree()`` for degrees.
    style : mapping, optional
        Further arguments of the function of matplotlib that draws, such as ``{"alpha": 0.5}``.
    decorate : callable, optional
        Called once as ``decorate(figure, axes)`` when the panels are drawn, to add what stays, such as
        coastlines. `axes` are those that ``plt.subplots`` would return: one, or an array.
    each : callable, optional
        Called for each frame as ``each(axes, slice)``. What it adds to the figure and its axes is taken
        away before the next frame; further axes are an error. What it sets, such as labels, limits and
        colors, stays, so it has to set them for every frame.
    **unknown
        Raises an error that names the nearest argument.

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
        plot: str | Mapping[Any, str] | Callable[[Axes, Any], object] | None = None,
        *,
        title: str | Callable[[Any], str] | None = None,
        x: Hashable | None = None,
        y: Hashable | None = None,
        hue: Hashable | None = None,
        u: Hashable | None = None,
        v: Hashable | None = None,
        over: Hashable | None = None,
        stride: int | None = None,
        col: Hashable | None = None,
        row: Hashable | None = None,
        col_wrap: int | Literal["auto"] | None = None,
        limits: str | tuple[float, float] | Mapping[Any, Any] | None = None,
        vmin: float | Mapping[Any, float] | None = None,
        vmax: float | Mapping[Any, float] | None = None,
        robust: bool | Mapping[Any, bool] | None = None,
        center: float | Mapping[Any, float] | None = None,
        norm: Normalize | str | Mapping[Any, Any] | None = None,
        cmap: str | Colormap | Sequence[Any] | Mapping[Any, Any] | None = None,
        levels: int | Sequence[float] | NDArray[Any] | Mapping[Any, Any] | None = None,
        colors: str | Sequence[Any] | Mapping[Any, Any] | None = None,
        extend: str | Mapping[Any, str] | None = None,
        add_colorbar: bool | Mapping[Any, bool] | None = None,
        cbar_kwargs: Mapping[str, Any] | None = None,
        add_legend: bool | None = None,
        add_guide: bool | None = None,
        add_labels: bool | None = None,
        xlim: tuple[Any, Any] | Mapping[Any, Any] | None = None,
        ylim: tuple[Any, Any] | Mapping[Any, Any] | None = None,
        xscale: str | Mapping[Any, str] | None = None,
        yscale: str | Mapping[Any, str] | None = None,
        xticks: Sequence[Any] | NDArray[Any] | Mapping[Any, Any] | None = None,
        yticks: Sequence[Any] | NDArray[Any] | Mapping[Any, Any] | None = None,
        xincrease: bool | Mapping[Any, bool] | None = None,
        yincrease: bool | Mapping[Any, bool] | None = None,
        where: Literal["pre", "post", "mid"] | None = None,
        bins: int | Sequence[float] | NDArray[Any] | None = None,
        frames: Any = None,
        figsize: tuple[float, float] | None = None,
        size: float | None = None,
        aspect: float | Literal["auto", "equal"] | None = None,
        subplot_kws: Mapping[str, Any] | None = None,
        transform: Any = None,
        style: Mapping[str, Any] | None = None,
        decorate: Callable[..., object] | None = None,
        each: Callable[..., object] | None = None,
        **unknown: Any,
    ) -> None:
        given = dict(locals())
        refuse_unknown(unknown, ARGUMENTS)
        if not isinstance(data, xr.DataArray | xr.Dataset):
            raise OptionTypeError(f"data must be a DataArray or a Dataset, got {type(data).__name__}")
        self.dim: str = open_slices(data, None, dim).arrays[0].dim  # type: ignore[attr-defined]
        data = select_frames(data, self.dim, frames)
        self.data: xr.DataArray | xr.Dataset | None = data
        self._first = data.isel({self.dim: 0})  # read when it is needed
        plot = check_plot(plot, data)
        self._function = plot if callable(plot) else None
        self._words, self._specs = panel_specs(data, self._first, self.dim, plot, given)
        self._is_ready = False
        self._scales: dict[Hashable, Scales] = {}
        hides_title = title is None and self._words.add_labels is False
        self._title = FrameTitle("" if hides_title else title, data, self.dim)

    def before_drawing(self) -> None:
        """Read the first slice, try to draw it, then find what holds for all frames; once."""
        if self._is_ready or self.data is None:
            return
        with reading("the first frame could not be read"):
            self._first = self._first.compute()
        trial = copy(self)  # a figure made here would count as content of this animator
        try:
            trial._scales = trial_scales(self.data, self.dim, self._specs)
            trial.setup()
            if not self._function:
                trial.update(0, self._first)
        except Exception as exc:
            raise SetupError.of(exc) from exc
        with reading("the limits of all frames could not be computed"):
            self._scales = scales_of(self.data, self._first, self.dim, self._specs)
        self._is_ready = True

    def setup(self) -> Figure:
        """Build the axes and show the first frame."""
        words = self._words
        if self._function:
            figure = Figure(Grid(1, 1, False).figsize(words), layout="constrained")
            self._axes = figure.subplots(subplot_kw=words.subplot_kws)
            self._draw(self._first, 0)
            return figure
        layout = self._layout = build(self._first, self._specs, self._scales, words)
        write = layout.figure.suptitle if len(self._specs) > 1 else layout.axes.item().set_title
        self._text = write(self._title.of(self._first, 0))
        if words.decorate is not None:
            _call("decorate", words.decorate, layout.figure, layout.public_axes)
        if words.each is not None:
            self._of_each = OwnArtists(layout.figure)
        return layout.figure

    def update(self, frame_idx: int, params: xr.DataArray | xr.Dataset) -> None:
        """Show a slice of the data."""
        if not isinstance(params, xr.DataArray | xr.Dataset):
            raise ParamsError(
                f"a frame is drawn from a slice, such as data.isel({self.dim}={frame_idx}), "
                f"got {in_short(params)}"
            )
        if self._function:
            self._draw(params, frame_idx)
            return
        for spec, panel in self._layout.panels:
            panel.show(spec.of(params), frame_idx)
        self._text.set_text(self._title.of(params, frame_idx))
        if self._words.each is not None:
            with self._of_each.replaced():
                _call("each", self._words.each, self._layout.public_axes, params)

    def limits(self) -> dict[Hashable, tuple[float, float]]:
        """Return the limits of each variable, of its colors or of a line's values; computed once."""
        self.before_drawing()
        found = {name: shown_limits(scales) for name, scales in self._scales.items()}
        return {name: (one.low, one.high) for name, one in found.items() if one is not None}

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
        from ..encoding import as_destination, open_output

        data, options = timed(self.data, self.dim, fps, options)
        if not self._is_ready:  # the file is opened only after all data are read for the limits
            open_output(as_destination(output_file)).discard()
        with computing_on(options.get("client")):
            rendered: Video | Render = self.make_video(output_file, data, fps, dim=self.dim, **options)
        return rendered

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"data": None}

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


#: Names of all arguments but the data.
ARGUMENTS = frozenset(inspect.signature(DataArrayAnimator).parameters) - {"data", "unknown"}


class OwnArtists:
    """The artists that a function adds to a figure: those of the frame before are taken away.

    Neither limits of axes nor colors depend on what was added before: limits are fixed, and the cycle of
    colors begins anew for each frame.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._added: list[Artist] = []
        self._containers: dict[Axes, int] = {}
        # a figure keeps its titles for later calls, so that they must not be taken away
        for write, text in (
            (figure.suptitle, figure.get_suptitle()),
            (figure.supxlabel, figure.get_supxlabel()),
            (figure.supylabel, figure.get_supylabel()),
        ):
            if not text:
                write("").set_in_layout(False)
        for ax in self._axes():
            ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
            self._containers[ax] = len(ax.containers)
        mappables = [one for ax in self._containers for one in ax.get_children()]
        self._colorbars = [bar for one in mappables if (bar := getattr(one, "colorbar", None))]

    @contextmanager
    def replaced(self) -> Iterator[None]:
        """Remove the artists of the call before; those that are added in the context are ours.

        Raises
        ------
        OptionError
            If axes are added to the figure: those beside them have made room for them.
        """
        left = set(self._children())  # without those that the function itself has removed
        for artist in self._added:
            if artist in left:
                artist.remove()
        for ax, n_containers in self._containers.items():
            ax.set_prop_cycle(None)
            del ax.containers[n_containers:]  # from which legends are made
        before, axes = set(self._children()), self._figure.axes
        yield
        if self._figure.axes != axes:
            raise OptionError(
                "the function given as each= adds axes to the figure for each frame: add them once in "
                "decorate=, or use ax.inset_axes; pass add_colorbar=False to xarray's own plots"
            )
        self._added = [child for child in self._children() if child not in before]

    def _axes(self) -> list[Axes]:
        return [part for part in _parts(self._figure) if isinstance(part, Axes)]

    def _children(self) -> list[Artist]:
        """Return what may be added: neither what is in it, nor what axes and color bars remake."""
        held = [value for bar in self._colorbars for value in vars(bar).values()]
        remade = {id(one) for value in held for one in (value if isinstance(value, list) else [value])}
        return [
            child
            for part in (self._figure, *self._containers)
            for child in part.get_children()
            if not isinstance(child, Spine) and id(child) not in remade
        ]


def _parts(part: FigureBase | Axes) -> Iterator[FigureBase | Axes]:
    """Yield a figure, or axes, with all figures and axes in it."""
    yield part
    for child in part.get_children():
        if isinstance(child, FigureBase | Axes):
            yield from _parts(child)


def computing_on(client: Any) -> AbstractContextManager[object]:
    """Return a context in which dask computes on the workers of a client; nothing of other objects."""
    return client.as_current() if hasattr(client, "as_current") else nullcontext()


def _call(name: str, function: Callable[..., object], *args: Any) -> None:
    """Call a function of the caller's; an error says which one it was."""
    try:
        function(*args)
    except Exception as exc:
        raise OptionError(f"the function given as {name}= failed: {in_words(exc)}") from exc
