import asyncio
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import dask
import dask.array as da
import dask.bag as db
import numpy as np
import psutil
import pytest
from clusters import local_client
from distributed import Client, Status, get_client, get_worker, worker_client
from helpers import (
    SUPPORT,
    WARNINGS,
    FrameNumber,
    KillsItsWorker,
    assert_nothing_beside,
    assert_shows,
    wait_until,
)

from dask_animate.drawing import DrawOptions
from dask_animate.errors import FrameError, OptionError, OptionTypeError, WorkerError
from dask_animate.execution.cluster import ClusterOptions, resolve_num_workers
from dask_animate.execution.plugin_lease import Lease, Registration
from dask_animate.execution.tasks import RendererPlugin
from dask_animate.rendering import renderers


def environment(**variables):
    """Return the environment of a process that finds the tests' modules, and what this one finds."""
    paths = [str(SUPPORT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables}


def run_script(tmp_path, text, *arguments, **kwargs):
    """Start a script in an interpreter of its own."""
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(text))
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)],
        env=environment(PYTHONWARNINGS=WARNINGS),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **kwargs,
    )


@pytest.mark.parametrize(
    ("given", "available", "meant"),
    [(-1, 8, 8), (-2, 8, 7), (-20, 8, 1), (1, 8, 1), (3, 8, 3), (30, 8, 30), (-1, 1, 1), (-1, 0, 1)],
)
def test_resolve_num_workers(given, available, meant):
    assert resolve_num_workers(given, available) == meant


@pytest.mark.parametrize("bad", [0, 1.0, None, "2", True])
def test_bad_num_workers(bad):
    with pytest.raises((OptionError, OptionTypeError), match="num_workers must"):
        ClusterOptions.create(None, bad)


def test_bad_clients(client):
    with pytest.raises(OptionTypeError, match=r"got LocalCluster; .* give Client\(cluster\)"):
        ClusterOptions.create(client.cluster, -1)
    closed = Client(client.cluster, set_as_default=False)
    closed.close()
    with pytest.raises(OptionError, match="not connected to its cluster: its status is 'closed'"):
        ClusterOptions.create(closed, -1)
    assert ClusterOptions.create(None, -1).client is None


def test_the_active_client_is_used(tmp_path, client):
    with client.as_current():
        video = FrameNumber().make_video(tmp_path / "a.mp4", range(60), 30, partition_size=2)
        assert video.stats.n_workers == 2
        here = FrameNumber().make_video(tmp_path / "a.mp4", range(20), 30, num_workers=1)
    assert here.stats.n_workers == 0


GUARDLESS = """
    import os, sys, time
    from pathlib import Path
    from dask_animate import Animator
    import matplotlib.pyplot as plt

    class Spot(Animator):
        def setup(self):
            fig, ax = plt.subplots(figsize=(1, 1))
            (self.line,) = ax.plot([0], [0], "o")
            return fig

        def update(self, frame_idx, params):
            self.line.set_data([params], [0])
            if os.getpid() != here:
                elsewhere.touch()

    def until_drawn_elsewhere():
        while not elsewhere.exists():
            time.sleep(0.02)
            yield 0

    here = os.getpid()
    elsewhere = Path(sys.argv[1]).with_name("elsewhere")
    print("script runs", __name__)
    video = Spot().make_video(sys.argv[1], range(20), 30)
    print(video.stats.n_workers, "distributed" in sys.modules)
    own_cluster = sys.modules["dask_animate.execution.own_cluster"]
    own_cluster.START_SECONDS = 0
    video = Spot().make_video(sys.argv[1], until_drawn_elsewhere(), 30, num_workers=2)
    print(video.stats.n_workers, __spec__)
"""


def test_a_script_needs_no_guard(tmp_path):
    """And one that is short does not import distributed."""
    (tmp_path / "out").mkdir()
    script = run_script(tmp_path, GUARDLESS, tmp_path / "out" / "a.mp4")
    out, err = script.communicate(timeout=60)
    assert (out, err) == ("script runs __main__\n0 False\n1 None\n", "")


