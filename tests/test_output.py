import os

import pytest

from dask_animate.errors import OptionError, OptionTypeError, OutputError
from dask_animate.output import OutputFile, as_path


def test_appears_when_committed(tmp_path):
    path = tmp_path / "new" / "deep" / "a.mp4"
    with OutputFile(path) as output:
        assert not path.exists()
        output.temporary.write_text("done")
        output.commit()
    assert path.read_text() == "done"
    assert os.listdir(path.parent) == ["a.mp4"]


def test_nothing_is_left_when_not(tmp_path):
    with pytest.raises(RuntimeError, match="gave up"), OutputFile(tmp_path / "new" / "deep" / "a.mp4"):
        raise RuntimeError("gave up")
    assert os.listdir(tmp_path) == []


def test_directories_of_others_stay(tmp_path):
    with OutputFile(tmp_path / "new" / "a.mp4"):
        (tmp_path / "new" / "theirs").touch()
    assert os.listdir(tmp_path / "new") == ["theirs"]


def test_replaces_what_a_link_points_to(tmp_path):
    target = tmp_path / "target.mp4"
    target.write_text("before")
    link = tmp_path / "link.mp4"
    link.symlink_to(target)
    with OutputFile(link) as output:
        output.temporary.write_text("after")
        output.commit()
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_usual_permissions(tmp_path):
    with OutputFile(tmp_path / "a.mp4") as output:
        output.commit()
    (tmp_path / "b").touch()
    assert (tmp_path / "a.mp4").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_directory_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*a\.mp4: Not a directory"):
        OutputFile(tmp_path / "file" / "a.mp4")
    with pytest.raises(OSError, match=r"cannot write /proc/nosuch/a\.mp4"):
        OutputFile("/proc/nosuch/a.mp4")


def test_is_a_directory(tmp_path):
    with pytest.raises(OutputError, match="output_file is a directory"):
        OutputFile(tmp_path)


def test_names_that_no_disk_takes(tmp_path):
    with pytest.raises(OutputError, match="File name too long"):
        OutputFile(tmp_path / ("a" * 300 + ".mp4"))
    with pytest.raises(OptionError, match="NUL"):
        OutputFile("a\0.mp4")


def test_directory_may_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with OutputFile("a.mp4") as output:
        (tmp_path / "other").mkdir()
        monkeypatch.chdir("other")
        output.commit()
    assert output.path == tmp_path / "a.mp4"
    assert output.path.exists()


@pytest.mark.parametrize("value", [None, 3, "", b"a.mp4"])
def test_not_a_path(value):
    with pytest.raises(OptionTypeError, match="output_file must be a path"):
        as_path(value)
