"""A render as one HTML file, to be sent to somebody who was not there."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, tostring

from dask.utils import format_bytes, format_time

from .data_url import data_url
from .diagnostics import PHASE_COLORS, PartitionReport, RenderStats, sizes_in_words, task_stream_png
from .drawing import IsolatedState
from .encoding import FrameReader, OutputFile, encoder_build, local_file, name_of, read_index
from .errors import OptionError, OutputError
from .inspection import make_sheet, sample_evenly

if TYPE_CHECKING:
    from .video import Video

#: Frames on the contact sheet, and its columns.
N_FRAMES, N_COLUMNS = 9, 3
#: Workers that are listed.
MAX_WORKERS = 100
#: The contact sheet has no background, and texts that can be read on a light one and on a dark one.
_ON_ANY = {"figure.facecolor": "none", "text.color": "#7c7c7c", "text.usetex": False}
_PACKAGES = ("dask_animate", "matplotlib", "numpy", "dask", "distributed", "zarr")

_STYLE = """
:root { color-scheme: light dark; --text: #1d2127; --faint: #5b6470; --page: #f4f5f7; --card: #ffffff;
        --line: #e1e4e8; --warn: #fff4de; --warn-line: #e69f00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e7ec; --faint: #a0a8b4; --page: #111418; --card: #1a1e24; --line: #2e343d;
          --warn: #33280f; --warn-line: #e69f00; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 28px 20px 48px; background: var(--page); color: var(--text);
       font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 1080px; margin: 0 auto; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 0 0 12px; }
p { margin: 0; }
.faint { color: var(--faint); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
          padding: 18px 20px; margin-top: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 12px;
         margin-top: 20px; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
             padding: 10px 14px; }
.tiles b { display: block; font-size: 21px; font-weight: 600; line-height: 1.3; }
.tiles span { color: var(--faint); font-size: 13px; }
.warnings { background: var(--warn); border-color: var(--warn-line); }
.warnings ul { margin: 0; padding-left: 20px; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 0 18px;
        align-items: start; }
.scroll { overflow-x: auto; }
.scroll img { display: block; width: 100%; min-width: 620px; margin-top: 10px; }
.sheet { display: block; width: 100%; max-width: 960px; margin: 0 auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 5px 10px 5px 0; overflow-wrap: anywhere;
         border-top: 1px solid var(--line); }
tr:first-child > * { border-top: 0; }
th { font-weight: 500; color: var(--faint); overflow-wrap: normal; }
th span { white-space: nowrap; }
.long th { overflow-wrap: anywhere; }
.long { max-height: 420px; overflow-y: auto; }
td.number, th.number { text-align: right; padding: 5px 0 5px 10px; white-space: nowrap; }
i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 8px;
    print-color-adjust: exact; -webkit-print-color-adjust: exact; }
footer { margin-top: 18px; font-size: 13px; }
@media (max-width: 480px) {
  body { padding: 18px 12px 32px; font-size: 14px; }
  section { padding: 14px; } .pair { grid-template-columns: minmax(0, 1fr); }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; } .tiles b { font-size: 18px; } }
