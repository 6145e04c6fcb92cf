"""Videos at URLs: on a real S3 server, and on a file system of directories in memory."""

import shutil
import tempfile
from pathlib import Path

import fsspec
import numpy as np
import pytest
from helpers import FrameNumber, decode, read_numbers
from s3_server import s3_server

from dask_animate import join, write_video
from dask_animate.encoding import uploaded_file
from dask_animate.errors import (
    FrameError,
    MissingPackageError,
    OptionError,
    OutputError,
)

GRAY = np.full((12, 64, 64, 3), 0.5)

# s3fs leaves the sessions of file systems that go to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*ClientSession.__del__:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def s3():
    with s3_server() as url:
        yield url


@pytest.fixture(params=["s3", "memory"])
def place(request, s3):
    """The URL of a directory that is empty, and the file system."""
    system = fsspec.filesystem(request.param)
    folder = f"{request.param}://bucket/{request.node.name.replace('[', '-').replace(']', '')}"
    yield folder, system
    if system.exists(folder):
        system.rm(folder, recursive=True)


@pytest.fixture(autouse=True)
def nothing_left_here(tmp_path, monkeypatch):
    """All that is written on this machine besides is gone in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.chdir(tmp_path)
    yield
    assert [*folder.iterdir()] == []


def names(place):
    folder, system = place
    system.invalidate_cache()
    found = system.find(folder) if system.exists(folder) else []
    return sorted(Path(name).name for name in found)


def downloaded(place, name, tmp_path):
    folder, system = place
    system.get_file(f"{folder}/{name}", str(tmp_path / name))
    return tmp_path / name


class Fails(FrameNumber):
    def update(self, frame_idx, params):
        if frame_idx == 10:
            raise ValueError("no")
        super().update(frame_idx, params)


def test_video_at_a_url(place, tmp_path):
    url = f"{place[0]}/a.mp4"
    video = FrameNumber().make_video(url, range(12), 30, num_workers=1)
    assert video.path == url
    assert names(place) == ["a.mp4"]
    file = downloaded(place, "a.mp4", tmp_path)
    assert [read_numbers(frame) for frame in decode(file)] == [(n, n) for n in range(12)]
    assert video.stats.file_size == file.stat().st_size
    assert str(video).startswith(f"{url}: 12 frames")
    assert video.probe().n_frames == 12
    assert [read_numbers(frame) for frame in video.frames()] == [(n, n) for n in range(12)]
    assert "data:video/mp4;base64," in video._repr_html_()
    assert "a.mp4" in video.report(tmp_path / "report.html").read_text()
    with pytest.raises(OutputError, match="is not on this machine: download it"):
        video.open()
    here = FrameNumber().make_video(tmp_path / "b.mp4", range(12), 30, num_workers=1)
    assert here.path.read_bytes() == file.read_bytes()


def test_a_directory_of_that_name(tmp_path):
    """Renaming would move the video into it."""
    system = fsspec.filesystem("memory")
    system.makedirs("/bucket/a.mp4")
    with pytest.raises(
        OutputError, match=r"cannot write memory://bucket/a\.mp4: .*: a directory has that"
    ):
        write_video(GRAY, "memory://bucket/a.mp4", 10)
    assert system.find("/bucket") == []
    system.rm("/bucket", recursive=True)


@pytest.mark.parametrize("url", ["memory://b/a.mp4", "s3://b/a.mp4", "simplecache::s3://b/a.mp4"])
def test_a_path_of_a_url(tmp_path, url):
    with pytest.raises(OptionError, match="which is what a Path makes of a URL: give the URL as a str"):
        write_video(GRAY, Path(url), 10)
    assert not [*tmp_path.glob("*:*")]


def test_a_directory_with_a_colon(tmp_path):
    """It is no protocol, or no relative path."""
    for path in (Path("run:"), tmp_path / "memory:"):
        path.mkdir()
        write_video(GRAY, path / "a.mp4", 10)
        assert len(decode(tmp_path / path / "a.mp4")) == 12


@pytest.mark.parametrize("suffix", [".gif", ".webm", ".webp"])
def test_other_kinds_of_files(place, tmp_path, suffix):
    write_video(GRAY, f"{place[0]}/a{suffix}", 10)
    assert names(place) == [f"a{suffix}"]
    assert len(decode(downloaded(place, f"a{suffix}", tmp_path))) in (1, 12)


def test_failing_render_leaves_what_was_there(place, tmp_path):
    folder, system = place
    system.pipe_file(f"{folder}/a.mp4", b"old")
    with pytest.raises(FrameError):
        Fails().make_video(f"{folder}/a.mp4", range(12), 30, num_workers=1)
    assert names(place) == ["a.mp4"]
    assert system.cat_file(f"{folder}/a.mp4") == b"old"
    write_video(GRAY, f"{folder}/a.mp4", 30)
    assert len(decode(downloaded(place, "a.mp4", tmp_path))) == 12


def test_partial_file_is_in_the_working_directory(place, tmp_path):
    with pytest.raises(FrameError) as caught:
        Fails().make_video(
            f"{place[0]}/a.mp4", range(12), 30, num_workers=1, keep_partial=True, partition_size=4
        )
    assert names(place) == []
    assert f"{tmp_path / 'a.partial.mp4'} shows the first 8 frames" in caught.value.__notes__[0]
    assert len(decode(tmp_path / "a.partial.mp4")) == 8


def test_upload_that_fails(place, tmp_path, monkeypatch):
    """The finished video is not lost."""
    folder, system = place
    system.pipe_file(f"{folder}/a.mp4", b"old")

    def fails(*args, **kwargs):
        raise ConnectionError("the line is cut")

    monkeypatch.setattr(system, "put_file", fails)
    message = r"the finished video is .*, but it cannot be uploaded to .*the line is cut"
    with pytest.raises(OutputError, match=message) as caught:
        write_video(GRAY, f"{folder}/a.mp4", 30)
    finished = Path(str(caught.value).split("the finished video is ")[1].split(", but")[0])
    assert len(decode(finished)) == 12
    shutil.rmtree(finished.parent)
    assert names(place) == ["a.mp4"]
    assert system.cat_file(f"{folder}/a.mp4") == b"old"


def test_rename_that_fails(s3, monkeypatch):
    system = fsspec.filesystem("memory")

    def fails(*args, **kwargs):
        raise PermissionError("no renaming")

    monkeypatch.setattr(system, "mv", fails)
    with pytest.raises(OutputError, match="no renaming") as caught:
        write_video(GRAY, "memory://folder/a.mp4", 30)
    shutil.rmtree(Path(str(caught.value).split("video is ")[1].split(", but")[0]).parent)
    assert system.find("/folder") == []


def test_bucket_that_is_not_there(s3):
    drawn = []

    class Notes(FrameNumber):
        def update(self, frame_idx, params):
            drawn.append(frame_idx)

    with pytest.raises(OutputError, match=r"cannot write s3://other/a.mp4: .*bucket"):
        Notes().make_video("s3://other/a.mp4", range(12), 30, num_workers=1)
    assert drawn == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nowhere://bucket/a.mp4", "output_file: fsspec knows no protocol 'nowhere'"),
        ("s3://", "output_file must be the URL of one file"),
        ("s3://bucket/*.mp4", "output_file must be the URL of one file"),
        ("simplecache::s3://bucket/a.mp4", "one file"),
        ("s3://bucket/a", "output_file must end in"),
        ("s3://bucket/a.txt", "output_file must end in"),
    ],
)
def test_wrong_urls(url, message, s3):
    with pytest.raises(OptionError, match=message):
        write_video(GRAY, url, 30)


def test_package_that_is_not_installed():
    with pytest.raises(MissingPackageError, match=r"output_file: gs://bucket/a.mp4 needs .*gcsfs"):
        write_video(GRAY, "gs://bucket/a.mp4", 30)


def test_url_of_this_machine(tmp_path):
    video = write_video(GRAY, (tmp_path / "a b.mp4").as_uri(), 30)
    assert video.path == tmp_path / "a b.mp4"
    assert len(decode(video.path)) == 12


def test_other_arguments_are_paths(tmp_path):
    with pytest.raises(OptionError, match="keep_segments must be a path on this machine"):
        write_video(GRAY, tmp_path / "a.mp4", 30, keep_segments="s3://bucket/parts")


def test_joined_to_a_url(place, tmp_path):
    for name in ("a.mp4", "b.mp4"):
        write_video(GRAY, tmp_path / name, 30)
    video = join([tmp_path / "a.mp4", tmp_path / "b.mp4"], f"{place[0]}/c.mp4")
    assert (video.path, video.n_frames) == (f"{place[0]}/c.mp4", 24)
    assert len(decode(downloaded(place, "c.mp4", tmp_path))) == 24
    assert names(place) == ["c.mp4"]


def test_saved_animation(place, tmp_path):
    import matplotlib.pyplot as plt
    from matplotlib.animation import FuncAnimation

    import dask_animate.matplotlib  # noqa: F401  the writer
    from dask_animate import save

    fig = plt.figure(figsize=(2, 1), dpi=50)
    text = fig.text(0.1, 0.1, "")
    animation = FuncAnimation(fig, lambda n: text.set_text(str(n)), frames=5)
    assert save(animation, f"{place[0]}/a.mp4").path == f"{place[0]}/a.mp4"
    animation.save(f"{place[0]}/b.mp4", writer="dask")
    plt.close(fig)
    assert names(place) == ["a.mp4", "b.mp4"]
    assert len(decode(downloaded(place, "b.mp4", tmp_path))) == 5


def test_in_the_background(place, client, tmp_path):
    url = f"{place[0]}/a.mp4"
    render = FrameNumber().make_video(url, range(60), 30, client=client, partition_size=5, wait=False)
    assert render.output_file == url
    video = render.result()
    assert video.path == url
    beginning = render.so_far(f"{place[0]}/b.mp4")
    assert beginning.path == f"{place[0]}/b.mp4"
    with pytest.raises(OptionError, match="a file of the render itself"):
        render.so_far(url)
    assert names(place) == ["a.mp4", "b.mp4"]
    assert len(decode(downloaded(place, "b.mp4", tmp_path))) == 60


@pytest.mark.newest  # the size of parts is chosen elsewhere in older releases of s3fs
def test_large_files_are_uploaded_in_parts(s3, tmp_path, monkeypatch):
    """And appear at once: nothing is there while parts are on their way."""
    system = fsspec.filesystem("s3")
    seen = []
    whole = type(system)._upload_file_part_concurrent

    async def watched(self, *args, **kwargs):
        seen.append(await self._exists("bucket/large/a.mkv"))
        return await whole(self, *args, **kwargs)

    monkeypatch.setattr(type(system), "_upload_file_part_concurrent", watched)
    monkeypatch.setattr("s3fs.core.calculate_chunksize", lambda size, chunksize=None: 5 * 2**20)
    noise = np.random.default_rng(0).integers(0, 256, (8, 800, 800, 3), np.uint8)
    video = write_video(noise, "s3://bucket/large/a.mkv", 30, codec="ffv1")
    assert video.stats.file_size > 10 * 2**20
    assert seen == [False]
    system.get_file("bucket/large/a.mkv", str(tmp_path / "a.mkv"))
    np.testing.assert_array_equal(decode(tmp_path / "a.mkv"), noise)


def test_names_of_object_stores():
    """fsspec knows each of them."""
    assert uploaded_file.OBJECT_STORES <= {*fsspec.available_protocols()}
