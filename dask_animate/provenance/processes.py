"""How a process was started, and what is installed there: what tells processes of a cluster apart."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from pathlib import Path

from .digests import digest
from .versions import versions_of

#: Libraries that pixels or packets depend on, and those by which processes talk to each other.
_LIBRARIES = frozenset(("av", "dask", "dask_animate", "distributed", "matplotlib", "numpy"))


@cache
def process_origin() -> str:
    """Return a digest of how this process was started, as of the first call.

    Processes with the same digest are of the same user on the same machine, run the same Python, and
    have the same environment variables and the same working directory. So they draw the same frames.
    The worker processes of a `distributed.LocalCluster` are such; those of two jobs of a batch system
    are not.
    """
    variables = sorted(f"{name}={value}" for name, value in os.environ.items())
    facts = [_machine(), sys.executable, sys.prefix, os.getcwd(), str(_user()), *variables]
    return digest(*(fact.encode("utf-8", "surrogateescape") for fact in facts)).hex()


def process_versions() -> dict[str, str]:
    """Return the versions of what draws, encodes and talks to other processes here, by name.

    Besides those of libraries, "machine" is the kind of processor, and "numpy_cpu" what NumPy uses of
    it, on which the last bits of numbers depend.
    """
    versions = versions_of(_LIBRARIES)
    return {**versions, "machine": platform.machine(), "numpy_cpu": _cpu_features()}


def _machine() -> str:
    """Return a name for this machine as this process sees it, which containers share with no other."""
    try:
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text()
        root = os.readlink("/proc/self/ns/mnt")
    except OSError:  # not Linux
        kernel = root = ""
    return f"{platform.node()} {kernel} {root}"


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _cpu_features() -> str:
    import numpy as np

    try:
        config = np.show_config(mode="dicts")
        features = config["SIMD Extensions"]["found"]
    except (KeyError, TypeError):
        return "unknown"
    return " ".join(features)
