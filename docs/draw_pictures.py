"""Draws the pictures of docs/architecture.md: ``python docs/draw_pictures.py``.

``folders.svg`` shows the layers that pyproject.toml names and the imports that the code has;
``frame.svg`` is drawn by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).parents[1]
#: What each folder, or module beside the folders, alone knows.
KNOWS = {
    "__main__": "python -m dask_animate",
    "cli": "the program dask-animate: arguments, exit codes, signals",
    "clips": "time and space: what is shown when, what is drawn once",
    "xarray": "labelled data: panels, titles, limits of all frames",
    "animator": "what users derive from",
    "frame_source": "what users derive from without matplotlib",
    "renderable": "make_video, frames, frame, preview, check",
    "sources": "ready frame sources: image files, video files",
    "function_animator": "animators made of functions",
    "saving": "what users call with matplotlib's animations",
    "write": "what users call with frames that exist already",
    "join": "what users call with files that fit together",
    "matplotlib": "the writer of matplotlib's animations",
    "render": "a render in the background",
    "render_run": "one run, watched and ended",
    "render_request": "one call: options checked",
    "inspection": "looking first: contact sheet, slider, determinism check",
    "adapters": "finished frames and matplotlib's animations, as sources",
    "execution": "Dask: plan, executors, tasks, lost workers, pools, lazy arrays",
    "video": "the finished file, and how it shows itself",
    "report": "a render on one page, to be sent",
    "rendering": "one render in one process",
    "dashboard": "the scheduler's dashboard: its page of renders",
    "diagnostics": "events, progress, statistics, task stream",
    "encoding": "PyAV: codecs, segments, muxing, the output file",
    "drawing": "a figure made ready and drawn; isolated global state",
    "blitting": "what changed between two frames; private matplotlib",
    "params": "parameters of any kind, as partitions",
    "storage": "zarr: finished frames, kept and found again",
    "provenance": "what a frame was made from, as a token",
}
#: What everything else may import, so that its arrows say nothing.
BASE = {
    *("data_url", "docstrings", "errors", "file_lock", "frames", "memory", "recent", "util"),
    *("validation", "video_options"),
}
COLORS = ("#4477aa", "#ee6677", "#228833", "#aa8822", "#66aacc", "#aa3377")
STYLE = (
    "text{font:14px system-ui,sans-serif;fill:#222}.name{font-weight:600}"
    ".small{font-size:12px;fill:#555}.end{text-anchor:end}"
)


def layers() -> list[list[str]]:
    """Return the layers of the contract in pyproject.toml, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    contract = next(contract for contract in contracts if contract["type"] == "layers")
    return [layer.split(" | ") for layer in contract["layers"]]


def imports() -> set[tuple[str, str]]:
    """Return which folder imports which, without those that go round by a third."""
    graph = grimp.build_graph("dask_animate", exclude_type_checking_imports=True, cache_dir=None)
    names = {module: module.split(".")[1] for module in graph.modules if "." in module}
    arrows = {
        (names[module], names[other])
        for module in names
        for other in graph.find_modules_directly_imported_by(module)
        if other in names and names[module] != names[other] and names[other] not in BASE
    }
    return {arrow for arrow in arrows if arrow[1] not in _reached(arrow[0], arrows - {arrow})}


def _reached(start: str, arrows: Iterable[tuple[str, str]]) -> set[str]:
    reached, new = set(), {start}
    while new:
        new = {other for name, other in arrows if name in new} - reached
        reached |= new
    return reached


