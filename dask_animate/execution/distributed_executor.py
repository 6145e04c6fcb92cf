"""The executor that draws on a cluster, and gathers in order with a bounded amount in flight."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import Future as PoolFuture
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import cloudpickle
from dask import annotate, delayed, get_annotations
from distributed import Client, Future, as_completed

from ..dashboard import TOPIC, DashboardOptions, follow_renders
from ..diagnostics import FrameFailure
from ..drawing import PhaseClock
from ..encoding import EncodeOptions
from ..errors import AnimateError, EncoderError, MismatchError, WorkerError
from ..frames import FrameSize
from ..memory import FETCHED_BYTES
from ..params import DelayedItems, Params, Partition, nbytes
from ..rendering import (
    FaultPolicy,
    FrameBeforeUnknown,
    Known,
    LastDrawn,
    Renderer,
    SampledFrame,
    SourceSpec,
    TaskOutput,
    TaskSpec,
    Thumbnail,
    Unplaced,
    late_error,
)
from ._distributed import addresses_in_this_process, run_within, unsubscribe
from .agreement import Agreement, Refusal
from .executor import BuiltFigure, Scaling, Tasks
from .fused_tasks import DelayedGraph
from .partitioning import Plan
from .plugin_lease import Registration
from .results import SCHEDULER_GONE, gathered, how_gone
from .submission import SCATTER_BYTES, SharedFuture, Submission, scattered
from .tasks import (
    RendererPlugin,
    build_figure,
    peek,
    prove,
    render_id,
    render_items,
    render_partition,
    renders_from_here,
)
from .watchdog import topic_of
from .window import Window
from .worker_facts import WorkerFacts
from .worker_gpus import gpu_reason_of_workers
from .worker_needs import WorkerNeeds
from .worker_watch import WorkerWatch
from .workers import Workers, are_started_here, workers_are_local

if TYPE_CHECKING:
    from .store_session import StoreSession

_logger = logging.getLogger(__name__)

#: How often a partition is sent again when its parameters were lost with a worker.
MAX_RESUBMITS = 5
#: Seconds for which a render waits for other workers to prove what they draw, once one has.
GRACE_SECONDS = 2.0
#: Seconds until what a worker refused, which is known to be excluded, is sent again.
RETRY_SECONDS = 0.05
#: Names the building of figures in messages.
SETUP = "setup()"
#: What to do for want of memory: when frames are drawn, and when figures are built.
SMALLER_PARTITIONS, MORE_MEMORY = ": a smaller partition_size takes less", ": give workers more of it"
#: Results that are remembered after they were released, in case that the cluster is restarted just then.
N_RELEASED = 32
#: Results that are fetched at once, if their partitions are drawn already.
N_FETCHED = 32
#: Workers that are asked at a time for a frame, and seconds for which their answers are waited for.
N_PEEKED, PEEK_SECONDS = 4, 1.0


class DistributedExecutor:
    """One render on a cluster.

    A context manager: leaving it cancels what is in flight and removes the plugin from the workers,
    closing the figures. Its user calls it from one thread, but for `peek`, `cancel` and `announce`; a
    second one fetches results, and a third one sends again what a worker gave up that ran into
    ``timeout=``.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    spec : SourceSpec
        What to draw, so that it can travel.
    max_workers : int or None
        Use at most so many workers; None uses all, also those that join later.
    here : Renderer, optional
        Draws some partitions in this process, besides the workers. Not closed.
    is_complete : bool, default: False
        True if the cluster was started for the render, and all its workers are there.
    on_drawn : callable, optional
        Called with the number of frames of each partition that is drawn, in the order in which they are
        done, in threads of the client.
    on_mismatch : {"raise", "exclude", "ignore"}
        What is done about workers that would draw other frames than the others.
    on_left_out : callable, optional
        Called with the address of each worker that is excluded, and why; in any thread.
    first : sequence
        The parameters of frame 0, by which workers prove what they draw.
    """

    scaling = Scaling("a client was given, or one was active")

    def __init__(
        self,
        client: Client,
        spec: SourceSpec,
        max_workers: int | None,
        here: Renderer | None = None,
        *,
        is_complete: bool = False,
        on_drawn: Callable[[int], None] = lambda n_frames: None,
        on_mismatch: str = "ignore",
        on_left_out: Callable[[str, str], None] = lambda worker, why: None,
        first: Sequence[Any] = (),
    ) -> None:
        self._here = here
        self._on_drawn = on_drawn
        self._client = client
        self._spec = spec
        self._seeks_history = spec.may_have_history
        self._annotations = get_annotations()  # of the caller, for all tasks, in whichever thread
        needs = WorkerNeeds.of(self._annotations)
        self._workers = Workers(client, max_workers, is_complete=is_complete, needs=needs)
        self._agreement = Agreement(on_mismatch, self._prove)
        self._on_left_out = on_left_out
        self._first = _pickled(first) if self._agreement.is_asked else None
        self._name = f"dask_animate-{uuid.uuid4().hex}"
        self._registration = Registration(client, self._name)
        self._watch = WorkerWatch(client, needs)
        self._frame_bytes = 0 if here is None else here.size().n_bytes  # known once a figure is built
        self._life_seconds = inf  # of the worker that ends first by itself; known likewise
        self._submissions: deque[Submission] = deque()
        self._shared: list[Future] = []  # data of the partition sent last that the next one needs too
        # A cluster that was started for the render has a dashboard that nobody knows.
        self._shown = DashboardOptions.none() if is_complete else DashboardOptions.read()
        self._closing = False
        self._keys = count()
        self._told: set[str] = set()  # workers that are left out
        self._futures: WeakSet[Future] = WeakSet()
        self._released: deque[Future] = deque(maxlen=N_RELEASED)
        self._generation = client.generation
        self._drawing: dict[str, None] = {}  # workers that draw, those first that are asked next
        self._lock = threading.Lock()  # for these two, which several threads change
        self._direct = workers_are_local(client)
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="dask_animate-gather")
        self._late = ThreadPoolExecutor(1, thread_name_prefix="dask_animate-late")
        self._faults = FaultPolicy()
        self._last_drawn: LastDrawn | None = None  # at the end of what was fetched
        self._output_bytes = 0.0  # of a frame in what is fetched

    def __enter__(self) -> Self:
        thumbnails = self._shown.thumbnails
        plugin = RendererPlugin(self._name, self._spec, has_thumbnails=thumbnails, first=self._first)
        renders_from_here.add(self._name)
        self._registration.register(plugin, self._agreement.is_tolerant)
        for worker, why in self._registration.refused.items():
            self._leave_out(worker, why)
        self._watch.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._closing = True
        renders_from_here.discard(self._name)
        self._watch.stop()
        self._fetcher.shutdown(wait=False, cancel_futures=True)
        self._late.shutdown(wait=False, cancel_futures=True)
        gone = how_gone(self._client)
        if gone is not None:
            # What a closed client raises is an Exception without a class of its own in some releases.
            kinds = OSError | CancelledError if gone == SCHEDULER_GONE else Exception
            if isinstance(exc, kinds) and not isinstance(exc, AnimateError):
                raise WorkerError(gone) from exc
            return
        # Listed while they are held: if the cluster was restarted, dropping them tells it nothing.
        with self._lock:
            futures = list(self._futures)
        self._submissions.clear()
        self._shared.clear()
        self._cancel(futures)
        self._release_forgotten()
        if self._faults.timeout is not None:
            with suppress(Exception):  # the cluster may go just now
                unsubscribe(self._client, topic_of(render_id(self._name)))
        self._registration.unregister()

    def announce(self, event: dict[str, Any]) -> None:
        """Tell the scheduler of the start or the end of the render, to be shown on its dashboard."""
        if not self._shown.enabled or how_gone(self._client) is not None:
            return
        follow_renders(self._client)
        about = {
            "render": render_id(self._name),
            "client": self._client.id,
            "has_thumbnails": self._shown.thumbnails,
        }
        with suppress(Exception):  # the cluster may go just now, or not let this client log events
            self._client.log_event(TOPIC, {**event, **about})

    def thread_bytes(self) -> int:
        """Return the memory that there is for a thread of the worker that has least."""
        return self._workers.thread_bytes()

    def reorder_bytes(self) -> int:
        """Return the bytes of frames that may wait in this process for frames before them."""
        return self._workers.reorder_budget()

    @property
    def n_threads(self) -> int:
        """Threads of the workers to use, at least 1; each takes a partition."""
        return max(1, self._workers.n_threads())

    def probe(self, session: StoreSession) -> None:
        """Let the workers that are there write to the store."""
        session.prove_on(self._client, self._workers.addresses())

    def build(self) -> list[BuiltFigure]:
        """Build the figure on every worker at once, and return what is known of those that are built.

        Waits for the first worker only, and for one to come if there is none yet. Workers in this
        process are waited for: it must be as the caller left it when parameters are read. Workers that
        may differ prove what they draw, for which others are waited for `GRACE_SECONDS` after the first.

        Returns
        -------
        list of BuiltFigure
            At least one.
        """
        for _ in range(1 + MAX_RESUBMITS):
            try:
                return self._build()
            except CancelledError as exc:
                self._raise_if_over(SETUP, exc)
                _logger.info("%s: the cluster was restarted", SETUP)
        raise WorkerError(f"{SETUP}: the cluster was restarted {1 + MAX_RESUBMITS} times")

    def gpu_reason(self, encode: EncodeOptions, size: FrameSize) -> str | None:
        """Return why not all GPUs of the workers can encode the frames."""
        self._workers.refresh()
        alive = self._workers.addresses()
        with self._lock:
            ready = [worker for worker in self._drawing if worker in alive]
        workers = [*ready, *(worker for worker in alive if worker not in ready)]
        try:
            return gpu_reason_of_workers(self._client, encode, size, workers)
        except Exception as exc:
            why = how_gone(self._client) or f"{type(exc).__name__}: {exc}"
            raise WorkerError(f"{SETUP}: {why}") from exc

    def _build(self) -> list[BuiltFigure]:
        addresses = self._workers.addresses()
        workers: list[str | None] = [*addresses] or [None]
        if workers == [None]:
            _logger.info("waiting for a worker to join the cluster")  # that none does, is watched
        proves = self._agreement.is_asked and not are_started_here(self._client, addresses)
        # Dask fails where a task that may run on other workers needs what these do not have. So one has
        # no place: it stands in for a worker that is lost.
        may_move = not self._agreement.is_tolerant and not self._workers.have_resources
        if self._workers.have_resources and workers != [None]:
            workers.append(None)
        with annotate(**self._annotations):
            futures = [
                self._known(
                    self._client.submit(
                        build_figure,
                        self._name,
                        proves=proves,
                        key=(self._key("build_figure"), next(self._keys)),
                        pure=False,
                        workers=address,
                        allow_other_workers=address is not None and may_move,
                    )
                )
                for address in workers
            ]
        places = dict(zip(futures, workers, strict=True))
        try:
            built = self._built(places, GRACE_SECONDS if proves else 0)
            here = addresses_in_this_process()
            own = [future for future, at in places.items() if at in here]
            for _ in as_completed(own, loop=self._client.loop):
                pass  # those that failed fail again when they draw
        finally:
            # Also those that are done: an error that a client keeps holds the frames it passed through.
            self._cancel(futures)
        self._agreement.begin(figure.facts for figure in built if figure.facts is not None)
        self._note_left_out()
        built = [figure for figure in built if figure.worker not in self._agreement.left_out]
        self._frame_bytes = built[-1].size.n_bytes
        lives = (figure.life_seconds for figure in built if figure.life_seconds is not None)
        self._life_seconds = min(lives, default=inf)
        return built

    def _built(self, places: dict[Future, str | None], grace: float) -> list[BuiltFigure]:
        """Wait for a worker that has built the figure; after that, `grace` seconds for others."""
        built: list[BuiltFigure] = []
        pending = dict(places)
        failure: AnimateError | None = None

        def take(future: Future) -> None:
            nonlocal failure
            worker = pending.pop(future)
            try:
                built.append(self._result(future, SETUP, MORE_MEMORY))
            except AnimateError as exc:
                if not self._agreement.is_tolerant or worker is None:
                    raise
                failure = exc
                self._agreement.leave_out(worker, f"{exc}")
            else:
                self._note_drawing(built[-1].worker)

        for future in as_completed(list(places), loop=self._client.loop):
            take(future)
            if built and not any(other.done() for other in pending):
                break
        with suppress(TimeoutError):
            if grace and pending:
                for future in as_completed(list(pending), loop=self._client.loop, timeout=grace):
                    take(future)
        if not built:
            assert failure is not None
            raise failure
        return built

    def _prove(self, workers: Sequence[str]) -> list[WorkerFacts]:
        """Let workers prove what they draw; wait for one, and a moment for the others."""
        futures = [
            self._known(
                self._client.submit(
                    prove, self._name, key=self._key(f"prove-{next(self._keys)}"), workers=address
                )
            )
            for address in workers
        ]
        proved: list[WorkerFacts] = []
        waiting = {*futures}
        try:
            while waiting and not proved:
                alive = self._client.scheduler_info(n_workers=-1)["workers"]
                if not any(address in alive for address in workers):
                    break
                with suppress(TimeoutError):
                    for future in as_completed(waiting, loop=self._client.loop, timeout=GRACE_SECONDS):
                        waiting = waiting - {future}
                        with suppress(CancelledError):  # the cluster was restarted
                            proved.append(self._result(future, SETUP, MORE_MEMORY))
        finally:
            self._cancel(futures)
        return proved

    def _leave_out(self, worker: str, why: str) -> None:
        self._agreement.leave_out(worker, why)
        self._note_left_out()

    def _note_left_out(self) -> None:
        """Give those that are excluded nothing to draw, and tell of each once."""
        for worker in self._agreement.left_out.keys() - self._told:
            self._told.add(worker)
            self._workers.leave_out(worker)
            self._on_left_out(worker, self._agreement.left_out[worker])

    def peek(self, side: int | None) -> SampledFrame | Thumbnail | None:
        """Return the newest frame that some of the workers, or this process, drew lately."""
        answers: dict[str, Any] = {}
        with suppress(Exception):  # of a cluster that goes just now, or has no time
            # Whole frames pass through the scheduler: one at a time.
            asked = self._next_to_ask(1 if side is None else N_PEEKED)
            if asked:
                answers = run_within(self._client, PEEK_SECONDS, peek, self._name, side, workers=asked)
        sampled = [answer for answer in answers.values() if isinstance(answer, SampledFrame | Thumbnail)]
        return max(sampled, key=lambda frame: frame.drawn_at, default=None)

    def _next_to_ask(self, n: int) -> list[str]:
        """Return some workers that draw, others than last time if there are more."""
        alive = self._client.scheduler_info(n_workers=-1)["workers"]
        with self._lock:
            for address in self._drawing.keys() - alive.keys():
                del self._drawing[address]
            asked = list(self._drawing)[:n]
            for address in asked:
                self._drawing[address] = self._drawing.pop(address)
        return asked

    def cancel(self) -> None:
        """Cancel what is in flight."""
        self._closing = True
        with self._lock:
            futures = list(self._futures)
        self._cancel(futures)

    def outputs(
        self, params: Params, plan: Plan, tasks: Tasks, on_encoded: Callable[[int], None]
    ) -> Iterator[TaskOutput]:
        """Render partitions, and yield what was made of them in the same order.

        Parameters are read a bounded number of partitions ahead. `on_encoded` is not called.
        """
        if params.bag_partitions is not None:
            return self.outputs_of_bag(params, plan, tasks.on_workers)
        return self.outputs_after(None, params, plan, tasks.on_workers)

    def outputs_after(
        self, last: TaskOutput | None, params: Params, plan: Plan, task: TaskSpec
    ) -> Iterator[TaskOutput]:
        """Render what is left of some parameters; `last` is what was made of the partition before."""
        window = self._window(params, plan, task)
        if last is not None:
            window.learn(last)
            task = task.following(last)
        task = self._begun(task)
        sizes = plan.sizes(params, lambda n_left: window.partition_size(params.n_frames, n_left))
        partitions = params.partitions(sizes, window.auto_bytes() if plan.is_auto else inf)
        submissions = (self._of_partition(partition, task, window) for partition in partitions)
        return self._in_order(submissions, window, run_code=params.run_code)

    def outputs_of_bag(
        self, params: Params, plan: Plan, task: TaskSpec, first: int = 0, start: int = 0
    ) -> Iterator[TaskOutput]:
        """Render a bag from a partition on, the first frame of which is `start`."""
        window = self._window(params, plan, task)
        task = self._begun(task)
        submissions = self._of_bag(params, task, first, start)
        return self._in_order(submissions, window, run_code=params.run_code)

    def _begun(self, task: TaskSpec) -> TaskSpec:
        """Take note of how to begin; return what is to be made of each partition."""
        self._faults, self._last_drawn = task.faults, task.known.before
        if task.faults.timeout is not None:
            topic = topic_of(render_id(self._name))
            self._client.subscribe_topic(topic, lambda event: self._late.submit(self._give_up, event[1]))
        return replace(task, known=Known())

    def _window(self, params: Params, plan: Plan, task: TaskSpec) -> Window:
        # Nothing of a bag is drawn here.
        n_here = int(self._here is not None and params.bag_partitions is None)
        return Window(
            self._workers,
            plan,
            task,
            self._frame_bytes,
            run_code=params.run_code,
            n_here=n_here,
            life_seconds=self._life_seconds,
        )

    def _in_order(
        self, submissions: Iterator[Submission], window: Window, *, run_code: bool
    ) -> Iterator[TaskOutput]:
        """Send, and fetch in order.

        `run_code` says whether reading parameters runs code of the caller's. It has to find the process
        as the caller left it, so that while workers of this process draw, none is read.
        """
        self._output_bytes = window.output_bytes
        self._fill(submissions, window, run_code)
        fetching = self._fetch_head()
        while fetching is not None:
            while not fetching.done() and self._draw_here(fetching, submissions, window, run_code):
                pass
            output = fetching.result()
            if output.n_frames:
                self._last_drawn = output.last
            self._note_drawing(output.report.worker)
            window.learn(output)
            self._output_bytes = window.output_bytes
            head = self._submissions.popleft()
            window.remove(head)
            if head.future is not None:
                self._release(head.future)
            fetching = self._fetch_head()  # arrives while the caller encodes the block before it
            self._fill(submissions, window, run_code)
            if fetching is None:
                fetching = self._fetch_head()
            yield output

    def _draw_here(
        self,
        fetching: PoolFuture[TaskOutput],
        submissions: Iterator[Submission],
        window: Window,
        run_code: bool,
    ) -> bool:
        """Draw a partition in this process while the next one in order is drawn elsewhere.

        Between two frames others are sent. If what is fetched has failed, that is raised there.

        Returns
        -------
        bool
            False if there was none to draw.
        """
        if self._here is None or not window.fits():
            return False
        submission = next(submissions, None)
        if submission is None:
            return False
        submission.is_here = submission.draw is not None
        self._submissions.append(submission)
        window.add(submission)
        if submission.draw is None:
            submission.send()
            return False

        def on_frame(frame_idx: int) -> None:
            if fetching.done():
                fetching.result()
            self._fill(submissions, window, run_code)

        submission.output = submission.draw(on_frame)
        return True

    def _fill(self, submissions: Iterator[Submission], window: Window, run_code: bool) -> None:
        # No lock could do this: the caller's code may itself wait for a task of these workers.
        in_waves = run_code and bool(addresses_in_this_process())
        if in_waves and self._submissions:
            return
        unsent = []
        while window.has_room():
            submission = next(submissions, None)
            if submission is None:
                break
            self._submissions.append(submission)
            window.add(submission)
            if in_waves:
                unsent.append(submission)
            else:
                submission.send()
        for submission in unsent:
            submission.send()

    def _of_partition(self, partition: Partition, task: TaskSpec, window: Window) -> Submission:
        n_frames = len(partition)
        if n_frames > 1:
            task = self._with_history(task)
        if task.cache is not None:
            task.cache.store.reserve(partition.start + n_frames)
        # Functions, as what is lost with its worker is sent again.
        send = self._send_delayed if isinstance(partition.params, DelayedItems) else self._send

        def submit(known: Known) -> Future:
            return self._watched(n_frames, partial(send, partition, replace(task, known=known)))

        return Submission(
            submit,
            n_frames,
            max(partition.n_bytes, int(n_frames * window.param_bytes)),
            _frames_of(partition),
            draw=partial(self._drawn_here, partition, task),
        )

    def _with_history(self, task: TaskSpec) -> TaskSpec:
        """Return a task that finds out whether frames depend on others, if it is to, the first time."""
        seeks_history, self._seeks_history = self._seeks_history, False
        return replace(task, seeks_history=task.seeks_history and seeks_history)

    def _note_drawing(self, worker: str) -> None:
        if worker:
            with self._lock:
                self._drawing.setdefault(worker)

    def _watched(self, n_frames: int, send: Callable[[], Future]) -> Future:
        """Send a partition, and tell when it is drawn."""
        future = send()

        def tell(done: Future) -> None:
            # What may turn out to lack the frame before it is counted once it is fetched.
            if done.status == "finished" and self._faults.on_error != "skip":
                self._on_drawn(n_frames)

        future.add_done_callback(tell)
        return future

    def _drawn_here(
        self, partition: Partition, task: TaskSpec, on_frame: Callable[[int], None]
    ) -> TaskOutput | Unplaced:
        assert self._here is not None
        clock = PhaseClock()
        indexed = enumerate(partition.items(), partition.start)
        clock.lap("load")
        try:
            output = self._here.render(task, partition.start, indexed, len(partition), on_frame, clock)
        except FrameBeforeUnknown as exc:
            return Unplaced(exc.failures)
        self._on_drawn(len(partition))
        return output

    def _send(self, partition: Partition, task: TaskSpec) -> Future:
        sent = self._scattered(partition)
        label, about = _label_of(task), _place_of(partition)
        reference = self._agreement.reference
        return self._submit(label, render_partition, self._name, sent, task, reference, about=about)

    def _send_delayed(self, partition: Partition, task: TaskSpec) -> Future:
        """Send a partition with the graph of its parameters."""
        assert isinstance(partition.params, DelayedItems)
        graph = DelayedGraph(partition.params)
        sent = replace(partition, params=partition.params.without_data())
        draw = partial(render_partition, self._name, sent, task, self._agreement.reference, graph.fused)
        key = (self._key(_label_of(task)), next(self._keys), *_place_of(partition))
        with annotate(**self._annotations):
            drawn, *self._shared = self._client.get(
                graph.with_task(key, draw),
                [key, *graph.shared],
                sync=False,
                fifo_timeout=0,  # earlier partitions first
                **self._workers.where(),
            )
        for future in self._shared:
            self._known(future)
        return self._known(drawn)

    def _scattered(self, partition: Partition) -> Partition | Future:
        sent = scattered(self._client, partition, self._workers.chosen(), self._direct)
        return sent if sent is partition else self._known(sent)

    def _of_bag(self, params: Params, task: TaskSpec, first: int, start: int) -> Iterator[Submission]:
        """Yield what draws each partition, from one on the first frame of which is `start`.

        Each is counted by a task of its own. In a chain of tasks, each would wait for what its worker
        draws.
        """
        counts: deque[SharedFuture] = deque()  # of partitions before this one, from frame `start` on
        for idx, part in enumerate((params.bag_partitions or ())[first:], first):
            while counts and (n_items := self._counted(counts[0])) is not None:
                counts.popleft()
                start += n_items
            items = delayed(list)(part, dask_key_name=f"{self._key('load')}-{idx}")
            this = self._with_history(task)

            def render(
                known: Known,
                items: Any = items,
                start: int = start,
                task: TaskSpec = this,
                counts: Sequence[SharedFuture] = tuple(counts),
            ) -> Future:
                before = [start, *(count.future() for count in counts)]
                sent, spec = self._compute(items), replace(task, known=known)
                what = (sent, before, params.n_frames, spec, self._agreement.reference)
                return self._submit(_label_of(task), render_items, self._name, *what)

            def count(items: Any = items) -> Future:
                return self._submit("count", len, self._compute(items), priority=self._soon)

            counts.append(SharedFuture(count))
            counts[-1].future()
            yield Submission(render, None, 0, f"partition {idx} of the bag")

    def _counted(self, count: SharedFuture) -> int | None:
        """Return a number of items, if it is known already."""
        future = count.future()
        if not future.done():
            return None
        try:
            n_items: int = self._result(future, "counting the items of the bag")
        except CancelledError:
            return None
        return n_items

    def _submit(
        self,
        label: str,
        task: Callable[..., Any],
        *args: Any,
        priority: float = 0,
        about: tuple[int, ...] = (),
    ) -> Future:
        """Submit a task that the dashboard shows by a label; `about` says in its key what it draws."""
        with annotate(**self._annotations):
            future = self._client.submit(
                task,
                *args,
                key=(self._key(label), next(self._keys), *about),
                pure=False,
                priority=priority,
                fifo_timeout=0,  # earlier partitions first
                **self._workers.where(),
            )
        return self._known(future)

    def _compute(self, items: Any) -> Future:
        with annotate(**self._annotations):
            return self._known(self._client.compute(items, priority=self._soon, **self._workers.where()))

    @property
    def _soon(self) -> float:
        """The priority of tasks for which others wait: above that of drawing."""
        given = self._annotations.get("priority", 0)
        return given + 1 if isinstance(given, int | float) else 1

    def _key(self, label: str) -> str:
        return f"{label}-{render_id(self._name)}"

    def _known(self, future: Future) -> Future:
        with self._lock:
            self._futures.add(future)  # to be cancelled in the end, whoever holds it then
        if self._closing:  # since the others were cancelled
            self._cancel([future])
        return future

    def _release(self, future: Future) -> None:
        """Let the cluster drop a result."""
        future.release()
        self._released.append(future)
        self._release_forgotten()

    def _release_forgotten(self) -> None:
        """Let a restarted cluster drop what its client has forgotten, which then tells it nothing."""
        if self._client.generation != self._generation:
            self._generation = self._client.generation
            self._cancel([*self._released])

    def _cancel(self, futures: list[Future]) -> None:
        # The cluster may go just now; there is nothing left to undo then.
        with suppress(Exception):
            self._client.cancel(futures)

    def _fetch_head(self) -> PoolFuture[TaskOutput] | None:
        if not self._submissions:
            return None
        head = self._submissions[0]
        if isinstance(head.output, TaskOutput):
            done: PoolFuture[TaskOutput] = PoolFuture()
            done.set_result(head.output)
            return done
        return self._fetcher.submit(self._fetch, head, self._last_drawn)

    def _fetch(self, submission: Submission, shown: LastDrawn | None) -> TaskOutput:
        """Wait for what is made of a partition, before which a frame is shown."""
        n_lost = 0
        result: TaskOutput | Refusal | Unplaced | None = submission.output
        while n_lost <= MAX_RESUBMITS:
            if isinstance(result, Unplaced):
                if shown is None:
                    raise FrameBeforeUnknown(result.failures, result.failures[-1])
                submission.send_again(submission.future, Known(result.failures, shown))
            future = submission.future
            assert future is not None
            try:
                result = self._taken(submission, future)
            except CancelledError as exc:
                if submission.error is not None:
                    raise submission.error from None
                self._raise_if_over(submission.label, exc)
                result = None
                self._cancel([future])  # a restarted cluster may know what this client has forgotten
                if submission.send_again(future):
                    _logger.info("%s: parameters were lost with their worker", submission.label)
                    n_lost += 1
            if isinstance(result, TaskOutput):
                if self._faults.on_error == "skip":
                    self._on_drawn(submission.n_frames or 0)
                return result
            if isinstance(result, Refusal):
                self._judge(result, submission)
        raise WorkerError(
            f"{submission.label}: parameters were lost with their worker {1 + MAX_RESUBMITS} times, "
            f"perhaps for want of memory{SMALLER_PARTITIONS}"
        )

    def _taken(self, submission: Submission, future: Future) -> Any:
        """Return the result of the first submission, and fetch those of the next ones with it.

        To ask a worker takes milliseconds, in which hundreds of workers draw several partitions. So if
        the first one has waited here for its turn, those behind it that are drawn come at once.
        """
        if submission.result_of(future) is None and future.status == "finished":
            self._fetch_finished()
        fetched = submission.result_of(future)
        return self._result(future, submission.label) if fetched is None else fetched

    def _fetch_finished(self) -> None:
        """Fetch the results of the first submissions at once, as far as they are drawn."""
        drawn: list[tuple[Submission, Future]] = []
        n_bytes = 0.0
        for submission in tuple(self._submissions)[:N_FETCHED]:
            future, n_frames = submission.future, submission.n_frames
            if future is None or n_frames is None or future.status != "finished":
                break
            n_bytes += n_frames * self._output_bytes
            if n_bytes > FETCHED_BYTES:
                break
            drawn.append((submission, future))
        if len(drawn) > 1:
            with suppress(Exception):  # each is asked for alone, when its turn comes
                futures = [future for _, future in drawn]
                results = self._client.gather(futures, direct=self._direct)
                for (submission, future), result in zip(drawn, results, strict=True):
                    submission.fetched = future, result

    def _judge(self, refusal: Refusal, submission: Submission) -> None:
        """Accept a worker that refused to draw, or leave it out; send again what it refused."""
        worker = refusal.facts.worker
        if worker in self._agreement.left_out:  # it took what waited for others
            if not self._workers.addresses():
                raise MismatchError(
                    f"{submission.label}: only workers are left that were excluded, such as {worker}: "
                    f"{self._agreement.left_out[worker]}"
                )
            time.sleep(RETRY_SECONDS)
        else:
            self._agreement.judge(refusal.facts)
            self._note_left_out()
        others = [other for other in self._done_on(worker) if other is not submission]
        for refused in (submission, *others):
            refused.send_again(refused.future)

    def _done_on(self, worker: str) -> list[Submission]:
        """Return what is done, and all that it came to is on one worker."""
        done = {}
        for submission in tuple(self._submissions):
            future = submission.future
            if future is not None and future.status == "finished":
                done[future.key] = submission
        if not done:
            return []
        holders = self._client.who_has([submission.future for submission in done.values()])
        return [done[key] for key, workers in holders.items() if [*workers] == [worker] and key in done]

    def _give_up(self, late: dict[str, Any]) -> None:
        """Cancel a partition of which a frame takes too long, and send it again, knowing that."""
        for submission in list(self._submissions):
            future = submission.future
            if future is None or str(future.key) != late["key"]:
                continue
            failure: FrameFailure | None = None
            if late["frame_idx"] is not None:
                failure = FrameFailure(late["frame_idx"], late["error"], late["params"])
            error = self._error_of(submission, failure, late["error"])
            if submission.note(future, failure, error):
                _logger.info("%s: %s", submission.label, late["error"])
                self._cancel([future])

    def _error_of(
        self, submission: Submission, failure: FrameFailure | None, why: str
    ) -> Exception | None:
        """Return the error of a frame that took too long, or the encoder, if it is the render's end."""
        if failure is None:
            is_over = submission.n_stuck >= self._faults.retries
            return EncoderError(f"{submission.label}: the encoder hangs: {why}") if is_over else None
        n_before = sum(other.frame_idx == failure.frame_idx for other in submission.known.failures)
        is_over = self._faults.on_error == "raise" and n_before >= self._faults.retries
        return late_error(failure) if is_over else None

    def _raise_if_over(self, label: str, exc: CancelledError) -> None:
        """Raise if tasks are cancelled because the render or the cluster ends, and no restart."""
        gone = how_gone(self._client)
        if self._closing or gone is not None:
            raise WorkerError(f"{label}: {gone or 'the render has ended'}") from exc

    def _result(self, future: Future, label: str, advice: str = SMALLER_PARTITIONS) -> Any:
        if self._faults.timeout is not None:
            advice += "; or as a frame hangs in code that lets no other thread of Python run"
        return gathered(self._client, future, label, self._direct, advice)


def _pickled(first: Sequence[Any]) -> bytes | None:
    """Return parameters ready to be sent with the figure; None if they are too large, or stay here."""
    if not first or nbytes(first[0]) > SCATTER_BYTES:
        return None
    try:
        data = cloudpickle.dumps(tuple(first))
    except Exception:  # which tasks will tell
        return None
    return data if len(data) <= SCATTER_BYTES else None


def _label_of(task: TaskSpec) -> str:
    return "draw" if task.encoding is None else "draw_and_encode"


def _place_of(partition: Partition) -> tuple[int, int]:
    """Return the first frame of a partition and the number of frames, for the dashboard."""
    return partition.start, len(partition)


def _frames_of(partition: Partition) -> str:
    return f"frames {partition.start} to {partition.start + len(partition) - 1}"
