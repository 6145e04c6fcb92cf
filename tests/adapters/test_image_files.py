"""ImageFiles: images in files, one for each frame."""

import functools
import http.server
import os
import threading
from pathlib import Path

import fsspec
import numpy as np
import pytest
from helpers import decode
from PIL import Image

from dask_animate.errors import FrameError, FrameSizeError, OptionError, OptionTypeError
from dask_animate.sources import ImageFile, ImageFiles

N = 40
SHAPE = (32, 48, 3)


def save(folder, n=N, suffix="png"):
    folder.mkdir()
    for idx in range(n):
        Image.new("RGB", (48, 32), (6 * idx, 0, 255)).save(folder / f"{idx:03}.{suffix}")


def reds(video):
    return decode(video.path)[:, 9, 9, 0].tolist()


@pytest.fixture(params=["here", "cluster"])
def where(request, client):
    return {"num_workers": 1} if request.param == "here" else {"client": client}


@pytest.mark.parametrize("kind", ["pattern", "path", "list", "url"])
def test_files(tmp_path, where, kind):
    folder = tmp_path / "frames"
    save(folder)
    files, expected = str(folder / "*.png"), [6 * idx for idx in range(N)]
    if kind == "path":
        files = folder / "*.png"
    elif kind == "list":
        files = [folder / f"{idx:03}.png" for idx in range(N)[::-1]]
        expected = expected[::-1]
    elif kind == "url":
        files = f"file://{folder}/*.png"
    source = ImageFiles(files)
    assert all(file.url.startswith("file://") for file in source.files)
    video = source.make_video(tmp_path / "a.mkv", source.files, fps=24, codec="ffv1", **where)
    assert reds(video) == expected
    assert np.array_equal(source.frames(source.files)[3].compute(), source.frame(source.files[3]))


def test_one_file(tmp_path):
    save(tmp_path / "frames", 1)
    source = ImageFiles(tmp_path / "frames" / "000.png")
    assert source.frame(source.files[0]).shape == SHAPE


def test_other_file_systems(tmp_path):
    memory = fsspec.filesystem("memory")
    save(tmp_path / "frames")
    memory.put(str(tmp_path / "frames"), "/images", recursive=True)
    try:
        source = ImageFiles("memory://images/*.png")
        assert len(source.files) == N
        assert source.files[5].url == "memory://images/005.png".replace("://", ":///")
        video = source.make_video(tmp_path / "a.mkv", source.files, 24, codec="ffv1", num_workers=1)
        assert reds(video) == [6 * idx for idx in range(N)]
    finally:
        memory.rm("/images", recursive=True)


def test_a_store_notices_an_edited_file(tmp_path, where):
    folder = tmp_path / "frames"
    save(folder)
    options = {"codec": "ffv1", "store": tmp_path / "store.zarr", **where}

    def render():
        source = ImageFiles(folder / "*.png")
        return source.make_video(tmp_path / "a.mkv", source.files, 24, **options)

    assert render().stats.n_frames_rendered == N
    assert render().stats.n_frames_rendered == 0
    Image.new("RGB", (48, 32), (3, 0, 0)).save(folder / "007.png")
    video = render()
    assert reds(video)[6:9] == [36, 3, 48]
    assert video.stats.n_frames_rendered == 1


def test_kinds_of_images(tmp_path):
    gray, alpha = tmp_path / "gray.png", tmp_path / "alpha.png"
    Image.new("L", (48, 32), 7).save(gray)
    Image.new("RGBA", (48, 32), (7, 8, 9, 128)).save(alpha)
    source = ImageFiles([gray, alpha])
    assert source.frame(source.files[0])[0, 0].tolist() == [7, 7, 7]
    video = source.make_video(tmp_path / "a.mkv", source.files[1:], 24, codec="ffv1", num_workers=1)
    assert next(video.frames())[0, 0].tolist() == [7, 8, 9, 128]


def test_photos_are_turned(tmp_path):
    image = Image.fromarray(np.arange(6 * 4, dtype=np.uint8).reshape(4, 6))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    image.save(tmp_path / "photo.png", exif=exif)
    source = ImageFiles(tmp_path / "photo.png")
    expected = np.rot90(np.asarray(image), -1)
    assert np.array_equal(source.frame(source.files[0])[..., 0], expected)


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        ("frames/*.jpg", OptionError, r"files: there is no file '.*\*\.jpg'"),
        (["frames/000.png", "frames/nothing.png"], OptionError, "there is no file '.*nothing.png'"),
        ([], OptionError, r"files: there is no file \[\]"),
        (5, OptionTypeError, "files must be a pattern or a list of paths, got 5"),
        ([5], OptionTypeError, "files must be a pattern or a list of paths, got 5 in it"),
    ],
)
def test_wrong_files(tmp_path, monkeypatch, files, error, message):
    save(tmp_path / "frames", 2)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        ImageFiles(files)