INTERRUPTED = """
    import sys
    from helpers import Slow

    print("start", flush=True)
    Slow(0.03).make_video(sys.argv[1], range(2000), 30, num_workers=int(sys.argv[2]))
"""


@pytest.mark.parametrize("n_workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_ctrl_c(tmp_path, n_workers):
    path = tmp_path / "out" / "a.mp4"
    path.parent.mkdir()
    path.write_text("before")
    script = run_script(tmp_path, INTERRUPTED, path, n_workers, start_new_session=True)
    assert script.stdout.readline() == "start\n"
    wait_until(lambda: any(part.stat().st_size > 0 for part in path.parent.glob(".*.part")))
    if n_workers > 1:  # the cluster's process, its resource tracker and the worker
        wait_until(lambda: len(psutil.Process(script.pid).children(recursive=True)) >= 3)
    children = psutil.Process(script.pid).children(recursive=True)
    os.killpg(script.pid, signal.SIGINT)  # as a terminal does, to the workers as well
    _, err = script.communicate(timeout=30)
    assert err.strip().endswith("KeyboardInterrupt")
    assert "distributed.worker - " not in err
    assert script.returncode != 0
    assert path.read_text() == "before"
    assert_nothing_beside(path)
    assert psutil.wait_procs(children, timeout=10)[1] == []


BUSY = """
    import sys
    from pathlib import Path
    from helpers import Slow

    class Busy(Slow):
        def update(self, frame_idx, params):
            Path("busy").touch()
            super().update(frame_idx, params)

    Busy(60).make_video(sys.argv[1], range(40), 30, num_workers=2)
"""


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_slow_frames(tmp_path):
    """As from a notebook's stop button, to this process alone."""
    script = run_script(tmp_path, BUSY, tmp_path / "out" / "a.mp4", start_new_session=True, cwd=tmp_path)
    wait_until((tmp_path / "busy").exists)
    children = psutil.Process(script.pid).children(recursive=True)
    script.send_signal(signal.SIGINT)
    _, err = script.communicate(timeout=25)
    assert err.strip().endswith("KeyboardInterrupt")
    assert not (tmp_path / "out").exists()
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_a_render_within_a_render(tmp_path):
    class Outer(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params)
            FrameNumber().make_video(
                tmp_path / "inner.mp4", range(3), 30, num_workers=1 if frame_idx < 2 else 2
            )

    with pytest.raises(FrameError, match=r"frame 2 .* has to draw here: give num_workers=1"):
        Outer().make_video(tmp_path / "a.mp4", range(5), 30, num_workers=1)
    assert_shows(tmp_path / "inner.mp4", range(3))


def test_a_cluster_from_within_a_worker(tmp_path, client):
    def render():
        return FrameNumber().make_video(tmp_path / "a.mp4", range(3), 30).stats

    stats = client.submit(render, pure=False).result()
    assert stats.n_frames_here == 3
    assert "may not start worker processes, as it is one itself" in stats.scaling_reason


def test_a_render_inside_a_task(tmp_path):
    """It would wait for the only thread, which it holds itself, unless it gives the thread back."""

    def given(path):
        FrameNumber().make_video(path, range(5), 30, client=get_client())

    def active(path):
        with get_client().as_current():
            FrameNumber().make_video(path, range(5), 30)

    def given_back(path):
        with worker_client() as inner:
            return FrameNumber().make_video(path, iter(range(20)), 30, client=inner).stats.n_workers

    path = tmp_path / "a.mp4"
    cluster, client = local_client(1)
    with cluster, client:
        for render in (given, active):
            with pytest.raises(OptionError, match=r"holds one itself: .*worker_client\(\) as client"):
                client.submit(render, path, pure=False).result()
        assert client.submit(given_back, path, pure=False).result() == 1
    assert_shows(path, range(20))


def test_an_asynchronous_client(tmp_path, client):
    make_video = FrameNumber().make_video
    path = tmp_path / "a.mp4"

    async def render():
        address = client.scheduler.address
        async with Client(address, asynchronous=True, set_as_default=False) as inner:
            with pytest.raises(OptionTypeError, match=r"^client is asynchronous here.*to_thread"):
                make_video(path, range(3), 30, client=inner)
            with inner.as_current():
                with pytest.raises(OptionTypeError, match=r"^the active client is asynchronous here"):
                    make_video(path, range(3), 30)
                assert make_video(path, range(3), 30, num_workers=1).stats.n_workers == 0
                return await asyncio.to_thread(make_video, path, range(60), 30, partition_size=2)

    assert asyncio.run(render()).stats.n_workers == 2
    assert_shows(path, range(60))


@pytest.mark.slow
def test_large_parameters_for_a_cluster_that_shrinks_to_nothing(tmp_path, monkeypatch):
    """No worker can be sent the parameters; the tasks have to ask for one."""
    cluster, client = local_client(0)
    there_were_workers = []

    def scatter(*args, **kwargs):
        there_were_workers.append(bool(client.nthreads()))
        return Client.scatter(client, *args, **kwargs)

    class First(FrameNumber):
        def update(self, frame_idx, params):
            super().update(frame_idx, params[0])

    def generate():
        while client.nthreads():
            time.sleep(0.01)
        for i in range(20):
            yield np.full(25_000, i)

    with cluster, client:
        monkeypatch.setattr(client, "scatter", scatter)
        cluster.adapt(minimum=0, maximum=2, interval="100ms", wait_count=2)
        First().make_video(tmp_path / "a.mp4", generate(), 30, client=client, partition_size=5)
    assert_shows(tmp_path / "a.mp4", range(20))
    assert all(there_were_workers)  # else it waits until it gives up


class WaitsForItsEnd(FrameNumber):
    """Says that it is at a frame, and stays there until its process is ended, once."""

    def __init__(self, frame_idx, reached):
        super().__init__()
        self.frame_idx, self.reached = frame_idx, reached

    def update(self, frame_idx, params):
        if frame_idx == self.frame_idx and not self.reached.exists():
            self.reached.touch()
            while get_worker().status == Status.running:
                time.sleep(0.01)
        super().update(frame_idx, params)


@pytest.mark.parametrize(
    "params",
    [
        pytest.param(da.arange(60, chunks=20), id="array"),
        pytest.param(db.from_sequence(range(60), npartitions=12), id="bag", marks=pytest.mark.slow),
    ],
)
def test_a_restart_in_the_middle(tmp_path, own_client, params):
    """What was computed for several partitions is computed again."""
    reached = tmp_path / "reached"
    sizes = {} if isinstance(params, db.Bag) else {"partition_size": 5}

    def restart():
        while not reached.exists():
            time.sleep(0.01)
        own_client.restart()

    restarting = threading.Thread(target=restart)
    restarting.start()
    animator = WaitsForItsEnd(33, reached)
    animator.make_video(tmp_path / "out" / "a.mp4", params, 30, client=own_client, **sizes)
    restarting.join()
    assert_shows(tmp_path / "out" / "a.mp4", range(60))


class WaitsForAFile(FrameNumber):
    """Says that it draws a frame, or builds its figure, and waits until somebody says to go on."""

    def __init__(self, folder, frame_idx):
        super().__init__()
        self.folder, self.frame_idx = folder, frame_idx

    def setup(self):
        self._wait_at(None)
        return super().setup()

    def update(self, frame_idx, params):
        self._wait_at(frame_idx)
        super().update(frame_idx, params)

    def _wait_at(self, place):
        if place == self.frame_idx:
            (self.folder / "reached").touch()
            while not (self.folder / "go").exists():
                time.sleep(0.01)


@pytest.mark.parametrize("frame_idx", [None, 33], ids=["setup", "update"])
def test_a_client_that_forgets_its_tasks(tmp_path, client, frame_idx):
    """If a cluster is restarted while tasks are on their way, it has them, and the client does not."""
    animator = WaitsForAFile(tmp_path, frame_idx)

    def forget():
        while not (tmp_path / "reached").exists():
            time.sleep(0.01)
        client.loop.add_callback(client._handle_restart)
        time.sleep(0.2)
        (tmp_path / "go").touch()

    forgetting = threading.Thread(target=forget)
    forgetting.start()
    animator.make_video(tmp_path / "a.mp4", range(60), 30, client=client, partition_size=5)
    forgetting.join()
    assert_shows(tmp_path / "a.mp4", range(60))
    wait_until(lambda: not client.run_on_scheduler(lambda dask_scheduler: [*dask_scheduler.tasks]))


POOL = """
    import sys, multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from helpers import FrameNumber

    def load(i):
        return 3 * i

    def generate():
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            yield from pool.map(load, range(20))

    if __name__ == "__main__":
        FrameNumber().make_video(sys.argv[1], generate(), 30, num_workers=2)
        print(__spec__)
"""


@pytest.mark.slow
def test_a_generator_with_processes_of_its_own(tmp_path):
    (tmp_path / "out").mkdir()
    script = run_script(tmp_path, POOL, tmp_path / "out" / "a.mp4")
    out, err = script.communicate(timeout=60)
    assert (out, err) == ("None\n", "")
    assert_shows(tmp_path / "out" / "a.mp4", range(0, 60, 3))


def test_the_scheduler_goes_away(tmp_path):
    """A clear error, and no hang."""
    scheduler = subprocess.Popen(
        [
            *(sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0"),
            *("--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", tmp_path / "scheduler.json"),
        ],
        stderr=subprocess.DEVNULL,
    )
    worker = None
    try:
        for _ in range(300):
            time.sleep(0.1)
            if (tmp_path / "scheduler.json").exists():
                break
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1"),
                *("--no-dashboard", "--death-timeout", "5"),
                *("--scheduler-file", tmp_path / "scheduler.json"),
            ],
            stderr=subprocess.DEVNULL,
            env=environment(),
        )

        def generate():
            for i in range(1000):
                if i == 60:
                    scheduler.send_signal(signal.SIGKILL)
                    scheduler.wait()
                yield i

        scheduler_file = str(tmp_path / "scheduler.json")
        with Client(scheduler_file=scheduler_file, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=30)
            with pytest.raises(WorkerError, match="the scheduler is gone"):
                FrameNumber().make_video(tmp_path / "out" / "a.mp4", generate(), 30, client=client)
        assert not (tmp_path / "out").exists()
    finally:
        scheduler.kill()
        if worker is not None:
            worker.kill()
            worker.wait()
        scheduler.wait()


