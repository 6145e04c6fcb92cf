"""Locks on files, which go with the process that holds them, however it ends."""

from __future__ import annotations

import functools
import hashlib
import uuid
from pathlib import Path
from typing import IO


def lock(file: IO[bytes]) -> bool:
    """Lock an open file, and return whether that worked; not if another process holds the lock."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # Windows and some network file systems have no such locks
        return False
    return True


def lock_domain(directory: Path) -> str:
    """Return a name for the processes that see each other's locks on files in a directory.

    On a network file system, locks may be visible on one machine and through one mount only. Containers
    on several machines can share a host name, but no two running kernels share a boot id.
    """
    domain = f"{_kernel()}-{directory.stat().st_dev}"
    return hashlib.blake2b(domain.encode(), digest_size=6).hexdigest()


@functools.cache
def _kernel() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:  # not Linux
        return str(uuid.getnode())
