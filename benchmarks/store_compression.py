"""Size and speed of zarr's codecs on the frames of the examples: where the store's default comes from.

    python benchmarks/store_compression.py

Each codec writes a chunk of 24 frames to a directory and reads it, with one thread of its own, 3 times;
the ratio is pixels over files, the times are per frame, medians. The last lines are geometric means.
"""

import statistics
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
import zarr
from encoder_defaults import EXAMPLES
from zarr.codecs import BloscCodec, Crc32cCodec, TransposeCodec, ZstdCodec

from dask_animate.drawing.options import DrawOptions
from dask_animate.rendering.renderer import Renderer
from dask_animate.rendering.source_spec import FigureSpec

N_FRAMES = 24
IN_TIME = TransposeCodec(order=(1, 2, 3, 0))  # the same pixel of all frames side by side
CODECS = {
    "zstd 1": ([], ZstdCodec(level=1)),
    "zstd 3": ([], ZstdCodec(level=3)),
    "zstd 3, time last": ([IN_TIME], ZstdCodec(level=3)),
    "blosc lz4 5": ([], BloscCodec(typesize=1, cname="lz4", clevel=5, shuffle="noshuffle")),
    "blosc zstd 1": ([], BloscCodec(typesize=1, cname="zstd", clevel=1, shuffle="noshuffle")),
    "blosc zstd 3": ([], BloscCodec(typesize=1, cname="zstd", clevel=3, shuffle="noshuffle")),
    "blosc zstd 3, by channel": ([], BloscCodec(typesize=3, cname="zstd", clevel=3, shuffle="shuffle")),
}


def drawn(name):
    animator, params = EXAMPLES[name]
    renderer = Renderer(FigureSpec(animator, DrawOptions(), {}))
    frames = [renderer.frame(i, item) for i, item in islice(enumerate(params), N_FRAMES)]
    renderer.close()
    return np.stack(frames)


def measure(frames, filters, codec):
    writes, reads = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            array = zarr.create_array(
                folder,
                shape=frames.shape,
                chunks=frames.shape,
                dtype="u1",
                filters=filters,
                compressors=[codec, Crc32cCodec()],
                config={"write_empty_chunks": True},
            )
            start = time.perf_counter()
            array[:] = frames
            writes.append(time.perf_counter() - start)
            n_bytes = sum(path.stat().st_size for path in Path(folder).rglob("c/*/*/*/*"))
            start = time.perf_counter()
            assert np.array_equal(array[:], frames)
            reads.append(time.perf_counter() - start)
    per_frame = 1000 / len(frames)
    return frames.nbytes / n_bytes, *(per_frame * statistics.median(t) for t in (writes, reads))


def main():
    totals = {name: [] for name in CODECS}
    print("| example | codec | ratio | write, ms/frame | read, ms/frame |\n|---|---|---|---|---|")
    for example in list(EXAMPLES)[:5]:
        frames = drawn(example)
        for name, (filters, codec) in CODECS.items():
            measured = measure(frames, filters, codec)
            totals[name].append(measured)
            print(f"| {example} {frames.shape[2]}x{frames.shape[1]} | {name} |"
                  " {:.0f} | {:.2f} | {:.2f} |".format(*measured), flush=True)  # fmt: skip
    for name, rows in totals.items():
        means = [statistics.geometric_mean(column) for column in zip(*rows, strict=True)]
        print(f"| all | {name} |" + " {:.0f} | {:.2f} | {:.2f} |".format(*means))


if __name__ == "__main__":
    sys.exit(main())
