"""Where axes put their titles and legends as they draw, which no artist announces."""

from __future__ import annotations

from typing import Any

from matplotlib.legend import Legend

from ._matplotlib import best_position, titles_of
from .invalidation import linked_axes


def placement_of(artist: Any, renderer: Any) -> Any:
    """Return where an axes puts a title or a legend.

    Returns
    -------
    object
        Of a title its lower edge in pixels, or an empty string if it has no text. Of a legend with
        ``loc="best"`` the position that would be found now. None for all other artists.
    """
    if isinstance(artist, Legend):
        return best_position(artist, renderer)
    axes = artist.axes
    if axes is None or artist not in titles_of(axes):
        return None
    return artist.get_window_extent(renderer).ymin if artist.get_text() else ""


def keeps_placement(artist: Any, placement: object, renderer: Any) -> bool:
    """Whether an artist that has changed is a title that its axes would put in the same place.

    Axes put their titles above everything in their way, for which they measure all of their tick
    labels. They come to the same result for a text whose lower edge is where the former text's was.
    """
    if placement is None or artist.axes is None or placement != placement_of(artist, renderer):
        return False
    axes = (artist.axes, *artist.axes.child_axes, *linked_axes(artist.axes))
    return not any(other.yaxis.offsetText.get_text() for other in axes)
