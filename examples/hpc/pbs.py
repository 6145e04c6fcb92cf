"""A video drawn by jobs of PBS. See slurm.py, which differs in the options of its jobs only."""

import dask
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client
from dask_jobqueue import PBSCluster

from dask_animate import Animator

N_JOBS = 4


class Wave(Animator):
    def setup(self):
        fig, ax = plt.subplots()
        self.x = np.linspace(0, 4 * np.pi, 200)
        (self.line,) = ax.plot(self.x, np.cos(self.x))
        return fig

    def update(self, frame_idx, phase):
        self.line.set_ydata(np.cos(self.x + phase))


def main():
    # A job that has reached its walltime is replaced after so long; by default 15 s.
    dask.config.set({"distributed.deploy.lost-worker-timeout": "2s"})
    with PBSCluster(
        queue="workq",
        cores=16,  # of a job
        processes=16,  # as many workers as cores: each draws one frame at a time
        memory="64GB",  # of a job
        resource_spec="select=1:ncpus=16:mem=64GB",  # what PBS is asked for, in its words
        walltime="01:00:00",
        interface="ib0",  # by which nodes reach each other and this one; see `ip addr`
        local_directory="/tmp",  # on the node, not on a shared file system
        log_directory="logs",
        # Workers end by themselves before the batch system ends them, not all at once,
        # and hand over what they hold.
        worker_extra_args=["--lifetime", "55m", "--lifetime-stagger", "4m"],
    ) as cluster:
        print(cluster.job_script())
        cluster.adapt(minimum_jobs=1, maximum_jobs=N_JOBS)  # jobs that end are replaced
        with Client(cluster) as client:
            phases = np.linspace(0, 2 * np.pi, 600, endpoint=False)
            print(Wave().make_video("wave.mp4", phases, 30, client=client, store="wave.zarr"))


if __name__ == "__main__":
    main()
