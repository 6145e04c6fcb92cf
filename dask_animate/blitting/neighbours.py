"""What axes put in its place when they are drawn: titles, labels, legends; and what that depends on."""

from __future__ import annotations

from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes._base import _AxesBase
from matplotlib.axis import Axis
from matplotlib.legend import Legend


def place_of(artist: Any, renderer: Any) -> Any:
    """Return where a title or a legend was put; None for all others, and for a legend that stays.

    Of a title it is the lower edge, in pixels, or an empty text if it has none. For a legend the place
    is looked for as it would be now.
    """
    if isinstance(artist, Legend):
        legend: Any = artist
        frame = legend.legendPatch
        if legend._loc != 0:  # "best"
            return None
        return legend._find_best_position(frame.get_width(), frame.get_height(), renderer)
    axes = artist.axes
    if axes is None or artist not in (axes.title, axes._left_title, axes._right_title):
        return None
    return artist.get_window_extent(renderer).ymin if artist.get_text() else ""


def stays(artist: Any, place: object, renderer: Any) -> bool:
    """Whether a changed artist is a title that will not be put elsewhere for it.

    Titles are put above everything in their way, for which the axes measures all of its tick labels. If
    the text hangs down as far as the one before, the outcome is the same.
    """
    if place is None or artist.axes is None or place != place_of(artist, renderer):
        return False
    axes = (artist.axes, *artist.axes.child_axes, *relatives_of(artist.axes))
    return not any(other.yaxis.offsetText.get_text() for other in axes)


def relatives_of(container: Any) -> list[Any]:
    """Return axes of which the titles and labels depend on this one's."""
    if not isinstance(container, _AxesBase):
        return []
    axes: Any = container
    aligned = axes.get_figure(root=False)._align_label_groups.values()
    groupers = [axes._twinned_axes, *aligned]
    relatives = [other for grouper in groupers for other in grouper.get_siblings(axes)]
    return relatives + [other for other in axes.figure.axes if axes in other.child_axes]


def neighbours_of(artist: Any) -> list[Artist]:
    """Return what an artist's picture depends on without a reference to it."""
    if not isinstance(artist, Axis):
        return []
    axes: Any = artist.axes
    others = [
        other._axis_map[name]
        for name in ("x", "y")
        if axes._axis_map.get(name) is artist
        for other in axes.get_figure(root=False)._align_label_groups[name].get_siblings(axes)
        if other is not axes
    ]
    return [*axes.spines.values(), *others]
