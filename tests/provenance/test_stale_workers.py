"""Workers that have loaded other code than the process that asks for frames."""

import importlib
import subprocess
import sys

import pytest
from clusters import local_client
from helpers import SUPPORT, assert_shows

from dask_animate.errors import ReuseWarning, StoreError

MODULE = """
from helpers import FrameNumber

OFFSET = 0
TABLE = dict(offset=0)

class Shifted(FrameNumber):
    def update(self, frame_idx, params):
        super().update(frame_idx, params + OFFSET + TABLE["offset"])
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    folder = tmp_path / "code"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{':'.join(filter(None, sys.path))}")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    path = folder / "ours_on_workers.py"
    path.write_text(MODULE)

    def load(text):
        path.write_text(text)
        importlib.invalidate_caches()
        return importlib.reload(sys.modules["ours_on_workers"])

    yield importlib.import_module("ours_on_workers"), load
    del sys.modules["ours_on_workers"]


@pytest.fixture
def cluster(module):
    cluster, client = local_client(1)
    with cluster, client:
        yield client


@pytest.mark.parametrize(
    "change",
    [
        ("params + OFFSET", "params + 7"),
        pytest.param(("OFFSET = 0", "OFFSET = 7"), marks=pytest.mark.slow),
    ],
)
def test_a_worker_with_older_code_is_an_error(tmp_path, module, cluster, change):
    ours, load = module
    options = {"client": cluster, "store": tmp_path / "s.zarr", "partition_size": 5}
    ours.Shifted().make_video(tmp_path / "a.mp4", range(30), 20, **options)
    ours = load(MODULE.replace(*change))
    with pytest.raises(StoreError, match=r"older version of ours_on_workers.* restart the workers"):
        ours.Shifted().make_video(tmp_path / "b.mp4", range(30), 20, **options)
    assert not (tmp_path / "b.mp4").exists()
    cluster.restart()
    video = ours.Shifted().make_video(tmp_path / "b.mp4", range(30), 20, **options)
    assert_shows(video.path, range(7, 37), 20)
    assert video.stats.n_frames_reused == 0
    again = ours.Shifted().make_video(
        tmp_path / "b.mp4", range(30), 20, num_workers=1, store=options["store"]
    )
    assert again.stats.n_frames_reused == 30


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
sys.path.insert(0, {code!r})
from ours_with_a_cache import Cached

if sys.argv[1:]:
    Cached().preview(range(9))
video = Cached().make_video({output!r}, range(9), 20, num_workers=1, store={store!r})
print(video.stats.n_frames_reused)
"""


@pytest.mark.slow
def test_a_cache_that_a_preview_fills_does_not_count(tmp_path):
    text = MODULE.replace("OFFSET = 0", "CACHE = {}\nCOUNT = 0").replace("Shifted", "Cached")
    body = "        global COUNT\n        COUNT += 1\n        CACHE[params] = params\n"
    text = text.replace("        super()", body + "        super()").replace(
        ' + OFFSET + TABLE["offset"]', ""
    )
    (tmp_path / "ours_with_a_cache.py").write_text(text)
    tests, code, output, store = (
        str(path) for path in (SUPPORT, tmp_path, tmp_path / "a.mp4", tmp_path / "s.zarr")
    )
    script = SCRIPT.format(tests=tests, code=code, output=output, store=store)
    printed = [
        subprocess.run(
            [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
        ).stdout.strip()
        for words in (["look"], [], ["look"])
    ]
    assert printed == ["0", "9", "9"]


def test_values_that_changed_without_a_file_are_said(tmp_path, module):
    ours, load = module
    options = {"num_workers": 1, "store": tmp_path / "s.zarr"}
    ours.Shifted().make_video(tmp_path / "a.mp4", range(9), 20, **options)
    ours.OFFSET = 2
    with pytest.warns(ReuseWarning, match=r"ours_on_workers\.OFFSET: not as in the last render"):
        video = ours.Shifted().make_video(tmp_path / "a.mp4", range(9), 20, **options)
    assert_shows(video.path, range(2, 11), 20)
    ours = load(MODULE.replace("OFFSET = 0", "OFFSET = 3"))  # an edit needs no word
    video = ours.Shifted().make_video(tmp_path / "a.mp4", range(9), 20, **options)
    assert_shows(video.path, range(3, 12), 20)


def set_offset(value):
    import ours_on_workers

    ours_on_workers.TABLE["offset"] = value


def test_values_that_differ_are_said_and_kept_apart(tmp_path, module, cluster):
    ours, _ = module
    options = {"client": cluster, "store": tmp_path / "s.zarr", "partition_size": 5}
    cluster.run(set_offset, 3)
    with pytest.warns(ReuseWarning, match=r"ours_on_workers\.TABLE\['offset'\]: not the same where"):
        ours.Shifted().make_video(tmp_path / "a.mp4", range(30), 20, **options)
    cluster.run(set_offset, 0)
    video = ours.Shifted().make_video(tmp_path / "a.mp4", range(30), 20, **options)
    assert_shows(video.path, range(30), 20)
    assert video.stats.n_frames_reused == 0
