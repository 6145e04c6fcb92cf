"""The drawing options of a render, validated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from ..errors import OptionError, OptionTypeError
from ..validation import in_short, require_bool, require_choice, require_int

if TYPE_CHECKING:
    from matplotlib.typing import ColorType


@dataclass(frozen=True)
class DrawOptions:
    """How a figure is drawn.

    Attributes
    ----------
    dpi : float or None
        Dots per inch; None keeps that of the figure.
    facecolor, edgecolor : color or None
        Colors of the figure's background; None keeps those of the figure.
    transparent : bool
        Draw the figure and its axes without a background.
    tight : bool
        Crop once, after ``setup()``, to the tight bounding box.
    pad_inches : float or None
        Padding around the crop, in inches; None uses ``rcParams["savefig.pad_inches"]``.
    reuse_figure : bool
        Build the figure once and not for each frame.
    seed : int or None
        Seed of the global random states; None leaves them alone.
    redraw : {"auto", "full", "blit"}
        Whether frames are drawn in full or incrementally; "auto" measures which is faster.
    freeze_layout : bool
        Run layout engines once, after ``setup()``, and not for each frame.
    sequential : bool
        Frames are drawn in order, each once, and begin with what the one before left: property cycles,
        current axes and settings are not restored.
    """

    dpi: float | None = None
    facecolor: ColorType | None = None
    edgecolor: ColorType | None = None
    transparent: bool = False
    tight: bool = False
    pad_inches: float | None = None
    reuse_figure: bool = True
    seed: int | None = 0
    redraw: str = "full"
    freeze_layout: bool = True
    sequential: bool = False

    REDRAW = ("auto", "full", "blit")
    SAVEFIG_KEYS = ("dpi", "facecolor", "edgecolor", "transparent", "bbox_inches", "pad_inches")

    @classmethod
    def create(
        cls,
        savefig_params: Mapping[str, Any] | None,
        *,
        reuse_figure: bool = True,
        seed: int | None = 0,
        redraw: str = "full",
        freeze_layout: bool = True,
    ) -> DrawOptions:
        """Validate the caller's arguments and build the options from them."""
        if savefig_params is not None and not isinstance(savefig_params, Mapping):
            raise OptionTypeError(f"savefig_params must be a dict, got {in_short(savefig_params)}")
        given = dict(savefig_params or {})
        unknown = sorted(str(key) for key in given if key not in cls.SAVEFIG_KEYS)
        if unknown:
            raise OptionError(
                f"savefig_params has no effect on video frames for {', '.join(unknown)}; "
                f"it takes {', '.join(cls.SAVEFIG_KEYS)}"
            )
        bbox = given.get("bbox_inches")
        if not (bbox is None or (isinstance(bbox, str) and bbox == "tight")):
            raise OptionError(
                f'savefig_params["bbox_inches"] must be "tight" or None, got {in_short(bbox)}'
            )
        if seed is not None:
            seed = require_int("seed", seed, 0)
        reuse_figure = require_bool("reuse_figure_object", reuse_figure)
        freeze_layout = require_bool("freeze_layout", freeze_layout)
        redraw = require_choice("redraw", redraw, cls.REDRAW)
        if redraw == "blit" and not (reuse_figure and freeze_layout):
            wrong = "freeze_layout=False" if reuse_figure else "reuse_figure_object=False"
            raise OptionError(f'redraw="blit" draws frames incrementally, which {wrong} rules out')
        return cls(
            dpi=_dpi(given.get("dpi")),
            facecolor=_color("facecolor", given.get("facecolor")),
            edgecolor=_color("edgecolor", given.get("edgecolor")),
            transparent=require_bool('savefig_params["transparent"]', given.get("transparent") or False),
            tight=bbox is not None,
            pad_inches=_pad_inches(given.get("pad_inches"), bbox),
            reuse_figure=reuse_figure,
            seed=seed,
            redraw=redraw if reuse_figure and freeze_layout else "full",
            freeze_layout=freeze_layout,
        )


def _dpi(dpi: object) -> float | None:
    if dpi is None or (isinstance(dpi, str) and dpi == "figure"):
        return None
    if isinstance(dpi, bool) or not isinstance(dpi, Real) or not 0 < float(dpi) < math.inf:
        raise OptionError(
            f'savefig_params["dpi"] must be a positive number or "figure", got {in_short(dpi)}'
        )
    return float(dpi)


def _pad_inches(pad: object, bbox: object) -> float | None:
    if pad is None:
        return None
    if bbox is None:
        raise OptionError('savefig_params["pad_inches"] requires bbox_inches="tight"')
    if isinstance(pad, bool) or not isinstance(pad, Real) or not 0 <= float(pad) < math.inf:
        raise OptionError(
            f'savefig_params["pad_inches"] must be a number of inches, at least 0, got {in_short(pad)}'
        )
    return float(pad)


def _color(name: str, color: Any) -> ColorType | None:
    if color is None or (isinstance(color, str) and color == "auto"):
        return None
    from matplotlib.colors import is_color_like

    if not is_color_like(color):
        raise OptionError(f'savefig_params["{name}"] must be a matplotlib color, got {in_short(color)}')
    valid: ColorType = color
    return valid
