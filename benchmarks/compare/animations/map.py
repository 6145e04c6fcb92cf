"""The track of a satellite on a map of the world in the projection of Robinson."""

import cartopy.crs as ccrs
import matplotlib.pyplot as plt
import numpy as np

from dask_animate import Animator


class Track(Animator):
    def setup(self):
        figure = {"figsize": (12.8, 7.2), "dpi": 100}
        fig, ax = plt.subplots(subplot_kw={"projection": ccrs.Robinson()}, **figure)
        ax.stock_img()
        ax.gridlines(color="white", alpha=0.5)
        style = {"transform": ccrs.PlateCarree(), "color": "red"}
        (self.track,) = ax.plot([], [], ".", markersize=3, **style)
        (self.satellite,) = ax.plot([], [], "o", markersize=10, **style)
        return fig

    def update(self, frame_idx, t):
        turns = np.linspace(max(0, t - 0.5), t, 200) * 4
        latitude = 70 * np.sin(2 * np.pi * turns)
        longitude = (360 * turns * 1.1 + 180) % 360 - 180
        self.track.set_data(longitude, latitude)
        self.satellite.set_data(longitude[-1:], latitude[-1:])


def params(n_frames):
    return [idx / n_frames for idx in range(n_frames)]
