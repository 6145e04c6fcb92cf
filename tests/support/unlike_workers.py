"""Clusters of workers that were not started alike, and animators that show it."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dask
import matplotlib
import matplotlib.pyplot as plt
from clusters import DEFAULT, METHOD
from distributed import Client, Nanny, Scheduler, SpecCluster
from helpers import SUPPORT, path_first
from matplotlib import font_manager

from dask_animate import Animator
from dask_animate.execution.tasks import prove

#: A family that is installed on some workers only.
FAMILY = "Only Here"


@contextlib.contextmanager
def unlike_client(*environments, threads=1):
    """A client of a worker for each mapping of environment variables, which it has from its start."""
    workers = {
        number: {"cls": Nanny, "options": {"nthreads": threads, "env": {"NUMBER": str(number), **env}}}
        for number, env in enumerate(environments)
    }
    scheduler = {"cls": Scheduler, "options": {"dashboard_address": ":0", "host": "127.0.0.1"}}
    with (
        dask.config.set({METHOD: DEFAULT}),
        SpecCluster(workers=workers, scheduler=scheduler) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(len(environments))
        yield client


def add_worker(client, **env):
    """Let one more worker of the cluster join."""
    cluster = client.cluster
    number = len(cluster.worker_spec)
    spec = {"cls": Nanny, "options": {"nthreads": 1, "env": {"NUMBER": str(number), **env}}}
    cluster.worker_spec[number] = spec
    cluster.sync(cluster._correct_state)
    client.wait_for_workers(number + 1)


@contextlib.contextmanager
def foreign_worker(client, **env):
    """A worker that somebody else starts, from a shell."""
    n_workers = len(client.nthreads())
    command = [sys.executable, "-m", "dask", "worker", client.scheduler.address, "--nthreads", "1"]
    process = subprocess.Popen(
        [*command, "--no-dashboard"],
        env={**os.environ, "PYTHONPATH": path_first(SUPPORT), **env},
        cwd=tempfile.mkdtemp(),  # empty, as Python looks there first
        stderr=subprocess.DEVNULL,
    )
    try:
        client.wait_for_workers(n_workers + 1)
        yield
    finally:
        process.terminate()
        process.wait()


def numbers_by_address(client, foreign=None):
    """Return the number of each worker; one that somebody else started has none of its own."""

    def number():
        return int(os.environ.get("NUMBER", foreign))

    return client.run(number)


def installed_font(folder):
    """Return environment variables of a process in which a font of the family `FAMILY` is installed."""
    from fontTools.ttLib import TTFont

    fonts = Path(folder) / "share" / "fonts"
    fonts.mkdir(parents=True)
    font = TTFont(font_manager.findfont("DejaVu Serif"))
    for record in font["name"].names:
        if record.nameID in (1, 4, 16):
            record.string = FAMILY
    font.save(fonts / "only.ttf")
    return {**fresh_settings(folder), "XDG_DATA_HOME": str(Path(folder) / "share")}


def fresh_settings(folder, **settings):
    """Return environment variables of a process whose matplotlib has its own settings and caches."""
    config = Path(folder) / "matplotlib"
    config.mkdir(parents=True)
    (config / "matplotlibrc").write_text("".join(f"{k}: {v}\n" for k, v in settings.items()))
    return {"MPLCONFIGDIR": str(config)}


def other_version(folder, package, version):
    """Return environment variables of a process that takes a package to have another version."""
    info = Path(folder) / f"{package}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    return {"PYTHONPATH": path_first(folder)}


class Titled(Animator):
    """Draws its frame's number in a family that need not be installed."""

    def __init__(self, family=FAMILY):
        self.family = [family, "DejaVu Sans"]

    def setup(self):
        fig = plt.figure(figsize=(1.6, 0.8), dpi=50)
        self.text = fig.text(0.1, 0.3, "Ag", family=self.family, size=20)
        return fig

    def update(self, frame_idx, params):
        self.text.set_text(f"g{params}")


class OwnDefaults(Animator):
    """Draws with the settings of the process that draws."""

    def setup(self):
        matplotlib.rc_file_defaults()
        fig = plt.figure(figsize=(1.6, 0.8), dpi=50)
        ax = fig.add_axes((0, 0, 1, 1))
        (self.line,) = ax.plot([0, 1], [0, 1])
        return fig

    def update(self, frame_idx, params):
        self.line.set_ydata([0, params])


def proves_late(name):
    """Prove what this worker draws, in its own time."""
    time.sleep(3)
    return prove(name)


class ByVariable(Animator):
    """Draws what an environment variable says, or fails if it is "fail"."""

    def setup(self):
        self.shade = os.environ.get("SHADE", "0.2")
        if self.shade == "fail":
            raise ModuleNotFoundError("No module named 'shades'")
        fig = plt.figure(figsize=(1.6, 0.8), dpi=50)
        self.patch = fig.add_artist(plt.Rectangle((0, 0), 0.5, 0.5, color=self.shade))
        return fig

    def update(self, frame_idx, params):
        self.patch.set_width(params / 100)


class SlowLater(ByVariable):
    """Has work left for a worker that joins after its frame 20."""

    def update(self, frame_idx, params):
        time.sleep(0.04 * (frame_idx > 20))
        super().update(frame_idx, params)
