"""The report of a render: one file that holds everything and does nothing."""

import base64
import dataclasses
import io
import os
import platform
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from helpers import FrameNumber, read_numbers
from PIL import Image
from renders import made_up_stats

import dask_animate
from dask_animate import join
from dask_animate import report as reporting
from dask_animate.errors import OptionError, OptionTypeError, OutputError

HOSTILE = """<script>window.hit = 1</script><img src=x onerror="window.hit=1">&amp;'"$x^2$ {0} %s"""
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "h1", "p", "div", "b", "span"),
    *("section", "h2", "picture", "source", "img", "table", "tr", "th", "td", "i", "ul", "li", "footer"),
}


class Page(HTMLParser):
    """The elements and texts of a page."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(self.texts)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def images(self):
        """Return the images by their description, and the dark timeline."""
        found = {}
        for tag, attributes in self.elements:
            if tag in ("img", "source"):
                url = attributes.get("src") or attributes["srcset"]
                data = base64.b64decode(url.removeprefix("data:image/png;base64,"), validate=True)
                found[attributes.get("alt", "dark")] = np.asarray(Image.open(io.BytesIO(data)))
        return found

    def assert_is_harmless(self):
        assert {tag for tag, _ in self.elements} <= TAGS
        names = {name for _, attributes in self.elements for name in attributes}
        assert names <= {
            "lang",
            "charset",
            "name",
            "content",
            "class",
            "style",
            "media",
            "src",
            "srcset",
            "alt",
        }
        for _, attributes in self.elements:
            for name in {"src", "srcset"} & attributes.keys():
                assert attributes[name].startswith("data:image/png;base64,")
        styles = "".join(text for text in self.texts if "color-scheme" in text)
        assert not re.search(r"url\(|@import|https?:", styles)
        assert len(re.findall("#[0-9a-fA-F]{6}", styles)) > 10


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    return FrameNumber().make_video(folder / "a & b.mp4", range(20), 25, num_workers=1, partition_size=8)


def test_of_a_render(video, tmp_path):
    path = video.report(tmp_path / "new" / "a.html")
    assert path == tmp_path / "new" / "a.html"
    page = Page(path)
    page.assert_is_harmless()
    images = page.images()
    assert set(images) == {"dark", "The partitions of each process over time", "Frames of the video"}
    light, dark = images["The partitions of each process over time"], images["dark"]
    assert light[0, 0].tolist() == [255, 255, 255, 255]
    assert dark[0, 0].tolist() == [0x1A, 0x1E, 0x24, 255]
    for part in (
        "a & b.mp4",
        "20 frames at 25 per second, 0.80 s, 140 by 40 pixels, h264 (libx264)",
        "Timeline",
        "this process",
        platform.python_version(),
        "PyAV",
        dask_animate.__version__,
    ):
        assert part in page.text, part
    assert str(video.path.parent) not in page.text
    assert "Warnings" not in page.texts
    for name in ("load", "update", "draw", "convert"):
        assert name in page.texts


def runs(mask):
    """Return where a mask is True, as slices."""
    edges = np.flatnonzero(np.diff(np.pad(mask.astype(int), 1)))
    return [slice(first, last) for first, last in edges.reshape(-1, 2) if last - first > 20]


def test_shows_frames_of_the_file(video, tmp_path):
    """Whatever the colors of the page, frames have their own; the sheet has no background."""
    sheet = Page(video.report(tmp_path / "a.html")).images()["Frames of the video"]
    opaque = sheet[..., 3] == 255
    shown = [
        read_numbers(sheet[rows, columns, :3][2:-2, 2:-2])
        for rows in runs(opaque.mean(axis=1) > 0.8)
        for columns in runs(opaque[rows].mean(axis=0) > 0.8)
    ]
    assert shown == [(n, n) for n in (0, 2, 5, 7, 10, 12, 14, 17, 19)]


@pytest.mark.parametrize("encode_on", ["workers", "client"])
def test_of_a_cluster(tmp_path, client, encode_on):
    options = {"client": client, "partition_size": 5, "encode_on": encode_on}
    video = FrameNumber().make_video(
        tmp_path / "a.mp4", range(20), 25, store=tmp_path / "a.zarr", **options
    )
    page = Page(video.report(tmp_path / "a.HTM"))
    page.assert_is_harmless()
    drawn_by = {report.worker for report in video.stats.partitions}
    assert drawn_by <= set(page.texts)
    assert "store" in page.texts
    assert f"on {encode_on}: " in page.text


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".webm"])
def test_of_other_formats(tmp_path, suffix):
    video = FrameNumber().make_video(tmp_path / f"a{suffix}", range(5), 10, num_workers=1)
    page = Page(video.report(tmp_path / "a.html"))
    assert page.images()["Frames of the video"].shape[1] == 960


def test_of_joined_files(video, tmp_path):
    joined = join([video.path, video.path], tmp_path / "b.mp4")
    page = Page(joined.report(tmp_path / "b.html"))
    page.assert_is_harmless()
    assert set(page.images()) == {"Frames of the video"}
    assert "Timeline" not in page.texts
    assert "joined in" in page.texts
    assert "frames copied" in page.texts


def test_of_many_workers(video, tmp_path, monkeypatch):
    monkeypatch.setattr(reporting, "MAX_WORKERS", 5)
    many = dataclasses.replace(video, stats=made_up_stats(12, 300))
    page = Page(many.report(tmp_path / "a.html"))
    assert "The slowest 5 of 12." in page.texts
    assert sum(text.startswith("tcp://") for text in page.texts) == 5


def test_hostile_texts_are_shown_as_they_are(video, tmp_path):
    path = tmp_path / f"{HOSTILE.replace('/', '!')}.mp4"
    path.write_bytes(video.path.read_bytes())
    stats = made_up_stats(2, 8, worker=f"tcp://{HOSTILE.replace('{0}', '')}:{{}}", warnings=[HOSTILE])
    stats = dataclasses.replace(stats, scaling_reason=HOSTILE, encode_on_reason=HOSTILE)
    hostile = dataclasses.replace(video, path=path, stats=stats, codec=HOSTILE, encoder=HOSTILE)
    page = Page(hostile.report(tmp_path / "a.html"))
    page.assert_is_harmless()
    assert page.texts.count(path.name) == 1
    assert page.texts.count(f"Render of {path.name}") == 1
    assert page.texts.count(HOSTILE) == 2  # the warning, and who draws
    assert f"on workers: {HOSTILE}" in page.texts
    assert f"tcp://{HOSTILE.replace('{0}', '')}:40001" in page.texts


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text(video, tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.mp4"))
    path.write_bytes(video.path.read_bytes())
    page = Page(dataclasses.replace(video, path=path).report(tmp_path / "a.html"))
    assert "?.mp4" in page.texts


def test_paths_that_cannot_be(video, tmp_path):
    with pytest.raises(OptionTypeError, match="path must be a path, got 3"):
        video.report(3)
    with pytest.raises(OptionError, match=r"path must end in \.html or \.htm, got '.*a & b\.mp4'"):
        video.report(video.path)
    assert len(list(video.frames())) == 20
    with pytest.raises(OptionError, match=r"path must end in \.html or \.htm, got 'report'"):
        video.report("report")
    (tmp_path / "a.html").mkdir()
    with pytest.raises(OutputError, match=r"path is a directory: .*a\.html"):
        video.report(tmp_path / "a.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        video.report(tmp_path / "file" / "a.html")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.html", "file"]


def test_an_existing_file_stays_as_it_was(video, tmp_path):
    path = tmp_path / "a.html"
    path.write_text("mine")
    gone = dataclasses.replace(video, path=tmp_path / "gone.mp4")
    with pytest.raises(OutputError, match=r"cannot read .*gone\.mp4"):
        gone.report(path)
    assert path.read_text() == "mine"
    assert os.listdir(tmp_path) == ["a.html"]
    assert video.report(path) == path
    assert "a & b.mp4" in Page(path).texts
    assert os.listdir(tmp_path) == ["a.html"]


def test_leaves_matplotlib_as_it_was(video, tmp_path):
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    with mpl.rc_context({"figure.facecolor": "red", "text.color": "lime"}):
        before, open_before = dict(mpl.rcParams), plt.get_fignums()
        page = Page(video.report(tmp_path / "a.html"))
        assert dict(mpl.rcParams) == before
        assert plt.get_fignums() == open_before
    light = page.images()["The partitions of each process over time"]
    assert light[0, 0].tolist() == [255, 255, 255, 255]
