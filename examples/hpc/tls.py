"""A video drawn by the workers that tls.sh starts."""

import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client
from distributed.security import Security

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
    security = Security(
        tls_ca_file="dask.pem",
        tls_client_cert="dask.pem",
        tls_client_key="dask-key.pem",
        require_encryption=True,
    )
    with Client(scheduler_file="scheduler.json", security=security, timeout="10s") as client:
        client.wait_for_workers(1)
        phases = np.linspace(0, 2 * np.pi, 600, endpoint=False)
        print(Wave().make_video("wave.mp4", phases, 30, client=client, store="wave.zarr"))


if __name__ == "__main__":
    main()
