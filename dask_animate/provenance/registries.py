"""What was registered with matplotlib, and what was replaced in libraries, by the user's code."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from .source_files import is_library, spec_of

#: Members of a list or a dict up to which these are taken for a registry.
MANY_MEMBERS = 512


def registered() -> Iterator[tuple[str, Any]]:
    """Yield what was registered with matplotlib by others."""
    import matplotlib
    from matplotlib import colors, units

    from ..blitting import builtin_color_sequences, builtin_colormaps, builtin_styles, projection_types

    cmaps: Any = matplotlib.colormaps
    for name in sorted(set(cmaps) - set(builtin_colormaps())):
        yield f"matplotlib.colormaps[{name!r}]", cmaps[name]
    sequences: Any = matplotlib.color_sequences
    for name in sorted(set(sequences) - set(builtin_color_sequences())):
        yield f"matplotlib.color_sequences[{name!r}]", sequences[name]
    known = _known_colors()
    for name, color in colors.get_named_colors_mapping().items():
        if known.get(name) != color:
            yield f"matplotlib.colors[{name!r}]", color
    classes: dict[str, Mapping[Any, Any]] = {
        "projections": projection_types(),
        "units": {f"{cls.__module__}.{cls.__qualname__}": made for cls, made in units.registry.items()},
    }
    for registry, registered in classes.items():
        for key, value in registered.items():
            cls = value if isinstance(value, type) else type(value)
            if not _is_of_library(cls.__module__):
                yield f"matplotlib.{registry}[{key!r}]", value
    style: Any = sys.modules.get("matplotlib.style")
    if style is not None:
        base = builtin_styles(style)
        for name, settings in style.library.items():
            if name not in base:
                yield f"matplotlib.style.library[{name!r}]", dict(settings)


def replaced(libraries: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield functions and classes of others in the modules of libraries, and in classes and lists there.

    Parameters
    ----------
    libraries : collection of str
        Names of packages. Of those but matplotlib only what modules hold themselves is looked at.
    """
    for name, module in list(sys.modules.items()):
        package = name.partition(".")[0]
        if package not in libraries or not isinstance(module, ModuleType):
            continue
        is_drawing = package in ("matplotlib", "mpl_toolkits")
        for key, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and _is_of_others(value):
                yield f"{name}.{key}", value
            elif is_drawing:
                yield from _replaced_in(f"{name}.{key}", value, name)


def _replaced_in(path: str, value: Any, module: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, type) and value.__module__ == module:
        for attribute, held in list(vars(value).items()):
            if isinstance(held, FunctionType) and _is_of_others(held):
                yield f"{path}.{attribute}", held
            else:
                yield from _added_to(f"{path}.{attribute}", held)
    else:
        yield from _added_to(path, value)


def _added_to(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield members of lists and dicts, which are registries of matplotlib's more often than not."""
    if type(value) in (list, dict) and 0 < len(value) <= MANY_MEMBERS:
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in list(members):
            if isinstance(member, FunctionType | type) and _is_of_others(member):
                yield f"{path}[{key!r}]", member


def _is_of_others(value: Any) -> bool:
    """Whether a function or a class belongs to the user's code, whatever it claims to be."""
    if isinstance(value, type):
        return not _is_of_library(value.__module__)
    name = str(value.__globals__.get("__name__"))
    if _is_of_library(name):
        return False
    # Code that a library made from a text, as for a namedtuple, has globals without a module.
    return not value.__code__.co_filename.startswith("<") or name in ("__main__", "__mp_main__")


@lru_cache(4096)
def _is_of_library(module: str) -> bool:
    spec = spec_of(module)
    return module != "__main__" and spec is not None and is_library(spec)


@lru_cache(1)
def _known_colors() -> dict[str, Any]:
    from matplotlib import colors

    known: dict[str, Any] = {**colors.XKCD_COLORS, **colors.CSS4_COLORS, **colors.TABLEAU_COLORS}
    grays = {name.replace("grey", "gray"): value for name, value in known.items() if "grey" in name}
    known |= {name.replace("gray", "grey"): value for name, value in known.items() if "gray" in name}
    return {**known, **grays, **colors.BASE_COLORS}
