"""A render as HTML, for notebooks: plain tags with styles of their own, and no scripts.

JupyterLab strips scripts, style sheets and SVG from the outputs of a notebook that is not trusted.
Colors work on light and on dark backgrounds. All texts are escaped.
"""

from __future__ import annotations

import html
from statistics import median

from ..data_url import data_url
from .render_state import RenderProgress, RenderSnapshot, WorkerRate
from .stats import SLOW_WORKER, label_of

#: Longer side of the picture of a frame, in pixels; shown at half of it, for screens of high density.
THUMBNAIL_SIDE = 480
#: Workers listed at most.
MAX_WORKERS = 12
#: Characters of a text that is shown, at most.
MAX_TEXT = 4000

_FAINT = "opacity: .7"
_PHASES = {
    "starting": ("waiting for workers", "#56B4E9"),
    "preparing": ("drawing what is shown more than once", "#56B4E9"),
    "drawing": ("drawing", "#0072B2"),
    "done": ("done", "#009E73"),
    "failed": ("failed", "#D55E00"),
    "cancelled": ("cancelled", "#999999"),
}


def render_html(snapshot: RenderSnapshot, picture: tuple[int, bytes] | None) -> str:
    """Return a render as HTML.

    Parameters
    ----------
    snapshot : RenderSnapshot
        What is known of it.
    picture : (int, bytes) or None
        Index of a frame that was drawn lately, and the frame as a JPEG file.
    """
    parts = [
        _title(snapshot),
        _bar(snapshot.progress),
        _line(progress_text(snapshot.progress)),
        _line(_counts(snapshot), _FAINT),
        _workers(snapshot.workers),
        _error(snapshot.error),
        _warnings(snapshot.warnings),
    ]
    shown = "" if picture is None else _picture(*picture)
    return (
        f'<div style="display: flex; flex-wrap: wrap; gap: 12px; max-width: 720px; font-size: 13px; '
        f'line-height: 1.5">{shown}<div style="flex: 1 1 280px; min-width: 240px">{"".join(parts)}</div>'
        f"</div>"
    )


def progress_text(progress: RenderProgress) -> str:
    """Return how far a render is, in words."""
    total = "" if progress.n_frames is None else f" of {progress.n_frames}"
    texts = [f"{progress.n_frames_encoded}{total} frames"]
    if progress.frames_per_second:
        texts.append(f"{progress.frames_per_second:.3g} per second")
    texts.append(_time(progress.seconds))
    if progress.seconds_left is not None and not progress.is_over:
        texts.append(f"about {_time(progress.seconds_left)} left")
    return ", ".join(texts)


def escaped(text: str) -> str:
    """Return a text as HTML, shortened if it is very long."""
    return html.escape(text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…")


def _title(snapshot: RenderSnapshot) -> str:
    text, color = _PHASES[snapshot.progress.phase]
    return (
        f'<div><b>{escaped(snapshot.name)}</b> <span style="color: white; background: {color}; '
        f'border-radius: 8px; padding: 0 8px; margin-left: 6px">{text}</span></div>'
    )


def _bar(progress: RenderProgress) -> str:
    """Return two bars on top of each other: what is drawn, paler, and what is encoded."""
    if not progress.n_frames:
        return ""
    color = _PHASES[progress.phase][1]
    drawn, encoded = (
        f"{100 * n / progress.n_frames:.1f}%"
        for n in (progress.n_frames_drawn, progress.n_frames_encoded)
    )
    return (
        f'<div style="position: relative; height: 10px; margin: 5px 0; border-radius: 5px; '
        f'overflow: hidden; background: rgba(128, 128, 128, .25)">'
        f'<div style="position: absolute; height: 100%; width: {drawn}; background: {color}; '
        f'opacity: .4"></div>'
        f'<div style="position: absolute; height: 100%; width: {encoded}; background: {color}"></div>'
        f"</div>"
    )


def _line(text: str, style: str = "") -> str:
    return f'<div style="{style}">{escaped(text)}</div>' if text else ""


def _counts(snapshot: RenderSnapshot) -> str:
    progress = snapshot.progress
    texts = []
    if progress.n_frames_drawn > progress.n_frames_encoded:
        texts.append(f"{progress.n_frames_drawn} drawn")
    if snapshot.n_frames_reused:
        texts.append(f"{snapshot.n_frames_reused} from the store")
    if snapshot.n_frames_blitted:
        texts.append(f"{snapshot.n_frames_blitted} drawn incrementally")
    return ", ".join(texts)


def _workers(workers: tuple[WorkerRate, ...]) -> str:
    """Return a table of the workers, the slowest ones first if there are many."""
    timed = [(worker, 1000 * worker.seconds / worker.n_frames) for worker in workers if worker.n_frames]
    if not timed:
        return ""
    usual = median(ms for _, ms in timed)
    timed.sort(key=lambda pair: -pair[1])
    rows = "".join(_worker(worker, ms, usual) for worker, ms in timed[:MAX_WORKERS])
    n_more = len(timed) - MAX_WORKERS
    more = _line(f"and {n_more} faster ones", _FAINT) if n_more > 0 else ""
    return f'<table style="margin: 6px 0; border: none">{rows}</table>{more}'


def _worker(worker: WorkerRate, ms: float, usual: float) -> str:
    slow = ' <b style="color: #D55E00">slow</b>' if ms > SLOW_WORKER * usual else ""
    cells = (
        escaped(label_of(worker.worker)),
        f"{worker.n_frames} frames",
        f"{ms:.3g} ms a frame{slow}",
    )
    style = 'style="padding: 0 14px 0 0; text-align: left; border: none"'
    row = "".join(f"<td {style}>{cell}</td>" for cell in cells)
    return f'<tr style="background: none">{row}</tr>'


def _error(error: str) -> str:
    if not error:
        return ""
    return (
        f'<div style="white-space: pre-wrap; overflow-wrap: anywhere; font-family: monospace; '
        f"margin: 6px 0; padding: 6px 10px; border-left: 3px solid #D55E00; "
        f'background: rgba(213, 94, 0, .1)">{escaped(error)}</div>'
    )


def _warnings(warnings: tuple[str, ...]) -> str:
    if not warnings:
        return ""
    items = "".join(f"<li>{escaped(text)}</li>" for text in warnings)
    word = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    return f"<details><summary>{word}</summary><ul>{items}</ul></details>"


def _picture(frame_idx: int, jpeg: bytes) -> str:
    url = data_url("image/jpeg", jpeg)
    return (
        f'<div style="flex: 0 1 {THUMBNAIL_SIDE // 2}px; min-width: 160px">'
        f'<img src="{url}" alt="frame {frame_idx}" style="display: block; '
        f'width: 100%; margin: 0; border: 1px solid rgba(128, 128, 128, .4)">'
        f'<div style="{_FAINT}">frame {frame_idx}</div></div>'
    )


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
