"""Output files of both kinds: a path on this machine, or a URL."""

from __future__ import annotations

import multiprocessing
import os
import re
from pathlib import Path, PurePosixPath
from typing import Protocol, Self
from urllib.request import url2pathname

from .output_file import OutputFile, as_path, is_url
from .uploaded_file import UploadedFile, checked_url

# What fsspec takes for the local file system.
_LOCAL_URL = re.compile(r"(?:file|local)://(?:localhost(?=/))?")


class Output(Protocol):
    """A file that appears complete or not at all."""

    n_bytes: int
    temporary: Path

    @property
    def path(self) -> Path | str:
        """Where it appears: an absolute path, or a URL."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc_info: object) -> None: ...

    def commit(self) -> None:
        """Put the file in place, in one step."""
        ...

    def discard(self) -> None:
        """Leave nothing behind; does nothing after `commit`."""
        ...


def as_destination(value: object, name: str = "output_file") -> Path | str:
    """Return an argument that says where to write: an absolute path, or a URL, or raise an error."""
    if isinstance(value, str) and (local := _LOCAL_URL.match(value)):
        value = url2pathname(value[local.end() :])
    if is_url(value):
        return checked_url(value, name)
    return Path(os.path.abspath(as_path(value, name)))


def name_of(destination: Path | str) -> Path:
    """Return the name of a file, without directories, as a path."""
    return Path(PurePosixPath(destination).name)


def open_output(destination: Path | str, name: str = "output_file") -> Output:
    """Begin a file at what `as_destination` returned.

    Raises
    ------
    OutputError
        If it cannot be written there, or another file is being written there.
    """
    if isinstance(destination, Path):
        # What multiprocessing starts may first run the caller's script again, with its renders.
        # That is not public; without it, such a script would need a guard around all of them.
        runs_again = getattr(multiprocessing.current_process(), "_inheriting", False)
        return OutputFile(destination, name, exclusive=not runs_again)
    return UploadedFile(destination, name)
