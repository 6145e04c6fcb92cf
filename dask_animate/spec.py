"""What a render is: frozen values that every other module reads and none changes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

import numpy as np

from .errors import OptionError, OptionTypeError

#: Anything further out overflows the rate fields of the encoders or the clock of the container.
FPS_RANGE = (Fraction(1, 1000), Fraction(100_000))


def require_int(name: str, value: object, minimum: int) -> int:
    """Return `value` as an int of at least `minimum`, or raise an error that names it."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise OptionTypeError(f"{name} must be an integer, got {value!r}")
    if value < minimum:
        raise OptionError(f"{name} must be at least {minimum}, got {value}")
    return int(value)


def require_choice(name: str, value: object, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`, or raise an error that lists them."""
    if not isinstance(value, str) or value not in choices:
        raise OptionError(f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def require_text(name: str, value: object) -> str:
    """Return `value` if it is a text that a file can hold, or raise an error that names it."""
    if not isinstance(value, str) or not value:
        raise OptionTypeError(f"{name} must be a text, got {value!r}")
    if "\0" in value or value.encode("utf-8", "ignore").decode() != value:
        raise OptionError(f"{name} must be a text without NUL and lone surrogates, got {value!r}")
    return value


def as_fps(fps: object) -> Fraction:
    """Return frames per second as an exact fraction.

    A float is taken as the nearest fraction with a denominator of at most 100 000, so that 29.97
    means 2997/100. For the broadcast rate give ``Fraction(30000, 1001)``.
    """
    if isinstance(fps, bool) or not isinstance(fps, Real | Decimal):
        raise OptionTypeError(f"fps must be a positive number, got {fps!r}")
    if not math.isfinite(fps) or fps <= 0:
        raise OptionError(f"fps must be a positive number, got {fps!r}")
    if isinstance(fps, Rational):
        exact = Fraction(fps)
    else:
        exact = Fraction(float(fps)).limit_denominator(100_000)
    if max(exact.numerator, exact.denominator) >= 2**31:
        raise OptionError(f"fps must be a fraction of integers below 2**31, got {fps!r}")
    if not FPS_RANGE[0] <= exact <= FPS_RANGE[1]:
        low, high = map(float, FPS_RANGE)
        raise OptionError(f"fps must lie between {low:g} and {high:g}, got {fps!r}")
    return exact


@dataclass(frozen=True)
class FrameSize:
    """Height and width of every frame, in pixels."""

    height: int
    width: int

    @property
    def n_bytes(self) -> int:
        """Size in bytes of one RGB frame."""
        return 3 * self.height * self.width

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class DrawSpec:
    """How a figure becomes pixels.

    Attributes
    ----------
    dpi : float or None
        Dots per inch; None keeps the figure's own.
    facecolor, edgecolor : color or None
        Of the figure's background; None keeps the figure's own.
    transparent : bool
        Draw the figure and its axes without background.
    tight : bool
        Crop once, after ``setup()``, to what is drawn.
    pad_inches : float or None
        Padding around the crop, in inches; None takes ``rcParams["savefig.pad_inches"]``.
    reuse_figure : bool
        Build the figure once, not for each frame.
    seed : int or None
        Seed of the global random states; None leaves them alone.
    redraw : {"auto", "full", "blit"}
        Whether frames are drawn from the ones before.
    freeze_layout : bool
        Run layout engines once, after ``setup()``, not for each frame.
    """

    dpi: float | None = None
    facecolor: Any = None
    edgecolor: Any = None
    transparent: bool = False
    tight: bool = False
    pad_inches: float | None = None
    reuse_figure: bool = True
    seed: int | None = 0
    redraw: str = "full"
    freeze_layout: bool = True

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
    ) -> DrawSpec:
        """Check what the caller gave and build the spec from it."""
        if savefig_params is not None and not isinstance(savefig_params, Mapping):
            raise OptionTypeError(f"savefig_params must be a dict, got {savefig_params!r}")
        given = dict(savefig_params or {})
        unknown = sorted(str(key) for key in given if key not in cls.SAVEFIG_KEYS)
        if unknown:
            raise OptionError(
                f"savefig_params has no effect on video frames for {', '.join(unknown)}; "
                f"it takes {', '.join(cls.SAVEFIG_KEYS)}"
            )
        bbox = given.get("bbox_inches")
        if not (bbox is None or (isinstance(bbox, str) and bbox == "tight")):
            raise OptionError(f'savefig_params["bbox_inches"] must be "tight" or None, got {bbox!r}')
        if seed is not None:
            seed = require_int("seed", seed, 0)
        reuse_figure = _flag("reuse_figure_object", reuse_figure)
        freeze_layout = _flag("freeze_layout", freeze_layout)
        redraw = require_choice("redraw", redraw, cls.REDRAW)
        if redraw == "blit" and not (reuse_figure and freeze_layout):
            wrong = "freeze_layout=False" if reuse_figure else "reuse_figure_object=False"
            raise OptionError(f'redraw="blit" draws a frame from the one before, so {wrong} excludes it')
        return cls(
            dpi=_dpi(given.get("dpi")),
            facecolor=_color("facecolor", given.get("facecolor")),
            edgecolor=_color("edgecolor", given.get("edgecolor")),
            transparent=_flag('savefig_params["transparent"]', given.get("transparent") or False),
            tight=bbox is not None,
            pad_inches=_pad_inches(given.get("pad_inches"), bbox),
            reuse_figure=reuse_figure,
            seed=seed,
            redraw=redraw if reuse_figure and freeze_layout else "full",
            freeze_layout=freeze_layout,
        )


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise OptionTypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def _dpi(dpi: object) -> float | None:
    if dpi is None or (isinstance(dpi, str) and dpi == "figure"):
        return None
    if isinstance(dpi, bool) or not isinstance(dpi, Real) or not 0 < float(dpi) < math.inf:
        raise OptionError(f'savefig_params["dpi"] must be a positive number or "figure", got {dpi!r}')
    return float(dpi)


def _pad_inches(pad: object, bbox: object) -> float | None:
    if pad is None:
        return None
    if bbox is None:
        raise OptionError('savefig_params["pad_inches"] needs bbox_inches="tight" beside it')
    if isinstance(pad, bool) or not isinstance(pad, Real) or not 0 <= float(pad) < math.inf:
        raise OptionError(
            f'savefig_params["pad_inches"] must be a number of inches, 0 or more, got {pad!r}'
        )
    return float(pad)


def _color(name: str, color: object) -> Any:
    from matplotlib.colors import is_color_like

    if color is None or (isinstance(color, str) and color == "auto"):
        return None
    if not is_color_like(color):
        raise OptionError(f'savefig_params["{name}"] must be a matplotlib color, got {color!r}')
    return color


@dataclass(frozen=True)
class EncodeSpec:
    """How pixels become packets; travels to whoever encodes.

    Attributes
    ----------
    fps : Fraction
        Frames per second.
    codec : str
        Name of the codec, as "h264".
    muxer : str
        FFmpeg's name of the container, as "mp4".
    pixel_format : str
        FFmpeg's name of the format of the coded pixels, as "yuv420p".
    alpha : bool
        Keep how translucent frames are; otherwise they are drawn over white.
    mode : {"auto", "gpu", "cpu"}
        Which encoders may be used.
    encoder : str or None
        The one encoder that may be used, once it was chosen.
    quality : int or None
        0 to 51, lower is better; None is the encoder's default in this library.
    preset : str or None
        The encoder's speed preset; None is its default in this library.
    options : tuple of (str, str)
        Further options of the encoder, by name.
    dither : str or None
        How an animated GIF mixes colors that its palette lacks.
    """

    fps: Fraction
    codec: str = "h264"
    muxer: str = "mp4"
    pixel_format: str = "yuv420p"
    alpha: bool = False
    mode: str = "auto"
    encoder: str | None = None
    quality: int | None = None
    preset: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    dither: str | None = None
