"""Write a global field of a quarter of a degree to a zarr store, twenty steps of 4 MB at a time.

python benchmarks/compare/write_field.py STORE N_STEPS
"""

import sys

import numpy as np
import xarray as xr


def main(store, n_steps):
    lat, lon = np.linspace(90, -90, 721, dtype="f4"), np.arange(1440, dtype="f4") / 4
    y, x = np.deg2rad(lat)[:, None], np.deg2rad(lon)
    for first in range(0, n_steps, 20):
        steps = np.arange(first, min(first + 20, n_steps))
        turns = steps.astype("f4")[:, None, None]
        waves = np.sin(6 * y) * np.sin(9 * x + turns / 8) + np.cos(4 * y) * np.sin(4 * x - turns / 12)
        times = np.datetime64("2000-01-01", "ns") + steps * np.timedelta64(1, "D")
        coords = {"time": times, "lat": lat, "lon": lon}
        sst = xr.DataArray((29 * np.cos(y) ** 2 - 1 + 2 * waves).astype("f4"), coords, tuple(coords))
        chunks = {"sst": {"chunks": (1, 721, 1440)}}
        how = {"append_dim": "time"} if first else {"encoding": chunks}
        sst.to_dataset(name="sst").to_zarr(store, consolidated=False, **how)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