def folders() -> str:
    """Draw the folders in layers, an arc for each import."""
    row, left, middle = 30, 188, 610
    parts, places, y = [], {}, 14
    base = sorted(BASE.intersection(name for layer in layers() for name in layer))
    for number, layer in enumerate(names for names in layers() if not BASE.issuperset(names)):
        parts.append(_box(8, y, middle - 8, row * len(layer), "#f1f5f9" if number % 2 else "#e3eaf2"))
        for name in layer:
            is_folder = (ROOT / "dask_animate" / name).is_dir()
            places[name] = y + row / 2
            parts.append(_text(18, y + 20, name + ("/" if is_folder else ".py"), "name"))
            parts.append(_text(left, y + 20, KNOWS[name]))
            y += row
        y += 4
    parts.append(_box(8, y, middle - 8, row, "#f7f3e8"))
    parts.append(_text(18, y + 20, ", ".join(base), "name"))
    order = sorted(places, key=places.__getitem__)
    for upper, lower in sorted(imports(), key=lambda arrow: [places[name] for name in arrow]):
        start, end = places[upper] + 4, places[lower] - 4
        color = COLORS[order.index(upper) % len(COLORS)]
        reach = middle + 14 + 12 * (order.index(lower) - order.index(upper))
        parts.append(
            f'<path d="M{middle + 2} {start}C{reach} {start} {reach} {end} {middle + 10} {end}" '
            f'fill="none" stroke="{color}" stroke-width="1.8"/>'
            f'<path d="M{middle + 3} {end}l8 -4v8z" fill="{color}"/>'
        )
    return _svg(740, y + row + 14, parts)


def frame() -> str:
    """Draw the road of a frame, from its parameters to the file."""
    here, worker = "#e3eaf2", "#e6f2e6"
    parts = [
        _box(10, 10, 780, 92, here),
        _text(780, 30, "the process that you work in", "small end"),
        _box(10, 140, 780, 150, worker),
        _text(780, 160, "each worker: one task for each partition", "small end"),
        _box(10, 328, 780, 92, here),
        _text(780, 348, "the process that you work in", "small end"),
        *_step(30, 40, "param_by_frame", "any sequence or array"),
        *_step(222, 40, "partition", "params/, execution/"),
        _arrow((190, 64), (222, 64)),
        _arrow((302, 88), (302, 121), (110, 121), (110, 172)),
        _text(312, 125, "parameters, or where to read them", "small"),
        *_step(30, 172, "load", "params/"),
        *_step(222, 172, "update()", "drawing/"),
        *_step(414, 172, "draw", "drawing/, blitting/"),
        *_step(606, 172, "encode", "encoding/"),
        *_step(414, 236, "keep, if asked to", "storage/"),
        _arrow((190, 196), (222, 196)),
        _arrow((382, 196), (414, 196)),
        _arrow((574, 196), (606, 196)),
        _arrow((494, 220), (494, 236)),
        _arrow((686, 220), (686, 309), (110, 309), (110, 360)),
        _text(120, 305, "a segment: the encoded packets of the partition", "small"),
        *_step(30, 360, "ordered gather", "execution/"),
        *_step(222, 360, "mux", "encoding/"),
        *_step(414, 360, "Video", "the file is complete"),
        _arrow((190, 384), (222, 384)),
        _arrow((382, 384), (414, 384)),
    ]
    return _svg(800, 430, parts)


def _step(x: float, y: float, name: str, where: str) -> list[str]:
    return [
        _box(x, y, 160, 48, "#fff"),
        _text(x + 12, y + 20, name, "name"),
        _text(x + 12, y + 38, where, "small"),
    ]


def _arrow(*points: tuple[float, float]) -> str:
    x, y = points[-1]
    head = f"M{x} {y}l-8 -4v8z" if points[-2][1] == y else f"M{x} {y}l-4 -8h8z"
    line = "L".join(f"{x} {y}" for x, y in points)
    return (
        f'<path d="M{line}" fill="none" stroke="#777" stroke-width="1.8"/><path d="{head}" fill="#777"/>'
    )


def _box(x: float, y: float, width: float, height: float, color: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" fill="{color}"/>'


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{escape(text)}</text>'


def _svg(width: int, height: int, parts: list[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">\n<style>{STYLE}</style>\n'
        f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>\n{body}\n</svg>\n'
    )


PICTURES = {"folders.svg": folders, "frame.svg": frame}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (ROOT / "docs" / name).write_text(draw())