class SaysWhereItIs(FrameNumber):
    """Says that it builds the figure, or that it draws a late frame, and is slow then."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def setup(self):
        self.say("setup")
        return super().setup()

    def update(self, frame_idx, params):
        if frame_idx >= 50:
            self.say("update")
        super().update(frame_idx, params)

    def say(self, where):
        (self.folder / where).touch()
        while (self.folder / f"wait in {where}").exists():
            time.sleep(0.01)


@pytest.mark.parametrize("where", ["setup", "update"])
def test_a_client_that_is_closed_by_another_thread(tmp_path, client, where):
    """It is named, not the scheduler, which is still there."""
    wait = tmp_path / f"wait in {where}"
    wait.touch()
    with Client(client.cluster, set_as_default=False) as mine:

        def close():
            wait_until((tmp_path / where).exists)
            mine.close()

        closing = threading.Thread(target=close)
        closing.start()
        try:
            with pytest.raises(WorkerError, match="the client was closed"):
                SaysWhereItIs(tmp_path).make_video(
                    tmp_path / "out" / "a.mp4", range(100), 30, client=mine, partition_size=5
                )
        finally:
            wait.unlink()
        closing.join()
    assert not (tmp_path / "out").exists()
    wait_until_no_plugin_is_left(client)


def test_a_client_that_is_closed_by_the_parameters(tmp_path, client):
    def generate(mine):
        yield from range(60)
        mine.close()
        yield from range(60, 1000)

    with Client(client.cluster, set_as_default=False) as mine:
        with pytest.raises(WorkerError, match="the client was closed"):
            FrameNumber().make_video(tmp_path / "a.mp4", generate(mine), 30, client=mine)
    assert os.listdir(tmp_path) == []


def plugins_of(dask_worker=None, dask_scheduler=None):
    server = dask_worker or dask_scheduler
    return [
        name
        for name in [*server.plugins, *getattr(server, "worker_plugins", ())]
        if "dask_animate" in name and name != "dask_animate-dashboard"  # which shows all renders
    ]


def wait_until_no_plugin_is_left(client):
    wait_until(lambda: not any([*client.run(plugins_of).values(), client.run_on_scheduler(plugins_of)]))


def at_registration(monkeypatch, scheduler, nth, action):
    """Do something when a scheduler of this process is about to give the workers their nth plugin."""
    broadcast = scheduler.broadcast
    n_seen = itertools.count(1)

    async def broadcast_later(*, msg, **kwargs):
        if msg["op"] == "plugin-add" and next(n_seen) == nth:
            action()
            await asyncio.sleep(1)  # until the client is gone, or what undoes the registration has come
        return await broadcast(msg=msg, **kwargs)

    monkeypatch.setattr(scheduler, "broadcast", broadcast_later)


KILLED = """
    import sys
    from pathlib import Path
    from distributed import Client
    from helpers import CountsSetups

    class Endless(CountsSetups):
        def update(self, frame_idx, params):
            import time
            time.sleep(0.2)
            super().update(frame_idx, params)

    address, output, log = sys.argv[1:]
    Endless(log).make_video(output, range(10_000), 30, client=Client(address))
