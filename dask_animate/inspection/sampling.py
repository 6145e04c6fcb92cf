"""Samples of a sequence of frames, spread over all of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

import numpy as np

T = TypeVar("T")

#: Consecutive frames in each run: enough to show what happens every second or third frame.
RUN_LENGTH = 3


def sample_evenly(items: Iterable[T], n: int, n_items: int | None) -> list[tuple[int, T]]:
    """Sample `n` evenly spaced items, the first and the last among them.

    The samples are exact if the number of items is known. Otherwise items are kept while reading, and
    every second one is dropped whenever there are more than ``4 * n``; the samples are as even as those
    allow.

    Parameters
    ----------
    items : iterable
        If it has ``__getitem__`` and `n_items` is known, only the samples are read.
    n : int
        Number of samples.
    n_items : int or None
        Number of items, if it is known.

    Returns
    -------
    list of (int, item)
        Indices and items; fewer than `n` if there are fewer items.
    """
    if n_items is not None:
        chosen = set(_even_indices(n, n_items))
        if hasattr(items, "__getitem__"):
            return [(idx, items[idx]) for idx in sorted(chosen)]
        return [(idx, item) for idx, item in enumerate(items) if idx in chosen]
    kept: list[tuple[int, T]] = []
    last: tuple[int, T] | None = None
    stride = 1
    for idx, item in enumerate(items):
        last = (idx, item)
        if idx % stride:
            continue
        kept.append(last)
        if len(kept) > 4 * n:
            kept, stride = kept[::2], 2 * stride
    if last is not None and kept[-1][0] != last[0]:
        kept.append(last)
    return [kept[i] for i in _even_indices(n, len(kept))]


def sample_runs(items: Iterable[T], n: int, n_items: int | None) -> list[tuple[int, T]]:
    """Sample about `n` items, in runs of `RUN_LENGTH` consecutive ones that are evenly spaced.

    The arguments and the result are those of `sample_evenly`; `n` is rounded up to whole runs.
    """
    n_runs = -(-n // RUN_LENGTH)
    if hasattr(items, "__getitem__") and n_items is not None:
        all_runs = range(0, n_items, RUN_LENGTH)
        starts = [start for _, start in sample_evenly(all_runs, n_runs, len(all_runs))]
        indices = [idx for start in starts for idx in range(start, min(start + RUN_LENGTH, n_items))]
        return [(idx, items[idx]) for idx in indices]
    indexed = enumerate(items)
    runs = iter(lambda: list(islice(indexed, RUN_LENGTH)), [])
    n_all_runs = None if n_items is None else -(-n_items // RUN_LENGTH)
    return [item for _, run in sample_evenly(runs, n_runs, n_all_runs) for item in run]


def _even_indices(n: int, n_items: int) -> list[int]:
    return sorted({round(x) for x in np.linspace(0, n_items - 1, min(n, n_items))})
