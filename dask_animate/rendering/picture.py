"""Pictures: single frames as PNG, drawn or found in a store, with what is told of them."""

from __future__ import annotations

import io
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..validation import in_short
from .renderer import Renderer
from .task_output import Block, TaskSpec

if TYPE_CHECKING:
    from ..storage import FrameCache

#: zlib's level. Higher ones take twice the time, and save a tenth of the bytes.
COMPRESS_LEVEL = 1


@dataclass(frozen=True)
class PictureTask:
    """What a process has to know, besides the figure, to make pictures.

    Attributes
    ----------
    alpha : bool
        Whether pictures have an alpha channel.
    cache : FrameCache or None
        Where frames may be found.
    """

    alpha: bool = False
    cache: FrameCache | None = None


@dataclass(frozen=True, repr=False)
class Picture:
    """A frame as it is shown; a notebook shows it as an image.

    Attributes
    ----------
    frame_idx : int
        Its index.
    png : bytes
        The image; empty if it could not be drawn.
    params : str
        Its parameters, shortened.
    origin : {"drawn", "store"}
        Where it comes from.
    seconds : float
        Time that it took to draw it, or to find it.
    worker : str
        Address of the worker that made it, or "" for this process.
    token : bytes or None
        Of what it was drawn from, to be kept with it; None if it is not to be kept.
    fault : str or None
        What was wrong with how it was drawn, or why the next render cannot find it.
    error : str or None
        Why it could not be drawn: the message, and the traceback of the caller's code. As text, since a
        traceback keeps alive what the functions in it have in hand.
    """

    frame_idx: int
    png: bytes
    params: str = ""
    origin: str = "drawn"
    seconds: float = 0.0
    worker: str = ""
    token: bytes | None = None
    fault: str | None = None
    error: str | None = None

    @classmethod
    def failed(cls, frame_idx: int, exc: Exception) -> Picture:
        """Return what there is of a frame that could not be drawn."""
        cause = exc.__cause__ or exc
        text = "".join(traceback.format_exception(cause))
        return cls(frame_idx, b"", error=f"{exc}\n\n{text}")

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<Picture: frame {self.frame_idx} cannot be drawn: {self.error.splitlines()[0]}>"
        how = "found in the store" if self.origin == "store" else "drawn"
        width, height = self.size
        return f"<Picture: frame {self.frame_idx}, {width} by {height} pixels, {how}>"

    def _repr_png_(self) -> bytes | None:
        return self.png or None

    @property
    def n_bytes(self) -> int:
        """Its size in bytes."""
        return len(self.png) + len(self.error or "")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as every PNG says at this place."""
        return int.from_bytes(self.png[16:20]), int.from_bytes(self.png[20:24])

    def pixels(self) -> NDArray[np.uint8]:
        """Return the pixels, (height, width, 3 or 4) uint8; yours."""
        from PIL import Image

        with Image.open(io.BytesIO(self.png)) as image:
            return np.array(image)


def make_picture(renderer: Renderer, frame_idx: int, params: Any, task: PictureTask) -> Picture:
    """Draw a frame in this process, or find it in the store.

    Raises
    ------
    FrameError
        If it cannot be drawn.
    """
    start = time.perf_counter()
    shown, tokens, token = _described(params), None, None
    if task.cache is not None:
        from ..storage import FrameTokens

        tokens = FrameTokens(task.cache.token, renderer.environment(), renderer.fonts())
        token = tokens.known(frame_idx, params)
        found = None if token is None else task.cache.store.find(frame_idx, token)
        if found is not None:
            return Picture(frame_idx, _png(found), shown, "store", time.perf_counter() - start)
    output = renderer.render(TaskSpec(alpha=task.alpha), frame_idx, [(frame_idx, params)], 1)
    assert isinstance(output.payload, Block)
    fault = output.report.redraw_fault
    if tokens is not None:
        if tokens.became_unknown(renderer.environment()):
            token = None
        fault = fault or tokens.unknown
    png = _png(output.payload.pixels[0])
    seconds = time.perf_counter() - start
    return Picture(frame_idx, png, shown, seconds=seconds, token=token, fault=fault)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG", compress_level=COMPRESS_LEVEL)
    return png.getvalue()


def _described(params: Any) -> str:
    """Return the parameters of a frame on one line; of arrays, their type and shape."""
    if getattr(params, "shape", ()) and hasattr(params, "dtype"):
        name = f" {params.name!r}" if isinstance(getattr(params, "name", None), str) else ""
        return f"{type(params).__name__}{name} {params.dtype} {tuple(params.shape)}"
    if isinstance(params, np.generic):
        params = params.item()
    return " ".join(in_short(params).split())
