"""The commands about files, and the demonstration."""

import json
import re
import tomllib
from importlib import import_module
from pathlib import Path

import fsspec
import numpy as np
import pytest
import zarr
from commands import run
from helpers import FrameNumber, assert_nothing_beside, assert_shows, decode

from dask_animate import write_video


def test_encode_a_store(folder):
    FrameNumber().make_video("a.mp4", range(12), 30, store="s.zarr", num_workers=1)
    done = run("encode", "s.zarr", "b.mkv", "--fps", "24000/1001", "--codec", "ffv1", "-q")
    assert (done.exit_code, done.output) == (0, "")
    assert_shows(folder / "b.mkv", range(12), 24)


def test_videos_at_urls(folder, nothing_in_memory):
    """No directory with the name of the protocol comes to be here."""
    before = {*folder.iterdir()}
    url = "memory://videos"
    render = ("render", "animations.py:numbers", "-q", "--workers", 1, "-p")
    assert run(*render, "range(4)", "-o", f"{url}/a.mp4").exit_code == 0
    assert run("demo", f"{url}/demo.mp4", "-q").exit_code == 0
    assert {*folder.iterdir()} == before
    assert run(*render, "range(3)", "-o", f"file://{folder}/b.mp4", "--store", "s.zarr").exit_code == 0
    assert run("encode", "s.zarr", f"{url}/c.mp4", "-q").exit_code == 0
    assert run("join", "b.mp4", "b.mp4", f"{url}/d.mp4").exit_code == 0
    assert {path.name for path in {*folder.iterdir()} - before} == {"b.mp4", "s.zarr"}
    found = {name: run("probe", f"{url}/{name}", "--json").stdout for name in ("a.mp4", "demo.mp4")}
    assert [json.loads(text)["n_frames"] for text in found.values()] == [4, 120]
    for name, n_frames in {"a": 4, "c": 3, "d": 6}.items():
        nothing_in_memory.get_file(f"/videos/{name}.mp4", str(folder / f"{name}-here.mp4"))
        assert len(decode(folder / f"{name}-here.mp4")) == n_frames


@pytest.fixture
def nothing_in_memory():
    """The file system in memory, which is empty before and afterwards."""
    system = fsspec.filesystem("memory")
    yield system
    system.rm("/", recursive=True)


def test_encode_an_array(folder):
    frames = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.full((16, 16, 3), 40, np.uint8)
    zarr.save_array("a.zarr", frames)
    assert run("encode", "a.zarr", "a.apng").exit_code == 0
    assert np.array_equal(decode(folder / "a.apng", 30), frames)


def test_encode_no_frames(folder):
    zarr.save_array("a.zarr", np.zeros((3, 4)))
    done = run("encode", "a.zarr", "a.mp4")
    assert done.exit_code == 2
    assert done.stderr.startswith("dask-animate: error: ")
    assert not (folder / "a.mp4").exists()


def test_join(folder):
    for i, name in enumerate(("a.mp4", "b.mp4", "c.mp4")):
        FrameNumber().make_video(name, range(4 * i, 4 * i + 4), 30, num_workers=1)
    done = run("join", "a.mp4", "b.mp4", "c.mp4", "all.mp4")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{folder}/all.mp4: 12 frames at 30 fps, 0.40 s")
    assert len(decode(folder / "all.mp4")) == 12


def test_probe(folder):
    write_video(
        *(np.zeros((20, 32, 48, 3)), "a.mp4", 10),
        chapters=[("Begin", 0), ("End", 1.5)],
        metadata={"title": "Night"},
    )
    text = run("probe", "a.mp4").stdout
    for row in (
        "codec        h264, yuv420p",
        "size         48 x 32",
        "frames       20",
        "keyframes    1",
        "duration     2.000 s",
        "rate         10 frames per second",
        "chapter          0.000 s  Begin",
        "chapter          1.500 s  End",
        "title        Night",
    ):
        assert f"  {row}\n" in text
    assert "brand" not in text
    told = json.loads(run("probe", "a.mp4", "--json").stdout)
    assert told["path"] == "a.mp4"
    assert told["fps"] == 10
    assert told["chapters"] == [["Begin", 0.0], ["End", 1.5]]
    assert (told["n_frames"], told["duration"], told["codec"]) == (20, 2.0, "h264")


def test_encoders(monkeypatch):
    done = run("encoders")
    assert done.exit_code == 0
    rows = re.findall(r"^  (\w+) +(\S+) +(opens|no: .+)$", done.stdout, re.MULTILINE)
    found = {encoder: outcome for _, encoder, outcome in rows}
    assert {*found} >= {"libx264", "libx265", "libsvtav1", "libvpx-vp9", "ffv1", "gif", "apng"}
    assert found["libx264"] == "opens"
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_demo(folder):
    done = run("demo")
    assert done.exit_code == 0
    assert f"{folder}/demo.mp4: 120 frames at 30 fps, 4.00 s, 640x360, h264" in done.stderr
    frames = decode(folder / "demo.mp4")
    assert len(frames) == 120
    assert not np.array_equal(frames[0], frames[60])
    (folder / "other").mkdir()
    assert run("demo", "other/wave.webp", "-q").output == ""
    assert_nothing_beside(folder / "other" / "wave.webp")


def test_the_program_is_installed_by_the_package():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["dask-animate"].partition(":")
    assert callable(getattr(import_module(module), name))
