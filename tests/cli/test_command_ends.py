"""How a render ends that is asked to: nothing is left, and the exit code says by which signal."""

import os
import signal
import subprocess
import sys
import textwrap

import psutil
import pytest
from commands import finish, start
from helpers import assert_shows, wait_until

from dask_animate.cli.stopping import Stopped, stoppable

pytestmark = pytest.mark.newest  # what the command calls is tested with older releases, too

ENDLESS = ("render", "animations.py:marks", "-p", "range(16000)", "-o", "out/a.mp4")


def started(folder, *arguments, n_children=0, **options):
    """Start a render where a file is already, and wait until it has drawn some frames."""
    (folder / "out").mkdir()
    (folder / "out" / "a.mp4").write_text("before")
    process = start(*ENDLESS, *arguments, start_new_session=True, **options)
    wait_until(lambda: (folder / "drawn").exists() or ended(process))
    wait_until(lambda: len(psutil.Process(process.pid).children(recursive=True)) >= n_children)
    return process


def ended(process):
    assert process.poll() is None, process.communicate()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal(folder, name):
    if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        pytest.skip("ignored by whoever started the tests, as nohup does")
    process = started(folder, "--workers", 1)
    process.send_signal(getattr(signal, name))
    code, lines = finish(process)
    assert code == 128 + getattr(signal, name)
    assert lines[-1] == f"dask-animate: error: stopped by {name}"
    assert "Traceback" not in "".join(lines)
    assert os.listdir(folder / "out") == ["a.mp4"]
    assert (folder / "out" / "a.mp4").read_text() == "before"


@pytest.mark.parametrize("to_all", [True, False])
def test_processes_that_were_started_end_too(folder, to_all):
    """A batch system sends its signal to all of them, `kill` to one."""
    process = started(folder, n_children=3)
    children = psutil.Process(process.pid).children(recursive=True)
    if to_all:
        os.killpg(process.pid, signal.SIGTERM)
    else:
        process.terminate()
    code, lines = finish(process)
    assert code == 143, lines
    assert lines[-1].startswith("dask-animate: error: stopped by SIGTERM")
    assert psutil.wait_procs(children, timeout=20)[1] == []
    assert os.listdir(folder / "out") == ["a.mp4"]


def test_the_same_command_goes_on_with_a_store(folder):
    again = ("--workers", 1, "--store", "s.zarr", "--partition-size", 4, "--frames", ":300")
    process = started(folder, *again)
    wait_until(lambda: any((folder / "s.zarr" / "frames").glob("c.2.*")) or ended(process))
    process.terminate()
    code, lines = finish(process)
    assert code == 143
    assert lines[-1] == (
        "dask-animate: error: stopped by SIGTERM; frames that were finished are in s.zarr: the same "
        "command draws those that are missing"
    )
    code, lines = finish(start(*ENDLESS, *again))
    assert code == 0
    assert "from the store" in lines[-1]
    assert_shows(folder / "out" / "a.mp4", range(300))


def test_what_stays_of_it(folder):
    process = started(folder, "--workers", 1, "--keep-partial")
    wait_until(lambda: (folder / "out" / "a.partial.mp4").exists() or ended(process))
    process.terminate()
    code, lines = finish(process)
    assert code == 143
    assert "a.partial.mp4" in lines[-1]
    assert (folder / "out" / "a.partial.mp4").exists()


def test_a_signal_that_is_ignored_stays_so(folder):
    """As with nohup, and for Ctrl-C in jobs that a shell runs in the background."""
    command = [sys.executable, "-m", "dask_animate", *map(str, ENDLESS), "--workers", "1"]
    script = "trap '' HUP INT; exec \"$@\""
    process = subprocess.Popen(
        ["bash", "-c", script, "bash", *command],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    )
    wait_until(lambda: (folder / "drawn").exists() or ended(process))
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGINT)
    process.terminate()
    code, lines = finish(process)
    assert (code, lines[-1]) == (143, "dask-animate: error: stopped by SIGTERM")


def test_a_signal_while_a_file_is_loaded(folder):
    (folder / "waits.py").write_text(
        "from pathlib import Path\nimport time\nPath('in').touch()\ntime.sleep(60)\n"
    )
    process = start("render", "waits.py:A", "-p", "range(9)", "-o", "a.mp4")
    wait_until((folder / "in").exists)
    process.terminate()
    assert finish(process) == (143, ["dask-animate: error: stopped by SIGTERM"])


def test_the_same_signal_twice_at_once_is_one():
    """GNU's timeout sends two."""
    script = """
        import os, signal, time
        from dask_animate.cli.stopping import Stopped, stoppable

        try:
            with stoppable():
                try:
                    os.kill(os.getpid(), signal.SIGTERM)
                finally:
                    os.kill(os.getpid(), signal.SIGTERM)
                    print("cleaned up")
        except Stopped as exc:
            print(exc)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "cleaned up\nstopped by SIGTERM\n"


def test_a_signal_that_comes_in_a_finalizer_is_not_lost():
    """Python drops what is raised there, and what is raised where C calls Python."""

    class Finalized:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)

    def wait():
        Finalized()
        wait_until(lambda: False)

    with pytest.raises(Stopped, match="stopped by SIGTERM"), stoppable():
        wait()


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(Stopped, match="stopped by SIGTERM"), stoppable():
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_error_that_comes_before_the_signal_is_raised(folder):
    """Such as that of workers that got the signal, too."""
    (folder / "late.py").write_text(
        textwrap.dedent(
            """
            import os, signal
            from animations import Numbers

            class Late(Numbers):
                def setup(self):
                    try:
                        os.kill(os.getpid(), signal.SIGTERM)
                    except BaseException:
                        pass
                    raise ValueError("no worker is left")
            """
        )
    )
    process = start("render", "late.py:Late", "-p", "range(8)", "-o", "out.mp4")
    code, lines = finish(process)
    assert code == 143, lines
    assert lines[-1].startswith("dask-animate: error: stopped by SIGTERM; ")
    assert "no worker is left" in lines[-1]


def test_nobody_reads_what_is_printed(folder):
    """As in `dask-animate ... | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask_animate", "encoders"], stdout=file, stderr=subprocess.PIPE
        )
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 1
