"""The widgets of an explorer: the picture, what is known of it, and the controls."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from ..rendering import Picture
from .frame_browser import FrameBrowser

#: Pixels that the controls take at least, if there is room.
MIN_WIDTH = 480

_CAPTION = '<div style="line-height: 1.5; overflow-wrap: anywhere">{}</div>'
#: As large as the picture before, lest the slider moves away below the mouse.
_ERROR = (
    '<pre style="{size}; overflow: auto; box-sizing: border-box; margin: 0; padding: 0.5em; '
    "white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere; line-height: 1.3; "
    'border-left: 4px solid #d55e00">{text}</pre>'
)


class ExplorerView:
    """Shows what a `FrameBrowser` shows. Belongs to one thread, but for what the widgets call.

    Parameters
    ----------
    n_frames : int
        Number of frames.
    fps : float
        Frames per second of playing.
    frame_idx : int
        Index of the frame that is looked at.
    look : callable
        Called with the index of another one, in whichever thread handles the messages of widgets.
    """

    def __init__(self, n_frames: int, fps: float, frame_idx: int, look: Callable[[int], None]) -> None:
        last = n_frames - 1
        self._shown: Picture | None = None
        self._size = "max-height: 24em"  # of an error
        # In its own size, unless there is less room.
        size = {"max_width": "100%", "object_fit": "contain", "align_self": "flex-start"}
        self._image = ipywidgets.Image(format="png", layout=size)
        self._error = ipywidgets.HTML(layout={"display": "none"})
        self._caption = ipywidgets.HTML()
        self._slider = ipywidgets.IntSlider(
            value=frame_idx, max=last, layout={"flex": "1 1 auto", "width": "auto", "min_width": "8em"}
        )
        play = ipywidgets.Play(
            value=frame_idx, max=last, interval=max(1, round(1000 / fps)), show_repeat=True
        )
        # In the browser, so that no message has to come here and back.
        self._link = ipywidgets.jslink((play, "value"), (self._slider, "value"))
        back = _button("step-backward", "The frame before")
        forth = _button("step-forward", "The next frame")
        self._controls = (play, back, forth, self._slider)
        self._slider.observe(lambda change: look(int(change["new"])), "value")
        back.on_click(lambda button: self._step(-1))
        forth.on_click(lambda button: self._step(1))
        row = ipywidgets.HBox(self._controls, layout={"align_items": "center", "flex_flow": "row wrap"})
        if n_frames == 1:
            row.layout.display = "none"  # a slider needs two positions
        self._box = ipywidgets.VBox([self._image, self._error, row, self._caption])

    def bundle(self) -> dict[str, Any]:
        """Return what a notebook displays."""
        bundle: dict[str, Any] = self._box._repr_mimebundle_()
        return bundle

    def update(self, browser: FrameBrowser, store_fault: str | None) -> None:
        """Show what is to be shown now."""
        picture = browser.shown
        if picture is not None and picture is not self._shown:
            self._shown = picture
            if picture.error is None:
                width, height = picture.size
                self._image.value = picture.png
                self._box.layout.max_width = f"{max(width, MIN_WIDTH)}px"
                self._size = f"max-width: {width}px; aspect-ratio: {width} / {height}"
            else:
                self._error.value = _ERROR.format(size=self._size, text=escape(picture.error))
            self._image.layout.display = None if picture.error is None else "none"
            self._error.layout.display = "none" if picture.error is None else None
        self._caption.value = _CAPTION.format(_told(browser, store_fault))

    def move_to(self, frame_idx: int) -> None:
        """Move the slider, which users move themselves but for this."""
        self._slider.value = frame_idx

    def freeze(self) -> None:
        """Leave what is shown, without controls that would do nothing."""
        self._link.unlink()
        for control in self._controls:
            control.disabled = True
        self._caption.value += "<i>Closed: run the cell again to go on.</i>"

    def _step(self, n: int) -> None:
        self._slider.value += n


def _button(icon: str, tooltip: str) -> Any:
    return ipywidgets.Button(icon=icon, tooltip=tooltip, layout={"width": "2.5em"})


def _told(browser: FrameBrowser, store_fault: str | None) -> str:
    """Return what is known of the picture that is shown, as HTML."""
    picture = browser.shown
    parts = []
    if picture is not None:
        parts.append(f"<b>Frame {picture.frame_idx}</b>")
        if picture.params:
            parts.append(f"<code>{escape(picture.params)}</code>")
        if picture.error is None:
            parts.append(escape(_origin(picture, was_kept=browser.was_kept)))
    if browser.is_drawing:
        parts.append(f"<i>frame {browser.frame_idx} is being drawn …</i>")
    notes = [picture.fault if picture is not None else None]
    notes.append(store_fault and f"Nothing is written to the store: {store_fault}")
    small = "".join(f"<br><small>{escape(note)}</small>" for note in notes if note)
    return " &nbsp;·&nbsp; ".join(parts) + small


def _origin(picture: Picture, *, was_kept: bool) -> str:
    milliseconds = f"{1000 * picture.seconds:.0f} ms"
    if picture.origin == "store":
        text = f"from the store, {milliseconds}"
    else:
        text = f"drawn {'before' if was_kept else 'now'}, {milliseconds}"
    return f"{text}, on {picture.worker}" if picture.worker else text
