"""A video drawn by one MPI job: of four processes, one is the scheduler, one runs main(), two draw.

mpirun -n 4 python mpi.py
"""

import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client
from dask_mpi import initialize

from dask_animate import Animator


class Wave(Animator):
    def setup(self):
        fig, ax = plt.subplots()
        self.x = np.linspace(0, 4 * np.pi, 200)
        (self.line,) = ax.plot(self.x, np.cos(self.x))
        return fig

    def update(self, frame_idx, phase):
        self.line.set_ydata(np.cos(self.x + phase))


def main():
    # All processes but this one stay in here until the end.
    initialize(interface="ib0", nthreads=1, local_directory="/tmp", dashboard=False)
    with Client() as client:
        phases = np.linspace(0, 2 * np.pi, 600, endpoint=False)
        print(Wave().make_video("wave.mp4", phases, 30, client=client, store="wave.zarr"))


if __name__ == "__main__":
    main()
