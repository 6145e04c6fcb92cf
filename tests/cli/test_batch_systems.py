"""Jobs of PBS, LSF and SGE, whose programs are played by scripts; tests/slurm has a real Slurm."""

import os
import signal

import pytest
from commands import finish, start
from helpers import assert_shows

_handler = signal.getsignal(signal.SIGINT)
pytest.importorskip("dask_jobqueue")
signal.signal(signal.SIGINT, _handler)  # which it has taken over

#: Runs a job at once, as a process group of its own, and prints what the system would; logs what it got.
SUBMIT = """#!/bin/bash
script=$(mktemp)
if [ -n "$1" ]; then cat "${{!#}}" >"$script"; else cat >"$script"; fi
grep '^#' "$script" >>{folder}/headers
setsid bash "$script" >>{folder}/job.log 2>&1 &
echo $! >>{folder}/jobs
echo '{said}' | sed "s/JOB/$!/"
"""
CANCEL = """#!/bin/bash
echo "$1" >>{folder}/cancelled
kill -TERM -- "-${{1%%.*}}"
"""
PROGRAMS = {
    "pbs": ("qsub", "JOB.server", "qdel"),
    "lsf": ("bsub", "Job <JOB> is submitted to queue <night>.", "bkill"),
    "sge": ("qsub", 'Your job JOB ("dask-worker") has been submitted', "qdel"),
}


@pytest.mark.parametrize("system", PROGRAMS)
def test_jobs(folder, tmp_path, monkeypatch, system):
    submit, said, cancel = PROGRAMS[system]
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name, text in ((submit, SUBMIT), (cancel, CANCEL)):
        (bin_folder / name).write_text(text.format(folder=tmp_path, said=said))
        (bin_folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    monkeypatch.setenv(f"DASK_JOBQUEUE__{system.upper()}__INTERFACE", "lo")
    monkeypatch.setenv("DASK_JOBQUEUE__LSF__LSF_UNITS", "mb")
    process = start(
        *("render", "animations.py:Numbers", "-p", "range(40)", "-o", "a.mp4", f"--{system}"),
        *("--jobs", 2, "--queue", "night", "--walltime", "01:00:00", "--memory", "1GB"),
    )
    code, lines = finish(process)
    assert code == 0, (lines, (tmp_path / "job.log").read_text())
    assert_shows(folder / "a.mp4", range(100, 140))
    headers = (tmp_path / "headers").read_text()
    assert headers.count("night") == 2
    jobs = (tmp_path / "jobs").read_text().split()
    cancelled = [line.partition(".")[0] for line in (tmp_path / "cancelled").read_text().split()]
    assert sorted(cancelled) == sorted(jobs)
    assert len(jobs) == 2
