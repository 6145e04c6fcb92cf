"""A clip at a frame rate, as something that the engine renders."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction

from ..drawing import DrawOptions
from ..encoding import as_path, holds_chapters
from ..render import Render
from ..renderable import Renderable
from ..video import Video
from ..video_options import VideoOptions, check_names
from .clip_spec import ClipSpec
from .nodes import Node
from .timeline import chapters_of
from .times import count_frames

#: Options that are about a source and not about a clip of several.
_OF_SOURCES = ("savefig_params", "redraw", "seed", "freeze_layout", "axis", "dim", "reuse_figure_object")


class RenderedClip(Renderable):
    """The frames of a clip; their parameters are their indices."""

    def __init__(self, root: Node, n_frames: int) -> None:
        self.params = range(n_frames)
        self._root = root

    @classmethod
    def of(cls, root: Node, fps: Fraction) -> RenderedClip:
        """Return those of a frame rate."""
        return cls(root, count_frames(root.duration, fps))

    def _spec(self, draw: DrawOptions, log_interval: int | None = None) -> ClipSpec:
        return replace(ClipSpec.of(self._root, len(self.params)), log_interval=log_interval)


def render_clip(
    root: Node,
    output_file: str | os.PathLike[str],
    fps: Fraction,
    *,
    wait: bool,
    options: VideoOptions,
) -> Video | Render:
    """Render a clip to a video; see `Clip.render`."""
    check_names("render", options, without=_OF_SOURCES)
    rendered = RenderedClip.of(root, fps)
    if "chapters" not in options and holds_chapters(as_path(output_file), options.get("codec")):
        options = options | {"chapters": chapters_of(root, fps) or None}
    return rendered.make_video(output_file, rendered.params, fps, wait=wait, **options)
