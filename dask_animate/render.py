"""`Render`, a render that goes on while the caller's code does, and the two ways to begin one."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Literal, overload

from .diagnostics import LiveView, RenderProgress, in_notebook, progress_text
from .encoding import name_of
from .errors import in_words, warn
from .render_request import RenderRequest
from .render_run import RenderRun
from .rendering import SampledFrame
from .video import Video

_logger = logging.getLogger(__name__)

#: Seconds between two looks for a frame.
_POLL_SECONDS = 0.2
#: What to do where Python, which waits for renders at its end, lets them start no thread then.
_ASK_BEFORE = "; Python 3.12.0 to 3.12.2 starts no threads at its end: let the script call result()"


class Render:
    """A render that goes on in the background; ``make_video(..., wait=False)`` returns it.

    Its methods are those of `concurrent.futures.Future` where they fit, and it can be awaited. In a
    notebook it shows itself: how far it is, how fast, the latest frame, and the video when it is done.
    What is shown changes while other cells run.

    Other processes draw the frames: the workers of the client, or of a cluster that is started for the
    render. So nothing that is drawn changes the figures, rcParams or random states that other code of
    this process sees. A thread of this process puts the video together. A script that ends waits for it;
    a notebook's kernel that is shut down cancels it.

    Attributes
    ----------
    output_file : Path or str
        Absolute path of the video, which is there once the render is done.

    Notes
    -----
    Thread-safe.

    Examples
    --------
    >>> import os, tempfile
    >>> import matplotlib.pyplot as plt
    >>> from dask_animate import Animator
    >>> class Dot(Animator):
    ...     def setup(self):
    ...         fig, ax = plt.subplots(figsize=(2, 2))
    ...         (self.dot,) = ax.plot([0], [0], "o")
    ...         ax.set_xlim(0, 30)
    ...         return fig
    ...     def update(self, frame_idx, x):
    ...         self.dot.set_xdata([x])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     render = Dot().make_video(os.path.join(folder, "dot.mp4"), range(30), 15, wait=False)
    ...     video = render.result()  # other code may run before it is asked for
    >>> render.done(), render.progress.n_frames_encoded, video.n_frames
    (True, 30, 30)
    """

    def __init__(self, request: RenderRequest) -> None:
        self._warnings: list[tuple[str, type[Warning]]] = []
        self._views: list[LiveView] = []
        # Nothing of the run may refer to this object, whose end closes the run's files.
        note = partial(_note, self._warnings)
        self._run = RenderRun(request, note, in_background=True)
        weakref.finalize(self, self._run.close)
        self.output_file: Path | str = request.output.destination
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None  # of videos so far
        self._n_looks = 0
        self._future: Future[Video] = Future()
        self._future.set_running_or_notify_cancel()
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(self._work,), name="dask_animate-render")
        _running.add(self)
        try:
            thread.start()
        except BaseException:  # there may be too many threads
            _running.discard(self)
            self._run.close()
            raise

    @property
    def progress(self) -> RenderProgress:
        """How far the render is: frames drawn, encoded and in total, seconds elapsed and left."""
        return self._run.state.snapshot().progress

    def latest_frame(self, timeout: float | None = None) -> SampledFrame | None:
        """Return one of the frames that were drawn last.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait for the first frame; by default until there is one.

        Returns
        -------
        SampledFrame or None
            Its ``frame_idx``, its ``pixels``, an ndarray of uint8 with shape (height, width, 3), and
            when it was drawn. None if there is none in time, or if the render has ended. The pixels were
            not compared with a full draw yet; if they turn out wrong, the frame is drawn again.
        """
        stop = None if timeout is None else time.monotonic() + timeout
        while True:
            sampled = self._run.peek()
            is_late = stop is not None and time.monotonic() >= stop
            if sampled is not None or is_late or self.done():
                return sampled
            time.sleep(_POLL_SECONDS)

    def so_far(self, output_file: str | os.PathLike[str] | None = None) -> Video:
        """Return a video of all frames up to the first that is missing. The render goes on.

        It has the segments that are complete. Where the calling process encodes, as it does for short
        partitions, a segment has up to 250 frames; with ``encode_on="workers"`` each partition is one.

        Parameters
        ----------
        output_file : path-like, optional
            Path of the file, with the suffix of the whole video; by default a temporary file, which is
            there as long as this object.

        Returns
        -------
        Video
            A complete file, which plays. Once the render is done, the whole video.

        Raises
        ------
        NoFramesError
            If no frame is encoded yet.
        OptionError
            If the file is written in one piece, as GIF, APNG and WebP are, or if `output_file` has
            another suffix.
        OutputError
            If the file cannot be written.
        """
        if self.done() and self._future.exception() is None and output_file is None:
            return self._future.result()
        if output_file is None:
            with self._lock:
                self._n_looks += 1
                if self._folder is None:
                    self._folder = tempfile.TemporaryDirectory(prefix="dask_animate-")
                    weakref.finalize(self, self._folder.cleanup)
                whole = name_of(self.output_file)
                name = f"{whole.stem}-so-far-{self._n_looks}{whole.suffix}"
                output_file = os.path.join(self._folder.name, name)
        return self._run.so_far(output_file)

    def result(self, timeout: float | None = None) -> Video:
        """Return the video, waiting for it if need be.

        An interrupt while it waits, such as Ctrl-C or that of a notebook's kernel, does not end the
        render.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most; by default without end.

        Raises
        ------
        TimeoutError
            If the render is not done by then. It goes on.
        CancelledRenderError
            If it was cancelled.
        AnimateError
            If it failed, as `Animator.make_video` raises it.
        """
        try:
            return self._future.result(timeout)
        except TimeoutError:
            if self.done():
                raise
            raise TimeoutError(f"not done after {timeout} s: {self!r}") from None
        finally:
            self._settle()

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Return the exception that `result` raises, None if there is none; wait as `result` does."""
        try:
            return self._future.exception(timeout)
        finally:
            self._show_end()

    def cancel(self) -> bool:
        """End the render; an existing output file stays as it was.

        A render that has put its file in place by then counts as done. Workers finish the frame that
        they are drawing. Code that computes or reads parameters in this process is waited for. Does not
        wait for the end; `result` does.

        Returns
        -------
        bool
            False if the render had ended already.
        """
        if self.done():
            return False
        self._run.cancel()
        return True

    def cancelled(self) -> bool:
        """Return whether the render was cancelled and has ended."""
        return self.done() and self.progress.phase == "cancelled"

    def running(self) -> bool:
        """Return whether the render goes on."""
        return not self.done()

    def done(self) -> bool:
        """Return whether the render has ended: with a video, with an error, or cancelled."""
        return self._future.done()

    def add_done_callback(self, function: Callable[[Render], Any]) -> None:
        """Call a function with this object once the render has ended.

        It runs in the thread of the render, or at once in this one if the render has ended already. Its
        exceptions are logged, not raised.
        """

        def call(future: Future[Video]) -> None:
            try:
                function(self)
            except BaseException:  # also SystemExit, which would end the thread of the render
                _logger.exception("a callback of %r failed", self)

        self._future.add_done_callback(call)

    def __await__(self) -> Generator[Any, None, Video]:
        """Wait for the video in a coroutine; cancelling that does not cancel the render."""
        try:
            return (yield from asyncio.wrap_future(self._future).__await__())
        finally:
            self._settle()

    def __repr__(self) -> str:
        progress = self.progress
        return f"<Render {self.output_file}: {progress.phase}, {progress_text(progress)}>"

    def _repr_html_(self) -> str:
        if self.done() and self._future.exception() is None:
            return self._future.result()._repr_html_()
        return self._run.html()

    def _ipython_display_(self) -> None:
        if not in_notebook():
            print(repr(self))
            return
        self._views.append(LiveView(self._repr_html_, self.done))
        self._views[-1].show()

    def _work(self) -> None:
        try:
            video = self._run()
        except BaseException as exc:
            self._future.set_exception(exc)
        else:
            self._future.set_result(video)
        finally:
            _running.discard(self)
            del self  # the traceback of an error holds this frame

    def _settle(self) -> None:
        """Show the end where the result is asked for, and issue the warnings of the render, once."""
        if not self.done():
            return
        self._show_end()
        with self._lock:
            warnings = list(self._warnings)
            self._warnings.clear()
        for message, category in warnings:
            warn(message, category)

    def _show_end(self) -> None:
        if self.done():
            while self._views:  # what runs next may be the end of the kernel
                self._views.pop().update()


