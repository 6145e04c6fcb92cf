"""Image files as a frame source."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, OptionTypeError
from ..frame_source import FrameSource
from ..validation import in_short

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class ImageFile:
    """One of the files of `ImageFiles`, as the parameters of a frame.

    Attributes
    ----------
    url : str
        Where it is.
    version : str
        What fsspec's ``ukey`` says of its content, such as a digest of its size and time of change; a
        store notices by it that the file was edited. Of a web server, the ETag or the digest that it
        sends; if it sends none, a unique text.
    """

    url: str
    version: str


class ImageFiles(FrameSource):
    """Images in files, one for each frame, which are read by who draws.

    Parameters of frames are members of `files`, in any order. Files are read by Pillow, as `FrameSource`
    describes for its images: those with transparency are RGBA, gray ones gray, and others RGB. Photos
    are turned as their EXIF data say. Of a file with several images, the first is shown. All images of a
    video must have one size and one number of channels.

    Parameters
    ----------
    files : str, path-like, or iterable of these
        A pattern such as ``"frames/*.png"``, whose files are sorted by name, character by character, so
        that "10.png" comes before "9.png"; or files in an order of your own. URLs that fsspec knows,
        such as ``"s3://bucket/frames/*.png"``, may take the place of paths. Paths must be the same on
        all workers.
    storage_options : mapping, optional
        Options of fsspec's file system, such as ``{"anon": True}``.

    Attributes
    ----------
    files : tuple of ImageFile
        The files as they are now, as parameters of frames. Copies of this object do not have it, nor has
        the one with which a worker draws: each frame is drawn from its own parameters.

    Raises
    ------
    OptionError
        If no file matches, or a file does not exist.

    Examples
    --------
    >>> import os, tempfile
    >>> from PIL import Image
    >>> from dask_animate.sources import ImageFiles
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for i in range(24):
    ...         Image.new("RGB", (64, 48), (10 * i, 0, 0)).save(os.path.join(folder, f"{i:03}.png"))
    ...     source = ImageFiles(os.path.join(folder, "*.png"))
    ...     video = source.make_video(os.path.join(folder, "red.mp4"), source.files, fps=24)
    >>> video.n_frames, video.width, video.height
    (24, 64, 48)
    """

    def __init__(
        self,
        files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        storage_options: Mapping[str, Any] | None = None,
    ) -> None:
        self._options = dict(storage_options or {})
        if isinstance(files, str | os.PathLike):
            self._urls = _matching(os.fspath(files), self._options)
        elif isinstance(files, Iterable):
            self._urls = tuple(_url(file, self._options) for file in files)
        else:
            raise OptionTypeError(f"files must be a pattern or a list of paths, got {in_short(files)}")
        if not self._urls:
            raise OptionError(f"files: there is no file {in_short(files)}")

    @property
    def files(self) -> tuple[ImageFile, ...]:
        """The files as they are now."""
        return tuple(_found(url, self._options) for url in self._urls)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the files out, so that a frame in a store depends on its own file alone."""
        return {name: value for name, value in vars(self).items() if name != "_urls"}

    def draw(self, frame_idx: int, params: ImageFile) -> Image:
        """Return the image in a file."""
        import fsspec
        from PIL import ImageOps
        from PIL.Image import open as open_image

        if not isinstance(params, ImageFile):
            raise TypeError(f"parameters of ImageFiles are members of its files, got {in_short(params)}")
        try:
            with fsspec.open(params.url, "rb", **self._options) as file, open_image(file) as image:
                return ImageOps.exif_transpose(image)
        except Exception as exc:  # whatever Pillow and file systems raise
            raise OSError(f"cannot read {params.url}: {exc}") from exc


#: What a web server may say of the content of a file, by fsspec's names.
_HTTP_VERSIONS = ("ETag", "Content-MD5", "Digest")


def _matching(pattern: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    with _errors(pattern):
        system, path = _system(pattern, options)
        found: dict[str, Any] = system.glob(path, detail=True)
        files = sorted(name for name, info in found.items() if info["type"] == "file")
        return tuple(system.unstrip_protocol(name) for name in files)


def _url(file: object, options: Mapping[str, Any]) -> str:
    if not isinstance(file, str | os.PathLike):
        raise OptionTypeError(f"files must be a pattern or a list of paths, got {in_short(file)} in it")
    with _errors(file):
        system, path = _system(os.fspath(file), options)
        url: str = system.unstrip_protocol(path)
        if system.info(path)["type"] == "directory":
            raise OptionError(f"files: {url} is a directory; give a pattern, such as {url}/*.png")
        return url


def _found(url: str, options: Mapping[str, Any]) -> ImageFile:
    with _errors(url):
        system, path = _system(url, options)
        if not url.startswith(("http://", "https://")):
            return ImageFile(url, system.ukey(path))
        info = system.info(path)  # fsspec's key of a web page is its address alone
        versions = [f"{name}: {info[name]}" for name in _HTTP_VERSIONS if info.get(name)]
        return ImageFile(url, ", ".join(versions) or uuid.uuid4().hex)


def _system(url: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    if "::" in url and "://" in url:
        raise OptionError(f"files: {in_short(url)}: chains of file systems are not supported")
    system, path = url_to_fs(url, **options)
    return system, path


@contextmanager
def _errors(file: object) -> Iterator[None]:
    """Raise the errors of file systems as this library's, which name the file."""
    try:
        yield
    except OptionError:
        raise
    except FileNotFoundError as exc:
        raise OptionError(f"files: there is no file {in_short(file)}") from exc
    except Exception as exc:  # each kind of file system raises others
        raise OptionError(f"files: cannot look at {in_short(file)}: {exc}") from exc
