"""The output file: written under a temporary name, and renamed when it is complete."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import uuid
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeGuard

from ..errors import OptionError, OptionTypeError, OutputError
from ..file_lock import lock, lock_domain
from ..validation import in_short

# A protocol of fsspec, of at least two letters as Windows has drives of one; others may be before it.
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+::)*[A-Za-z][A-Za-z0-9+.-]+://")
# What a Path makes of a URL: a relative one, with one slash.
_PATH_OF_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+::)*([A-Za-z][A-Za-z0-9+.-]+):(?:[/\\]|$)")


class OutputFile:
    """A file that appears complete or not at all.

    A context manager; leaving it discards the file unless it was committed. The constructor creates the
    temporary file, which proves that the directory is writable. It also removes temporary files with the
    same stem whose processes were killed since this machine was started. Until `commit` an existing file
    stays as it is; after `commit` or `discard` no temporary file is left.

    Parameters
    ----------
    output_file : path-like
        Path of the finished file. Missing directories are created.
    name : str
        Name of the argument, for messages.
    exclusive : bool, default: False
        Whether it is an error if another one is being written to the same path on this machine.
        Otherwise the one that is committed last stays. Of two that begin at the same moment, both may
        fail. Where files cannot be locked, nobody knows.

    Attributes
    ----------
    path : Path
        The absolute path, which a change of the working directory does not affect.
    temporary : Path
        The file to write to, in the same directory.
    n_bytes : int
        Size of the file, once it is in place.

    Raises
    ------
    OutputError
        If the file cannot be created there.
    """

    n_bytes = 0

    def __init__(
        self,
        output_file: str | os.PathLike[str],
        name: str = "output_file",
        *,
        exclusive: bool = False,
    ) -> None:
        self.path = Path(os.path.abspath(as_path(output_file, name)))
        self._name = name
        self._target = Path(os.path.realpath(self.path))  # of a symbolic link, the target is replaced
        self._directories = Directories()
        self._prefix = f".{self._target.stem[:40]}-"
        try:
            self._check_name()
            self._directories.make(self._target.parent)
            self.temporary, self._locked = self._create()
            other = self._remove_dead()
        except OSError as exc:
            self._directories.remove()
            raise OutputError(f"cannot write {self.path}: {exc.strerror or exc}") from exc
        if exclusive and other is not None:
            self.discard()
            raise OutputError(
                f"{self.path} is being written already, in {other}: wait until that ends, end it, or "
                f"give another name"
            )

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.discard()

    def commit(self) -> None:
        """Put the file in place, in one step."""
        with suppress(OSError):  # there is none, or it belongs to somebody else
            shutil.copymode(self._target, self.temporary)
        try:
            self.n_bytes = self.temporary.stat().st_size
            os.replace(self.temporary, self._target)
        except OSError as exc:
            raise OutputError(f"cannot write {self.path}: {exc.strerror or exc}") from exc
        self._directories.keep()
        self._unlock()

    def discard(self) -> None:
        """Remove the temporary file, and the directories created for it. Does nothing after `commit`."""
        self.temporary.unlink(missing_ok=True)
        self._unlock()
        self._directories.remove()

    def _create(self) -> tuple[Path, IO[bytes] | None]:
        """Create the temporary file; return its path, and the open file if it could be locked.

        Only when it is locked does it get a name that allows other processes to remove it. The lock ends
        with this process; Python lets processes that it forks close the file.
        """
        unique = uuid.uuid4().hex[:12]
        path = self._target.with_name(f"{self._prefix}{unique}.part")
        file = path.open("xb", buffering=0)
        if not lock(file):
            file.close()
            return path, None
        lockable = path.with_name(f"{self._lockable_prefix()}{self._own_name()}-{unique}.part")
        try:
            path.rename(lockable)
        except OSError:
            file.close()
            path.unlink(missing_ok=True)
            raise
        _locked.add(file)
        return lockable, file

    def _unlock(self) -> None:
        if self._locked is not None:
            self._locked.close()
            _locked.discard(self._locked)

    def _lockable_prefix(self) -> str:
        return f"{self._prefix}{lock_domain(self._target.parent)}-"

    def _own_name(self) -> str:
        """Return what tells the target from others with the same stem."""
        return hashlib.blake2b(os.fsencode(self._target.name), digest_size=4).hexdigest()

    def _remove_dead(self) -> str | None:
        """Remove temporary files that can be locked: the processes that wrote to them have ended.

        Returns the name of one that is locked and has the same target, None if there is none.
        """
        name = re.compile(
            re.escape(self._lockable_prefix()) + r"(?P<target>[0-9a-f]{8})-[0-9a-f]{12}\.part"
        )
        other = None
        with (
            suppress(OSError),
            os.scandir(self._target.parent) as entries,
        ):  # the directory may not be readable
            for entry in entries:
                found = name.fullmatch(entry.name)
                if found is None or not entry.is_file(follow_symlinks=False):
                    continue
                is_own = entry.name == self.temporary.name
                if not is_own and _is_locked(entry.path) and found["target"] == self._own_name():
                    other = entry.name
        return other

    def _check_name(self) -> None:
        try:
            mode = self._target.stat().st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(mode):
            raise OutputError(f"{self._name} is a directory: {self.path}")
        if not stat.S_ISREG(mode):
            raise OutputError(
                f"{self._name} is a device or a pipe, which a file would replace: {self.path}"
            )


class Directories:
    """Directories that are made for files, and removed again unless the files are complete."""

    def __init__(self) -> None:
        self._made: list[Path] = []

    def make(self, directory: Path) -> None:
        """Make a directory, and those above it, unless they exist."""
        missing = [directory, *directory.parents]
        for path in reversed([path for path in missing if not path.exists()]):
            path.mkdir(exist_ok=True)
            self._made.append(path)

    def keep(self) -> None:
        """Keep what was made."""
        self._made.clear()

    def remove(self) -> None:
        """Remove what was made and is not kept, as far as it is empty."""
        while self._made:
            try:
                self._made.pop().rmdir()
            except OSError:
                return  # it is not empty: another process uses it


def _is_locked(path: str) -> bool:
    """Return whether a process has locked a file; remove it otherwise."""
    with suppress(OSError), open(path, "rb") as file:  # it may be gone, or belong to another user
        if not lock(file):
            return True
        os.unlink(path)
    return False


#: Files that are locked as long as this process lives.
_locked: set[IO[bytes]] = set()


def _forget_locks() -> None:
    """In a forked process: close files whose locks are its parent's."""
    while _locked:
        _locked.pop().close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_locks)


def is_url(value: object) -> TypeGuard[str]:
    """Whether a value is a URL as fsspec knows them, such as ``s3://bucket/video.mp4``."""
    return isinstance(value, str) and _URL.match(value) is not None


def as_path(value: object, name: str = "output_file") -> Path:
    """Return an argument that is a path, with ``~`` expanded, or raise an error that names it."""
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise OptionTypeError(f"{name} must be a path, got {in_short(value)}")
    if is_url(value):
        raise OptionError(f"{name} must be a path on this machine, got the URL {in_short(value)}")
    path = os.fspath(value)
    if isinstance(path, bytes):
        raise OptionTypeError(f"{name} must be a path of type str, got {in_short(value)}")
    if (found := _PATH_OF_URL.match(path)) is not None and _is_protocol(found[1]):
        raise OptionError(
            f"{name} must be a path on this machine or a URL, got {in_short(path)}, which is what a "
            f"Path makes of a URL: give the URL as a str, or an absolute path"
        )
    if "\0" in path:
        raise OptionError(f"{name} must not contain a NUL character, got {in_short(path)}")
    return Path(os.path.expanduser(path))


def _is_protocol(name: str) -> bool:
    import fsspec

    return name in fsspec.available_protocols()
