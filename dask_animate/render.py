"""A whole render: what the caller asked for, checked, and the `Video` made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from .diagnostics import Listener, ProgressBar, StatsCollector, progress_logs, warn_of_faults
from .encoding import EncodeOptions, OutputFile, OutputOptions, open_writer
from .execution import Plan, Render, StoreRequest, check_client, check_num_workers, open_client
from .params import AnyParams
from .rendering import SourceSpec
from .video import Video


@dataclass(frozen=True)
class RenderRequest:
    """A video that is to be made: where to, how, by whom. All of it is checked.

    Attributes
    ----------
    output : OutputOptions
        The file.
    params : AnyParams
        The frames' parameters; consumed.
    plan : Plan
        How the work is divided.
    store : StoreRequest or None
        Where frames are kept.
    client : distributed.Client or None
        As given.
    num_workers : int
        As given.
    disable_progress_bar : bool or None
        As given.
    logs : sequence of listeners
        Told of each event.
    meter : StatsCollector
        Its clock runs since the call.
    """

    output: OutputOptions
    params: AnyParams
    plan: Plan
    store: StoreRequest | None
    client: Any
    num_workers: int
    disable_progress_bar: bool | None
    logs: Sequence[Listener]
    meter: StatsCollector

    @classmethod
    def create(
        cls,
        output_file: Any,
        params: AnyParams,
        *,
        fps: Any,
        transparent: bool,
        num_workers: Any,
        client: Any,
        partition_size: Any,
        preload_factor: Any,
        encode_on: Any,
        disable_progress_bar: Any,
        saving_log_interval: Any,
        store: StoreRequest | None = None,
        durations: Any,
        chapters: Any,
        metadata: Any,
        **encode_options: Any,
    ) -> RenderRequest:
        """Check what the caller gave; the names are those of `Animator.make_video`.

        Parameters
        ----------
        transparent : bool
            Whether frames are translucent.
        store : StoreRequest, optional
            Where frames are kept.
        encode_options
            As for `EncodeOptions.create`.
        """
        meter = StatsCollector()
        num_workers = check_num_workers(num_workers)
        check_client(client)
        encode = EncodeOptions.create(output_file, fps, transparent=transparent, **encode_options)
        encode_on = encode.check_encode_on(encode_on)
        return cls(
            output=OutputOptions.create(
                output_file,
                encode,
                params.n_frames,
                durations=durations,
                chapters=chapters,
                metadata=metadata,
            ),
            params=params,
            plan=Plan.create(partition_size, preload_factor, encode_on, params),
            store=store,
            client=client,
            num_workers=num_workers,
            disable_progress_bar=disable_progress_bar,
            logs=progress_logs(saving_log_interval, params.n_frames),
            meter=meter,
        )

    @property
    def is_here(self) -> bool:
        """Whether it is certain that this process draws, so that nothing has to be pickled."""
        return self.client is None and self.num_workers == 1

    def make(self, job: SourceSpec) -> Video:
        """Render the video."""
        n_frames = self.params.n_frames
        with (
            OutputFile(self.output.path) as output,
            ProgressBar(n_frames, self.disable_progress_bar) as bar,
            open_client(self.client, self.num_workers, n_frames) as (client, max_workers),
        ):
            listeners: list[Listener] = [bar, *self.logs, warn_of_faults()]
            render = Render(
                job,
                self.params,
                self.plan,
                self.output.encode,
                partial(open_writer, output, self.output),
                self.meter,
                listeners,
                self.store,
            )
            if client is None:
                render.here()
            else:
                render.on(client, max_workers)
        return self._video(render, output)

    def _video(self, render: Render, output: OutputFile) -> Video:
        assert render.size is not None
        assert render.encoding is not None
        size = render.encoding.encoded_size(render.size)
        return Video(
            path=output.path,
            n_frames=self.meter.n_frames,
            fps=render.encoding.fps,
            width=size.width,
            height=size.height,
            duration=self.output.timeline.seconds(self.meter.n_frames),
            codec=render.encoding.codec,
            encoder=render.encoding.encoder,
            stats=self.meter.stats(output.path.stat().st_size),
        )
