"""Temporary directories that go with their process, even if it is killed."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..file_lock import lock, lock_domain

#: Seconds to wait before each new attempt to delete a temporary directory.
REMOVAL_PAUSES = (0.01, 0.05, 0.2, 0.5, 1.0)
#: How often it has to be found deleted, one look after another, if tasks may still write there.
ABSENT_LOOKS = 4
_PREFIX = "dask_animate-"


@contextmanager
def temporary_place() -> Iterator[str]:
    """Yield a new directory, which is deleted at the end; first delete those of killed processes."""
    _remove_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with _marked(folder):
            yield str(folder)
    except BaseException:
        _remove(folder, is_over=False)
        raise
    else:
        _remove(folder, is_over=True)


@contextmanager
def _marked(folder: Path) -> Iterator[None]:
    """Lock a file in a directory, by which others know that it is one of these and in use."""
    draft = folder / ".draft"
    with draft.open("wb") as file:
        if lock(file):
            draft.rename(folder / _mark())  # nobody ever sees it without its lock
        yield


def _mark() -> str:
    """Name of the file that marks directories whose locks are seen by this process."""
    return f".in-use-{lock_domain(Path(tempfile.gettempdir()))}"


def _remove_abandoned() -> None:
    """Delete the directories of this user of which nobody holds the lock."""
    for mark in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_mark()}"):
        with suppress(OSError):  # it may just have gone
            if mark.parent.is_symlink() or mark.stat().st_uid != os.getuid():
                continue
            with mark.open("r+b") as file:
                if lock(file):
                    shutil.rmtree(mark.parent, ignore_errors=True)


def _remove(folder: Path, *, is_over: bool) -> None:
    """Delete a directory in which a worker may just be finishing a file.

    If the render ended before it was over, a worker that has just seen that the directory is there may
    make it once more: it has to stay away for some looks.
    """
    n_absent = 0
    for pause in REMOVAL_PAUSES:
        shutil.rmtree(folder, ignore_errors=True)
        n_absent = 0 if folder.exists() else n_absent + 1
        if n_absent == (1 if is_over else ABSENT_LOOKS):
            return
        time.sleep(pause)
