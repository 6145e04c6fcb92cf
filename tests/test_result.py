import base64
import dataclasses
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest
from helpers import FrameNumber

from dask_animate import Video, result


@pytest.fixture
def video(tmp_path):
    return FrameNumber().make_video(tmp_path / "a & b.mp4", range(10), 25, num_workers=1)


def test_fields(video):
    assert isinstance(video, Video)
    assert video.duration == 0.4
    assert re.search(r"a & b\.mp4: 10 frames, 0\.40 s, 140x40, h264 \(libx264\), .*frames/s", str(video))
    with pytest.raises(dataclasses.FrozenInstanceError):
        video.fps = 3


def test_shows_itself(video):
    html = video._repr_html_()
    data = re.search(r"video/mp4;base64,([^\"]+)\"", html)[1]
    assert base64.b64decode(data) == video.path.read_bytes()
    assert "<video controls" in html
    assert "a &amp; b.mp4" in html


def test_large_or_missing_files_are_not_embedded(video, monkeypatch):
    monkeypatch.setattr(result, "EMBED_LIMIT", 100)
    html = video._repr_html_()
    assert "Not stored in this notebook, as it has" in html
    assert base64.b64encode(video.path.read_bytes()).decode() not in html
    link = re.search(r'<source src="([^"]+)"', html)[1]
    assert Path(unquote(unescape(link))).resolve() == video.path
    video.path.unlink()
    assert "cannot be shown" in video._repr_html_()