@media print {
  :root { color-scheme: light; --text: #000; --faint: #444; --page: #fff; --card: #fff; --line: #ccc;
          --warn: #fff; }
  body { padding: 0; font-size: 11px; } table { font-size: 10px; }
  section, .tiles div { break-inside: avoid; }
  .scroll, .long { overflow: visible; max-height: none; } .scroll img { min-width: 0; } }
"""

Child = str | Element


def write_report(video: Video, path: str | os.PathLike[str]) -> Path:
    """Write a report on a video; see `Video.report`."""
    with OutputFile(path, "path") as file:
        if file.path.suffix.lower() not in (".html", ".htm"):
            raise OptionError(f"path must end in .html or .htm, got {str(path)!r}")
        page = "<!DOCTYPE html>\n" + tostring(_page(video), encoding="unicode", method="html")
        # Names of files may hold bytes that are no text.
        try:
            file.temporary.write_bytes(page.encode("utf-8", "replace"))
        except OSError as exc:
            raise OutputError(f"cannot write {file.path}: {exc.strerror or exc}") from exc
        file.commit()
    return file.path


def _page(video: Video) -> Element:
    stats = video.stats
    body = [
        _node("header", _node("h1", name_of(video.path).name), _node("p", _facts(video), css="faint")),
        _tiles(video),
        *_warnings(stats.warnings),
        *_task_stream(stats),
        _section("Frames", _contact_sheet(video)),
        _node(
            "div",
            _section("Numbers", _table(_numbers(stats))),
            _section("Versions", _table(_versions())),
            css="pair",
        ),
        _node("footer", f"Written by dask_animate, {_date(time.time())}.", css="faint"),
    ]
    viewport = {"name": "viewport", "content": "width=device-width, initial-scale=1"}
    head = _node(
        "head",
        Element("meta", charset="utf-8"),
        Element("meta", viewport),
        _node("title", f"Render of {name_of(video.path).name}"),
        _node("style", _STYLE),
    )
    page = _node("html", head, _node("body", _node("main", *body)))
    page.set("lang", "en")
    return page


def _facts(video: Video) -> str:
    return (
        f"{video.n_frames:,} frames at {float(video.fps):.5g} per second, {video.duration:.2f} s, "
        f"{video.width} by {video.height} pixels, {video.codec} ({video.encoder}), "
        f"{format_bytes(video.stats.file_size)}"
    )


def _tiles(video: Video) -> Element:
    stats = video.stats
    verb = "joined" if stats.n_frames_copied else "rendered"
    tiles = [
        (format_time(stats.wall_seconds), f"{verb} in"),
        (f"{stats.frames_per_second:,.3g}", "frames per second"),
        (f"{stats.n_partitions:,}", "files" if stats.n_frames_copied else "partitions"),
    ]
    if not stats.n_frames_copied:
        n_workers = len({report.worker for report in stats.partitions})
        tiles.append((f"{n_workers:,}", "processes that drew"))
        tiles.append((f"{stats.n_frames_blitted:,}", "frames drawn incrementally"))
    if stats.n_frames_reused:
        tiles.append((f"{stats.n_frames_reused:,}", "frames from the store"))
    if stats.n_frames_skipped:
        tiles.append((f"{stats.n_frames_skipped:,}", "frames that could not be drawn"))
    return _node(
        "div", *(_node("div", _node("b", n), _node("span", text)) for n, text in tiles), css="tiles"
    )


def _warnings(messages: Sequence[str]) -> list[Element]:
    if not messages:
        return []
    section = _section("Warnings", _node("ul", *(_node("li", message) for message in messages)))
    section.set("class", "warnings")
    return [section]


def _task_stream(stats: RenderStats) -> list[Element]:
    if not stats.partitions:
        return []
    light, dark = (data_url("image/png", task_stream_png(stats, dark=dark)) for dark in (False, True))
    picture = _node(
        "picture",
        Element("source", media="(prefers-color-scheme: dark)", srcset=dark),
        Element("img", src=light, alt="The partitions of each process over time"),
    )
    caption = (
        "Each bar is a partition of frames, in the row of the process that drew it, or encoded it. "
        "Colors show what its time went into, added up."
    )
    return [
        _section("Timeline", _node("p", caption, css="faint"), _node("div", picture, css="scroll")),
        _node(
            "div",
            _section("What time went into", _phases(stats)),
            _section("Who drew", _workers(stats.partitions)),
            css="pair",
        ),
    ]


def _phases(stats: RenderStats) -> Element:
    phases = [report.phases for report in (*stats.partitions, *stats.encoded_here)]
    sums = {name: sum(seconds[name] for seconds in phases) for name in PHASE_COLORS}
    total, n_frames = sum(sums.values()), sum(report.n_frames for report in stats.partitions)
    rows = [
        (
            _node("span", _swatch(PHASE_COLORS[name]), name),
            format_time(seconds),
            f"{100 * seconds / total:.1f} %",
            _milliseconds(seconds / n_frames),
        )
        for name, seconds in sums.items()
        if seconds > 0
    ]
    return _table(rows, ("phase", "all processes", "share", "a frame"))


def _workers(partitions: Sequence[PartitionReport]) -> Element:
    sums: dict[str, tuple[int, int, float]] = {}
    for report in partitions:
        n_partitions, n_frames, seconds = sums.get(report.worker, (0, 0, 0.0))
        sums[report.worker] = n_partitions + 1, n_frames + report.n_frames, seconds + report.seconds
    slowest = sorted(sums.items(), key=lambda item: -item[1][2] / max(1, item[1][1]))
    rows = [
        (
            worker or "this process",
            f"{n_partitions:,}",
            f"{n_frames:,}",
            _milliseconds(s / max(1, n_frames)),
        )
        for worker, (n_partitions, n_frames, s) in slowest[:MAX_WORKERS]
    ]
    table = _table(rows, ("process", "partitions", "frames", "a frame"))
    children = [_node("div", table, css="long")]
    if len(slowest) > MAX_WORKERS:
        note = f"The slowest {MAX_WORKERS} of {len(slowest):,}."
        children.append(_node("p", note, css="faint"))
    return _node("div", *children)


def _contact_sheet(video: Video) -> Element:
    with local_file(video.path) as path:
        index = read_index(path)
        reader = FrameReader(path, index)
        chosen = [idx for idx, _ in sample_evenly(range(index.n_frames), N_FRAMES, index.n_frames)]
        frames = [reader.read(idx) for idx in chosen]
    with IsolatedState(_ON_ANY).active():
        sheet = make_sheet(chosen, frames, n_columns=min(N_COLUMNS, len(frames)))
    image = Element("img", src=data_url("image/png", sheet._repr_png_()), alt="Frames of the video")
    image.set("class", "sheet")
    return image


def _numbers(stats: RenderStats) -> list[tuple[Child, ...]]:
    sizes = sizes_in_words(stats.partition_sizes)
    rows = [
        ("asked for", _date(stats.began)),
        ("wall time", format_time(stats.wall_seconds)),
        ("partitions", f"{stats.n_partitions:,}, of {sizes} frames"),
        ("all phases but setup, convert, encode", format_time(stats.render_seconds)),
        ("compare, part of that", format_time(stats.compare_seconds)),
        ("convert and encode", format_time(stats.encode_seconds)),
        ("encoded", f"on {stats.encode_on}: {stats.encode_on_reason}"),
        ("joining packets", format_time(stats.mux_seconds)),
        ("received from workers", format_bytes(stats.n_bytes_received)),
        ("waiting for that", format_time(stats.wait_seconds)),
        ("size of the file", format_bytes(stats.file_size)),
    ]
    counts = {
        "frames drawn": stats.n_frames_rendered,
        "of them incrementally": stats.n_frames_blitted,
        "of these compared": stats.n_frames_compared,
        "frames from the store": stats.n_frames_reused,
        "frames that could not be drawn": stats.n_frames_skipped,
        "times that a frame was drawn again": stats.n_retries,
        "frames copied": stats.n_frames_copied,
        "workers": stats.n_workers,
        "frames of this process": stats.n_frames_here,
    }
    rows[2:2] = [(name, f"{n:,}") for name, n in counts.items() if n]
    if stats.scaling_reason:
        rows.append(("who draws, and why", stats.scaling_reason))
    if stats.scaling_seconds is not None:
        rows.append(("cluster ready after", format_time(stats.scaling_seconds)))
    return [*rows]


def _versions() -> list[tuple[Child, ...]]:
    rows = [("Python", platform.python_version())]
    rows += [(name, metadata.version(name)) for name in _PACKAGES]
    rows += [("encoding", encoder_build()), ("platform", platform.platform())]
    return [*rows]


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.2f} ms"


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(seconds))


def _section(title: str, *children: Child) -> Element:
    return _node("section", _node("h2", title), *children)


def _table(rows: Iterable[Sequence[Child]], heads: Sequence[str] = ()) -> Element:
    """Return a table whose rows begin with a name, and, if it has heads, go on with numbers."""
    css = "number" if heads else ""
    table = _node("table")
    if heads:
        table.append(
            _node("tr", _node("th", heads[0]), *(_node("th", head, css=css) for head in heads[1:]))
        )
    for name, *cells in rows:
        table.append(_node("tr", _node("th", name), *(_node("td", cell, css=css) for cell in cells)))
    return table


def _swatch(color: str) -> Element:
    return Element("i", style=f"background: {color}")


def _node(tag: str, *children: Child, css: str = "") -> Element:
    """Return an element. Texts in it are escaped when it is written."""
    element = Element(tag)
    if css:
        element.set("class", css)
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            element.append(child)
            last = child
        elif last is None:
            element.text = (element.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return element
