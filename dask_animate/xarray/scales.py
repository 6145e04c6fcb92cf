"""What holds for all frames of each panel, from the distributions of the data and the caller's words."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..diagnostics import notify
from ..errors import OptionError, ParamsError
from ..memory import HISTORY_BYTES
from ..params import open_slices
from .colors import ColorScale, are_settled, rule_of
from .histogram import edges_of, is_density
from .kinds import variables_of
from .limits import (
    Distribution,
    Limits,
    distributions,
    highest_counts,
    limits_of_values,
    rule_in_words,
)
from .panels import PanelSpec, Scales
from .words import PlotWords

if TYPE_CHECKING:
    import xarray as xr

#: The word for the axis of each role, of panels that place values on axes.
_AXES = {"x": "xlim", "y": "ylim"}


def scales_of(
    data: xr.DataArray | xr.Dataset,
    first: xr.DataArray | xr.Dataset,
    dim: str,
    specs: Iterable[PanelSpec],
) -> dict[Hashable, Scales]:
    """Return the scales of each panel, by name; what words leave open is computed from all frames."""
    different = {spec.name: spec for spec in specs}
    unknown = {
        name: {role: variable for role, variable in _roles(spec).items() if not _is_settled(spec, role)}
        for name, spec in different.items()
    }
    wanted = list(dict.fromkeys(one for roles in unknown.values() for one in roles.values()))
    found = _found(data, first, dim, wanted)
    scales = {}
    for name, spec in different.items():
        known = {role: found[variable] for role, variable in unknown[name].items()}
        scales[name] = _scales(spec, known)
        _tell(name, spec, scales[name], known)
    scales = _with_highest(data, dim, different, scales)
    return {
        name: replace(one, history=_history(data, dim, different[name], is_trial=False))
        for name, one in scales.items()
    }


def trial_scales(
    data: xr.DataArray | xr.Dataset, dim: str, specs: Iterable[PanelSpec]
) -> dict[Hashable, Scales]:
    """Return scales with which panels can be drawn before data is read."""
    some = Distribution.of(np.array([1.0, 2.0]))
    scales = {}
    for spec in {spec.name: spec for spec in specs}.values():
        words = spec.words
        if not are_settled(words):
            words = replace(words, norm=None, vmin=None, vmax=None, center=None)
        known = {role: some for role in _roles(spec) if not _is_settled(spec, role)}
        found = _scales(replace(spec, words=words), known)
        scales[spec.name] = replace(found, history=_history(data, dim, spec, is_trial=True))
    return scales


def shown_limits(scales: Scales) -> Limits | None:
    """Return the limits of colors, or else of a panel's values."""
    return scales.limits.get("values") if scales.colors is None else scales.colors.limits


def _roles(spec: PanelSpec) -> dict[str, Hashable]:
    return variables_of(spec.kind, spec.words, spec.name)


def _is_settled(spec: PanelSpec, role: str) -> bool:
    """Return whether words say what the values of all frames would."""
    words = spec.words
    if role == "color":
        return are_settled(words)
    if role == "values":
        axis = words.xlim if spec.kind != "hist" and words.y is not None else words.ylim
        if spec.kind == "hist":
            return isinstance(words.limits, tuple) or isinstance(words.bins, np.ndarray)
        return isinstance(words.limits, tuple) or axis is not None
    return role in _AXES and getattr(words, _AXES[role]) is not None


def _scales(spec: PanelSpec, known: Mapping[str, Distribution]) -> Scales:
    """Return the scales of a panel, from the distributions of what words leave open."""
    words = spec.words
    limits, colors, arrow = {}, None, 1.0
    for role in _roles(spec):
        if role == "color":
            colors = ColorScale.create(words, spec.kind, known.get(role))
        elif role in ("x", "y", "values"):
            limits[role] = _limits(words, role, known.get(role))
    if "u" in known and "v" in known:
        arrow = float(np.hypot(known["u"].root_mean_square, known["v"].root_mean_square)) or 1.0
    return Scales(limits, colors, arrow)


