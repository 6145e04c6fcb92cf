"""Real renders on real clusters, as the scheduler's plugin follows them."""

import subprocess
import sys
import threading

import dask
import pytest
from dashboards import base_of, eventually, fetched, running_scheduler, shown, told, with_support
from distributed import Client, SchedulerPlugin
from helpers import FailsAt, FrameNumber, KillsItsWorker, Slow

from dask_animate.dashboard import follow_renders
from dask_animate.dashboard.plugin import PLUGIN_NAME
from dask_animate.errors import FrameError, WorkerError


def plugins(client):
    return client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.plugins))


def test_a_render(tmp_path, client):
    video = FrameNumber().make_video(
        tmp_path / "plain.mp4", [0] * 24, 30, client=client, partition_size=5
    )
    assert plugins(client).count(PLUGIN_NAME) == 1
    render = shown(base_of(client), "plain.mp4")
    assert (render["status"], render["n_frames"], render["n_done"]) == ("done", 24, 24)
    assert render["n_partitions"] == len(video.stats.partition_sizes) == 5
    assert render["n_blitted"] == video.stats.n_frames_blitted
    assert sum(worker["n_frames"] for worker in render["workers"]) == 24
    assert {worker["address"] for worker in render["workers"]} <= set(client.nthreads())
    assert all(worker["ms"]["draw"] > 0 for worker in render["workers"])
    assert render["latest"] is None  # nobody looked
    assert render["result"]["path"] == str(video.path)
    assert render["result"]["file_size"] == video.path.stat().st_size
    assert str(video.stats) in render["result"]["summary"]
    cells = render["strip"]["cells"]
    assert sum(cell[0] for cell in cells) == 24
    assert sum(cell[2] for cell in cells) == 0


def test_frames_from_a_store(tmp_path, client):
    options = {"client": client, "store": tmp_path / "frames.zarr"}
    FrameNumber().make_video(tmp_path / "first.mp4", [0] * 12, 30, **options)
    FrameNumber().make_video(tmp_path / "second.mp4", [0] * 12, 30, **options)
    base = base_of(client)
    assert [shown(base, name)["n_reused"] for name in ("first.mp4", "second.mp4")] == [0, 12]
    assert shown(base, "second.mp4")["result"]["n_frames_reused"] == 12


def test_a_bag(tmp_path, client):
    import dask.bag as db

    bag = db.from_sequence(range(12), npartitions=3)
    FrameNumber().make_video(tmp_path / "bag.mp4", bag, 30, client=client)
    render = shown(base_of(client), "bag.mp4")
    assert (render["status"], render["n_done"], render["n_partitions"]) == ("done", 12, 3)


def test_delayed_parameters(tmp_path, client):
    params = [dask.delayed(int)(n) for n in range(6)]
    FrameNumber().make_video(tmp_path / "late.mp4", params, 30, client=client, partition_size=2)
    render = shown(base_of(client), "late.mp4")
    assert (render["n_done"], render["n_partitions"]) == (6, 3)
    assert sum(cell[2] for cell in render["strip"]["cells"]) == 0


def test_a_failing_frame(tmp_path, client):
    with pytest.raises(FrameError):
        FailsAt(9).make_video(tmp_path / "bad.mp4", [7] * 24, 30, client=client, partition_size=4)
    render = shown(base_of(client), "bad.mp4")
    assert render["status"] == "failed"
    (failure,) = render["failures"]
    assert (failure["frame_idx"], failure["params"]) == (9, "7")
    assert failure["text"] == "LookupError: no data for 7"
    assert "in update" in failure["traceback"]
    assert failure["worker"] in client.nthreads()
    assert failure["frames"] == [9, 1]


def test_setup_that_fails(tmp_path, client):
    class NoSetup(FrameNumber):
        def setup(self):
            raise OSError("no such figure")

    with pytest.raises(RuntimeError):
        NoSetup().make_video(tmp_path / "none.mp4", [0] * 4, 30, client=client)
    render = shown(base_of(client), "none.mp4")
    assert render["status"] == "failed"
    assert "no such figure" in render["failures"][-1]["text"]


def test_cancelled(tmp_path, client):
    render = Slow(0.05).make_video(tmp_path / "cancelled.mp4", [0] * 500, 30, client=client, wait=False)
    base = base_of(client)
    assert eventually(lambda: (told := shown(base, "cancelled.mp4")) and told["n_done"] > 0)
    assert shown(base, "cancelled.mp4")["status"] == "running"
    render.cancel()
    eventually(render.done)
    assert shown(base, "cancelled.mp4")["status"] == "cancelled"


def test_a_worker_that_dies(tmp_path, own_client):
    animator = KillsItsWorker(13, tmp_path)
    FrameNumber().make_video(tmp_path / "warm.mp4", [0] * 8, 30, client=own_client)
    animator.make_video(tmp_path / "killed.mp4", [0] * 24, 30, client=own_client, partition_size=4)
    render = shown(base_of(own_client), "killed.mp4")
    assert (render["status"], render["n_done"], render["n_failures"]) == ("done", 24, 0)
    if any(worker["is_gone"] for worker in render["workers"]):  # those that had drawn something
        assert "left meanwhile" in " ".join(render["reasons"])


