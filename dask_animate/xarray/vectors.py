"""Panels of vectors: arrows and streamlines, also over the mesh of a third variable."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..errors import OptionError
from .intervals import middles_of
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
from .planes import MeshPanel


class _VectorPanel(Panel):
    """Vectors `u` and `v` over two coordinates, over a mesh if there is one."""

    increases = None

    def __init__(self, ax: Axes, frame: xr.Dataset, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        words = spec.words
        self._mesh: MeshPanel | None = None
        if words.over is not None:
            shown = frame[words.over]
            known = {*shown.coords, *shown.dims}
            own = {name: getattr(words, name) for name in ("x", "y") if getattr(words, name) in known}
            plain = replace(words, style=None, **{"x": None, "y": None} | own)
            self._mesh = MeshPanel(ax, shown, replace(spec, kind="pcolormesh", words=plain), scales)
            self.mappable, self.color_label = self._mesh.mappable, self._mesh.color_label
        x, y = map(middles_of, plane_coordinates(frame[words.u], words))
        self._dims, self._x, self._y = on_plane(x, y)
        self.label_axes(label_of(x), label_of(y))
        self._colors: dict[str, Any] = {}
        if words.hue is not None:
            assert scales.colors is not None
            self._colors = {"cmap": scales.colors.cmap, "norm": scales.colors.norm}
            self.color_label = label_with(words, frame[words.hue])

    def _components(self, frame: xr.Dataset) -> list[np.ma.MaskedArray[Any, Any]]:
        """Return `u`, `v` and, if there is one, `hue`, with the vertical dimension first."""
        words = self.words
        names = [words.u, words.v, *([] if words.hue is None else [words.hue])]
        return [np.ma.masked_invalid(frame[name].transpose(*self._dims).values) for name in names]

    def show(self, frame: xr.Dataset, frame_idx: int) -> None:
        """Show another slice."""
        if self._mesh is not None:
            self._mesh.show(frame[self.words.over], frame_idx)
        self._show_vectors(frame)

    def _show_vectors(self, frame: xr.Dataset) -> None:
        raise NotImplementedError


class QuiverPanel(_VectorPanel):
    """Arrows, of the same scale in all frames, with a key."""

    def __init__(self, ax: Axes, frame: xr.Dataset, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        words = spec.words
        self._every = (slice(None, None, words.stride or 1),) * 2
        x, y = np.broadcast_arrays(*_broadcastable(self._x, self._y))
        self._places = x[self._every], y[self._every]
        u, v, *hue = self._components(frame)
        # matplotlib's own scale for vectors of this length
        scale = 1.8 * scales.arrow * max(10, math.sqrt(u.size)) or 1.0
        style: dict[str, Any] = {"pivot": "middle", "scale": scale} | self._colors | self.style
        self._artist = ax.quiver(*self._places, u, v, *hue, **style)
        if hue:
            self.mappable = self._artist
        if words.add_guide is not False:
            self._add_key(frame[words.u], scales.arrow)
        set_dates(ax, self._x.values)

    def _components(self, frame: xr.Dataset) -> list[np.ma.MaskedArray[Any, Any]]:
        return [one[self._every] for one in super()._components(frame)]

    def _show_vectors(self, frame: xr.Dataset) -> None:
        u, v, *hue = self._components(frame)
        if is_on_map(self.ax) and "transform" in self.style:
            # what cartopy's quiver() does once
            projection: Any = self.ax.projection  # type: ignore[attr-defined]
            if projection != self.style["transform"]:
                u, v = projection.transform_vectors(self.style["transform"], *self._places, u, v)
        self._artist.set_UVC(u, v, *hue)

    def _add_key(self, u: xr.DataArray, arrow: float) -> None:
        length = float(MaxNLocator(3).tick_values(0, arrow)[-2])
        text = f"{length:g} {u.attrs.get('units', '')}".strip()
        self.ax.quiverkey(self._artist, 0.9, 1.03, length, text, labelpos="E", coordinates="axes")


class StreamPanel(_VectorPanel):
    """Streamlines, which are computed anew for each frame."""

    def __init__(self, ax: Axes, frame: xr.Dataset, spec: PanelSpec, scales: Scales) -> None:
        super().__init__(ax, frame, spec, scales)
        if self._x.ndim != 1 or self._y.ndim != 1:
            raise OptionError("streamplot needs coordinates with one dimension: choose quiver as plot=")
        self._flips = [_flip(self._y.values), _flip(self._x.values)]
        self._drawn: list[Any] = []
        self._show_vectors(frame)
        if self._mesh is None and not is_on_map(ax):
            ax.set_xlim(self._x.values.min(), self._x.values.max())
            ax.set_ylim(self._y.values.min(), self._y.values.max())

    def _show_vectors(self, frame: xr.Dataset) -> None:
        for artist in self._drawn:
            artist.remove()
        before = set(self.ax.get_children())
        u, v, *hue = (one[tuple(self._flips)] for one in self._components(frame))
        if hue:  # no lines where the color is missing: matplotlib warns of it
            u = np.ma.masked_array(u, np.ma.getmaskarray(u) | np.ma.getmaskarray(hue[0]))
        default = "C0" if self._mesh is None else "black"  # not the next color of the axes' cycle
        color: Any = np.ma.filled(hue[0].astype(float), np.nan) if hue else default
        style: dict[str, Any] = {"color": color} | self._colors | self.style
        x, y = self._x.values[self._flips[1]], self._y.values[self._flips[0]]
        limits = self.ax.get_xlim(), self.ax.get_ylim()
        streams = self.ax.streamplot(x, y, u, v, **style)
        if self._drawn:
            self.ax.set(xlim=limits[0], ylim=limits[1])
        self._drawn = [artist for artist in self.ax.get_children() if artist not in before]
        if hue and self.mappable is None:
            self.mappable = streams.lines


def _flip(values: NDArray[Any]) -> slice:
    """Return the slice that makes values increase."""
    return slice(None, None, -1) if len(values) > 1 and values[1] < values[0] else slice(None)


def _broadcastable(x: xr.DataArray, y: xr.DataArray) -> tuple[NDArray[Any], NDArray[Any]]:
    return (x.values, y.values if y.ndim == 2 else y.values[:, None])