def _note(warnings: list[tuple[str, type[Warning]]], message: str, category: type[Warning]) -> None:
    warnings.append((message, category))


class _RunningRenders:
    """The renders that go on in this process, for which it waits at its end."""

    def __init__(self) -> None:
        self._renders: set[Render] = set()
        self._is_registered = False
        self._lock = threading.Lock()

    def add(self, render: Render) -> None:
        with self._lock:
            self._renders.add(render)
            if not self._is_registered:
                # Callbacks of `atexit` come too late: no thread may use a pool any more by then.
                threading._register_atexit(self.finish)  # type: ignore[attr-defined]
                os.register_at_fork(after_in_child=self.forget)
                self._is_registered = True

    def discard(self, render: Render) -> None:
        with self._lock:
            self._renders.discard(render)

    def forget(self) -> None:
        """Forget those of the parent process, whose threads a forked process does not have."""
        self._lock = threading.Lock()
        self._renders = set()

    def finish(self) -> None:
        """Wait for all. A kernel that waits for long is killed, so there they are cancelled first."""
        renders = list(self._renders)
        try:
            if in_notebook():
                self._cancel(renders)
            self._wait(renders)
        except KeyboardInterrupt:
            self._cancel(renders)
            self._wait(renders)  # until Ctrl-C is pressed again
            raise

    @staticmethod
    def _cancel(renders: list[Render]) -> None:
        for render in renders:
            render.cancel()

    @staticmethod
    def _wait(renders: list[Render]) -> None:
        """Wait for all, and say which failed, as nobody asks any more."""
        for render in renders:
            error = render.exception()
            if error is not None and not render.cancelled():
                advice = _ASK_BEFORE if "interpreter shutdown" in str(error) else ""
                _logger.error("%s was not rendered: %s%s", render.output_file, in_words(error), advice)


_running = _RunningRenders()


@overload
def perform(request: RenderRequest, *, wait: Literal[True]) -> Video: ...
@overload
def perform(request: RenderRequest, *, wait: bool) -> Video | Render: ...
def perform(request: RenderRequest, *, wait: bool) -> Video | Render:
    """Render a video, or begin to.

    Parameters
    ----------
    request : RenderRequest
        What to render.
    wait : bool
        True returns the finished video; False begins, and returns at once.
    """
    if not wait:
        return Render(request)
    with (
        closing(RenderRun(request, warn, in_background=False)) as run,
        request.progress.shown(run.state.n_frames, run.html, run.is_over) as bar,
    ):
        video = run(*([] if bar is None else [bar]))
    if bar is not None:
        bar.conclude(str(video))
    return video
