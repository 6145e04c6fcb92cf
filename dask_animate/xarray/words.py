"""The words of ``xarray.plot`` that an animation understands: what each may be, and for which plots."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, Colormap, Normalize, is_color_like
from matplotlib.scale import get_scale_names
from numpy.typing import NDArray

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_bool, require_choice, require_int

#: Rules for limits that are computed.
RULES = ("robust", "minmax")
#: What is said of a slice that holds colors, and of a function.
CHANNELS, FUNCTION = "an image with its own colors", "a function"

_LINES = frozenset({"line", "step"})
_CONTOURS = frozenset({"contour", "contourf"})
_PLANES = frozenset({"pcolormesh", "imshow", "hovmoller"}) | _CONTOURS
_VECTORS = frozenset({"quiver", "streamplot"})
_COLORED = _PLANES | _VECTORS | {"scatter"}
_DRAWN = _LINES | _COLORED | {"hist"}  # all that has axes with coordinates
_BUILT_IN = _DRAWN | {CHANNELS}
_ALL = _BUILT_IN | {FUNCTION}

#: What to give for arguments of other libraries.
_INSTEAD = {"ax": "decorate=, a function that gets the axes", "cbar_ax": "cbar_kwargs="}


# --- checks of one value


def _name(name: str, value: Any) -> Hashable:
    try:
        hash(value)
    except TypeError:
        raise OptionTypeError(
            f"{name} must be the name of a coordinate, got {in_short(value)}"
        ) from None
    return value  # type: ignore[no-any-return]


def _number(name: str, value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise OptionTypeError(f"{name} must be a finite number, got {in_short(value)}")
    return number


def _size(name: str, value: Any) -> float:
    if _number(name, value) <= 0:
        raise OptionError(f"{name} must be greater than 0, got {in_short(value)}")
    return float(value)


def _aspect(name: str, value: Any) -> str | float:
    return value if isinstance(value, str) and value in ("auto", "equal") else _size(name, value)


def _center(name: str, value: Any) -> float | Literal[False]:
    return False if value is False else _number(name, value)


def _pair(name: str, value: Any) -> tuple[Any, Any]:
    try:
        first, second = value
    except (TypeError, ValueError):
        raise OptionTypeError(f"{name} must be two values, got {in_short(value)}") from None
    return first, second


def _figsize(name: str, value: Any) -> tuple[float, float]:
    width, height = _pair(name, value)
    return _size(name, width), _size(name, height)


def _scale(name: str, value: Any) -> str:
    return require_choice(name, value, get_scale_names())


def _ticks(name: str, value: Any) -> NDArray[Any]:
    ticks = np.asarray(value)
    if ticks.ndim != 1:
        raise OptionTypeError(f"{name} must be a sequence of positions, got {in_short(value)}")
    return ticks


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        example = '{"cmap": "magma"}' if name == "style" else '{"label": "..."}'
        raise OptionTypeError(f"{name} must be a dict such as {example}, got {in_short(value)}")
    return dict(value)


def _wrap(name: str, value: Any) -> int | Literal["auto"]:
    return "auto" if isinstance(value, str) and value == "auto" else require_int(name, value, 1)


def _cmap(name: str, value: Any) -> Colormap | list[Any]:
    """Return the color map itself: workers need not know its name."""
    if isinstance(value, str):
        if value not in colormaps:
            nearest = difflib.get_close_matches(value, list(colormaps), 1)
            hint = f": did you mean {nearest[0]!r}?" if nearest else ""
            raise OptionError(f"{name}: matplotlib has no color map {value!r}{hint}")
        return colormaps[value]
    return value if isinstance(value, Colormap) else _list_of_colors(name, value)


def _colors(name: str, value: Any) -> str | list[Any]:
    if isinstance(value, str) and is_color_like(value):
        return value
    return _list_of_colors(name, value)


def _list_of_colors(name: str, value: Any) -> list[Any]:
    if np.iterable(value) and not isinstance(value, str):
        listed = list(value)
        if listed and all(map(is_color_like, listed)):
            return listed
    what = "a name, a Colormap or a list of colors" if name == "cmap" else "a color or a list of colors"
    raise OptionTypeError(f"{name} must be {what}, got {in_short(value)}")


def _norm(name: str, value: Any) -> Normalize | str:
    if isinstance(value, Normalize):
        return value
    if isinstance(value, str):
        return require_choice(name, value, get_scale_names())
    raise OptionTypeError(
        f'{name} must be a norm of matplotlib such as LogNorm(), or "log" or "symlog", '
        f"got {in_short(value)}"
    )


def _edges(name: str, value: Any) -> NDArray[Any]:
    try:
        edges = np.sort(np.asarray(value, float))
    except (TypeError, ValueError):
        edges = np.empty(0)
    if edges.ndim != 1 or not edges.size or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise OptionTypeError(
            f"{name} must be an integer or a sequence of different numbers, got {in_short(value)}"
        )
    return edges


def _levels(name: str, value: Any) -> int | NDArray[Any]:
    if np.ndim(value) == 0 and not isinstance(value, Iterable):
        return require_int(name, value, 2)
    return _edges(name, value)


def _bins(name: str, value: Any) -> int | NDArray[Any]:
    if np.ndim(value) == 0 and not isinstance(value, Iterable):
        return require_int(name, value, 1)
    edges = _edges(name, value)
    if len(edges) < 2:
        raise OptionError(f"{name} must be at least two edges, got {in_short(value)}")
    return edges


def _stride(name: str, value: Any) -> int:
    return require_int(name, value, 1)


def _extend(name: str, value: Any) -> str:
    return require_choice(name, value, ("neither", "min", "max", "both"))


def _where(name: str, value: Any) -> str:
    return require_choice(name, value, ("pre", "post", "mid"))


def _limits(name: str, value: Any) -> str | tuple[float, float]:
    if isinstance(value, str):
        return require_choice(name, value, RULES)
    try:
        low, high = map(float, value)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (low < high and math.isfinite(high - low)):
        raise OptionError(f'{name} must be "robust", "minmax" or (low, high), got {in_short(value)}')
    return low, high


def _anything(name: str, value: Any) -> Any:
    return value


def _function(name: str, value: Any) -> Callable[..., object]:
    import cloudpickle

    if not callable(value):
        raise OptionTypeError(f"{name} must be a function, got {in_short(value)}")
    try:
        cloudpickle.dumps(value)
    except Exception as exc:
        raise OptionTypeError(
            f"{name} cannot be pickled, as it has to be to reach workers: {exc}. "
            "Open files and connections inside of the function"
        ) from exc
    return value  # type: ignore[no-any-return]


#: Words that are dicts themselves, and so cannot be one for each variable.
_DICTS = frozenset({"cbar_kwargs", "subplot_kws", "style"})
#: Words that hold for the whole figure.
_FIGURE = frozenset({"figsize", "size", "aspect", "col", "row", "col_wrap", "decorate", "each"})
#: Arguments of matplotlib's functions that mean what the word says.
_STYLED = ("cmap", "vmin", "vmax", "norm", "levels", "colors", "extend", "transform")
#: Pairs of words that say the same, or that contradict each other.
_EXCLUSIVE = (
    ("limits", "vmin"),
    ("limits", "vmax"),
    ("limits", "robust"),
    ("limits", "center"),
    ("cmap", "colors"),
    ("figsize", "size"),
    ("hue", "over"),
)


class Word(NamedTuple):
    """What is known of a word: the kinds of plots that take it, and the check of its value."""

    kinds: frozenset[str]
    check: Callable[[str, Any], Any]


#: All words. For plots of other kinds than these, a word is an error.
WORDS: dict[str, Word] = {
    "x": Word(_BUILT_IN - {"hist"}, _name),
    "y": Word(_BUILT_IN - {"hist"}, _name),
    "hue": Word(_LINES | _VECTORS | {"scatter"}, _name),
    "u": Word(_VECTORS, _name),
    "v": Word(_VECTORS, _name),
    "over": Word(_VECTORS, _name),
    "stride": Word(frozenset({"quiver"}), _stride),
    "col": Word(_BUILT_IN, _name),
    "row": Word(_BUILT_IN, _name),
    "col_wrap": Word(_BUILT_IN, _wrap),
    "limits": Word(_LINES | _COLORED | {"hist"}, _limits),
    "vmin": Word(_COLORED, _number),
    "vmax": Word(_COLORED, _number),
    "robust": Word(_COLORED, require_bool),
    "center": Word(_COLORED, _center),
    "norm": Word(_COLORED, _norm),
    "cmap": Word(_COLORED, _cmap),
    "levels": Word(_COLORED, _levels),
    "colors": Word(_COLORED, _colors),
    "extend": Word(_COLORED, _extend),
    "add_colorbar": Word(_COLORED, require_bool),
    "cbar_kwargs": Word(_COLORED, _mapping),
    "add_legend": Word(_LINES, require_bool),
    "add_guide": Word(frozenset({"quiver"}), require_bool),
    "add_labels": Word(_BUILT_IN, require_bool),
    "xlim": Word(_DRAWN, _pair),
    "ylim": Word(_DRAWN, _pair),
    "xscale": Word(_DRAWN, _scale),
    "yscale": Word(_DRAWN, _scale),
    "xticks": Word(_DRAWN, _ticks),
    "yticks": Word(_DRAWN, _ticks),
    "xincrease": Word(_DRAWN, require_bool),
    "yincrease": Word(_DRAWN, require_bool),
    "where": Word(frozenset({"step"}), _where),
    "bins": Word(frozenset({"hist"}), _bins),
    "figsize": Word(_ALL, _figsize),
    "size": Word(_ALL, _size),
    "aspect": Word(_ALL, _aspect),
    "subplot_kws": Word(_ALL, _mapping),
    "transform": Word(_DRAWN - {"hist"}, _anything),
    "style": Word(_BUILT_IN, _mapping),
    "decorate": Word(_BUILT_IN, _function),
    "each": Word(_BUILT_IN, _function),
}


def check_names(given: Mapping[str, Any]) -> None:
    """Raise if what names a coordinate, for the panel or by variable, cannot be a name."""
    for name, word in WORDS.items():
        value = given.get(name)
        if word.check is _name and value is not None and not isinstance(value, Mapping):
            _name(name, value)


#: Words about colors.
COLOR_WORDS = frozenset(name for name, word in WORDS.items() if word.kinds == _COLORED) | {"limits"}


@dataclass(frozen=True, kw_only=True, eq=False)
class PlotWords:
    """The words of one animation, or of one of its panels. None: not given.

    The attributes are the arguments of `DataArrayAnimator` and are documented there. `WORDS` says
    which kinds of plots take them.
    """

    x: Hashable | None = None
    y: Hashable | None = None
    hue: Hashable | None = None
    u: Hashable | None = None
    v: Hashable | None = None
    over: Hashable | None = None
    stride: int | None = None
    col: Hashable | None = None
    row: Hashable | None = None
    col_wrap: int | Literal["auto"] | None = None
    limits: str | tuple[float, float] | None = None
    vmin: float | None = None
    vmax: float | None = None
    robust: bool | None = None
    center: float | Literal[False] | None = None
    norm: Normalize | str | None = None
    cmap: Colormap | list[Any] | None = None
    levels: int | NDArray[Any] | None = None
    colors: str | list[Any] | None = None
    extend: str | None = None
    add_colorbar: bool | None = None
    cbar_kwargs: dict[str, Any] | None = None
    add_legend: bool | None = None
    add_guide: bool | None = None
    add_labels: bool | None = None
    xlim: tuple[Any, Any] | None = None
    ylim: tuple[Any, Any] | None = None
    xscale: str | None = None
    yscale: str | None = None
    xticks: NDArray[Any] | None = None
    yticks: NDArray[Any] | None = None
    xincrease: bool | None = None
    yincrease: bool | None = None
    where: str | None = None
    bins: int | NDArray[Any] | None = None
    figsize: tuple[float, float] | None = None
    size: float | None = None
    aspect: str | float | None = None
    subplot_kws: dict[str, Any] | None = None
    transform: Any = None
    style: dict[str, Any] | None = None
    decorate: Callable[..., object] | None = None
    each: Callable[..., object] | None = None

    @classmethod
    def create(cls, given: Mapping[str, Any], kinds: Mapping[Hashable, str]) -> PlotWords:
        """Validate the words among a caller's arguments.

        Parameters
        ----------
        given : mapping of str to object
            Arguments by name. Those that are no words are left out.
        kinds : mapping of hashable to str
            The kind of plot of each variable. The value of most words may be a mapping from these names.
        """
        drawn = set(kinds.values())
        values = {name: given[name] for name in WORDS if given.get(name) is not None}
        values = _out_of_style(values, drawn)
        ignored = [name for name in values if not WORDS[name].kinds & drawn]
        if ignored:
            raise OptionError(_no_effect(ignored, drawn))
        for name, value in values.items():
            check = WORDS[name].check
            if isinstance(value, Mapping) and name not in _DICTS | _FIGURE:
                unknown = [key for key in value if key not in kinds]
                if unknown:
                    raise OptionError(f"{name}: there is no variable {unknown}, only {list(kinds)}")
                values[name] = {
                    variable: check(f"{name}[{variable!r}]", one)
                    for variable, one in value.items()
                    if one is not None
                }
                wrong = [key for key in values[name] if kinds[key] not in WORDS[name].kinds]
                if wrong:
                    raise OptionError(_no_effect([name], {kinds[key] for key in wrong}))
            else:
                values[name] = check(name, value)
        words = cls(**values)
        for variable, kind in kinds.items():
            words.of(variable, kind)._check_combinations(kind)
        return words

    def of(self, variable: Hashable, kind: str) -> PlotWords:
        """Return the words for one variable: those that its plot takes, with the values for it."""
        changed: dict[str, Any] = {}
        for name, value in self.given().items():
            if kind not in WORDS[name].kinds:
                changed[name] = None
            elif isinstance(value, dict) and name not in _DICTS:
                changed[name] = value.get(variable)
        return replace(self, **changed)

    def given(self) -> dict[str, Any]:
        """Return the words that are given."""
        return {name: value for name in WORDS if (value := getattr(self, name)) is not None}

    def _check_combinations(self, kind: str) -> None:
        given = self.given()
        for one, other in _EXCLUSIVE:
            if one in given and other in given:
                raise OptionError(f"give either {one}= or {other}=, not both")
        if self.vmin is not None and self.vmax is not None:
            if self.vmin >= self.vmax:
                raise OptionError(f"vmin={self.vmin:g} must be less than vmax={self.vmax:g}")
            if self.robust is not None or self.center:
                raise OptionError("robust= and center= have no effect with both vmin= and vmax=")
        if isinstance(self.levels, np.ndarray) and {"limits", "vmin", "vmax", "robust"} & given.keys():
            raise OptionError(
                "limits=, vmin=, vmax= and robust= have no effect with a sequence as levels=, "
                "which begins and ends with them"
            )
        if self.colors is not None and self.levels is None and kind not in _CONTOURS:
            raise OptionError("colors= needs levels=, or contour or contourf as plot=")
        if self.add_colorbar is False and self.cbar_kwargs is not None:
            raise OptionError("cbar_kwargs= has no effect with add_colorbar=False")
        if isinstance(self.norm, BoundaryNorm) and self.levels is not None:
            raise OptionError("levels= has no effect with a BoundaryNorm as norm=, which has its own")
        if isinstance(self.norm, Normalize):
            self._check_norm(self.norm)
        if kind in _LINES and self.x is not None and self.y is not None:
            raise OptionError("give either x= or y= with a line, not both")
        is_facet = self.col is not None or self.row is not None
        if self.aspect is not None and self.size is None and not is_facet:
            raise OptionError("aspect= needs size=, the height of a panel in inches")
        if self.col_wrap is not None and self.row is not None:
            raise OptionError("col_wrap= has no effect with row=")

    def _check_norm(self, norm: Normalize) -> None:
        given = self.limits if isinstance(self.limits, tuple) else (self.vmin, self.vmax)
        names = ("limits", "limits") if isinstance(self.limits, tuple) else ("vmin", "vmax")
        for own, value, name in zip((norm.vmin, norm.vmax), given, names, strict=True):
            if value is not None and own is not None and value != own:
                raise OptionError(
                    f"{name}={in_short(getattr(self, name))} differs from that of norm={norm!r:.60}: "
                    "give one of them"
                )


def refuse_unknown(names: Iterable[str], known: Collection[str]) -> None:
    """Raise for the first of these arguments, which nobody knows; the error says what to give."""
    for name in names:
        nearest = difflib.get_close_matches(name, known, 1, 0.75)
        if name in _INSTEAD:
            hint = f"give {_INSTEAD[name]}"
        elif nearest:
            hint = f"did you mean {nearest[0]}=?"
        else:
            hint = f'give style={{"{name}": ...}} if it is an argument of matplotlib'
        raise OptionTypeError(f"unknown argument {name}=: {hint}")


def _no_effect(names: Iterable[str], kinds: Collection[str]) -> str:
    listed = ", ".join(sorted(kinds))
    return f"{', '.join(names)}= has no effect with {listed} as plot="


def _out_of_style(values: dict[str, Any], kinds: Collection[str]) -> dict[str, Any]:
    """Return the words with those that `style` holds, under the names that they have themselves."""
    style = values.get("style")
    if not isinstance(style, Mapping):
        return values
    words = {
        name: style[name]
        for name in _STYLED
        if style.get(name) is not None and WORDS[name].kinds & set(kinds)
    }
    for name in words:
        if name in values:
            raise OptionError(f'give either {name}= or style={{"{name}": ...}}, not both')
    rest = {name: value for name, value in style.items() if name not in words}
    return values | words | {"style": rest}