def _limits(words: PlotWords, role: str, distribution: Distribution | None) -> Limits:
    if role == "values":
        is_log = (words.xscale if words.y is not None else words.yscale) in ("log", "logit")
        requested = words.limits
    else:
        is_log = getattr(words, f"{role}scale") in ("log", "logit")
        requested = None
    if distribution is None and not isinstance(requested, tuple):
        return Limits(0.0, 1.0)  # words about the axis replace them
    return limits_of_values(requested, distribution, is_log)


def _found(
    data: xr.DataArray | xr.Dataset, first: xr.DataArray | xr.Dataset, dim: str, names: list[Hashable]
) -> dict[Hashable, Distribution]:
    """Return the distributions of variables, of all frames if they have the dimension."""
    variables: Any = getattr(data, "data_vars", None)
    if variables is None:
        if not names:
            return {}
        return dict.fromkeys(names, distributions(open_slices(data, None, dim))[""])
    moving = [name for name in names if name in variables and dim in variables[name].dims]
    fixed: dict[Hashable, Distribution] = {}
    for name in names:
        if name not in moving:
            shown = first[name]
            if shown.dtype.kind not in "fiub":
                raise OptionError(f"{name!r} holds {shown.dtype}, which has no color and no position")
            fixed[name] = Distribution.of(shown.values)
    found = distributions(open_slices(data[moving], None, dim)) if moving else {}
    return fixed | dict(found)


def _tell(name: Hashable, spec: PanelSpec, scales: Scales, known: Mapping[str, Distribution]) -> None:
    limits = shown_limits(scales)
    if limits is None or not {"color", "values"} & known.keys():
        return
    rule = rule_of(spec.words) if scales.colors is not None else str(spec.words.limits or "minmax")
    what = "the data" if name == "" else name
    notify(f"limits of {what}: {limits.low:g} to {limits.high:g}, {rule_in_words(rule)}")


def _with_highest(
    data: xr.DataArray | xr.Dataset,
    dim: str,
    specs: Mapping[Hashable, PanelSpec],
    scales: dict[Hashable, Scales],
) -> dict[Hashable, Scales]:
    """Return the scales with the highest bars of histograms, whose bins are known only now."""
    edges = {
        name: edges_of(spec.words, scales[name].limits["values"])
        for name, spec in specs.items()
        if spec.kind == "hist" and spec.words.ylim is None
    }
    if not edges:
        return scales
    spec = specs[next(iter(edges))]  # all have its facets and its style
    is_dataset = hasattr(data, "data_vars")
    variables = data[list(edges)] if is_dataset else data
    keyed: dict[Hashable, Any] = edges if is_dataset else {"": edges[spec.name]}
    slices = open_slices(variables, None, dim)
    highest = highest_counts(slices, keyed, [dim, *spec.facet], is_density(spec.words))
    return scales | {
        name: replace(scales[name], highest=highest[name if is_dataset else ""]) for name in edges
    }


def _history(
    data: xr.DataArray | xr.Dataset, dim: str, spec: PanelSpec, is_trial: bool
) -> xr.DataArray | None:
    """Return all frames of a variable, for panels that need them; blank ones for a trial."""
    if spec.kind != "hovmoller":
        return None
    shown: Any = data if spec.variable is None else data[spec.variable]
    shown = shown.transpose(dim, ...)
    if shown.nbytes > HISTORY_BYTES:
        size, most = (f"{n / 2**20:.0f} MiB" for n in (shown.nbytes, HISTORY_BYTES))
        whose = "the data" if shown.name is None else repr(shown.name)
        raise ParamsError(
            f'plot="hovmoller" sends all frames to each worker, at most {most}; those of '
            f"{whose} have {size}: reduce them first, such as by .mean() or .coarsen()"
        )
    if is_trial:
        return shown.copy(data=np.broadcast_to(np.nan, shown.shape))
    return shown.compute()
