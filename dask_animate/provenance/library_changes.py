"""What others have changed in libraries: what they registered with matplotlib, and monkey patches.

Only modules that are loaded are looked at, as nothing can have been changed in the others.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from .modules import is_library, spec_of

#: A list or a dict of a library's is taken for a registry if it has no more members than this.
MAX_MEMBERS = 512


def registrations() -> Iterator[tuple[str, Any]]:
    """Yield what others than matplotlib have registered with it, by name."""
    matplotlib: Any = sys.modules.get("matplotlib")
    if matplotlib is None:
        return
    from ..blitting import builtin_color_sequences, builtin_colormaps, builtin_styles

    cmaps = matplotlib.colormaps
    for name in sorted(set(cmaps) - set(builtin_colormaps(cmaps))):
        yield f"matplotlib.colormaps[{name!r}]", cmaps[name]
    sequences = matplotlib.color_sequences
    for name in sorted(set(sequences) - set(builtin_color_sequences(sequences))):
        yield f"matplotlib.color_sequences[{name!r}]", sequences[name]
    yield from _registered_colors()
    yield from _registered_classes()
    style: Any = sys.modules.get("matplotlib.style")
    if style is not None:
        builtin = builtin_styles(style)
        for name, settings in style.library.items():
            if name not in builtin:
                yield f"matplotlib.style.library[{name!r}]", dict(settings)


def _registered_colors() -> Iterator[tuple[str, Any]]:
    colors: Any = sys.modules["matplotlib.colors"]
    builtin = _builtin_colors()
    for name, color in colors.get_named_colors_mapping().items():
        if builtin.get(name) != color:
            yield f"matplotlib.colors[{name!r}]", color


@lru_cache(1)
def _builtin_colors() -> dict[str, Any]:
    colors: Any = sys.modules["matplotlib.colors"]
    builtin: dict[str, Any] = {**colors.XKCD_COLORS, **colors.CSS4_COLORS, **colors.TABLEAU_COLORS}
    grays = {name.replace("grey", "gray"): value for name, value in builtin.items() if "grey" in name}
    builtin |= {name.replace("gray", "grey"): value for name, value in builtin.items() if "gray" in name}
    return {**builtin, **grays, **colors.BASE_COLORS}


def _registered_classes() -> Iterator[tuple[str, Any]]:
    from ..blitting import projection_types

    projections: Any = sys.modules.get("matplotlib.projections")
    projection_registry = getattr(projections, "projection_registry", None)
    units: Any = getattr(sys.modules.get("matplotlib.units"), "registry", {})
    registries: dict[str, Mapping[Any, Any]] = {
        "projections": projection_types(projection_registry),
        "units": {f"{cls.__module__}.{cls.__qualname__}": made for cls, made in units.items()},
    }
    for registry, registered in registries.items():
        for key, value in registered.items():
            cls = value if isinstance(value, type) else type(value)
            if not _is_in_library(cls.__module__):
                yield f"matplotlib.{registry}[{key!r}]", value


def monkey_patches(libraries: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield functions and classes that others have put into the modules of libraries, by name.

    Parameters
    ----------
    libraries : collection of str
        Names of packages. In the modules of matplotlib, classes, lists and dicts are searched, too.
    """
    for name, module in list(sys.modules.items()):
        package = name.partition(".")[0]
        if package not in libraries or not isinstance(module, ModuleType):
            continue
        is_drawing = package in ("matplotlib", "mpl_toolkits")
        for key, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and _is_foreign(value):
                yield f"{name}.{key}", value
            elif is_drawing:
                yield from _patches_in(f"{name}.{key}", value, name)


def _patches_in(path: str, value: Any, module: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, type) and value.__module__ == module:
        for attribute, held in list(vars(value).items()):
            if isinstance(held, FunctionType) and _is_foreign(held):
                yield f"{path}.{attribute}", held
            else:
                yield from _foreign_members(f"{path}.{attribute}", held)
    else:
        yield from _foreign_members(path, value)


def _foreign_members(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield foreign members of a list or a dict, which in matplotlib is mostly a registry."""
    if type(value) in (list, dict) and 0 < len(value) <= MAX_MEMBERS:
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in list(members):
            if isinstance(member, FunctionType | type) and _is_foreign(member):
                yield f"{path}[{key!r}]", member


def _is_foreign(value: Any) -> bool:
    """Whether a function or a class is the user's, whatever module it claims to be from."""
    if isinstance(value, type):
        return not _is_in_library(value.__module__)
    name = str(value.__globals__.get("__name__"))
    if _is_in_library(name):
        return False
    # Code that a library made from a text, such as a namedtuple's, has globals without a module.
    return not value.__code__.co_filename.startswith("<") or name in ("__main__", "__mp_main__")


@lru_cache(4096)
def _is_in_library(module: str) -> bool:
    spec = spec_of(module)
    return module != "__main__" and spec is not None and is_library(spec)
