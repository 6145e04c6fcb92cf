"""The output file, which appears complete or not at all."""

from __future__ import annotations

import os
import stat
import uuid
from pathlib import Path
from types import TracebackType

from .errors import OptionError, OptionTypeError, OutputError


class OutputFile:
    """A place for a file: written beside it under another name, renamed when complete.

    A context manager, which discards on leaving what was not committed. Creating one proves that the
    directory can be written. Until `commit` an existing file stays as it is; after `commit` or `discard`
    nothing else is left.

    Parameters
    ----------
    output_file : path-like
        Where the finished file goes. Missing directories are made.

    Attributes
    ----------
    path : Path
        Absolute, so that a change of directory in the meantime does no harm.
    temporary : Path
        What to write to, in the same directory.

    Raises
    ------
    OutputError
        If the file cannot be written there.
    """

    def __init__(self, output_file: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(as_path(output_file)))
        self._target = Path(os.path.realpath(self.path))  # a link stays, what it points to is replaced
        self._made: list[Path] = []
        name = f".{self._target.stem[:40]}-{uuid.uuid4().hex[:12]}.part"
        self.temporary = self._target.with_name(name)
        try:
            self._check_name()
            self._make_directories()
            self.temporary.touch(exist_ok=False)
        except OSError as exc:
            self._remove_directories()
            raise OutputError(f"cannot write {self.path}: {exc.strerror or exc}") from exc

    def __enter__(self) -> OutputFile:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.discard()

    def commit(self) -> None:
        """Put the file in place, in one step."""
        try:
            os.replace(self.temporary, self._target)
        except OSError as exc:
            raise OutputError(f"cannot write {self.path}: {exc.strerror or exc}") from exc
        self._made.clear()

    def discard(self) -> None:
        """Remove what was written, and the directories made for it; nothing after `commit`."""
        self.temporary.unlink(missing_ok=True)
        self._remove_directories()

    def _check_name(self) -> None:
        try:
            is_directory = stat.S_ISDIR(self._target.stat().st_mode)
        except FileNotFoundError:
            return
        if is_directory:
            raise OutputError(f"output_file is a directory: {self.path}")

    def _make_directories(self) -> None:
        missing = [self._target.parent, *self._target.parent.parents]
        for directory in reversed([path for path in missing if not path.exists()]):
            directory.mkdir(exist_ok=True)
            self._made.append(directory)

    def _remove_directories(self) -> None:
        while self._made:
            try:
                self._made.pop().rmdir()
            except OSError:
                return  # somebody put something there


def as_path(output_file: object) -> Path:
    """Return the path of an output file, or raise an error that names what was given."""
    if not isinstance(output_file, str | os.PathLike) or not str(output_file):
        raise OptionTypeError(f"output_file must be a path, got {output_file!r}")
    path = os.fspath(output_file)
    if isinstance(path, bytes):
        raise OptionTypeError(f"output_file must be a path in text, got {output_file!r}")
    if "\0" in path:
        raise OptionError(f"output_file must not hold a NUL character, got {path!r}")
    return Path(path)
