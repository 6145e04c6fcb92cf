"""The command line with jobs of a real Slurm."""

import signal
import textwrap

import pytest
from commands import ANIMATIONS, PLOT, SIBLING, finish, start
from helpers import assert_shows
from slurm import wait_until


@pytest.fixture
def folder(slurm, tmp_path, monkeypatch):
    """A current directory with animations; dask-jobqueue's configuration says what a site would."""
    (tmp_path / "animations.py").write_text(textwrap.dedent(ANIMATIONS))
    (tmp_path / "sibling.py").write_text(textwrap.dedent(SIBLING))
    (tmp_path / "plot.py").write_text(textwrap.dedent(PLOT))
    monkeypatch.chdir(tmp_path)
    for name, value in {"INTERFACE": "lo", "LOG_DIRECTORY": str(tmp_path / "logs")}.items():
        monkeypatch.setenv(f"DASK_JOBQUEUE__SLURM__{name}", value)
    yield tmp_path
    slurm.cancel_all()


def submitted(*arguments):
    return start(
        *("render", "-o", "a.mp4", "--slurm", "--jobs", 2, "--queue", "debug", "--memory", "1GB"),
        *arguments,
    )


def test_two_jobs(slurm, folder):
    process = submitted("animations.py:slow", "-p", "range(200)")
    wait_until(lambda: len(slurm.jobs()) == 2, "two jobs run")
    code, lines = finish(process)
    assert code == 0, lines
    assert lines[0] == "dask-animate: submitted 2 jobs; the first that starts begins to draw"
    assert_shows(folder / "a.mp4", range(200), 30)
    wait_until(lambda: not slurm.jobs(), "the jobs have ended")


def test_an_animation_of_matplotlib(slurm, folder):
    code, lines = finish(start("render", "plot.py:animation", "-o", "a.mp4", "--slurm", "--jobs", 1))
    assert code == 0, lines
    assert_shows(folder / "a.mp4", range(9), 10)


@pytest.mark.parametrize(("name", "exit_code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_ends_the_jobs(slurm, folder, name, exit_code):
    process = submitted("animations.py:slow", "-p", "range(5000)")
    wait_until(lambda: len(slurm.jobs()) == 2, "two jobs run")
    process.send_signal(getattr(signal, name))
    code, lines = finish(process)
    assert (code, lines[-1]) == (exit_code, f"dask-animate: error: stopped by {name}")
    wait_until(lambda: not slurm.run("squeue", "--noheader").strip(), "the jobs have ended")
    assert not (folder / "a.mp4").exists()


@pytest.mark.timeout(300)
def test_jobs_that_end_at_their_walltime_come_again(slurm, folder):
    process = submitted("animations.py:slow", "-p", "range(800)", "--walltime", "00:00:30")
    seen = set()

    def has_ended():
        seen.update(slurm.jobs())
        return process.poll() is not None

    wait_until(has_ended, "the render has ended", 280)
    code, lines = finish(process)
    assert code == 0, lines
    assert len(seen) > 2
    assert_shows(folder / "a.mp4", range(800), 30)


def test_what_slurm_refuses(slurm, folder):
    """A queue that does not exist is told by Slurm when a job is submitted."""
    process = start(
        *("render", "animations.py:slow", "-p", "range(9)", "-o", "a.mp4"),
        *("--slurm", "--jobs", 1, "--queue", "nowhere", "--memory", "1GB"),
        env={"PYTHONWARNINGS": ""},  # distributed leaves a socket open if a port is taken
    )
    code, lines = finish(process)
    assert code == 1
    assert len(lines) == 1
    assert "error: --slurm: the jobs cannot be submitted: " in lines[0]
    assert "invalid partition specified: nowhere" in lines[0]
