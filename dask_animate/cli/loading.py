"""Objects of the caller's by their names: ``wave.py:Wave`` or ``package.module:Wave``."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType, ModuleType

import click
import cloudpickle

from ..errors import in_words
from ..renderable import Renderable
from .outcome import CommandError

#: Files that were loaded, by their absolute paths.
_loaded: dict[Path, ModuleType] = {}


def load(reference: str) -> object:
    """Return what a reference such as ``wave.py:Wave`` names.

    Parameters
    ----------
    reference : str
        A file that ends in ``.py``, or a module, and the name of something in it. A file is loaded as a
        module, once. What it defines is pickled by value from then on, and so is what other modules in
        its directory define, so that processes elsewhere need not have them.

    Raises
    ------
    click.UsageError
        If there is no such thing.
    CommandError
        If the file or the module fails when it is loaded.
    """
    place, colon, name = reference.rpartition(":")
    if not colon:
        place, name = reference, ""
    if not place:
        raise click.UsageError(f"{reference!r} has no file or module before the colon")
    module = _module(place)
    if not name:
        raise click.UsageError(f"{reference!r} lacks a name: give one of {_names_in(module, place)}")
    found: object = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise click.UsageError(f"{place} has no {name!r}, but {_names_in(module, place)}") from None
    return found


def is_reference(text: str) -> bool:
    """Return whether a text has the form of a reference: a file or a module, a colon, a name."""
    place, colon, name = text.rpartition(":")
    return bool(colon and place) and all(part.isidentifier() for part in name.split("."))


def is_drawable(value: object) -> bool:
    """Return whether a value is something that ``render`` takes without calling a function."""
    kind = value if isinstance(value, type) else type(value)
    return (
        issubclass(kind, Renderable)
        or is_matplotlib_animation(value)
        or is_clip(value)
        or (not isinstance(value, type) and is_of_xarray(value))
    )


def is_matplotlib_animation(value: object) -> bool:
    """Return whether a value is an animation of matplotlib."""
    loaded = sys.modules.get("matplotlib.animation")
    return loaded is not None and isinstance(value, loaded.Animation)


def is_clip(value: object) -> bool:
    """Return whether a value is a `Clip`."""
    loaded = sys.modules.get("dask_animate.clips.clip")
    return loaded is not None and isinstance(value, loaded.Clip)


def is_of_xarray(value: object) -> bool:
    """Return whether a value is data of xarray."""
    return type(value).__module__.startswith("xarray.")


def is_function(value: object) -> bool:
    """Return whether a value is a function, which a reference may name in place of what it returns."""
    return isinstance(value, FunctionType | MethodType | partial)


def call(reference: str, function: Callable[[], object]) -> object:
    """Return what a function returns that a reference names, or a class makes; without arguments.

    Raises
    ------
    click.UsageError
        If it needs arguments.
    CommandError
        If it fails.
    """
    _check_needs_nothing(reference, function)
    try:
        return function()
    except Exception as exc:
        raise CommandError(f"{reference}() failed: {in_words(exc)}") from exc


def _check_needs_nothing(reference: str, function: Callable[[], object]) -> None:
    try:
        signature = inspect.signature(function)
    except ValueError:  # it does not say
        return
    try:
        signature.bind()
    except TypeError as exc:
        raise click.UsageError(
            f"{reference}{signature} cannot be called without arguments: {exc}"
        ) from exc


def _module(place: str) -> ModuleType:
    if place.endswith(".py") or os.sep in place:
        return _from_file(place)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as exc:
        if exc.name is not None and f"{place}.".startswith(f"{exc.name}."):
            raise click.UsageError(
                f"there is no module {place!r}; the name of a file ends in .py"
            ) from None
        raise _not_loaded(place, exc) from exc
    except (ImportError, TypeError, ValueError, KeyError) as exc:
        raise _not_loaded(place, exc) from exc


def _from_file(place: str) -> ModuleType:
    path = Path(os.path.abspath(place))
    if path in _loaded:
        return _loaded[path]
    if not path.is_file():
        raise click.UsageError(f"there is no file {place}")
    name = _free_name(path.stem)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise click.UsageError(f"{place} is no file of Python, whose name ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, os.fspath(path.parent))
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as exc:
        raise _not_loaded(place, exc) from exc
    _loaded[path] = module
    _travel(path.parent)
    return module


def _free_name(stem: str) -> str:
    """Return a name for a module: that of its file, if no other module has it."""
    name = stem.replace(".", "_")
    while name in sys.modules or importlib.util.find_spec(name) is not None:
        name = f"{name}_"
    return name


def _travel(folder: Path) -> None:
    """Pickle by value what modules in a directory define, but for installed ones."""
    registered = cloudpickle.list_registry_pickle_by_value()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or name in registered or name == "__main__":
            continue
        path = Path(os.path.abspath(file))
        if folder in path.parents and "site-packages" not in path.parts:
            cloudpickle.register_pickle_by_value(module)


def _not_loaded(place: str, exc: BaseException) -> CommandError:
    if isinstance(exc, SyntaxError):
        return CommandError(f"{place}, line {exc.lineno}: {exc.msg}")
    return CommandError(f"{place} cannot be loaded: {in_words(exc)}")


def _names_in(module: ModuleType, place: str) -> str:
    """Return the public names of a module in words: those that ``render`` takes, then its own others."""
    public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    own = {
        name: is_drawable(value)
        for name, value in public.items()
        if not isinstance(value, ModuleType)
        and (
            getattr(value, "__module__", module.__name__) == module.__name__
            or (is_drawable(value) and not isinstance(value, type))
        )
    }
    names = sorted(own, key=lambda name: not own[name])
    return ", ".join(f"{place}:{name}" for name in names[:8]) or "nothing that could be named"
