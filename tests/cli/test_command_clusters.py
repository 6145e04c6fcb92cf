"""Commands that draw on the workers of a scheduler, which know neither the file nor its directory."""

import json
import os
import signal

import psutil
import pytest
from clusters import local_client
from commands import finish, run, start
from helpers import assert_shows, wait_until
from unlike_workers import unlike_client

from dask_animate.cli import cluster as cluster_module

pytestmark = pytest.mark.newest  # what the command calls is tested with older releases, too


@pytest.fixture
def scheduler(tmp_path):
    """Two workers, whose scheduler wrote a file."""
    cluster, client = local_client(2)
    with cluster, client:
        client.write_scheduler_file(str(tmp_path / "scheduler.json"))
        yield client, tmp_path / "scheduler.json"


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize("how", ["file", "address"])
def test_workers_draw(folder, scheduler, how):
    client, file = scheduler
    place = file if how == "file" else client.scheduler.address
    process = start(
        *("render", "animations.py:Numbers", "-p", "range(24)", "-o", "a.mp4"),
        *("--scheduler", place, "--partition-size", 4),
    )
    code, lines = finish(process)
    assert code == 0, lines
    assert_shows(folder / "a.mp4", range(100, 124))


def test_an_animation_of_matplotlib(folder, scheduler):
    done = run("render", "plot.py:animation", "-o", "a.mp4", "--scheduler", scheduler[1])
    assert done.exit_code == 0, done.output
    assert_shows(folder / "a.mp4", range(9), 10)


def test_a_store_on_workers_goes_on_and_sees_changes(folder, scheduler):
    """The modules travel by value, so that their content counts."""
    again = (
        *("render", "animations.py:Numbers", "-p", "range(12)", "-o", "a.mp4"),
        *("--scheduler", scheduler[1], "--store", folder / "s.zarr"),
    )
    assert finish(start(*again))[0] == 0
    assert "0 drawn, 12 from the store" in finish(start(*again))[1][-1]
    sibling = folder / "sibling.py"
    sibling.write_text(sibling.read_text().replace("VALUE = 100", "VALUE = 200"))
    code, lines = finish(start(*again))
    assert code == 0
    assert "from the store" not in lines[-1]
    assert_shows(folder / "a.mp4", range(200, 212))


def test_the_check_asks_all_workers(folder):
    (folder / "shades.py").write_text("from unlike_workers import ByVariable")
    with unlike_client({}, {"SHADE": "0.8"}) as client:
        done = run(
            *("render", "shades.py:ByVariable", "-p", "range(9)", "-o", "a.mp4", "--check"),
            *("--scheduler", client.scheduler.address),
        )
    assert done.exit_code == 1
    assert "problem: " in done.stdout
    assert done.stdout.count("tcp://") >= 2
    assert not (folder / "a.mp4").exists()


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_frees_the_workers(folder, scheduler, name):
    client, file = scheduler
    process = start(
        *("render", "animations.py:slow", "-p", "range(2000)", "-o", "out/a.mp4", "--scheduler", file),
        start_new_session=True,
    )
    wait_until(lambda: any(client.processing().values()))
    process.send_signal(getattr(signal, name))
    code, lines = finish(process)
    assert code == 128 + getattr(signal, name)
    assert lines[-1] == f"dask-animate: error: stopped by {name}"
    wait_until(lambda: not any(client.processing().values()))
    assert len(client.scheduler_info()["workers"]) == 2
    assert not (folder / "out").exists()


def test_a_failing_frame_says_where(folder, scheduler):
    done = run(
        "render", "animations.py:fails", "-p", "range(9)", "-o", "a.mp4", "--scheduler", scheduler[1]
    )
    assert done.exit_code == 1
    assert "error: frame 5 could not be drawn: LookupError: no data for 5" in done.stderr
    assert "in helpers.py, line " in done.stderr


def test_encoders_of_workers(scheduler):
    done = run("encoders", "--scheduler", scheduler[1])
    assert done.exit_code == 0
    here, workers = done.stdout.split("\n\n")
    assert here.startswith("this process\n  h264  libx264          opens\n")
    assert workers.startswith("worker tcp://")
    assert " and 1 more like it\n  h264  libx264          opens\n" in workers


def test_a_scheduler_without_workers(folder, scheduler):
    client, file = scheduler
    client.cluster.scale(0)
    wait_until(lambda: not client.scheduler_info()["workers"])
    done = run("encoders", "--scheduler", file)
    assert done.exit_code == 1
    assert "it has no workers to ask" in done.stderr
    process = start(
        "render", "animations.py:Numbers", "-p", "range(9)", "-o", "a.mp4", "--scheduler", file
    )
    assert "has no workers yet" in process.stderr.readline()
    client.cluster.scale(1)
    assert finish(process)[0] == 0
    assert_shows(folder / "a.mp4", range(100, 109))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("127.0.0.1:1", "no scheduler answers"),
        ("bogus://x:1", "no scheduler answers"),
        ("none.json", "No such file or directory"),
        ("broken.json", "it is no file that a scheduler writes"),
    ],
)
def test_no_scheduler(folder, monkeypatch, place, said):
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 0.5)
    (folder / "broken.json").write_text(json.dumps({"workers": 3}))
    done = run("encoders", "--scheduler", place)
    assert done.exit_code == 1
    assert f"error: --scheduler {place}: {said}" in done.stderr.splitlines()[-1]


def test_a_scheduler_that_goes_is_one_line(folder, scheduler):
    client, file = scheduler
    process = start(
        "render", "animations.py:slow", "-p", "range(2000)", "-o", "a.mp4", "--scheduler", file
    )
    wait_until(lambda: any(client.processing().values()))
    client.shutdown()
    code, lines = finish(process)
    assert code == 1
    assert lines[-1].startswith("dask-animate: error: ")
    assert not psutil.pid_exists(process.pid) or process.returncode is not None
    assert os.listdir(folder).count("a.mp4") == 0
