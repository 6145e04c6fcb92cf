"""All renders that a scheduler knows, in plain data that is bounded."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from ..drawing import PHASES
from .messages import LONG, METADATA, SHORT, shortened
from .render_record import DrawnPartition, RenderRecord, failure_of

#: Renders that are kept, the latest ones, and facts that are kept of a result.
MAX_RENDERS, MAX_FACTS = 50, 20
#: How a render ends, as its client tells.
OUTCOMES = ("done", "failed", "cancelled")
#: What tasks tell the seconds of.
_PHASES = (*PHASES, "other")

Key = Any


class AnimateState:
    """The renders of a cluster, the latest last. Used by one thread, that of the scheduler.

    Knows neither the scheduler nor the page; times are seconds since the epoch.

    Attributes
    ----------
    renders : dict of str to RenderRecord
        By their ids.
    n_dropped : int
        Older ones that are forgotten.
    """

    def __init__(self) -> None:
        self.renders: dict[str, RenderRecord] = {}
        self.n_dropped = 0

    def on_event(self, event: Mapping[str, Any], now: float) -> None:
        """Take note of an event that a client logged: a render starts or ends.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the event is not understood. Nothing changes then.
        """
        name = shortened(event["render"], SHORT)
        if event["action"] == "start":
            n_frames = event.get("n_frames")
            client, file = shortened(event["client"], SHORT), shortened(event.get("file", ""), SHORT)
            n_frames = None if n_frames is None else int(n_frames)
            has_thumbnails = bool(event.get("has_thumbnails"))
            self.renders[name] = RenderRecord(
                name, client, file, n_frames, now, has_thumbnails=has_thumbnails
            )
            self._drop()
        elif (render := self.renders.get(name)) is not None:
            error, outcome = event.get("error"), event["outcome"]
            if outcome not in OUTCOMES:
                raise ValueError(f"a render ends as one of {', '.join(OUTCOMES)}, got {outcome!r}")
            failure = None if error is None else failure_of(error)
            render.result = _bounded(event.get("result") or {})
            render.explained(failure)
            render.end(outcome, now)

    def on_transition(
        self,
        key: Key,
        start: str,
        finish: str,
        now: float,
        facts: Mapping[str, Any],
    ) -> None:
        """Take note that a task goes from one state to another; called for every task of the cluster.

        Parameters
        ----------
        key : object
            The task's. Those of renders are tuples: a label with the id of the render, a number, and for
            tasks that draw a partition its first frame and number of frames, where they are known.
        start, finish : str
            The states.
        now : float
            The time.
        facts : mapping
            What the scheduler tells its plugins of the transition.
        """
        if type(key) is not tuple or type(key[0]) is not str:
            return
        render = self.renders.get(key[0][-32:])
        if render is None or render.outcome:
            return
        frames = (int(key[2]), int(key[3])) if len(key) == 4 else None
        render.moved(start, finish, frames)
        if start == "processing" and finish == "memory":
            _finished(render, key[0], now, facts)
        elif finish == "erred" and facts.get("exception_text"):
            told = {"text": facts["exception_text"], "traceback": facts.get("traceback_text", "")}
            render.failed(failure_of(told, str(facts.get("worker", "")), frames))

    def on_client_gone(self, client: str, now: float) -> None:
        """Take note that a client left: nobody waits for its renders any more."""
        for render in self.renders.values():
            if render.client == client and not render.outcome:
                render.end("client gone", now)

    def on_worker_gone(self, worker: str) -> None:
        """Take note that a worker left, whose frames are drawn again elsewhere."""
        for render in self.renders.values():
            if not render.outcome and worker in render.workers:
                render.workers[worker].is_gone = True
                render.n_lost_workers += 1

    def latest(self) -> RenderRecord | None:
        """Return the latest render that runs, else the latest of all."""
        renders = list(reversed(self.renders.values()))
        return next((render for render in renders if not render.outcome), next(iter(renders), None))

    def _drop(self) -> None:
        """Forget what is too much: the oldest that has ended, or else the oldest."""
        while len(self.renders) > MAX_RENDERS:
            ended = (name for name, render in self.renders.items() if render.outcome)
            del self.renders[next(ended, next(iter(self.renders)))]
            self.n_dropped += 1


def _bounded(result: Mapping[str, Any]) -> dict[str, str | float]:
    return {
        shortened(name, SHORT): value if isinstance(value, int | float) else shortened(value, LONG)
        for name, value in islice(result.items(), MAX_FACTS)
    }


def _finished(render: RenderRecord, label: str, now: float, facts: Mapping[str, Any]) -> None:
    worker = str(facts.get("worker", ""))
    spans = [
        (min(float(span["start"]), now), min(float(span["stop"]), now))  # clocks may differ
        for span in facts.get("startstops") or ()
        if span.get("action") == "compute"
    ]
    began, ended = spans[-1] if spans else (now, now)
    told = (facts.get("metadata") or {}).get(METADATA)
    if told is not None:
        phases = {name: float(told["phases"][name]) for name in _PHASES if name in told["phases"]}
        render.figure_built(worker, phases.pop("setup", 0.0))
        partition = DrawnPartition(
            int(told["start"]), int(told["n_frames"]), worker, began, ended, phases
        )
        render.add(partition, told)
    elif label.startswith("build_figure"):
        render.figure_built(worker, ended - began)
