"""The site that Sphinx builds of these pages, the notebooks, the examples and the docstrings.

``sphinx-build -W --keep-going -b html docs docs/_build/html`` builds it; with ``-D plot_gallery=0``, the
examples do not run. ``sphinx-build -b linkcheck docs docs/_build/links`` tries the links to other sites.

Pages are written for GitHub: links between them are paths in the repository. A page that begins with
``<!-- shown here: ../README.md -->`` shows that file on the site; links to the file lead to the page.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS))  # show_videos, which sphinx-gallery imports

project = "dask_animate"
author = copyright = "dask_animate developers"
release = version = metadata.version("dask_animate")

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/*.ipynb"]
templates_path = ["templates"]
default_role = "py:obj"

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = False
html_sidebars = {"index": [], "changelog": [], "benchmarks": [], "architecture": []}
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}

# Markdown as GitHub reads it: links to headings by their names, no syntax of MyST but fences of colons.
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
# Outputs of notebooks are those that docs/run_notebooks.py has kept.
nb_execution_mode = "off"

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # numpydoc's sections say the types
numpydoc_show_class_members = False  # the template autosummary/class.rst shows them

sphinx_gallery_conf = {
    "examples_dirs": str(ROOT / "examples"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"/hpc/",
    "image_scrapers": ("show_videos.show",),
    "reset_modules": ("matplotlib", "show_videos.begin"),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "notebook_extensions": set(),  # scripts know where they are, notebooks do not
    "show_signature": False,
    "write_computation_times": False,
}

#: Where the site shows files that lie elsewhere: {their paths in the repository: those in this folder}.
SHOWN = {
    (DOCS / found[1]).resolve(): page
    for page in DOCS.glob("*.md")
    if (found := re.match(r"<!-- shown here: (\S+) -->\n", page.read_text()))
}
NOTEBOOKS = {path: DOCS / "tutorial" / path.name for path in ROOT.glob("notebooks/*.ipynb")}
GALLERY = {path: DOCS / "gallery" / f"{path.stem}.rst" for path in ROOT.glob("examples/*.py")}


def on_site(link: str, folder: Path, page: Path) -> str:
    """Return where a link leads on a page of the site, if it stands in a file in a folder."""
    path, hash_, anchor = link.partition("#")
    target = (folder / path).resolve()
    if not path or "://" in path or not target.is_file():
        return link
    target = (SHOWN | NOTEBOOKS | GALLERY).get(target, target)
    return os.path.relpath(target, page.parent) + hash_ + anchor


def show(app: Any, name: str, source: list[str]) -> None:
    """Put the file that a page shows in its place, and make its links those of the site."""
    page = Path(app.env.doc2path(name))
    places = {shown: place for place, shown in (SHOWN | NOTEBOOKS).items()}
    place = places.get(page, page)
    if page in SHOWN.values():
        app.env.note_dependency(str(place))
        rest = source[0].partition("<!-- until here -->")[2]
        source[0] = place.read_text() + rest
    if page.parent.name == "gallery":  # examples print where their videos are
        source[0] = source[0].replace(f"{ROOT}{os.sep}", "")
    if page.suffix != ".rst":
        source[0] = re.sub(
            r"(?<=\]\()[^)\s]+(?=\))", lambda link: on_site(link[0], place.parent, page), source[0]
        )


def copy_notebooks(*_: object) -> None:
    """Copy the notebooks to where Sphinx finds them."""
    for path, copy in NOTEBOOKS.items():
        copy.parent.mkdir(exist_ok=True)
        if not copy.exists() or copy.stat().st_mtime < path.stat().st_mtime:
            shutil.copy2(path, copy)


def copy_videos(app: Any, error: Exception | None) -> None:
    """Copy the videos of the gallery to where its pages look for them."""
    videos = DOCS / "gallery" / "videos"
    if error is None and app.builder.format == "html" and videos.is_dir():  # not with -D plot_gallery=0
        shutil.copytree(videos, Path(app.outdir) / "gallery" / "videos", dirs_exist_ok=True)


def setup(app: Any) -> None:
    app.connect("config-inited", copy_notebooks)
    app.connect("source-read", show)
    app.connect("build-finished", copy_videos)
