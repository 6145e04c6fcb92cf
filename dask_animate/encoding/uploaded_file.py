"""The output file at a URL: written on this machine, and uploaded when it is complete."""

from __future__ import annotations

import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, Self

from ..errors import MissingPackageError, OptionError, OutputError, in_words
from .output_file import OutputFile

#: Protocols of object stores, where an object that is put appears once all of it is there.
OBJECT_STORES = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "az"))
# What fsspec takes for patterns of names, and for a chain of file systems.
_PATTERN = re.compile(r"[*?\[]|::")


def checked_url(url: str, name: str) -> str:
    """Return a URL, or raise an error that names it as an argument if nothing can be written to it.

    Nothing is asked over the network.
    """
    import fsspec

    protocol, _, key = url.partition("://")
    if not key.strip("/") or _PATTERN.search(url) or url.endswith("/"):
        raise OptionError(
            f"{name} must be the URL of one file, such as s3://bucket/video.mp4, without any of *, ?, [ "
            f"and ::, got {url!r}"
        )
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError:
        raise OptionError(
            f"{name}: fsspec knows no protocol {protocol!r}, but s3, gs, abfs and others, got {url!r}"
        ) from None
    except ImportError as exc:
        raise MissingPackageError(f"{name}: {url} needs another package: {exc}") from exc
    return url


class UploadedFile:
    """A file at a URL that appears complete or not at all; see `OutputFile`, of which this is one kind.

    The constructor proves that something can be written beside it, by an empty file that it removes. The
    file itself is written to a temporary directory of this machine, which `TMPDIR` chooses. Object
    stores show an object once all of it is there. On other file systems it is uploaded under a temporary
    name and renamed. If uploading fails, the finished file stays on this machine, and the error names
    it.

    Parameters
    ----------
    url : str
        As `checked_url` returns it. The directory has to exist, where there are directories.
    name : str
        Name of the argument, for messages.

    Attributes
    ----------
    path : str
        The URL.
    temporary : Path
        The file to write to, on this machine.
    n_bytes : int
        Size of the file, once it is in place.

    Raises
    ------
    OutputError
        If nothing can be written there.
    """

    n_bytes = 0

    def __init__(self, url: str, name: str = "output_file") -> None:
        from fsspec.core import url_to_fs

        self.path = url
        with self._errors("cannot write"):
            self._system, self._key = url_to_fs(url)
            # Objects are where they are put; elsewhere a file would be moved into the directory.
            if not self._protocols & OBJECT_STORES and self._system.isdir(self._key):
                raise IsADirectoryError("a directory has that name")
            self._part = f"{self._key.rpartition('/')[0]}/.{uuid.uuid4().hex[:12]}.part"
            self._system.pipe_file(self._part, b"")
            self._system.rm_file(self._part)
        self._folder = Path(tempfile.mkdtemp(prefix="dask_animate-"))
        self._finished = self._folder / PurePosixPath(url).name
        self._local = OutputFile(self._finished, name)
        self.temporary = self._local.temporary

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.discard()

    def commit(self) -> None:
        """Upload the file, and make it visible in one step."""
        self._local.commit()
        self.n_bytes = self._local.n_bytes
        folder, self._folder = self._folder, Path()  # stays unless it is uploaded
        with self._errors(f"the finished video is {self._finished}, but it cannot be uploaded to"):
            if self._protocols & OBJECT_STORES:
                self._system.put_file(str(self._finished), self._key)
            else:
                self._put_and_rename()
        shutil.rmtree(folder, ignore_errors=True)

    def discard(self) -> None:
        """Remove what is on this machine. Does nothing after `commit`."""
        self._local.discard()
        if self._folder != Path():
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _protocols(self) -> set[str]:
        protocol: Any = self._system.protocol
        return {protocol} if isinstance(protocol, str) else {*protocol}

    def _put_and_rename(self) -> None:
        try:
            self._system.put_file(str(self._finished), self._part)
            self._system.mv(self._part, self._key)
        except BaseException:
            with suppress(Exception):
                self._system.rm_file(self._part)
            raise

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Raise `OutputError` for whatever error a storage library raises."""
        try:
            yield
        except Exception as exc:
            raise OutputError(f"{what} {self.path}: {in_words(exc)}") from exc


@contextmanager
def local_file(path: Path | str) -> Iterator[Path]:
    """Yield the path of a file on this machine, to which it is downloaded from a URL for that long.

    Raises
    ------
    OutputError
        If it cannot be downloaded.
    """
    if isinstance(path, Path):
        yield path
        return
    from fsspec.core import url_to_fs

    with tempfile.TemporaryDirectory(prefix="dask_animate-") as folder:
        target = Path(folder, PurePosixPath(path).name)
        try:
            system, key = url_to_fs(path)
            system.get_file(key, str(target))
        except Exception as exc:
            raise OutputError(f"cannot read {path}: {in_words(exc)}") from exc
        yield target
