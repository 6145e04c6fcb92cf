"""Panels of values over a plane: meshes, images, contours, and Hovmöller diagrams."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import NDArray

from ..errors import OptionError
from .intervals import are_intervals, edges_of_intervals, middles_of
from .panels import (
    Panel,
    PanelSpec,
    Scales,
    is_on_map,
    label_of,
    label_with,
    on_plane,
    plane_coordinates,
    set_dates,
)


class _PlanePanel(Panel):
    """A plane over two coordinates."""

    #: Whether intervals are drawn from edge to edge, not by their middles.
    _draws_edges = False

    def __init__(self, ax: Axes, frame: xr.DataArray, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        assert scales.colors is not None
        self._colors = scales.colors
        x, y = plane_coordinates(frame, spec.words)
        if not self._draws_edges:
            x, y = middles_of(x), middles_of(y)
        self._dims, self._x, self._y = on_plane(x, y)
        self.label_axes(label_of(x), label_of(y))
        self.color_label = label_with(spec.words, frame)

    def _values(self, frame: xr.DataArray) -> np.ma.MaskedArray[Any, Any]:
        """Return the values with the vertical dimension first, masked where they are missing."""
        return np.ma.masked_invalid(frame.transpose(*self._dims).values)


class MeshPanel(_PlanePanel):
    """A ``pcolormesh``."""

    _draws_edges = True

    def __init__(self, ax: Axes, frame: xr.DataArray, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        style: dict[str, Any] = {"cmap": self._colors.cmap, "norm": self._colors.norm}
        is_grid = self._x.ndim == self._y.ndim == 1
        scaled = {"log"} & {spec.words.xscale, spec.words.yscale}
        if is_grid and (scaled or are_intervals(self._x) or are_intervals(self._y)):
            x, y = _edges(self._x, spec.words.xscale), _edges(self._y, spec.words.yscale)
        else:
            x, y = self._x.values, self._y.values
            style["shading"] = "nearest"
        ax.grid(False)
        self._artist = ax.pcolormesh(x, y, self._values(frame), **style | self.style)
        self.mappable = self._artist
        if not is_on_map(ax):
            set_dates(ax, self._x.values)

    def show(self, frame: xr.DataArray, frame_idx: int) -> None:
        """Show another slice."""
        self._artist.set_array(self._values(frame))


class HovmollerPanel(MeshPanel):
    """A ``pcolormesh`` of all frames up to the one that is shown, over their coordinate."""

    draws_on_maps = False

    def __init__(self, ax: Axes, frame: xr.DataArray, spec: PanelSpec, scales: Scales) -> None:
        assert scales.history is not None
        self._history = scales.history.isel(spec.facet)
        (self._dim,) = (dim for dim in self._history.dims if dim not in frame.dims)
        coordinate = self._history.coords.get(self._dim)
        index = None if coordinate is None else coordinate.to_index()
        self._index = index if index is not None and index.is_unique else None
        super().__init__(ax, self._history, spec, scales)
        self._all = super()._values(self._history)
        self.show(frame, 0)

    def show(self, frame: xr.DataArray, frame_idx: int) -> None:
        """Show all slices up to another one, which is found by its coordinate or else its index."""
        last = frame_idx
        if self._index is not None and self._dim in frame.coords:
            last = int(self._index.get_loc(frame.coords[self._dim].values[()]))
        axis = self._dims.index(self._dim)
        is_later = np.arange(self._history.sizes[self._dim]) > last
        shape = [-1 if i == axis else 1 for i in range(2)]
        mask = np.ma.getmaskarray(self._all) | is_later.reshape(shape)
        self._artist.set_array(np.ma.masked_array(self._all.data, mask))


class ImagePanel(_PlanePanel):
    """An ``imshow`` of values, over coordinates that are evenly spaced."""

    draws_on_maps = False

    def __init__(self, ax: Axes, frame: xr.DataArray, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        colors = {"cmap": self._colors.cmap, "norm": self._colors.norm}
        style = _image_style(self._x, self._y) | colors
        self._artist = ax.imshow(self._values(frame), **style | self.style)
        self.mappable = self._artist
        set_dates(ax, self._x.values)
        if "origin" in self.style:
            self.increases = None

    def show(self, frame: xr.DataArray, frame_idx: int) -> None:
        """Show another slice."""
        self._artist.set_data(self._values(frame))


class ChannelsPanel(Panel):
    """An ``imshow`` of colors; without axes if the picture has no coordinates."""

    draws_on_maps = False

    def __init__(self, ax: Axes, frame: xr.DataArray, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        words = spec.words
        self._dims = (*frame.dims[:2], frame.dims[2])
        style: dict[str, Any] = {}
        if {words.x, words.y} == {None} and not set(frame.dims[:2]) & set(frame.coords):
            ax.set_axis_off()
            self.increases = None
        else:
            x, y = map(middles_of, plane_coordinates(frame, words))
            self._dims = (y.dims[0], x.dims[0], frame.dims[2])
            style = _image_style(x, y)
            self.label_axes(label_of(x), label_of(y))
        self._artist = ax.imshow(self._values(frame), **style | self.style)

    def _values(self, frame: xr.DataArray) -> NDArray[Any]:
        """Return the colors; where any of them is missing, the picture is transparent."""
        values: NDArray[Any] = frame.transpose(*self._dims).values
        missing = np.isnan(values).any(axis=-1)
        if missing.any():
            alpha = np.ones_like(values[..., :1]) if values.shape[-1] == 3 else values[..., 3:]
            alpha = np.where(missing[..., None], 0, alpha)
            values = np.concatenate([np.nan_to_num(values[..., :3]), alpha], axis=-1)
        return values

    def show(self, frame: xr.DataArray, frame_idx: int) -> None:
        """Show another slice."""
        self._artist.set_data(self._values(frame))


class ContourPanel(_PlanePanel):
    """A ``contour`` or ``contourf``."""

    def __init__(self, ax: Axes, frame: xr.DataArray, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        scale = self._colors
        colors = {"cmap": scale.cmap} if scale.colors is None else {"colors": scale.colors}
        style = {"norm": scale.norm, "levels": scale.levels, "extend": scale.extend} | colors
        self.style = style | self.style
        self._draw = ax.contour if spec.kind == "contour" else ax.contourf
        self._artist: Any = None
        self.show(frame, 0)
        self.mappable = self._artist
        if not is_on_map(ax):
            set_dates(ax, self._x.values)

    def _values(self, frame: xr.DataArray) -> np.ma.MaskedArray[Any, Any]:
        values = super()._values(frame)
        # matplotlib would warn of what it masks
        return np.ma.masked_less_equal(values, 0) if isinstance(self._colors.norm, LogNorm) else values

    def show(self, frame: xr.DataArray, frame_idx: int) -> None:
        """Show another slice."""
        if self._artist is not None:
            self._artist.remove()
        self._artist = self._draw(self._x.values, self._y.values, self._values(frame), **self.style)


def _image_style(x: xr.DataArray, y: xr.DataArray) -> dict[str, Any]:
    """Return how xarray calls ``imshow``: rows from the top; the axis is turned over afterwards."""
    (left, right), (top, bottom) = _ends(x), _ends(y)
    extent = (left, right, bottom, top)
    return {"origin": "upper", "interpolation": "nearest", "aspect": "auto", "extent": extent}


def _ends(along: xr.DataArray) -> tuple[float, float]:
    """Return the outer edges of the pixels whose centers a coordinate gives."""
    values: NDArray[Any] = along.values
    if values.dtype.kind not in "fiu" or values.ndim != 1:
        raise OptionError(
            f"imshow needs {along.name!r} to be numeric with one dimension: use pcolormesh"
        )
    if len(values) == 1:
        return float(values[0]) - 0.5, float(values[0]) + 0.5
    steps = np.diff(values.astype(float))
    if np.ptp(steps) > 1e-3 * abs(steps).max():
        raise OptionError(f"imshow needs {along.name!r} to be evenly spaced: use pcolormesh")
    half = 0.5 * (float(values[1]) - float(values[0]))
    return float(values[0]) - half, float(values[-1]) + half


def _edges(along: xr.DataArray, scale: str | None) -> NDArray[Any]:
    """Return the edges of the cells along a coordinate."""
    if are_intervals(along):
        return edges_of_intervals(along)
    if along.dtype.kind not in "fiumM":
        raise OptionError(
            f"{along.name!r} holds {along.dtype}, whose cells have no edges beside intervals or on an "
            'axis with the scale "log": give it numbers, or choose another coordinate'
        )
    return _breaks(along.values, scale)


def _breaks(values: NDArray[Any], scale: str | None) -> NDArray[Any]:
    """Return the edges of cells whose centers are given, in the middle between them on the axis."""
    if scale == "log":
        if (values <= 0).any():
            raise OptionError('coordinates must be greater than 0 on an axis with the scale "log"')
        return np.asarray(10 ** _breaks(np.log10(values), None))
    half = np.diff(values) / 2 if len(values) > 1 else np.zeros(1, (values - values).dtype)
    return np.concatenate(
        [values[:1] - half[:1], values[:-1] + half[: len(values) - 1], values[-1:] + half[-1:]]
    )
