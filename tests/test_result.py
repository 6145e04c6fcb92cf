import base64
import contextlib
import dataclasses
import io
import re
from fractions import Fraction
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from helpers import FrameNumber, read_numbers

from dask_animate import Video, write_video
from dask_animate import video as result
from dask_animate.errors import OutputError


@pytest.fixture
def video(tmp_path):
    return FrameNumber().make_video(tmp_path / "a & b.mp4", range(10), 25, num_workers=1)


def test_fields(video):
    assert isinstance(video, Video)
    assert video.duration == 0.4
    words = (
        r"a & b\.mp4: 10 frames at 25 fps, 0\.40 s, 140x40, h264 \(libx264\), .*, rendered in \d\.\d s$"
    )
    assert re.search(words, str(video))
    assert repr(video) == f"<Video {video}>"
    with pytest.raises(dataclasses.FrozenInstanceError):
        video.fps = 3


def test_frames_from_a_store_are_told(tmp_path):
    options = {"store": tmp_path / "frames.zarr", "num_workers": 1}
    FrameNumber().make_video(tmp_path / "a.mp4", range(10), Fraction(30_000, 1001), **options)
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(12), Fraction(30_000, 1001), **options)
    assert "12 frames at 29.97 fps, 0.40 s" in str(video)
    assert str(video).endswith(" s: 2 drawn, 10 from the store")


def test_statistics_in_words(video, client):
    lines = str(video.stats).splitlines()
    assert re.fullmatch(r"10 frames in \d+\.\d s, \d+\.\d per second", lines[0])
    assert re.fullmatch(r"drawn: 10, \d of them incrementally; from the store: 0", lines[1])
    assert "by this process, partitions: 1, of 10 frames" in lines[2]
    options = {"client": client, "partition_size": 4}
    video = FrameNumber().make_video(video.path, range(10), 25, **options)
    assert "by 2 workers, partitions: 3, of 2 to 4 frames" in str(video.stats)


def test_shows_itself(video):
    html = video._repr_html_()
    data = re.search(r"video/mp4;base64,([^\"]+)\"", html)[1]
    assert base64.b64decode(data) == video.path.read_bytes()
    assert "<source" not in html  # JupyterLab strips its src unless the notebook is trusted
    assert re.search(r'<video src="data:video/mp4;base64,[^"]+" controls ', html)
    assert "a &amp; b.mp4" in html


def test_large_or_missing_files_are_not_embedded(video, monkeypatch):
    monkeypatch.setattr(result, "EMBED_LIMIT", 100)
    html = video._repr_html_()
    assert "Not stored in this notebook because it has" in html
    assert base64.b64encode(video.path.read_bytes()).decode() not in html
    link = re.search(r'<video src="([^"]+)"', html)[1]
    assert Path(unquote(unescape(link))).resolve() == video.path
    video.path.unlink()
    assert "cannot be shown" in video._repr_html_()


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp", ".webm", ".mkv"])
def test_shows_itself_by_its_kind(tmp_path, suffix):
    video = FrameNumber().make_video(tmp_path / f"a{suffix}", range(5), 10, num_workers=1)
    html = video._repr_html_()
    kind = "image" if suffix in (".gif", ".apng", ".webp") else "video"
    mime = {".apng": "image/apng", ".mkv": "video/matroska"}.get(suffix, f"{kind}/{suffix[1:]}")
    assert html.startswith("<img " if kind == "image" else "<video src=")
    data = re.search(f'{mime};base64,([^"]+)"', html)[1]
    assert base64.b64decode(data) == video.path.read_bytes()


def test_poster_is_the_first_frame(video):
    from PIL import Image

    data = re.search(r'poster="data:image/jpeg;base64,([^"]+)"', video._repr_html_())[1]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    assert read_numbers(picture) == (0, 0)


def test_frames_and_probe(tmp_path):
    video = FrameNumber().make_video(tmp_path / "a.mp4", range(30), 25, num_workers=1)
    frames = list(video.frames())
    assert [read_numbers(frame) for frame in frames] == [(i, i) for i in range(30)]
    assert all(frame.shape == (40, 140, 3) and frame.dtype == np.uint8 for frame in frames)
    info = video.probe()
    assert (info.codec, info.pixel_format, info.width, info.height) == ("h264", "yuv420p", 140, 40)
    assert (info.n_frames, info.duration, info.is_uniform, info.has_alpha) == (30, 1.2, True, False)
    assert info.color_tags == (1, 1, 1, 1)
    assert info.n_keyframes == 1
    assert info.file_size == video.stats.file_size == video.path.stat().st_size


@pytest.mark.parametrize("suffix", [".mp4", ".webp"])
def test_a_file_that_is_gone_or_broken(tmp_path, suffix):
    video = write_video(np.zeros((3, 16, 16, 3)), tmp_path / f"a{suffix}", 10)
    video.path.write_bytes(video.path.read_bytes()[:12] + b"nothing")
    for read in (video.probe, lambda: list(video.frames())):
        with pytest.raises(OutputError, match=f"cannot read .*a{suffix}"):
            read()
    video.path.unlink()
    for read in (video.probe, lambda: list(video.frames())):
        with pytest.raises(OutputError, match=f"cannot read .*a{suffix}"):
            read()
    with pytest.raises(OutputError, match="there is no file"):
        video.open()


def test_opens_in_the_systems_player(monkeypatch, tmp_path):
    """A program of our own stands for the player."""
    import webbrowser

    monkeypatch.chdir(tmp_path)
    video = FrameNumber().make_video("a & b.mp4", range(10), 25, num_workers=1)
    assert video.path == tmp_path / "a & b.mp4"
    monkeypatch.chdir("..")

    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    video.open()
    assert opened == [video.path.as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    with pytest.raises(OutputError, match="has no program that opens"):
        video.open()


@pytest.mark.parametrize("name", ["a.mp4", "a.apng", "a.gif"])
def test_a_file_damaged_in_the_middle(tmp_path, name):
    rng = np.random.default_rng(0)
    video = write_video(rng.integers(0, 256, (20, 64, 64, 3), np.uint8), tmp_path / name, 10)
    data = bytearray(video.path.read_bytes())
    third = len(data) // 3
    data[third : 2 * third] = bytes(third)
    video.path.write_bytes(data)
    with contextlib.suppress(OutputError):  # and no other; what can be decoded is
        video.probe()
    with contextlib.suppress(OutputError):
        assert len(list(video.frames())) <= 20
    assert video._repr_html_()
