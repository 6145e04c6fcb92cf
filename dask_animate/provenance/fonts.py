"""Which font files a figure is drawn with, which may differ from machine to machine."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.text import Text

# rcParams that name the fonts of formulas, where these are the user's choice.
_CUSTOM_MATH = ("rm", "it", "bf", "bfit", "cal", "sf", "tt")


def fonts_of(figure: Figure) -> dict[str, str]:
    """Return the font files that a figure's texts are drawn with.

    Parameters
    ----------
    figure : Figure
        Not changed. Texts that `update()` adds later are not looked at.

    Returns
    -------
    dict of str to str
        By the font that is asked for, such as ``"serif bold"``, the name of the file and a digest of it.
    """
    fonts: dict[str, str] = {}
    for wanted in _wanted(figure):
        for family in wanted.get_family():
            one: Any = wanted.copy()
            one.set_family(family)
            name = _name(one)
            if name not in fonts:
                path = _found(one)
                fonts[name] = "no font" if path is None else f"{os.path.basename(path)} {_digest(path)}"
    return fonts


def _wanted(figure: Figure) -> Iterator[Any]:
    for text in figure.findobj(Text):
        yield text.get_fontproperties()
    settings: Any = matplotlib.rcParams
    if settings["mathtext.fontset"] == "custom":
        for key in _CUSTOM_MATH:
            yield FontProperties(settings[f"mathtext.{key}"])


def _name(wanted: Any) -> str:
    words = [wanted.get_style(), wanted.get_variant(), str(wanted.get_weight()), wanted.get_stretch()]
    unusual = [str(word) for word in words if word not in ("normal", "400")]
    file = wanted.get_file()
    return " ".join([os.path.basename(file) if file else wanted.get_family()[0], *unusual])


def _found(wanted: Any) -> str | None:
    if wanted.get_file():
        return str(wanted.get_file())
    try:
        return str(fontManager.findfont(wanted, fallback_to_default=False))
    except ValueError:  # this family is not here; another one of the list is drawn, or the default
        return None


@lru_cache(256)
def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:12]
    except OSError:
        return "missing"
