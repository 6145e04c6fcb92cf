"""What keeping frames costs, and what it saves: the same render without a store, with one, and again.

    python benchmarks/store.py [FRAMES]

Two workers, warm, the median of 3 rounds. "again" finds all frames in the store; "3 changed" has
other parameters for three frames; "encoded again" is `write_video` of the store on the same workers.
"""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster
from encoder_defaults import MultiPanel, Wave

from dask_animate import write_video

CASES = {
    "simple_wave": (Wave, np.linspace(0, 6, 10**6)),
    "multi_panel": (MultiPanel, np.linspace(0, 1, 10**6)),
}


def disk(folder):
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


def main(n):
    print("| animation | without | with a store | again | 3 changed | encoded again | pixels / store |")
    print("|---|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        for name, (make, params) in CASES.items():
            params = params[:: len(params) // n][:n].copy()
            changed = params.copy()
            changed[[5, n // 2, n - 1]] = 0.123
            sizes, seconds = None, {}
            for _ in range(3):
                store = Path(folder) / "frames.zarr"
                for what, values in (("with", params), ("again", params), ("changed", changed)):
                    start = time.perf_counter()
                    video = make().make_video(f"{folder}/a.mp4", values, 30, store=store, client=client)
                    seconds.setdefault(what, []).append(time.perf_counter() - start)
                    drawn = {"with": n, "again": 0, "changed": 3}[what]
                    assert video.stats.n_frames_rendered == drawn
                    sizes = video.stats.partition_sizes
                start = time.perf_counter()
                write_video(store, f"{folder}/b.mp4", 30, client=client)
                seconds.setdefault("encoded", []).append(time.perf_counter() - start)
                ratio = 3 * video.width * video.height * n / disk(store)
                shutil.rmtree(store)
                start = time.perf_counter()
                make().make_video(f"{folder}/a.mp4", params, 30, client=client, partition_size=sizes)
                seconds.setdefault("without", []).append(time.perf_counter() - start)
            shown = [statistics.median(seconds[what]) for what in
                     ("without", "with", "again", "changed", "encoded")]  # fmt: skip
            print(
                f"| {name} | " + " | ".join(f"{x:.2f} s" for x in shown) + f" | {ratio:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1200)
