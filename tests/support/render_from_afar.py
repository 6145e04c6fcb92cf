"""What the host "client" runs: a render, told of in lines.

Arguments: a cluster's address, an output file, frames, seconds for each, and the folder with a
certificate, if there is one.
"""

import sys
import time

from distributed import Client
from distributed.security import Security
from helpers import Slow


def security_of(folder):
    """Return what `examples/hpc/tls.py` says, for a certificate in another folder."""
    return Security(
        tls_ca_file=f"{folder}/dask.pem",
        tls_client_cert=f"{folder}/dask.pem",
        tls_client_key=f"{folder}/dask-key.pem",
        require_encryption=True,
    )


def main(address, output, n_frames, seconds, *certificate):
    security = security_of(*certificate) if certificate else None
    with Client(address, security=security, timeout="60s") as client:
        client.wait_for_workers(2, timeout=60)
        numbers = [2 * idx for idx in range(int(n_frames))]
        render = Slow(float(seconds)).make_video(
            output, numbers, 30, client=client, partition_size=5, wait=False
        )
        while render.progress.n_frames_drawn < 10 and not render.done():
            time.sleep(0.05)
        print("some frames are drawn", flush=True)
        video = render.result(120)
        print(f"the video is complete: {video}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
