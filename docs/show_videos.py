"""What sphinx-gallery shows of an example: the files that it has written to examples/output/."""

from __future__ import annotations

import builtins
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from dask_animate.sources import VideoFile

OUTPUT = Path(__file__).parents[1] / "examples" / "output"
#: Where conf.py takes them from.
VIDEOS = Path(__file__).parent / "gallery" / "videos"
#: Suffixes that browsers show, and how; of others there is only a link.
TAGS = {
    **dict.fromkeys((".apng", ".gif", ".png", ".webp"), '<img src="videos/{}" alt="" loading="lazy">'),
    **dict.fromkeys(
        (".mp4", ".webm"), '<video src="videos/{}" controls loop muted playsinline></video>'
    ),
}
#: When each file in OUTPUT was written, as far as it is known.
known: dict[Path, int] = {}


def begin(gallery_conf: Any, path: str) -> None:
    """Note which files there are before an example, and set ``__file__``, which sphinx-gallery lacks."""
    builtins.__file__ = path
    changed()


def changed() -> list[Path]:
    """Return the files that were written since this was asked before."""
    now = {path: path.stat().st_mtime_ns for path in sorted(OUTPUT.glob("*.*"))}
    new = [path for path, written in now.items() if known.get(path) != written]
    known.update(now)
    return new


def show(block: Any, block_vars: dict[str, Any], gallery_conf: Any) -> str:
    """Return the reST that shows what an example has written."""
    new = changed()
    if not new:
        return ""
    VIDEOS.mkdir(parents=True, exist_ok=True)
    html = ""
    for path in new:
        shutil.copy2(path, VIDEOS)
        tag = TAGS.get(path.suffix, "").format(path.name)
        caption = f'<figcaption><a href="videos/{path.name}">{path.name}</a></figcaption>'
        html += f"    <figure>{tag}{caption}</figure>\n"
    source = VideoFile(new[0])
    frame = source.frame(source.n_frames // 2)
    Image.fromarray(frame).save(next(block_vars["image_path_iterator"]))  # becomes the thumbnail
    return f".. raw:: html\n\n{html}"
