"""What disturbances cost on a real Slurm of two jobs, beside a render that nobody disturbs.

    python benchmarks/slurm.py [name of a scenario ...]

It needs root, and Debian's packages slurm-wlm and munge. A frame takes 0.15 s, of which nearly all is
sleep, so that two workers on two cores do not slow each other down. The ideal is the time of all frames
divided by two. Slurm counts walltimes in minutes, so that this scenario renders for longer.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import dask
from distributed import Client

SUPPORT = Path(__file__).parents[1] / "tests" / "support"
sys.path.insert(0, str(SUPPORT))

from helpers import Slow, assert_shows  # noqa: E402
from slurm import running_slurm, wait_until  # noqa: E402

FRAME_SECONDS = 0.15
N_FRAMES = 400
#: How soon dask replaces jobs that have ended.
MISSED = {"distributed.deploy.lost-worker-timeout": "1s"}


def cluster(folder, *worker_options, **options):
    """Return a `SLURMCluster` of jobs with one worker each."""
    from dask_jobqueue import SLURMCluster

    return SLURMCluster(
        cores=1,
        processes=1,
        memory="2GB",
        queue="debug",
        interface="lo",
        python=sys.executable,
        local_directory=str(folder / "scratch"),
        log_directory=str(folder / "logs"),
        worker_extra_args=[*worker_options],
        scheduler_options={"dashboard_address": ":0"},
        **options,
    )


def rendered(client, folder, n_frames=N_FRAMES, **options):
    """Render, check each frame, and return the seconds that it took and the video."""
    numbers = [2 * idx for idx in range(n_frames)]
    began = time.perf_counter()
    video = Slow(FRAME_SECONDS).make_video(
        folder / "a.mp4", numbers, 30, client=client, disable_progress_bar=True, **options
    )
    seconds = time.perf_counter() - began
    assert_shows(video.path, numbers, 30)
    return seconds, video


def two_jobs(folder, *worker_options, n_frames=N_FRAMES, during=None, missed=MISSED, **options):
    """Return the seconds of a render on two jobs, which are replaced when they end, and a remark."""
    with (
        dask.config.set(missed),
        cluster(folder, *worker_options, **options) as jobs,
        Client(jobs, set_as_default=False) as client,
    ):
        jobs.adapt(minimum_jobs=2, maximum_jobs=2, interval="500ms")
        client.wait_for_workers(2, timeout=120)
        if during is not None:
            threading.Thread(target=during, daemon=True).start()
        seconds, video = rendered(client, folder, n_frames)
    n_jobs = len({report.worker for report in video.stats.partitions})
    return seconds, n_frames, f"{n_jobs} jobs drew"


def undisturbed(folder, slurm):
    return two_jobs(folder)


def cancelled(folder, slurm):
    def cancel():
        time.sleep(N_FRAMES * FRAME_SECONDS / 4)
        slurm.run("scancel", str(slurm.jobs()[0]))

    return two_jobs(folder, during=cancel)


def lifetimes(folder, slurm):
    return two_jobs(folder, "--lifetime", "20s")


def staggered(folder, slurm):
    return two_jobs(folder, "--lifetime", "20s", "--lifetime-stagger", "5s")


def lifetimes_default(folder, slurm):
    return two_jobs(folder, "--lifetime", "20s", missed={})


def walltime(folder, slurm):
    """Jobs of a minute, which Slurm ends."""
    return two_jobs(folder, n_frames=4000, walltime="00:01:00")


def walltime_and_lifetime(folder, slurm):
    """The same, but workers end by themselves before."""
    options = "--lifetime", "50s", "--lifetime-stagger", "5s"
    return two_jobs(folder, *options, n_frames=4000, walltime="00:01:00")


def adaptive(folder, slurm):
    """From no job to as many as may be; dask looks each second."""
    with cluster(folder) as jobs, Client(jobs, set_as_default=False) as client:
        jobs.adapt(minimum_jobs=0, maximum_jobs=2, interval="1s")
        began, told = time.perf_counter(), []

        def note(what, count):
            for number in (1, 2):
                wait_until(lambda: count() >= number, what)  # noqa: B023
                told.append(f"{number} {what} after {time.perf_counter() - began:.1f} s")

        counts = {
            "asked for": lambda: len(jobs.plan),
            "there": lambda: len(client.nthreads()),
        }
        for count in counts.items():
            threading.Thread(target=note, args=count, daemon=True).start()
        seconds, _ = rendered(client, folder)
    return seconds, N_FRAMES, ", ".join(told)


SCENARIOS = {
    "undisturbed": undisturbed,
    "a job is cancelled": cancelled,
    "lives of 20 s": lifetimes,
    "lives of 20 s, staggered by 5 s": staggered,
    "lives of 20 s, lost-worker-timeout of 15 s": lifetimes_default,
    "walltime of 60 s": walltime,
    "walltime of 60 s, lives of 50 s": walltime_and_lifetime,
    "adaptive from 0 to 2": adaptive,
}


def main(names):
    os.environ["PYTHONPATH"] = os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")])
    print("| scenario | seconds | ideal | of ideal | |\n|---|---|---|---|---|")
    for name in names or SCENARIOS:
        with tempfile.TemporaryDirectory() as folder, running_slurm(Path(folder)) as slurm:
            os.environ.update(slurm.environment)
            seconds, n_frames, remark = SCENARIOS[name](Path(folder), slurm)
            ideal = n_frames * FRAME_SECONDS / 2
            print(
                f"| {name} | {seconds:.1f} | {ideal:.0f} | {seconds / ideal:.2f} | {remark} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
