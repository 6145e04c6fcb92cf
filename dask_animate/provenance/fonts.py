"""Which font files a figure is drawn with; the same font name may mean other files on other machines."""

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

# Ends of the rcParams that name the fonts of formulas where `mathtext.fontset` is "custom".
_CUSTOM_MATH = ("rm", "it", "bf", "bfit", "cal", "sf", "tt")


def fonts_of(figure: Figure) -> dict[str, str]:
    """Return the font files that a figure's texts are drawn with.

    Parameters
    ----------
    figure : Figure
        Not changed. Texts that `update()` adds later are missing.

    Returns
    -------
    dict of str to str
        The name of the file and a digest of it, or "no font", by the font that was asked for, such as
        ``"serif bold"``.
    """
    fonts: dict[str, str] = {}
    for properties in _requested(figure):
        for family in properties.get_family():
            one: Any = properties.copy()
            one.set_family(family)
            name = _name(one)
            if name not in fonts:
                path = _file(one)
                fonts[name] = "no font" if path is None else f"{os.path.basename(path)} {_digest(path)}"
    return fonts


def _requested(figure: Figure) -> Iterator[Any]:
    for text in figure.findobj(Text):
        yield text.get_fontproperties()
    settings: Any = matplotlib.rcParams
    if settings["mathtext.fontset"] == "custom":
        for key in _CUSTOM_MATH:
            yield FontProperties(settings[f"mathtext.{key}"])


def _name(properties: Any) -> str:
    """Return how messages call a font: its file or family, and what is unusual about it."""
    words = [
        properties.get_style(),
        properties.get_variant(),
        str(properties.get_weight()),
        properties.get_stretch(),
    ]
    unusual = [str(word) for word in words if word not in ("normal", "400")]
    file = properties.get_file()
    return " ".join([os.path.basename(file) if file else properties.get_family()[0], *unusual])


def _file(properties: Any) -> str | None:
    if properties.get_file():
        return str(properties.get_file())
    try:
        return str(fontManager.findfont(properties, fallback_to_default=False))
    except (
        ValueError
    ):  # not installed: the text is drawn in the next family of the list, or in the default
        return None


@lru_cache(256)
def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:12]
    except OSError:
        return "missing"
