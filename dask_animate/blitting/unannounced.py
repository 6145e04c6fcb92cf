"""What changes without matplotlib being told, whether or not that shows in the frames at hand."""

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

from .blitter import can_blit
from .invalidation import Watch
from .neighbours import neighbours_of
from .nodes import is_container

# How deep in an artist data is looked for, as ticker, formatter, function, dict; and in how long lists.
_DEPTH, _MANY = 5, 64
# Attributes of artists that no picture depends on, or that are artists themselves.
_NOT_SHOWN = frozenset(
    (
        *("_callbacks", "_remove_method", "_renderer", "_sticky_edges", "callbacks", "canvas"),
        *("colorbar", "stale_callback"),
    )
)
_SCALARS = (type(None), bool, int, float, complex, str, bytes, np.generic)


class Onlooker:
    """Looks on while ``update()`` changes a figure, for changes of which nobody is told.

    That is data of an artist, of its colormap, norm, locator, formatter, that is not what it was while
    the artist's `Watch` says that all is as before, so that it would not be drawn again where only what
    changed is; or an attribute of the animator that is read while such an artist is drawn.

    Not thread-safe.

    Parameters
    ----------
    animator : object
        Whose ``update()`` it is. Its class is another one until `close`.

    Attributes
    ----------
    unseen : dict of str to None
        What changed, in words, in the order in which it was found.
    """

    def __init__(self, animator: Any) -> None:
        self._animator = animator
        self._class = type(animator)
        self._units: dict[int, Artist] = {}  # that are drawn as one, by the identities of all in them
        self._readers: dict[str, dict[int, Artist]] = {}
        self._is_listening = False
        self.unseen: dict[str, None] = {}
        with suppress(TypeError):  # some cannot be derived from
            animator.__class__ = _telling(self._class, self._note)

    @contextmanager
    def updating(self, figure: Figure) -> Iterator[None]:
        """Look on while ``update()`` runs; what happens from then on to the next time is drawing."""
        self._is_listening = False
        if not can_blit(figure):  # it is drawn as a whole
            yield
            return
        units = list(_units(figure))
        watches = [Watch(unit, neighbours_of(unit)) for unit in units]
        contents = [_contents(unit) for unit in units]
        attributes = {name: self._attribute(name) for name in self._readers}
        yield
        silent = {
            id(unit): known
            for unit, watch, known in zip(units, watches, contents, strict=True)
            if unit.get_figure(root=True) is figure and not (watch.is_stale() or watch.has_moved())
        }
        for unit in units:
            if id(unit) in silent:
                self._compare(silent[id(unit)], _contents(unit))
        for name, value in attributes.items():
            if self._attribute(name) != value:
                for key, artist in self._readers[name].items():
                    if key in silent:
                        self.unseen[f"self.{name}, which is read while {artist} is drawn"] = None
        self._units = {id(part): unit for unit in _units(figure) for part in _parts(unit)}
        self._is_listening = True

    def close(self) -> None:
        """Give the animator its class back."""
        self._is_listening = False
        with suppress(TypeError):
            self._animator.__class__ = self._class

    def _compare(self, before: dict[_Place, bytes], now: dict[_Place, bytes]) -> None:
        for place, value in before.items():
            if place in now and now[place] != value:
                self.unseen[f"{place.name.lstrip('_')} of {place.artist}"] = None

    def _note(self, name: str) -> None:
        """Take note that an attribute is read, if that is while a unit is drawn."""
        frame: Any = sys._getframe(2) if self._is_listening else None
        while frame is not None:
            unit = self._units.get(id(frame.f_locals.get("self")))
            if unit is not None:
                self._readers.setdefault(name, {})[id(unit)] = unit
                return
            frame = frame.f_back

    def _attribute(self, name: str) -> bytes | None:
        with suppress(Exception):  # it cannot be pickled, or is not there any more
            value = getattr(self._animator, name)
            if not callable(value) and not isinstance(value, Artist):
                return pickle.dumps(value)
        return None


class _Place(NamedTuple):
    """Where data was found."""

    artist: Artist
    name: str


def _telling(kind: Any, tell: Callable[[str], None]) -> type:
    """Return a class like another one that tells which attributes are read."""

    def read(self: Any, name: str) -> Any:
        tell(name)
        return kind.__getattribute__(self, name)

    return type(kind.__name__, (kind,), {"__getattribute__": read, "__module__": kind.__module__})


def _units(container: Any) -> Iterator[Artist]:
    """Yield what is drawn as one."""
    for child in container.get_children():
        if is_container(child):
            yield from _units(child)
        else:
            yield child


def _parts(artist: Any) -> Iterator[Artist]:
    """Yield an artist and all in it, but for ticks, which are made from an axis as it is drawn."""
    yield artist
    for child in artist.get_children():
        if not isinstance(child, Tick):
            yield from _parts(child)


def _contents(unit: Artist) -> dict[_Place, bytes]:
    """Return digests of the data that an artist refers to."""
    found: dict[_Place, bytes] = {}
    for artist in _parts(unit):
        for name, value in vars(artist).items():
            if name not in _NOT_SHOWN and not isinstance(value, _SCALARS):  # Watch knows the latter
                for path, digest in _digests(value, name, set()):
                    found[_Place(artist, path)] = digest
    return found


def _digests(value: Any, name: str, above: set[int]) -> Iterator[tuple[str, bytes]]:
    """Yield names and digests of data in an object, its members and what a function refers to."""
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
            with suppress(ValueError):  # it is empty yet
                yield key, cell.cell_contents
    elif not isinstance(value, Artist | TransformNode | CallbackRegistry) and _is_matplotlibs(value):
        if isinstance(value, Colormap):
            value(0.0)  # so that its table is there
        yield from vars(value).items()


def _is_matplotlibs(value: Any) -> bool:
    kinds = type(value).__mro__
    return hasattr(value, "__dict__") and any(
        kind.__module__.startswith("matplotlib.") for kind in kinds
    )
