"""A figure and how it changes: what users write, and how to look at it before rendering a video."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .check import Checker, CheckReport, choose
from .job import RenderJob
from .params import open_params
from .renderer import Renderer
from .sheet import ContactSheet, make_sheet, spread
from .spec import DrawSpec, require_int
from .stage import current_settings


@contextmanager
def _changes_noted(animator: Look) -> Iterator[None]:
    """Note what drawing changes in modules, such as caches, lest it count for frames kept later."""
    from .surroundings import Observer
    from .tokens import Unknowable, content_of

    observer = None
    with suppress(Unknowable):
        observer = Observer(content_of(animator).named)
        observer.observe()
    yield
    if observer is not None:
        observer.note_changes()


class Look(ABC):
    """What of an `Animator` needs no cluster and makes no file."""

    @abstractmethod
    def setup(self) -> Figure:
        """Build the figure and return it.

        Keep what `update` will change, lines or images or texts, as attributes.
        """

    @abstractmethod
    def update(self, frame_idx: int, params: Any) -> None:
        """Change the figure so that it shows one frame.

        Parameters
        ----------
        frame_idx : int
            Index of the frame, from 0.
        params : object
            The frame's item of ``param_by_frame``: a copy of what can be changed and copied, so that
            changes in place reach neither other frames nor the caller. Objects that occur twice in it
            stay the same object; read-only arrays, and what has no copy, as a lock, are shared.
        """

    def frame(
        self,
        params: Any,
        frame_idx: int = 0,
        *,
        savefig_params: Mapping[str, Any] | None = None,
        seed: int | None = 0,
    ) -> NDArray[np.uint8]:
        """Draw one frame in this process, as it would be in a video.

        Parameters
        ----------
        params : object
            The frame's parameters.
        frame_idx : int, default: 0
            Its index.
        savefig_params, seed
            As in `make_video`.

        Returns
        -------
        ndarray of uint8, shape (height, width, 3)
            RGB, C-contiguous; yours.

        Raises
        ------
        FrameError
            If `update` fails.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator
        >>> class Empty(Animator):
        ...     def setup(self):
        ...         return plt.figure(figsize=(3, 2), dpi=100)
        ...     def update(self, frame_idx, params):
        ...         pass
        >>> Empty().frame(None, savefig_params={"dpi": 50}).shape
        (100, 150, 3)
        """
        frame_idx = require_int("frame_idx", frame_idx, 0)
        job = self._job(DrawSpec.create(savefig_params, seed=seed))
        with _changes_noted(self), closing(Renderer(job)) as renderer:
            return renderer.frame(frame_idx, params)

    def preview(
        self,
        param_by_frame: Any,
        n: int = 9,
        *,
        n_frames: int | None = None,
        axis: int | None = None,
        dim: str | None = None,
        savefig_params: Mapping[str, Any] | None = None,
        seed: int | None = 0,
    ) -> ContactSheet:
        """Draw frames that are spread over a sequence, in this process, on one image.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. A generator is read to its end, and is empty afterwards; of an array, no
            more is read than those frames need.
        n : int, default: 9
            Number of frames to draw, the first and the last of the sequence among them.
        n_frames, axis, dim, savefig_params, seed
            As in `make_video`.

        Returns
        -------
        ContactSheet
            Shows itself in a notebook; its ``save("sheet.png")`` writes a file.

        Raises
        ------
        FrameError
            If `update` fails.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator
        >>> class Counter(Animator):
        ...     def setup(self):
        ...         fig = plt.figure(figsize=(3, 2))
        ...         self.text = fig.text(0.5, 0.5, "")
        ...         return fig
        ...     def update(self, frame_idx, params):
        ...         self.text.set_text(str(params))
        >>> Counter().preview(range(100), n=4).frame_idx
        (0, 33, 66, 99)
        """
        n = require_int("n", n, 1)
        job = self._job(DrawSpec.create(savefig_params, seed=seed))
        sequence = open_params(param_by_frame, n_frames, axis, dim)
        chosen = spread(sequence, n, sequence.n_frames)
        with _changes_noted(self), closing(Renderer(job)) as renderer:
            frames = [renderer.frame(idx, params) for idx, params in chosen]
        return make_sheet([idx for idx, _ in chosen], frames)

    def check(
        self,
        param_by_frame: Any,
        n: int = 12,
        *,
        n_frames: int | None = None,
        axis: int | None = None,
        dim: str | None = None,
        savefig_params: Mapping[str, Any] | None = None,
        seed: int | None = 0,
    ) -> CheckReport:
        """Find out whether frames depend on anything but their arguments, in this process.

        That is what to do if a video flickers, or differs from one render to the next. Some frames are
        drawn alone, each with a figure of its own, twice; then with one figure, in order and shuffled;
        then, if all is well so far, by drawing only what changes. They have to be the same each time.
        What `update` changes without matplotlib being told is looked for as well, since that can be
        missing from a video where only what changes is drawn, whether or not it shows in these frames.

        Parameters
        ----------
        param_by_frame : iterable, dask.bag.Bag or array
            As in `make_video`. A generator is read to its end, and is empty afterwards; of an array, no
            more is read than those frames need.
        n : int, default: 12
            Number of frames, three in a row at places spread over the sequence.
        n_frames, axis, dim, savefig_params, seed
            As in `make_video`.

        Returns
        -------
        CheckReport
            Its ``ok`` is True if all is well; printed, it says which frames depend on what, and what
            changes unseen. Its ``sheet`` shows the frames.

        Raises
        ------
        FrameError
            If `update` fails.

        Examples
        --------
        >>> import matplotlib.pyplot as plt
        >>> from dask_animate import Animator
        >>> class Forgetful(Animator):
        ...     def setup(self):
        ...         fig = plt.figure(figsize=(2, 1))
        ...         self.text = fig.text(0.5, 0.5, "")
        ...         return fig
        ...     def update(self, frame_idx, params):
        ...         if frame_idx % 3 == 0:  # the others show what was drawn before
        ...             self.text.set_text(str(params))
        >>> report = Forgetful().check(range(100), n=3)
        >>> report.ok, [(finding.frame_idx, finding.cause) for finding in report.findings]
        (False, [(1, 'history'), (2, 'history')])
        """
        n = require_int("n", n, 1)
        job = self._job(DrawSpec.create(savefig_params, seed=seed))
        sequence = open_params(param_by_frame, n_frames, axis, dim)
        chosen = choose(sequence, n, sequence.n_frames)
        with _changes_noted(self):
            return Checker(job, chosen).report()

    def _job(self, draw: DrawSpec, log_interval: int | None = None) -> RenderJob:
        if log_interval is not None:
            log_interval = require_int("plotting_log_interval", log_interval, 1)
        return RenderJob(self, draw, current_settings(), log_interval)
