"""One run of a request, which other threads may watch and end."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from .dashboard import render_done, render_failed, render_started
from .diagnostics import (
    THUMBNAIL_SIDE,
    Event,
    Listener,
    RenderState,
    StatsCollector,
    render_html,
    warn_of_faults,
)
from .encoding import (
    CODECS,
    Encoding,
    SegmentJournal,
    as_destination,
    local_file,
    name_of,
    open_output,
    open_writer,
)
from .errors import CancelledRenderError, MismatchWarning, OptionError, OutputError, in_words
from .execution import Executor, PoolFill, RenderLoop, choose_executor
from .frames import FrameSize
from .render_request import RenderRequest
from .rendering import SampledFrame, Thumbnail
from .video import Video

#: Seconds between two frames that are asked for, to be shown while the render runs.
PICTURE_SECONDS = 1.0


class _Written(Protocol):
    """A video file that is complete."""

    @property
    def n_bytes(self) -> int:
        """Its size."""
        ...

    @property
    def path(self) -> Path | str:
        """Where it is."""
        ...


class RenderRun:
    """A request that is being rendered.

    The constructor opens the output and chooses who draws, so that it finds out what is wrong before
    anything is drawn. From then on, changes of the animator and of the directory do not matter. The run
    is called once, in any thread. Everything else may be used by other threads meanwhile.

    Parameters
    ----------
    request : RenderRequest
        What to render.
    warn : callable
        Issues a warning, given its message and its class.
    in_background : bool
        True if the caller's code goes on meanwhile, so that nothing may be drawn in this process.

    Attributes
    ----------
    state : RenderState
        How far it is.
    """

    def __init__(
        self,
        request: RenderRequest,
        warn: Callable[[str, type[Warning]], None],
        *,
        in_background: bool,
    ) -> None:
        self._warn = warn
        self._is_cancelled = False
        self._stats = StatsCollector(request.started)
        self._picture: Thumbnail | None = None
        self._video: Video | None = None
        self._pictured_at = 0.0
        if in_background:
            request = replace(request, params=request.params.snapshot())
        n_frames = request.params.n_frames
        self.state = RenderState(request.output.name.name, n_frames, request.started)
        has_segments = CODECS[request.output.encode.codec].is_segmented
        is_watched = in_background and has_segments
        self._journal = SegmentJournal(request.output.folder) if is_watched else None
        with ExitStack() as exits:
            self._copies = exits.enter_context(request.output.open_copies(self._journal))
            self._file = exits.enter_context(open_output(request.output.destination))
            self._fills: Sequence[PoolFill] = ()
            if request.preparation is not None:
                prepared = request.preparation(
                    request.spec, request.cluster, in_background=in_background
                )
                spec, self._fills = exits.enter_context(prepared)
                request = replace(request, spec=spec)
            sized = request.sized()
            self._request: RenderRequest | None = sized
            self._output = sized.output
            self._executor: Executor | None = choose_executor(
                sized.cluster,
                sized.spec,
                n_frames,
                self.state.drawn,
                self._left_out,
                # Frame 0 is drawn with what is said about frames that fail, or not at all.
                first=sized.params.first_at_hand() if sized.faults.is_default else (),
                only_elsewhere=_why_elsewhere(request, in_background=in_background),
            )
            self._exits = exits.pop_all()

    def __call__(self, *listeners: Listener) -> Video:
        """Render the video.

        Parameters
        ----------
        *listeners : callable
            Told of each event, in this thread.

        Raises
        ------
        CancelledRenderError
            If it was cancelled.
        """
        assert self._executor is not None, "a run is called once"
        announce = self._executor.announce
        try:
            announce(render_started(self._file.path, self.state.n_frames))
            video = self._render(listeners)
        except BaseException as exc:
            is_cancelled = self._is_cancelled or isinstance(exc, KeyboardInterrupt)
            announce(render_failed(exc, is_cancelled=is_cancelled))
            if self._is_cancelled and isinstance(exc, Exception):
                self.state.end("cancelled")
                cancelled = CancelledRenderError(f"the render of {self._file.path} was cancelled")
                cancelled.__notes__ = getattr(exc, "__notes__", [])
                raise cancelled from None
            self.state.end("failed", _in_words(exc))
            raise
        else:
            self._video = video
            if self._journal is not None:
                self._journal.close()  # the video itself is there
            self.state.end("done")
            announce(render_done(_facts(video)))
            return video
        finally:
            self._exits.close()
            self._executor = self._request = None  # which hold what was drawn, and the client
            self._fills = ()

    def close(self) -> None:
        """Free the disk; leave nothing behind, if it was not called."""
        self._exits.close()
        if self._journal is not None:
            self._journal.close()

    def cancel(self) -> None:
        """End it as soon as may be. Workers finish the frame that they are drawing."""
        self._is_cancelled = True
        for executor in (*(fill.executor for fill in self._fills), self._executor):
            if executor is not None:
                executor.cancel()

    def peek(self) -> SampledFrame | None:
        """Return a frame that was drawn lately, if one is known, and ask for a newer one."""
        executor = self._executor
        sampled = None if executor is None else executor.peek(None)
        assert not isinstance(sampled, Thumbnail)
        return sampled

    def so_far(self, output_file: str | os.PathLike[str]) -> Video:
        """Write a video of all frames up to the first that is missing; only of a run in the background.

        Raises
        ------
        NoFramesError
            If none is encoded yet.
        OptionError
            If the codec writes a file in one piece, or if the suffix is another.
        OutputError
            If a file cannot be written.
        """
        target = as_destination(output_file)
        suffix, whole = name_of(target).suffix, self._output.name.suffix
        if suffix.lower() != whole.lower():
            raise OptionError(
                f"output_file must have the suffix of the whole video, {whole}, got {suffix}"
            )
        if os.path.realpath(target) in map(os.path.realpath, self._output.own_paths):
            raise OptionError(f"output_file is a file of the render itself: {output_file}")
        if self._video is not None:
            return _copied(self._video, output_file)
        if self._journal is None:
            codec = self._output.encode.codec
            raise OptionError(
                f"so_far() cannot show a file that is written in one piece, such as {codec.upper()}: "
                f"render to .mp4, .mkv or .webm to watch it"
            )
        beginning = self._journal.write(output_file)
        video = beginning.video
        return self._video_of(beginning, beginning.n_frames, video.encoding, video.size)

    def html(self) -> str:
        """Return what a notebook shows of it now."""
        executor = self._executor
        if executor is not None and time.monotonic() - self._pictured_at > PICTURE_SECONDS:
            self._pictured_at = time.monotonic()
            picture = executor.peek(THUMBNAIL_SIDE)
            assert not isinstance(picture, SampledFrame)
            self._picture = picture or self._picture
        snapshot = self.state.snapshot()
        picture = None if snapshot.progress.phase == "done" else self._picture  # the video is at hand
        return render_html(snapshot, None if picture is None else (picture.frame_idx, picture.jpeg))

    def is_over(self) -> bool:
        """Return whether it has ended."""
        return self.state.snapshot().progress.is_over

    def _render(self, listeners: tuple[Listener, ...]) -> Video:
        request, executor = self._request, self._executor
        assert request is not None
        assert executor is not None
        watching: list[Listener] = [
            self._stop,
            self.state,
            *listeners,
            *request.progress.logs(request.params.n_frames),
            warn_of_faults(self._note_warning),
        ]
        loop = RenderLoop(
            request.params,
            request.plan,
            request.output.encode,
            partial(open_writer, self._file, request.output, self._copies),
            self._stats,
            watching,
            request.store,
            request.faults,
        )
        with self._exits:
            for fill in self._fills:
                self._raise_if_cancelled()
                fill.run(self._stats, *watching)
            self._raise_if_cancelled()
            executed = loop.run(executor)
        return self._video_of(self._file, executed.n_frames, executed.encoding, executed.size)

    def _stop(self, event: Event) -> None:
        self._raise_if_cancelled()

    def _raise_if_cancelled(self) -> None:
        if self._is_cancelled:
            raise CancelledRenderError("cancelled")

    def _left_out(self, worker: str, why: str) -> None:
        self._note_warning(f"the worker {worker} draws nothing: {why}", MismatchWarning)

    def _note_warning(self, message: str, category: type[Warning]) -> None:
        self.state.warned(message)
        self._warn(message, category)

    def _video_of(self, file: _Written, n_frames: int, encoding: Encoding, drawn: FrameSize) -> Video:
        size = encoding.encoded_size(drawn)
        return Video(
            path=file.path,
            n_frames=n_frames,
            fps=encoding.fps,
            width=size.width,
            height=size.height,
            duration=self._output.timeline.seconds(n_frames),
            codec=encoding.codec,
            encoder=encoding.encoder,
            stats=self._stats.stats(file.n_bytes, self.state.snapshot().warnings),
        )


def _why_elsewhere(request: RenderRequest, *, in_background: bool) -> str | None:
    """Return the option for which nothing may be drawn in this process."""
    if in_background:
        return "wait=False"
    return None if request.faults.timeout is None else "timeout="


def _copied(video: Video, output_file: str | os.PathLike[str]) -> Video:
    """Copy the file of a video."""
    with open_output(as_destination(output_file)) as file, local_file(video.path) as whole:
        try:
            shutil.copyfile(whole, file.temporary)
        except OSError as exc:
            raise OutputError(f"cannot copy {video.path}: {exc.strerror or exc}") from exc
        file.commit()
    return replace(video, path=file.path)


def _in_words(exc: BaseException) -> str:
    return "interrupted" if isinstance(exc, KeyboardInterrupt) else in_words(exc)


def _facts(video: Video) -> dict[str, str | float]:
    """Return what the dashboard shows of a video."""
    return {
        "path": str(video.path),
        "n_frames": video.n_frames,
        "size": f"{video.width} x {video.height}",
        "fps": str(video.fps),
        "duration": f"{video.duration:.2f} s",
        "codec": video.codec,
        "encoder": video.encoder,
        "n_frames_reused": video.stats.n_frames_reused,
        "file_size": video.stats.file_size,
        "summary": f"{video.path}\n{video.stats}",
    }
