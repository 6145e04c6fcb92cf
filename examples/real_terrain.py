"""The sun over real mountains
===========================

The elevation model of Jacksboro, Tennessee, which comes with matplotlib.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cbook
from matplotlib.colors import LightSource

from dask_animate import Animator


def sun(n_frames):
    """Yield the azimuth and the altitude of the sun, in degrees, from sunrise to sunset."""
    for hour in np.linspace(0, np.pi, n_frames):
        yield 90 + np.degrees(hour), 5 + 55 * np.sin(hour)


class Terrain(Animator):
    def setup(self):
        with cbook.get_sample_data("jacksboro_fault_dem.npz") as dem:
            self.elevation = dem["elevation"]
            # The first row is the northernmost, whose latitude the file calls its minimum.
            extent = (dem["xmin"], dem["xmax"], dem["ymax"], dem["ymin"])
            meters = 111_200  # in a degree
            self.cell = meters * dem["dx"] * np.cos(np.radians(36.6)), meters * abs(dem["dy"])
        fig, ax = plt.subplots(figsize=(9.6, 7.2), layout="constrained")
        self.image = ax.imshow(np.zeros((*self.elevation.shape, 4)), extent=extent, aspect=1.24)
        heights = plt.cm.ScalarMappable(cmap="gist_earth")
        heights.set_clim(self.elevation.min(), self.elevation.max())
        fig.colorbar(heights, ax=ax, label="elevation (m)", shrink=0.8)
        ax.set(xlabel="longitude (°)", ylabel="latitude (°)")
        ax.ticklabel_format(useOffset=False)
        self.title = ax.set_title("Jacksboro fault")
        return fig

    def update(self, frame_idx, angles):
        azimuth, altitude = angles
        light = LightSource(azimuth, altitude)
        dx, dy = self.cell
        shaded = light.shade(
            self.elevation, plt.cm.gist_earth, blend_mode="soft", vert_exag=2, dx=dx, dy=dy
        )
        self.image.set_data(shaded)
        self.title.set_text(f"Jacksboro fault, sun at {azimuth:.0f}°, {altitude:.0f}° high")


if __name__ == "__main__":
    output = Path(__file__).parent / "output" / "real_terrain.mp4"
    print(Terrain().make_video(output, sun(120), fps=24, n_frames=120))