CLIENT = """
import sys
from distributed import Client, SchedulerPlugin
from helpers import Slow
with Client(sys.argv[1]) as client:
    Slow(0.05).make_video(sys.argv[2], [0] * 2000, 30, client=client, partition_size=1)
"""


def test_a_client_that_is_killed(tmp_path, own_client):
    address, file = own_client.scheduler.address, str(tmp_path / "orphan.mp4")
    process = subprocess.Popen([sys.executable, "-c", CLIENT, address, file], env=with_support())
    try:
        follow_renders(own_client)
        base = base_of(own_client)
        eventually(lambda: (render := shown(base, "orphan.mp4")) and render["n_done"] > 0)
    finally:
        process.kill()
        process.wait()
    eventually(lambda: shown(base, "orphan.mp4")["status"] == "client gone")


def test_registered_once_by_all_clients(tmp_path, own_client):
    with Client(own_client.scheduler.address, set_as_default=False) as other:
        for number, client in enumerate((own_client, other, own_client)):
            FrameNumber().make_video(tmp_path / f"{number}.mp4", [0] * 2, 30, client=client)
        assert plugins(other).count(PLUGIN_NAME) == 1
    base = base_of(own_client)
    assert [render["file"][-5:] for render in told(base)["renders"]] == ["2.mp4", "1.mp4", "0.mp4"]
    assert {render["status"] for render in told(base)["renders"]} == {"done"}


def test_switched_off(tmp_path, own_client):
    with dask.config.set({"dask_animate.dashboard.enabled": False}):
        FrameNumber().make_video(tmp_path / "off.mp4", [0] * 4, 30, client=own_client)
    assert PLUGIN_NAME not in plugins(own_client)


def test_a_client_without_the_right_to_register_gets_its_render(tmp_path, own_client, monkeypatch):
    def register(plugin, name=None):
        if isinstance(plugin, SchedulerPlugin):
            raise PermissionError("no plugins here")
        return Client.register_plugin(own_client, plugin, name)

    monkeypatch.setattr(own_client, "register_plugin", register)
    video = FrameNumber().make_video(tmp_path / "refused.mp4", [0] * 4, 30, client=own_client)
    assert video.n_frames == 4
    assert PLUGIN_NAME not in plugins(own_client)


def picture(base, render):
    return fetched(f"{base}animate.jpg?render={render['id']}")


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize("thumbnails", [True, False])
def test_pictures(tmp_path, own_client, thumbnails):
    done = threading.Event()

    def render():
        with dask.config.set({"dask_animate.dashboard.thumbnails": thumbnails}):
            Slow(0.03).make_video(tmp_path / "seen.mp4", [0] * 200, 30, client=own_client)
        done.set()

    follow_renders(own_client)
    base = base_of(own_client)
    thread = threading.Thread(target=render)
    thread.start()
    seen = []
    while not done.wait(0.1):
        if (one := shown(base, "seen.mp4")) and one["latest"]:
            seen.append(one["latest"])
    thread.join()
    assert bool(seen) is thumbnails
    if thumbnails:
        render = shown(base, "seen.mp4")
        assert picture(base, render).startswith(b"\xff\xd8\xff")
        assert len(picture(base, render)) < 20_000
        assert all(0 <= latest["frame_idx"] < 200 for latest in seen)


HIDES_PACKAGE = """
import sys
class Hidden:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "dask_animate":
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Hidden)
"""


def test_a_scheduler_without_this_package(tmp_path):
    """It could not load the tasks either, which says so."""
    (tmp_path / "hides.py").write_text(HIDES_PACKAGE)
    with (
        running_scheduler(tmp_path, "--preload", str(tmp_path / "hides.py")) as (address, _),
        Client(address, set_as_default=False) as client,
        pytest.raises(WorkerError, match="install dask_animate where the scheduler runs"),
    ):
        FrameNumber().make_video(tmp_path / "far.mp4", [0] * 6, 30, client=client)
    assert [path.name for path in tmp_path.glob("*.mp4")] == []


def test_preload_under_a_prefix(tmp_path):
    options = ("--preload", "dask_animate.dashboard", "--dashboard-prefix", "some/where")
    with (
        running_scheduler(tmp_path, *options) as (address, base),
        Client(address, set_as_default=False) as client,
    ):
        base += "some/where/"
        assert told(base)["renders"] == []  # before any client rendered
        client.wait_for_workers(1, timeout=20)
        FrameNumber().make_video(tmp_path / "near.mp4", [0] * 6, 30, client=client)
        assert plugins(client).count(PLUGIN_NAME) == 1
        assert shown(base, "near.mp4")["status"] == "done"
        assert b'"/individual-animate"' in fetched(base + "individual-plots.json")
