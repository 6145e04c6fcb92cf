"""Detects what ``update()`` changes without matplotlib being told."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Tick
from matplotlib.cbook import CallbackRegistry
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.transforms import TransformNode

from ._matplotlib import BYPRODUCTS, LISTENERS
from .blitter import blit_obstacle
from .invalidation import dependencies_of
from .nodes import is_container

# How deep an artist is searched for data, such as that of a dict in a function of its formatter; and the
# most members of a list that is searched.
_DEPTH, _MANY = 5, 64
# Attributes of artists that no picture depends on, or that are artists themselves.
_NOT_SEARCHED = LISTENERS | BYPRODUCTS | {"callbacks", "canvas", "colorbar", "stale_callback"}
_SCALARS = (type(None), bool, int, float, complex, str, bytes, np.generic)


class ChangeDetector:
    """Compares a figure before and after ``update()`` to find changes that blitting would miss.

    These are changed data of an artist, or of its colormap, norm, locator or formatter, although the
    artist's `Dependencies` are not stale; and a changed attribute of the animator that is read while
    such an artist is drawn. They are found whether or not they show in the present frame.

    Not thread-safe.

    Parameters
    ----------
    animator : object
        The animator. It has another class until `close`, one that reports which attributes are read.

    Attributes
    ----------
    unannounced : dict of str to None
        What changed, in words, in the order in which it was found.
    """

    def __init__(self, animator: Any) -> None:
        self._animator = animator
        self._class = type(animator)
        self._recorded: dict[int, Artist] = {}  # artists recorded as one, by all artists in them
        self._readers: dict[str, dict[int, Artist]] = {}
        self._is_drawing = False
        self.unannounced: dict[str, None] = {}
        with suppress(TypeError):  # some classes cannot have subclasses
            animator.__class__ = _reporting(self._class, self._note_read)

    @contextmanager
    def watching(self, figure: Figure) -> Iterator[None]:
        """Watch a figure while ``update()`` runs; until the next time the figure is only drawn."""
        self._is_drawing = False
        if blit_obstacle(figure):  # it is drawn in full, and nothing is missed
            yield
            return
        artists = list(_recorded_artists(figure))
        dependencies = [dependencies_of(artist) for artist in artists]
        contents = [_contents(artist) for artist in artists]
        attributes = {name: self._attribute(name) for name in self._readers}
        yield
        clean = {
            id(artist): before
            for artist, known, before in zip(artists, dependencies, contents, strict=True)
            if artist.get_figure(root=True) is figure and not (known.is_stale() or known.has_moved())
        }
        for artist in artists:
            if id(artist) in clean:
                self._compare(clean[id(artist)], _contents(artist))
        for name, value in attributes.items():
            if self._attribute(name) != value:
                for key, artist in self._readers[name].items():
                    if key in clean:
                        self.unannounced[f"self.{name}, which is read while {artist} is drawn"] = None
        self._recorded = {
            id(part): artist for artist in _recorded_artists(figure) for part in _parts(artist)
        }
        self._is_drawing = True

    def close(self) -> None:
        """Give the animator its class back."""
        self._is_drawing = False
        with suppress(TypeError):
            self._animator.__class__ = self._class

    def _compare(self, before: dict[_Path, bytes], now: dict[_Path, bytes]) -> None:
        for path, value in before.items():
            if path in now and now[path] != value:
                self.unannounced[f"{path.name.lstrip('_')} of {path.artist}"] = None

    def _note_read(self, name: str) -> None:
        """Note that an attribute of the animator is read, if an artist is being drawn."""
        frame: Any = sys._getframe(2) if self._is_drawing else None
        while frame is not None:
            artist = self._recorded.get(id(frame.f_locals.get("self")))
            if artist is not None:
                self._readers.setdefault(name, {})[id(artist)] = artist
                return
            frame = frame.f_back

    def _attribute(self, name: str) -> bytes | None:
        with suppress(Exception):  # it cannot be pickled, or is gone
            value = getattr(self._animator, name)
            if not callable(value) and not isinstance(value, Artist):
                return pickle.dumps(value)
        return None


class _Path(NamedTuple):
    """Where data was found: an artist, and the names that lead there from it."""

    artist: Artist
    name: str


def _reporting(cls: Any, report: Callable[[str], None]) -> type:
    """Return a class like another one that reports which attributes are read."""

    def read(self: Any, name: str) -> Any:
        report(name)
        return cls.__getattribute__(self, name)

    return type(cls.__name__, (cls,), {"__getattribute__": read, "__module__": cls.__module__})


def _recorded_artists(container: Any) -> Iterator[Artist]:
    """Yield the artists that are recorded as one."""
    for child in container.get_children():
        if is_container(child):
            yield from _recorded_artists(child)
        else:
            yield child


def _parts(artist: Any) -> Iterator[Artist]:
    """Yield an artist and all artists in it, except for ticks, which an axis makes as it is drawn."""
    yield artist
    for child in artist.get_children():
        if not isinstance(child, Tick):
            yield from _parts(child)


def _contents(recorded: Artist) -> dict[_Path, bytes]:
    """Return digests of the data that an artist refers to. `Dependencies` compare its scalars."""
    found: dict[_Path, bytes] = {}
    for artist in _parts(recorded):
        for name, value in vars(artist).items():
            if name not in _NOT_SEARCHED and not isinstance(value, _SCALARS):
                for path, digest in _digests(value, name, set()):
                    found[_Path(artist, path)] = digest
    return found


def _digests(value: Any, name: str, above: set[int]) -> Iterator[tuple[str, bytes]]:
    """Yield paths and digests of the data in an object, its members and a function's closure."""
    if isinstance(value, _SCALARS):
        yield name, repr(value).encode()
    elif isinstance(value, np.ndarray):
        if not value.dtype.hasobject:
            digest = hashlib.blake2b(f"{value.dtype.str}{value.shape}".encode())
            digest.update(np.ma.getdata(value).tobytes())
            digest.update(np.ma.getmask(value).tobytes())
            yield name, digest.digest()
    elif len(above) < _DEPTH and id(value) not in above:
        for key, member in _members(value):
            yield from _digests(member, f"{name}.{key}", above | {id(value)})


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        if len(value) <= _MANY:
            yield from ((f"{i}", member) for i, member in enumerate(value))
    elif isinstance(value, dict):
        if len(value) <= _MANY:
            yield from ((f"{key}", member) for key, member in value.items())
    elif isinstance(value, FunctionType):
        for key, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            with suppress(ValueError):  # it is still empty
                yield key, cell.cell_contents
    elif not isinstance(value, Artist | TransformNode | CallbackRegistry) and _is_of_matplotlib(value):
        if isinstance(value, Colormap):
            value(0.0)  # computes its table
        yield from vars(value).items()


def _is_of_matplotlib(value: Any) -> bool:
    classes = type(value).__mro__
    return hasattr(value, "__dict__") and any(
        cls.__module__.startswith("matplotlib.") for cls in classes
    )
