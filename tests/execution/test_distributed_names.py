"""What the code uses of distributed beyond its documentation is in the release that is installed."""

import asyncio
import importlib
import inspect
import random
import re
import time
from contextlib import suppress
from pathlib import Path

import dask
import distributed
import pytest
from distributed import Client, LocalCluster, SchedulerPlugin, WorkerPlugin, get_worker, secede
from distributed.protocol.compression import maybe_compress
from distributed.protocol.pickle import dumps

from dask_animate.drawing import seed_random_states, user_code
from dask_animate.execution import _distributed

RELEASE = f"distributed {distributed.__version__}"


@pytest.fixture(scope="module")
def client_in_threads():
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


#: Modules with the global generator that run in no thread beside one that draws.
APART = {
    *("dask.datasets", "dask.diagnostics.profile_visualize", "distributed.chaos"),
    *("distributed.utils_test", "tornado.process"),
}


def test_all_modules_with_random_numbers_are_known():
    found = set()
    for package in map(importlib.import_module, ("dask", "distributed", "tornado")):
        for path in Path(package.__file__).parent.rglob("*.py"):
            parts = path.relative_to(Path(package.__file__).parents[1]).with_suffix("").parts
            code = path.read_text(encoding="utf-8")
            if not {"test", "tests"} & {*parts} and re.search(
                r"^ *(import random$|from random import (?!Random$))", code, re.MULTILINE
            ):
                found.add(".".join(parts))
    docstrings = {"dask.bag.core", "dask.delayed"}
    assert found - APART - docstrings - user_code._WITH_RANDOM_NUMBERS.keys() == set(), RELEASE


@pytest.mark.parametrize("name", user_code._WITH_RANDOM_NUMBERS)
def test_modules_take_random_numbers_of_their_own(name):
    module, attribute = importlib.import_module(name), user_code._WITH_RANDOM_NUMBERS[name]
    if not hasattr(module, attribute):
        pytest.skip(f"{RELEASE} takes none there")
    seed_random_states(0, 1)
    own = getattr(module, attribute)
    assert own not in (random, random.randint)
    used = set(re.findall(r"\brandom\.(\w+)", inspect.getsource(module)))
    assert attribute == "randint" or (used and [word for word in used if not hasattr(own, word)] == [])


def test_connections_take_none_of_a_frames_random_numbers():
    seed_random_states(0, 1)
    expected = random.random()
    seed_random_states(0, 1)
    distributed.comm.core.random.uniform(0, 1)
    maybe_compress(random.Random(0).randbytes(100_000), compression="zlib")
    assert random.random() == expected


def test_workers_of_this_process(client_in_threads):
    address = next(iter(client_in_threads.scheduler_info()["workers"]))
    found = _distributed.addresses_in_this_process()
    assert address in found, f"{RELEASE} does not list the workers of a process in Worker._instances"


def test_threads_of_tasks(client_in_threads):
    def holds():
        before = _distributed.holds_a_worker_thread()
        secede()
        return before, _distributed.holds_a_worker_thread()

    held = client_in_threads.submit(holds, pure=False).result()
    assert held == (True, False), f"{RELEASE} does not note in thread_state which tasks hold a thread"
    assert not _distributed.holds_a_worker_thread()


def test_actors(client_in_threads):
    class Asked:
        def holds(self):
            return _distributed.holds_a_worker_thread()

    future = client_in_threads.submit(Asked, actor=True)
    assert future.result().holds().result() is False, (
        f"{RELEASE} does not note in thread_state what is an actor"
    )


def test_memory_limits(client_in_threads):
    limit = client_in_threads.submit(
        lambda: _distributed.memory_limit(get_worker()), pure=False
    ).result()
    (info,) = client_in_threads.scheduler_info()["workers"].values()
    assert limit == info["memory_limit"], f"{RELEASE} keeps a worker's memory limit elsewhere"


def test_tasks_know_whether_they_are_wanted(client_in_threads):
    def runs():
        worker = get_worker()
        return _distributed.is_wanted(worker, worker.get_current_task())

    assert client_in_threads.submit(runs, pure=False).result(), f"{RELEASE} names states otherwise"
    assert not client_in_threads.submit(
        lambda: _distributed.is_wanted(get_worker(), "nothing"), pure=False
    ).result()


def test_topics_are_forgotten(client_in_threads):
    client_in_threads.subscribe_topic("forgotten", print)
    _distributed.unsubscribe(client_in_threads, "forgotten")
    message = f"{RELEASE} keeps the handlers of topics elsewhere"
    assert "forgotten" not in client_in_threads._event_handlers, message


async def leave(dask_worker=None):
    await _distributed.leave_and_end(dask_worker, 10)


def test_a_worker_leaves_and_is_started_again():
    patient = {"distributed.deploy.lost-worker-timeout": "10 minutes"}
    with (
        dask.config.set({**patient, "distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        (before,) = client.scheduler_info()["workers"]
        asked = client.submit(time.sleep, 0.5, pure=False)  # which nobody blames for what follows
        with suppress(OSError):  # there is no answer
            client.run(leave, workers=[before])
        asked.result(timeout=120)
        assert before not in client.scheduler_info()["workers"], f"{RELEASE} ends workers otherwise"


def test_adaptive_clusters():
    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster:
        assert _distributed.adaptive_maximum(cluster) is None
        adaptive = cluster.adapt(minimum=0, maximum=7, interval="10s")
        message = f"{RELEASE} keeps what adapts a cluster elsewhere"
        assert _distributed.adaptive_maximum(cluster) == 7, message
        adaptive.stop()
        assert _distributed.adaptive_maximum(cluster) is None, message


def test_nannies_start_workers_where_it_is_overridden(tmp_path):
    class Notes(distributed.Nanny):
        async def instantiate(self):
            (tmp_path / "started").touch()
            return await super().instantiate()

    with LocalCluster(n_workers=1, worker_class=Notes, dashboard_address=":0"):
        assert (tmp_path / "started").exists(), f"{RELEASE} starts workers by another method of Nanny"


class Named(WorkerPlugin):
    name = "named-here"


class OnScheduler(SchedulerPlugin):
    """Does on the scheduler what a lease does."""

    name = "named-on-scheduler"

    def start(self, scheduler):
        self._scheduler = scheduler
        self._done = asyncio.Event()

    async def go(self, client):
        scheduler, name = self._scheduler, Named.name
        assert _distributed.has_client(scheduler, client)
        assert not _distributed.has_client(scheduler, "nobody")
        answers = await _distributed.add_worker_plugin(scheduler, name, dumps(Named()))
        # Workers of other tests may be there as well, until they are collected.
        alive = [one for one in list(distributed.Worker._instances) if one.address in scheduler.workers]
        there = all(name in worker.plugins for worker in alive)
        _distributed.forget_worker_plugin(scheduler, name)
        await _distributed.remove_worker_plugin(scheduler, name)
        gone = not any(name in worker.plugins for worker in alive)
        _distributed.run_soon(scheduler, self._finish)
        await asyncio.wait_for(self._done.wait(), 10)
        _distributed.forget_plugin(scheduler, self.name)
        return len(answers), there, gone, name in scheduler.worker_plugins

    async def _finish(self):
        self._done.set()


async def go(client, dask_scheduler=None):
    return await _distributed.plugin_of(dask_scheduler, OnScheduler.name).go(client)


def test_a_scheduler_plugin_gives_plugins_to_workers(client_in_threads):
    client_in_threads.register_plugin(OnScheduler())
    done = client_in_threads.run_on_scheduler(go, client_in_threads.id)
    assert done == (1, True, True, False), f"{RELEASE} registers worker plugins in another way"
