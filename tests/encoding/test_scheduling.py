"""Encoders leave alone how the system schedules the process."""

import os
import subprocess
import sys
import textwrap
import threading

import pytest
from helpers import SUPPORT, path_first

from dask_animate.encoding.scheduling import scheduling_kept

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root has real-time threads"
)

SCRIPT = """
    import contextlib
    import os
    import sys
    from helpers import FrameNumber

    def policies():
        found = set()
        for thread in os.listdir("/proc/self/task"):
            with contextlib.suppress(ProcessLookupError):
                found.add(os.sched_getscheduler(int(thread)))
        return found

    def watched(n):
        for i in range(n):
            yield i
            seen.update(policies())

    seen = policies()
    before = set(seen)
    options = {"codec": "av1", "num_workers": 1, "partition_size": 20}
    for _ in range(2):
        FrameNumber().make_video(sys.argv[1], watched(40), 30, **options)
    print(seen | policies() == before)
"""


def test_threads_are_no_real_time_threads(tmp_path):
    """SVT-AV1 makes its own and the one that opens it real-time threads if the user is root."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), tmp_path / "a.mp4"],
        env=os.environ | {"PYTHONPATH": path_first(SUPPORT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr


def test_two_threads_at_once():
    """What one of them is about to undo is not what the other one finds."""
    is_changed, goes_on, found = threading.Event(), threading.Event(), []

    def change():
        with scheduling_kept():
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            is_changed.set()
            goes_on.wait(10)
        found.append(os.sched_getscheduler(0))

    def look():
        is_changed.wait(10)
        timer = threading.Timer(0.2, goes_on.set)
        timer.start()
        with scheduling_kept():
            pass
        timer.join()

    threads = [threading.Thread(target=target) for target in (change, look)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [os.SCHED_OTHER]
