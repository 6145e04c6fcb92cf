"""The proof that every worker can write to a store, and that this process sees it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any

from .errors import StoreError
from .store import FrameStore, prove

#: Seconds after which it is looked whether the workers are still there.
PATIENCE_SECONDS = 2.0


def prove_here(store: FrameStore) -> None:
    """Raise unless this process can write to a store and read what it wrote."""
    with store.proof(1) as proof:
        store.check_proof(proof, 0, prove(proof, 0), "this process")


def prove_on(client: Any, addresses: Sequence[str], store: FrameStore) -> None:
    """Raise unless each of some workers can write to a store, and this process reads what it wrote.

    Workers that leave meanwhile are passed over.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    addresses : sequence of str
        The workers.
    store : FrameStore
        Where they are to write.
    """
    with store.proof(len(addresses)) as proof, closing(_proofs(client, addresses, proof)) as written:
        for idx, data in written:
            store.check_proof(proof, idx, data, addresses[idx])


def _proofs(
    client: Any, addresses: Sequence[str], proof: Any
) -> Generator[tuple[int, bytes], None, None]:
    """Yield the number of each worker and what it wrote, as they come."""
    from distributed import wait

    futures = {
        client.submit(prove, proof, idx, workers=[address], pure=False): idx
        for idx, address in enumerate(addresses)
    }
    pending = set(futures)
    try:
        while pending:
            try:
                with client.as_current():  # which `wait` takes
                    done, pending = wait(list(pending), PATIENCE_SECONDS, return_when="FIRST_COMPLETED")
            except TimeoutError:
                alive = client.scheduler_info(n_workers=-1)["workers"]
                pending = {future for future in pending if addresses[futures[future]] in alive}
                continue
            for future in done:
                idx = futures[future]
                try:
                    yield idx, future.result()
                except StoreError as exc:
                    raise StoreError(
                        f"worker {addresses[idx]} cannot write to the store: {exc}"
                    ) from exc
    finally:
        client.cancel(list(futures))
