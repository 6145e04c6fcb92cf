"""`python -m benchmarks`: its scripts can be read, and it sees what is wrong with a video."""

import importlib
import os
import subprocess
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def path_of_benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)


def module(name):
    return importlib.import_module(f"benchmarks.compare.{name}")


def frames(n_frames=12, size=(320, 240)):
    """Return frames of a white disk that moves over a plot-like background."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    whole = np.full((n_frames, height, width, 3), (40, 90, 160), np.uint8)
    for idx, frame in enumerate(whole):
        frame[np.hypot(x - 30 - 20 * idx, y - 120) < 20] = 255
    return whole


def encoded(path, pixels, codec="libx264", rate=30, **options):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(rate), options=options)
        stream.height, stream.width = pixels.shape[1:3]
        stream.pix_fmt = "rgb24" if codec.endswith("rgb") else "yuv420p"
        for one in pixels:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(one, format="rgb24")))
        container.mux(stream.encode())
    return path


def verdict(tmp_path, pixels, **options):
    verify = module("verify")
    reference = encoded(tmp_path / "ref.mkv", frames(), "libx264rgb", qp="0", preset="ultrafast")
    video = encoded(tmp_path / "a.mp4", pixels, **options)
    return verify.verify(video, reference, verify.read(reference))


def test_a_right_video(tmp_path):
    found = verdict(tmp_path, frames())
    assert found.correct
    assert found.ssim is None or found.ssim > 0.95


@pytest.mark.parametrize(
    ("pixels", "options", "wrong"),
    [
        (frames()[:-1], {}, "11 frames for 12"),
        (frames()[::-1], {}, "12 frames are not those of their place"),
        (frames()[[0, 2, 1, *range(3, 12)]], {}, "2 frames are not those of their place"),
        (frames()[:, :-2], {}, "320x238 for 320x240"),
        (frames()[..., [1, 0, 2]], {}, "colors off by"),
        (frames(size=(960, 720)), {}, "960x720 for 320x240"),
        (frames(), {"rate": 25}, "25.00 frames/s for 30"),
    ],
)
def test_wrong_videos(tmp_path, pixels, options, wrong):
    assert any(one.startswith(wrong) for one in verdict(tmp_path, pixels, **options).wrong)


def test_frames_that_are_counted(tmp_path):
    verify = module("verify")
    path = encoded(tmp_path / "a.mp4", frames())
    assert verify.count(path, 12, (320, 240)).correct
    assert verify.count(path, 13, (320, 242)).wrong == ["12 frames for 13", "320x240 for 320x242"]
    path.write_bytes(b"no video")
    assert "cannot be read" in verify.count(path, 12, (320, 240)).wrong[0]


def test_a_file_that_is_no_video(tmp_path):
    verify = module("verify")
    right = verify.read(encoded(tmp_path / "ref.mkv", frames(2)))
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    assert "cannot be read" in verify.verify(tmp_path / "a.mp4", tmp_path, right).wrong[0]


def test_every_script_can_be_read():
    tools, n_scripts = module("tools"), 0
    for workload in module("workloads").WORKLOADS:
        compile(tools.reference(workload, 3), workload.name, "exec")
        for tool in tools.TOOLS:
            for settings in tools.SETTINGS:
                text = tool.script(workload, 3, settings, 2)
                if tools.is_script(text):
                    compile(text, f"{tool.name}, {workload.name}", "exec")
                    n_scripts += 1
    assert n_scripts > 80


def test_what_a_script_uses(tmp_path):
    measure = module("measure")
    script = (
        "import pathlib, subprocess, sys, time\n"
        "pathlib.Path('out/a').write_bytes(bytes(5_000_000))\n"
        "burn = 'import time\\nwhile time.process_time() < 0.5: pass'\n"
        "subprocess.run([sys.executable, '-c', burn])\n"
        "held = b'x' * 80_000_000\n"
        "time.sleep(3)\n"  # looks are further apart on a busy machine
    )
    run = measure.run(sys.executable, script, tmp_path / "run", 60, {})
    assert run.error is None
    assert run.cpu_seconds > 0.5
    assert run.peak_disk >= 5_000_000
    assert run.peak_memory > 80_000_000


def test_scripts_that_fail_or_hang(tmp_path):
    measure, environments = module("measure"), module("environments")
    run = measure.run(sys.executable, "1 / 0", tmp_path / "fails", 60, {})
    assert environments.last_line(run.error) == "ZeroDivisionError: division by zero"
    run = measure.run(sys.executable, "import time; time.sleep(60)", tmp_path / "hangs", 1, {})
    assert run.error == "no end after 1 s"


@pytest.mark.parametrize("name", ["dask_animate", "matplotlib"])  # with a cluster, and without
def test_the_second_time_counts_alone(tmp_path, name):
    tools, measure = module("tools"), module("measure")
    tool = next(tool for tool in tools.TOOLS if tool.name == name)
    warm_up = "import pathlib, time\ntime.sleep(3)\npathlib.Path('out/a.mp4').touch(exist_ok=False)\n"
    script = (
        "import pathlib\n"
        "pathlib.Path('out/a.mp4').touch(exist_ok=False)\n"
        "pathlib.Path('phases.json').write_text('{\"wall\": 2.5}')\n"
    )
    run = measure.run(sys.executable, script, tmp_path / "run", 60, {}, tool.session(1), warm_up)
    assert run.error is None
    assert 0 < run.seconds < 2
    assert run.phases == {"wall": 2.5}


def results(n_workers, **seconds):
    """Return what tools did with two processes, or with several numbers of them."""
    compare = module("compare")
    return [
        compare.Result(
            "wave",
            name,
            "again",
            n,
            60,
            seconds=[taken / n, 1.1 * taken / n],
            cpu_seconds=[1.0, 1.0],
            peak_memory=[2**20] * 2,
            peak_disk=[0] * 2,
            phases=[{"wall": taken / n, "draw": 0.5}] * 2,
        )
        for n in n_workers
        for name, taken in seconds.items()
    ]


def test_a_script_that_nobody_waits_for_ends(tmp_path):
    measure, stopped, pid = module("measure"), threading.Event(), tmp_path / "run" / "pid"
    script = (
        "import os, time\n"
        "open('writing', 'w').write(str(os.getpid()))\n"
        "os.rename('writing', 'pid')\n"
        "time.sleep(600)\n"
    )

    def stop():
        while not pid.exists():
            time.sleep(0.05)
        stopped.set()

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(measure.Stopped):
        measure.run(sys.executable, script, tmp_path / "run", 600, {}, stopped=stopped)
    assert not psutil.pid_exists(int(pid.read_text()))


@pytest.mark.skipif(psutil.cpu_count() < 2, reason="needs two cores")
def test_scripts_at_once_have_cores_of_their_own(tmp_path):
    comparison = module("compare").Comparison(
        [], [], tmp_path, tmp_path, False, 1, [1], (), int, print, n_at_once=2
    )
    both, cores = threading.Barrier(2), []

    def note(_):
        both.wait(60)
        cores.append(os.sched_getaffinity(0))

    comparison.each(note, range(2))
    assert [len(one) for one in cores] == [1, 1]
    assert cores[0].isdisjoint(cores[1])


def test_cores_of_a_script():
    compare = module("compare")
    count = "import os; print(len(os.sched_getaffinity(0)))"
    before = os.sched_getaffinity(0)
    with compare.confined(1):
        assert subprocess.check_output([sys.executable, "-c", count]) == b"1\n"
    assert os.sched_getaffinity(0) == before


def test_reports(tmp_path):
    report = module("report")
    facts = {
        "quick": False,
        "date": "2000-01-01",
        "machine": {"processor": "any", "cores": 2, "memory": 2**30, "system": "any"},
        "runs": 2,
        "workers": [2],
        "at_once": 4,
        "confined": False,
        "versions": {},
    }
    timed = {"dask_animate": 2.0, "peer": 8.0, "plain loop": 4.0}
    report.write(results([2], **timed), facts, tmp_path)
    text = (tmp_path / "results.md").read_text()
    assert "| wave, 60 frames | 57.1 | peer | 14.3 | 4.00 | 28.6 | 2.00 |" in text
    assert "| geometric mean | | | | 4.00 | | 2.00 |" in text
    assert "4 scripts ran at once, each on 2 cores of its own." in text
    report.write_scaling(results([1, 2], dask_animate=2.0, peer=8.0), facts, tmp_path)
    text = (tmp_path / "scaling.md").read_text()
    assert "| peer | 7.1 | 14.3 | 1.00 | correct |" in text
    assert {path.name for path in tmp_path.iterdir()} == {
        *("results.json", "results.md", "rates_again.png"),
        *("scaling.json", "scaling.md", "scaling.png"),
    }


def test_tools_by_their_names():
    main = importlib.import_module("benchmarks.__main__")
    named = [one.name for one in main.chosen(main.TOOLS, ["matplotlib", "plain"], None)]
    assert named == ["matplotlib", "plain loop"]
