"""Steps of a global field of a quarter of a degree, which is read from a zarr store."""

import os

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from dask_animate import Animator


class Field(Animator):
    def setup(self):
        fig, ax = plt.subplots(figsize=(12.8, 7.2), dpi=100)
        nothing = np.zeros((721, 1440), "f4")
        self.image = ax.imshow(nothing, vmin=-2, vmax=32, extent=(0, 360, -90, 90))
        self.title = ax.set_title("2000-01-01")
        fig.colorbar(self.image, orientation="horizontal", shrink=0.6)
        return fig

    def update(self, frame_idx, step):
        self.image.set_data(step.values)
        self.title.set_text(str(step.time.values)[:10])


def field(n_frames):
    """Return the first steps, of which nothing is read yet."""
    return xr.open_zarr(os.environ["BENCHMARK_FIELD"], chunks=None).sst.isel(time=slice(n_frames))


def params(n_frames):
    data = field(n_frames)
    return (data.isel(time=idx) for idx in range(n_frames))
