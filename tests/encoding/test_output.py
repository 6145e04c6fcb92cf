import os
import subprocess
import sys

import psutil
import pytest

from dask_animate.encoding.output_file import OutputFile, as_path
from dask_animate.errors import OptionError, OptionTypeError, OutputError


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


ABANDONED = """
import os, signal, sys
import av
from dask_animate.encoding.output_file import OutputFile

output = OutputFile(sys.argv[1])
av.open(str(output.temporary), "w", format="mp4").close()  # by an own descriptor
if len(sys.argv) > 2 and os.fork() == 0:
    os.closerange(0, 3)
    os.execvp("sleep", ["sleep", "60"])
print(output.temporary, flush=True)
sys.stdin.read()
"""


def start_render(path, *arguments):
    """Start a process that writes, and return it with the path of what it writes to."""
    process = subprocess.Popen(
        [sys.executable, "-c", ABANDONED, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, process.stdout.readline().strip()


def parts(directory):
    return {str(path) for path in directory.glob(".*.part")}


def test_what_killed_processes_left_is_removed(tmp_path):
    path = tmp_path / "a.mp4"
    renders = [start_render(path), start_render(path), start_render(tmp_path / "ab.mp4")]
    try:
        (dead, left), (alive, written), (other, theirs) = renders
        assert parts(tmp_path) == {left, written, theirs}
        foreign = [
            tmp_path / ".a-000000000000.part",  # as where there are no locks
            tmp_path / ".a-000000000000-000000000000.part",  # of another machine
            tmp_path / left.replace(".part", ".part.bak"),
            tmp_path / (left[:-17] + "0" * 12 + ".part"),
        ]
        for file in foreign[:-1]:
            file.touch()
        foreign[-1].symlink_to(foreign[0])
        for process in (dead, other):
            process.kill()
            process.wait()
        with OutputFile(path) as output:
            others = parts(tmp_path) - {str(output.temporary)}
            assert others == {written, theirs, *map(str, foreign)} - {str(foreign[2])}
            with OutputFile(path) as second:  # in this process
                assert output.temporary.exists()
                second.commit()
            output.commit()
        assert alive.poll() is None
        alive.kill()
        alive.wait()
        with OutputFile(path):
            assert not os.path.exists(written)
        assert all(file.exists() for file in foreign)
        assert path.exists()
    finally:
        for process, _ in renders:
            process.kill()
            process.communicate()


def test_processes_started_meanwhile_do_not_keep_what_was_left(tmp_path):
    process, left = start_render(tmp_path / "a.mp4", "sleep")
    (child,) = psutil.Process(process.pid).children()
    while child.name() != "sleep":
        pass
    process.kill()
    process.communicate()
    assert child.is_running()
    with OutputFile(tmp_path / "a.mp4"):
        assert not os.path.exists(left)
    child.kill()


def test_where_there_are_no_locks(tmp_path, monkeypatch):
    process, left = start_render(tmp_path / "a.mp4")
    process.kill()
    process.communicate()
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with OutputFile(tmp_path / "a.mp4") as output:
        output.commit()
    assert parts(tmp_path) == {left}


def test_the_permissions_of_a_file_stay(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"before")
    path.chmod(0o640)
    with OutputFile(path) as file:
        file.temporary.write_bytes(b"after")
        file.commit()
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("make", ["mkfifo", "symlink"])
def test_what_is_no_file_is_not_replaced(make, tmp_path):
    path = tmp_path / "a.mp4"
    os.mkfifo(tmp_path / "pipe" if make == "symlink" else path)
    if make == "symlink":
        path.symlink_to("pipe")
    with pytest.raises(OutputError, match="output_file is a device or a pipe"):
        OutputFile(path)
    assert path.is_fifo()
