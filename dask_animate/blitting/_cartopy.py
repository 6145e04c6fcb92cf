"""Axes with map projections: what is known here of cartopy, which this package does not import."""

from __future__ import annotations

import sys
from typing import Any

from matplotlib.axes import Axes


def is_map(container: Any) -> bool:
    """Whether a container is axes with a map projection. They only prepare what `Axes` draw."""
    module = sys.modules.get("cartopy.mpl.geoaxes")
    return module is not None and type(container).draw is module.GeoAxes.draw


def is_gridliner(artist: Any) -> bool:
    """Whether an artist draws the grid of a map, with labels where it meets the boundary."""
    module = sys.modules.get("cartopy.mpl.gridliner")
    return module is not None and isinstance(artist, module.Gridliner)


def place_boundary(axes: Axes) -> None:
    """Let the boundary of a map follow its limits, which it does only as long as it is stale."""
    boundary: Any
    for boundary in (axes.patch, axes.spines["geo"]):
        boundary._adjust_location()