"""


@pytest.mark.parametrize("when", [pytest.param("registering", marks=pytest.mark.slow), "drawing"])
def test_a_killed_client_leaves_nothing_on_the_workers(tmp_path, own_client, monkeypatch, when):
    cluster, log = own_client.cluster, tmp_path / "log"
    log.mkdir()
    if when == "registering":
        at_registration(monkeypatch, cluster.scheduler, 2, lambda: script.kill())
    script = run_script(tmp_path, KILLED, cluster.scheduler_address, tmp_path / "a.mp4", log)

    def generate():
        """Of a render at the same time, which goes on."""
        for i in range(30):
            if i == 20:
                wait_until(lambda: os.listdir(log) or script.poll() is not None)
                script.kill()
                script.communicate(timeout=30)
                wait_until(lambda: len(own_client.run_on_scheduler(plugins_of)) <= 2)
                cluster.scale(3)
                own_client.wait_for_workers(3)
            yield i

    FrameNumber().make_video(tmp_path / "b.mp4", generate(), 30, client=own_client, partition_size=2)
    assert script.returncode == -signal.SIGKILL
    assert_shows(tmp_path / "b.mp4", range(30))
    wait_until_no_plugin_is_left(own_client)


def test_ctrl_c_while_the_workers_are_given_a_plugin(tmp_path, own_client, monkeypatch):
    """The client lives on, and so does what was sent already."""
    at_registration(
        monkeypatch, own_client.cluster.scheduler, 1, lambda: os.kill(os.getpid(), signal.SIGINT)
    )
    with pytest.raises(KeyboardInterrupt):
        FrameNumber().make_video(tmp_path / "a.mp4", range(40), 30, client=own_client)
    wait_until_no_plugin_is_left(own_client)
    FrameNumber().make_video(tmp_path / "a.mp4", range(40), 30, client=own_client)
    assert_shows(tmp_path / "a.mp4", range(40))


async def end_twice(name, dask_scheduler):
    lease = dask_scheduler.plugins[name]
    await asyncio.gather(lease.end(), lease.end())


def test_a_plugin_is_taken_from_the_workers_once(client):
    spec = FrameNumber()._spec(DrawOptions.create(None)).pickled()
    twice, never = Registration(client, "ended-twice"), Registration(client, "never-given")
    twice.register(RendererPlugin("ended-twice", spec))
    client.run_on_scheduler(end_twice, "ended-twice")
    assert never._lease()
    never.unregister()
    logs = "".join(map(str, client.get_worker_logs().values()))
    assert "ended-twice failed" not in logs
    assert "never-given failed" not in logs


def test_a_plugin_releases_what_it_holds_and_no_more():
    spec = FrameNumber()._spec(DrawOptions.create(None))
    name = "of-two-workers-in-a-process"
    plugin, never_set_up = RendererPlugin(name, spec), RendererPlugin(name, spec)
    worker = SimpleNamespace(nanny=None)
    plugin.setup(worker)
    asyncio.run(never_set_up.teardown(worker))
    assert renderers.held(name) is not None
    for _ in range(2):
        asyncio.run(plugin.teardown(worker))
    assert renderers.held(name) is None


def test_a_scheduler_that_takes_no_plugins(tmp_path, client, monkeypatch, caplog):
    def start(self, scheduler):
        raise RuntimeError("none here")

    monkeypatch.setattr(Lease, "start", start)
    with caplog.at_level("INFO", "dask_animate.execution.plugin_lease"):
        FrameNumber().make_video(tmp_path / "a.mp4", range(40), 30, client=client)
    assert "figures would stay on the workers if this process were killed: none here" in caplog.text
    assert_shows(tmp_path / "a.mp4", range(40))
    wait_until_no_plugin_is_left(client)


def tasks_seen(dask_scheduler=None):
    return [
        (str(key), state.resource_restrictions, state.retries, state.priority[0])
        for key, state in dask_scheduler.tasks.items()
    ]


@pytest.fixture(scope="module")
def client_with_licenses():
    cluster, client = local_client(2, resources={"LICENSE": 1})
    with cluster, client:
        yield client


@pytest.fixture
def client_with_a_license():
    """Two workers, the first of which has a license."""
    cluster, client = local_client(1, resources={"LICENSE": 1})
    with cluster, client:
        cluster.new_spec["options"] = {**cluster.new_spec["options"], "resources": {}}
        cluster.scale(2)
        client.wait_for_workers(2)
        yield client


def licensed(client):
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return {address for address, about in workers.items() if about["resources"]}


@pytest.mark.parametrize("options", [{}, {"wait": False}, {"encode_on": "client"}])
def test_only_workers_with_the_resources_of_the_caller_are_used(
    tmp_path, client_with_a_license, options
):
    """In Dask, a task that prefers a worker without them, and may run elsewhere, fails."""
    client, numbers = client_with_a_license, range(60)
    with dask.annotate(resources={"LICENSE": 1}):
        video = FrameNumber().make_video(tmp_path / "a.mp4", numbers, 20, client=client, **options)
    stats = (video.result(60) if "wait" in options else video).stats
    assert {partition.worker for partition in stats.partitions} == licensed(client)
    assert_shows(tmp_path / "a.mp4", numbers, 20)


def test_only_they_are_checked_before(client_with_a_license):
    with dask.annotate(resources={"LICENSE": 1}):
        report = FrameNumber().preflight(client=client_with_a_license)
    assert report.ok, report
    assert {check.facts.worker for check in report.workers} == licensed(client_with_a_license)


@pytest.mark.parametrize("by", ["address", "name"])
def test_only_workers_that_the_caller_names_are_used(tmp_path, client, by):
    address, worker = next(iter(client.scheduler_info(n_workers=-1)["workers"].items()))
    named = address if by == "address" else worker["name"]
    with dask.annotate(workers=[named]):
        video = FrameNumber().make_video(tmp_path / "a.mp4", range(60), 20, client=client)
    assert {partition.worker for partition in video.stats.partitions} == {address}
    assert video.stats.n_workers == 1
    assert_shows(tmp_path / "a.mp4", range(60), 20)


def test_the_worker_with_the_resources_dies(tmp_path, client_with_a_license):
    """Its successor draws the frames, and not the worker that is left."""
    client, animator = client_with_a_license, KillsItsWorker(30, tmp_path)
    before = licensed(client)
    with dask.annotate(resources={"LICENSE": 1}):
        video = animator.make_video(tmp_path / "a.mp4", range(60), 20, client=client, partition_size=5)
    assert not before & licensed(client)
    assert {partition.worker for partition in video.stats.partitions} <= before | licensed(client)
    assert_shows(tmp_path / "a.mp4", range(60), 20)


@pytest.mark.parametrize(
    ("resources", "options", "message"),
    [
        ({"LICENSE": 1}, {"num_workers": 2}, "num_workers=2 exclude each other"),
        ({"LICENSE": 1}, {"num_workers": -2}, "num_workers=-2 exclude each other"),
        ({"LICENSE": 1}, {"client": None}, "needs a client: .* give client=, or num_workers=1"),
        ({"LICENSE": 1}, {"client": None, "wait": False}, "needs a client"),
        (lambda key: {"LICENSE": 1}, {}, "must be a dict, such as {'GPU': 1}, got function"),
        ({"LICENSE": "1"}, {}, "must have numbers from 0, got '1' for 'LICENSE'"),
        ({"LICENSE": float("nan")}, {}, "must have numbers from 0, got nan"),
    ],
)
def test_resources_that_cannot_be_had(tmp_path, client, resources, options, message):
    options = {"client": client, **options}
    errors = OptionError, OptionTypeError
    with dask.annotate(resources=resources), pytest.raises(errors, match=message):
        FrameNumber().make_video(tmp_path / "a.mp4", range(10), 20, **options)
    assert list(tmp_path.iterdir()) == []


def test_resources_do_not_matter_in_this_process(tmp_path):
    with dask.annotate(resources={"LICENSE": 1}):
        FrameNumber().make_video(tmp_path / "a.mp4", range(10), 20, num_workers=1)
    assert_shows(tmp_path / "a.mp4", range(10), 20)


@pytest.mark.parametrize("kind", ["items", "array", "bag"])
def test_annotations_of_the_caller_reach_the_tasks(tmp_path, client_with_licenses, kind):
    """Frame 0 waits until the scheduler was asked about the tasks, which have names to tell them by."""
    client, asked = client_with_licenses, tmp_path / "asked"

    class Waits(FrameNumber):
        def update(self, frame_idx, params):
            while frame_idx == 0 and not asked.exists():
                time.sleep(0.01)
            super().update(frame_idx, int(params))

    params = {
        "items": range(40),
        "array": da.arange(40, chunks=10),
        "bag": db.from_sequence(range(40), npartitions=4),
    }[kind]
    options = {} if kind == "bag" else {"partition_size": 10}

    def render():
        with dask.annotate(resources={"LICENSE": 1}, retries=2, priority=3):
            Waits().make_video(tmp_path / "a.mp4", params, 20, client=client, **options)

    with ThreadPoolExecutor() as pool:
        rendering = pool.submit(render)
        seen = []
        while not any("draw" in key for key, *_ in seen):
            seen = client.run_on_scheduler(tasks_seen)
            assert not rendering.done() or rendering.result()
        asked.touch()
        rendering.result()
    drawing = [rest for key, *rest in seen if "draw" in key]
    assert all(rest == [{"LICENSE": 1}, 2, -3] for rest in drawing), drawing
    assert_shows(tmp_path / "a.mp4", range(40), 20)
