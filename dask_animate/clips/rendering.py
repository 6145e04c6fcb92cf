"""A clip at a frame rate, as something that the engine renders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import Any

from ..drawing import DrawOptions
from ..encoding import as_destination, holds_chapters, name_of
from ..errors import OptionError
from ..execution import ClusterOptions, PoolFill
from ..render import Render
from ..render_request import Preparation
from ..renderable import Renderable
from ..rendering import SourceSpec
from ..validation import require_bool
from ..video import Video
from ..video_options import FAULT_OPTIONS, VideoOptions, check_names
from .clip_spec import ClipSpec
from .nodes import Node
from .pooling import filling
from .reuse import plan_reuse
from .timeline import chapters_of
from .times import count_frames

#: Options that are about a source and not about a clip of several.
_OF_SOURCES = ("savefig_params", "redraw", "seed", "freeze_layout", "axis", "dim", "reuse_figure_object")


class RenderedClip(Renderable):
    """The frames of a clip at a frame rate; their parameters are their indices.

    Parameters
    ----------
    root : Node
        The clip.
    fps : Fraction
        Frames per second.
    store, overwrite
        As in `Clip.render`.
    """

    def __init__(self, root: Node, fps: Fraction, store: Any = None, *, overwrite: bool = False) -> None:
        self.params = range(count_frames(root.duration, fps))
        self._root = root
        self._store = store
        self._overwrite = overwrite

    def _preparation(self) -> Preparation:
        return self._prepared

    @contextmanager
    def _prepared(
        self, spec: SourceSpec, cluster: ClusterOptions, *, in_background: bool
    ) -> Iterator[tuple[ClipSpec, list[PoolFill]]]:
        """Plan which frames are drawn first, and yield the clip with their pools."""
        assert isinstance(spec, ClipSpec)
        program = spec.load()
        if in_background:  # the caller may change parameters meanwhile
            program = program.detached()
        plan = plan_reuse(program.root, program.n_frames, everything=self._store is not None)
        with filling(
            plan,
            program.specs,
            cluster,
            self._store,
            overwrite=self._overwrite,
            in_background=in_background,
        ) as (pools, fills):
            yield replace(spec, program=replace(program, pools=pools)), fills

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
    check_names("render", options, without=(*_OF_SOURCES, *FAULT_OPTIONS))
    store, overwrite = options.pop("store", None), options.pop("overwrite", False)
    if require_bool("overwrite", overwrite) and store is None:
        raise OptionError("overwrite=True requires store=")
    if isinstance(store, str) and not store:
        raise OptionError("store must be a path, a URL or a zarr store, got ''; leave it out for none")
    rendered = RenderedClip(root, fps, store, overwrite=overwrite)
    if "chapters" not in options and holds_chapters(
        name_of(as_destination(output_file)), options.get("codec")
    ):
        options = options | {"chapters": chapters_of(root, fps) or None}
    return rendered.make_video(output_file, rendered.params, fps, wait=wait, **options)
