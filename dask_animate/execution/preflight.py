"""What is found out about all workers before a render, for a report."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cloudpickle
from dask import get_annotations
from dask.system import CPU_COUNT

from ..encoding import EncodeOptions
from ..errors import ParamsError, StoreError, in_words
from ..rendering import Renderer, SourceSpec
from .worker_facts import WorkerCheck, WorkerFacts
from .worker_needs import WorkerNeeds

if TYPE_CHECKING:
    from distributed import Client, Future


def check_workers(
    client: Client | None,
    spec: SourceSpec,
    first: Sequence[Any],
    encode: EncodeOptions,
    store: Any,
    timeout: float,
) -> list[WorkerCheck]:
    """Find out about each worker what can be known before a render, all at the same time.

    Parameters
    ----------
    client : distributed.Client or None
        Of the cluster; None checks this process.
    spec : SourceSpec
        What to draw.
    first : sequence
        The parameters of frame 0; none to draw what `setup` makes.
    encode : EncodeOptions
        What is to be encoded.
    store : path, URL, zarr store or None
        Where frames are to be kept.
    timeout : float
        Seconds for which workers are waited for.

    Returns
    -------
    list of WorkerCheck
        One for each worker that the caller's annotations allow; those that do not answer have a failure
        that says so.
    """
    try:
        data = cloudpickle.dumps(tuple(first)) if first else None
    except Exception as exc:
        raise ParamsError(f"param_by_frame cannot be sent to workers: {exc}") from exc
    if client is None:
        return [_check_here(spec, data, encode, store)]
    needs = WorkerNeeds.of(get_annotations())
    alive = {
        at: worker
        for at, worker in client.scheduler_info(n_workers=-1)["workers"].items()
        if needs.allow(at, worker)
    }
    stop = time.monotonic() + timeout
    with _on_workers(client, spec.pickled(), data) as (name, refused):
        checks = _asked(client, name, encode, [at for at in alive if at not in refused], stop)
    for worker in alive.keys() & refused.keys():
        checks[worker] = WorkerCheck(WorkerFacts(worker, failure=refused[worker]))
    if store is not None:
        checks = _with_store(client, checks, store, stop)
    return [
        replace(checks[worker], n_threads=known["nthreads"], memory=known["memory_limit"] or None)
        for worker, known in alive.items()
    ]


def _check_here(spec: SourceSpec, first: bytes | None, encode: EncodeOptions, store: Any) -> WorkerCheck:
    from .tasks import checked

    with closing(Renderer(spec)) as renderer:
        check = replace(checked(renderer, first, encode), n_threads=CPU_COUNT)
    if store is None:
        return check
    from ..storage import location_probe

    try:
        with location_probe(store, 1) as probe:
            probe.check(0, probe.write(0), "this process")
    except StoreError as exc:
        return replace(check, store=f"{exc}")
    return replace(check, store="")


@contextmanager
def _on_workers(
    client: Client, spec: SourceSpec, first: bytes | None
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Let all workers have the figure; yield its name, and why workers cannot take it."""
    from .plugin_lease import Registration
    from .tasks import RendererPlugin

    name = f"dask_animate-{uuid.uuid4().hex}"
    registration = Registration(client, name)
    registration.register(RendererPlugin(name, spec, first=first), tolerant=True)
    try:
        yield name, registration.refused
    finally:
        registration.unregister()


def _asked(
    client: Client, name: str, encode: EncodeOptions, workers: Sequence[str], stop: float
) -> dict[str, WorkerCheck]:
    from .tasks import check_worker, render_id

    key = f"preflight-{render_id(name)}"
    futures = {
        client.submit(
            check_worker, name, encode, key=(key, idx), workers=worker, priority=10, pure=False
        ): worker
        for idx, worker in enumerate(workers)
    }
    checks = {
        worker: WorkerCheck(WorkerFacts(worker, failure="it does not answer in time: it may be busy"))
        for worker in workers
    }
    try:
        for future in _done(client, futures, stop):
            worker = futures[future]
            try:
                checks[worker] = future.result()
            except Exception as exc:  # its process died, for example
                checks[worker] = WorkerCheck(WorkerFacts(worker, failure=in_words(exc)))
    finally:
        client.cancel(list(futures))
    return checks


def _with_store(
    client: Client, checks: dict[str, WorkerCheck], store: Any, stop: float
) -> dict[str, WorkerCheck]:
    """Let workers write to a store, and find out whether this process sees what they write."""
    from ..storage import location_probe

    workers = [worker for worker, check in checks.items() if not check.facts.failure]
    found = dict.fromkeys(checks, "it was not asked")
    try:
        with location_probe(store, max(1, len(workers))) as probe:
            futures = {
                client.submit(probe.write, idx, workers=worker, priority=10, pure=False): idx
                for idx, worker in enumerate(workers)
            }
            try:
                for future in _done(client, futures, stop):
                    idx = futures[future]
                    try:
                        probe.check(idx, future.result(), workers[idx])
                        found[workers[idx]] = ""
                    except Exception as exc:
                        found[workers[idx]] = f"{exc}"
            finally:
                client.cancel(list(futures))
    except StoreError as exc:
        found = dict.fromkeys(checks, f"this process cannot write to it: {exc}")
    return {worker: replace(check, store=found[worker]) for worker, check in checks.items()}


def _done(client: Client, futures: Mapping[Future, object], stop: float) -> Iterator[Future]:
    """Yield futures as they are done, until a time."""
    from distributed import as_completed

    left = max(0.1, stop - time.monotonic())
    with suppress(TimeoutError):
        yield from as_completed(list(futures), loop=client.loop, timeout=left)
