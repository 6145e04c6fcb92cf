"""The commands about files that exist already: ``encode``, ``join`` and ``probe``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..adapters import open_frames
from ..encoding import VideoInfo, as_destination, local_file, probe
from ..errors import OptionTypeError, ParamsError
from ..join import join
from ..write import write_video

#: What FFmpeg counts among the texts of an MP4 file.
_TECHNICAL = ("major_brand", "minor_version", "compatible_brands", "encoder")


def encode_store(store: str, output: str, fps: Any, options: dict[str, Any]) -> None:
    """Write the frames of a store, or of any zarr array of frames, to a video."""
    if "://" not in store and not Path(store).exists():
        raise click.UsageError(f"there is no store {store}")
    try:
        open_frames(store, None)
    except (ParamsError, OptionTypeError) as exc:
        raise click.UsageError(f"{store} holds no frames: {exc}") from exc
    write_video(store, output, fps, **options)


def join_files(files: tuple[str, ...], output: str) -> None:
    """Make one video of several."""
    click.echo(str(join(files, output)))


def show_file(file: str, *, as_json: bool) -> None:
    """Say what a video file is."""
    with local_file(as_destination(file, "FILE")) as path:
        info = probe(path)
    if as_json:
        click.echo(json.dumps({"path": file, "fps": _fps(info), **asdict(info)}, indent=2))
        return
    rows = [
        ("codec", f"{info.codec}, {info.pixel_format}{', transparent' if info.has_alpha else ''}"),
        ("container", info.container),
        ("size", f"{info.width} x {info.height}"),
        ("frames", str(info.n_frames)),
        ("keyframes", str(info.n_keyframes)),
        ("duration", f"{info.duration:.3f} s"),
        ("rate", f"{_fps(info):.5g} frames per second" if info.is_uniform else "varies"),
        ("file size", f"{info.file_size:,} bytes"),
        *(("chapter", f"{seconds:9.3f} s  {title}") for title, seconds in info.chapters),
        *((name, text) for name, text in info.metadata.items() if name not in _TECHNICAL),
    ]
    click.echo(file)
    for name, value in rows:
        click.echo(f"  {name:<12} {value}")


def _fps(info: VideoInfo) -> float:
    return info.n_frames / info.duration if info.duration else 0.0
