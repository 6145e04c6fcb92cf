"""Encoders leave alone how the system schedules the process."""

import os
import subprocess
import sys

import pytest
from helpers import SUPPORT

SCRIPT = """
    import os
    import sys
    from helpers import FrameNumber

    def policies():
        return {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")}

    def watched(n):
        for i in range(n):
            yield i
            seen.update(policies())

    seen = policies()
    before = set(seen)
    for _ in range(2):
        FrameNumber().make_video(sys.argv[1], watched(40), 30, num_workers=1, partition_size=20)
    print(seen | policies() == before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="real-time threads need Linux")
@pytest.mark.parametrize("codec", ["av1", "h264", "hevc", "vp9"])
def test_threads_are_no_real_time_threads(tmp_path, codec):
    """SVT-AV1 makes its own and the one that opens it real-time threads if the user is root."""
    script = "\n".join(line.removeprefix("    ") for line in SCRIPT.splitlines()).replace(
        "partition_size=20", f"partition_size=20, codec={codec!r}"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "a.mp4"],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