def test_a_file_that_cannot_be_read_is_named(tmp_path, where):
    save(tmp_path / "frames", 9)
    (tmp_path / "frames" / "004.png").write_bytes(b"no image")
    source = ImageFiles(tmp_path / "frames" / "*.png")
    with pytest.raises(FrameError, match=r"frame 4 .* cannot read file:///.*004\.png: cannot identify"):
        source.make_video(tmp_path / "a.mp4", source.files, 24, **where)
    files = source.files
    os.remove(tmp_path / "frames" / "004.png")
    with pytest.raises(FrameError, match=r"frame 4 could not be drawn: OSError: cannot read .*004\.png"):
        source.make_video(tmp_path / "a.mp4", files, 24, **where)
    with pytest.raises(OptionError, match="there is no file"):
        _ = source.files


def test_an_image_of_another_size_is_named(tmp_path):
    save(tmp_path / "frames", 9)
    Image.new("RGB", (50, 32)).save(tmp_path / "frames" / "004.png")
    source = ImageFiles(tmp_path / "frames" / "*.png")
    with pytest.raises(FrameSizeError, match="frame 4 has the shape"):
        source.make_video(tmp_path / "a.mp4", source.files, 24, num_workers=1)


def test_other_parameters_are_errors(tmp_path):
    save(tmp_path / "frames", 2)
    source = ImageFiles(tmp_path / "frames" / "*.png")
    with pytest.raises(FrameError, match="parameters of ImageFiles are members of its files, got 0"):
        source.frame(0)
    assert source.files[0] == ImageFile(source.files[0].url, source.files[0].version)


def test_files_are_looked_at_each_time(tmp_path):
    Image.new("RGB", (16, 16), (5, 0, 0)).save(tmp_path / "a.png")
    source = ImageFiles(tmp_path / "*.png")
    before = source.files
    assert source.files == before
    Image.new("RGB", (16, 16), (99, 99, 99)).save(tmp_path / "a.png", compress_level=0)
    assert source.files != before
    assert source.files[0].url == before[0].url


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ("nosuch://x/*.png", "cannot look at 'nosuch://x/.*: Protocol not known"),
        ("zip://*.png::a.zip", "chains of file systems are not supported"),
        (["{tmp}"], "is a directory; give a pattern"),
        ("{tmp}/missing/*.png", "there is no file"),
    ],
)
def test_files_that_cannot_be_looked_at(files, text, tmp_path):
    given = files.format(tmp=tmp_path) if isinstance(files, str) else [str(tmp_path)]
    with pytest.raises(OptionError, match=text):
        ImageFiles(given)


def test_directories_are_no_images(tmp_path):
    (tmp_path / "sub").mkdir()
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    assert len(ImageFiles(tmp_path / "*").files) == 1


class Handler(http.server.SimpleHTTPRequestHandler):
    """Sends the text of the file "etag", if there is one, as the version of all files."""

    def end_headers(self):
        etag = Path(self.directory, "etag")
        if etag.exists():
            self.send_header("ETag", etag.read_text())
        super().end_headers()


@pytest.fixture
def server(tmp_path):
    handler = functools.partial(Handler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_that_says_nothing_of_versions(tmp_path, server):
    Image.new("RGB", (16, 16), (50, 0, 0)).save(tmp_path / "a.bmp")
    source = ImageFiles([f"{server}/a.bmp"])
    assert source.files != source.files  # so that a store never takes a frame for the same
    assert (source.frame(source.files[0]) == [50, 0, 0]).all()


def test_a_server_that_tells_versions(tmp_path, server):
    Image.new("RGB", (16, 16), (50, 0, 0)).save(tmp_path / "a.bmp")
    (tmp_path / "etag").write_text('"one"')
    source = ImageFiles([f"{server}/a.bmp"])
    before = source.files
    assert source.files == before
    (tmp_path / "etag").write_text('"two"')  # another content of the same size
    assert source.files != before
