"""The files that the page is made of, as text that travels with the plugin."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class StaticFiles:
    """The files that the page is made of.

    They travel, since a scheduler may lack this package, or have it in another version.

    Attributes
    ----------
    html, css, script : str
        The page, its style, and what draws it from the JSON that it asks for.
    navigation : str
        The template of a page that has the navigation of the dashboard, with the former in it.
    """

    html: str
    css: str
    script: str
    navigation: str

    @classmethod
    def read(cls) -> StaticFiles:
        """Read them from the folder ``static`` beside this file."""
        folder = files(__package__) / "static"
        names = ("animate.html", "animate.css", "animate.js", "navigation.html")
        return cls(*(folder.joinpath(name).read_text("utf-8") for name in names))
