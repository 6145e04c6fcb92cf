"""Statistics of renders that never were, of any size."""

import dataclasses

import numpy as np

from dask_animate.diagnostics.events import PartitionReport
from dask_animate.diagnostics.stats import RenderStats
from dask_animate.drawing import PHASES


def made_up_stats(n_workers, n_partitions, worker="tcp://10.0.0.1:{}", warnings=()):
    """Return statistics of a render of workers that draw one partition after another.

    `worker` is a format of their addresses.
    """
    rng = np.random.default_rng(0)
    free_at = 0.5 + rng.random(n_workers)
    reports = []
    for number in range(n_partitions):
        n = int(free_at.argmin())
        seconds = float(rng.uniform(0.5, 1.5))
        shares = seconds * rng.dirichlet(np.arange(1, len(PHASES) + 2))
        phases = {f"{name}_seconds": float(share) for name, share in zip(PHASES, shares, strict=False)}
        name = worker.format(40_000 + n)
        reports.append(
            PartitionReport(30, seconds, 30 * number, 1000 + free_at[n], worker=name, **phases)
        )
        free_at[n] += seconds + 0.01
    fields = dict.fromkeys((field.name for field in dataclasses.fields(RenderStats)), 0)
    return RenderStats(
        **fields
        | {
            "wall_seconds": max(report.finished for report in reports) - 999.9,
            "frames_per_second": 30.0,
            "encode_on": "workers",
            "encode_on_reason": "it was asked for",
            "encode_seconds": sum(report.encoding_seconds for report in reports),
            "partition_sizes": (30,) * n_partitions,
            "n_frames_rendered": 30 * n_partitions,
            "n_workers": n_workers,
            "scaling_reason": "",
            "began": 1000.0,
            "partitions": tuple(reports),
            "encoded_here": (),
            "warnings": tuple(warnings),
        }
    )
