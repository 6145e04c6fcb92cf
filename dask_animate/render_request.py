"""A render as the caller asked for it, and the `Video` made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from .diagnostics import Listener, ProgressOptions, StatsCollector, warn_of_faults
from .encoding import OutputFile, OutputOptions, open_writer
from .execution import ClusterOptions, Executed, Plan, RenderLoop, StoreRequest, choose_executor
from .params import Params
from .rendering import SourceSpec
from .video import Video


@dataclass(frozen=True)
class RenderRequest:
    """A video that is to be made: of what, how, where, by whom. All of it is checked.

    Attributes
    ----------
    spec : SourceSpec
        What to draw.
    params : Params
        The frames' parameters; consumed.
    output : OutputOptions
        The file, how frames are encoded, and when they are shown.
    plan : Plan
        How the work is divided.
    cluster : ClusterOptions
        Who draws.
    progress : ProgressOptions
        What is shown of the render while it runs.
    started : float
        When the caller asked for it, by `time.perf_counter`.
    store : StoreRequest or None
        Where frames are kept.
    """

    spec: SourceSpec
    params: Params
    output: OutputOptions
    plan: Plan
    cluster: ClusterOptions
    progress: ProgressOptions
    started: float
    store: StoreRequest | None = None

    def render(self) -> Video:
        """Render the video."""
        n_frames = self.params.n_frames
        stats = StatsCollector(self.started)
        with (
            self.output.open_copies() as copies,
            OutputFile(self.output.path) as file,
            self.progress.bar(n_frames) as bar,
        ):
            sized = self._sized()
            executor = choose_executor(sized.cluster, sized.spec, n_frames)
            listeners: list[Listener] = [bar, *self.progress.logs(n_frames), warn_of_faults()]
            loop = RenderLoop(
                sized.params,
                sized.plan,
                sized.output.encode,
                partial(open_writer, file, sized.output, copies),
                stats,
                listeners,
                sized.store,
            )
            executed = loop.run(executor)
        return sized._video(executed, stats)

    def _sized(self) -> RenderRequest:
        """Return the request once the size of the frames is known, and whether they have alpha."""
        spec, output, store = self.spec.sized(self.params), self.output, self.store
        if spec.transparent and not output.encode.transparent:
            output = output.with_alpha()
        if store is not None:
            store = replace(store, channels=4 if spec.transparent else 3)
        return replace(self, spec=spec, output=output, store=store)

    def _video(self, executed: Executed, stats: StatsCollector) -> Video:
        path, encoding = self.output.path, executed.encoding
        size = encoding.encoded_size(executed.size)
        return Video(
            path=path,
            n_frames=executed.n_frames,
            fps=encoding.fps,
            width=size.width,
            height=size.height,
            duration=self.output.timeline.seconds(executed.n_frames),
            codec=encoding.codec,
            encoder=encoding.encoder,
            stats=stats.stats(path.stat().st_size),
        )
