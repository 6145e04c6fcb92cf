"""The preflight: what is found out about workers before a render."""

import pytest
from helpers import FrameNumber
from unlike_workers import (
    ByVariable,
    Titled,
    foreign_worker,
    installed_font,
    numbers_by_address,
    other_version,
    unlike_client,
)

from dask_animate import FrameSource
from dask_animate.errors import OptionError, OptionTypeError, ParamsError

pytestmark = pytest.mark.newest  # what is compared does not depend on releases


def test_workers_that_are_alike(client, tmp_path):
    store = tmp_path / "deep" / "frames.zarr"
    report = FrameNumber().preflight(
        client, param_by_frame=range(9), output_file=tmp_path / "new" / "a.mp4", store=store
    )
    assert report.ok, str(report)
    assert report.problems == ()
    assert {check.facts.worker for check in report.workers} == {*client.nthreads()}
    assert len({check.facts.proof for check in report.workers}) == 1
    for check in report.workers:
        assert check.encoders["libx264"] == ""
        assert check.store == ""
        assert check.size is not None
        assert check.facts.versions == report.versions
        assert {"python", "matplotlib", "freetype", "av", "numpy", "dask_animate", "distributed"} <= {
            *report.versions
        }
    assert [*tmp_path.iterdir()] == []
    lines = str(report).splitlines()
    assert lines[0].startswith("OK: 2 workers, asked in ")
    assert repr(report) == f"<PreflightReport: {lines[0]}>"
    page = report._repr_mimebundle_()["text/html"]
    assert all(address in page for address in client.nthreads())


def test_the_first_frame_is_that_of_the_first_parameters(client):
    proofs = [
        FrameNumber().preflight(client, param_by_frame=params).workers[0].facts.proof
        for params in ([3, 1], [5, 1], iter([5, 1]), None)
    ]
    assert proofs[1] == proofs[2]
    assert len({*proofs}) == 3


def test_existing_store_and_file_stay(client, tmp_path):
    options = {"store": tmp_path / "frames.zarr"}
    FrameNumber().make_video(tmp_path / "a.mp4", range(9), 30, num_workers=1, **options)

    def content():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    before = content()
    assert FrameNumber().preflight(client, output_file=tmp_path / "a.mp4", **options).ok
    assert content() == before


def test_this_process():
    report = FrameNumber().preflight()
    assert report.ok, str(report)
    assert "this process" in str(report)
    assert report.workers[0].facts.worker == ""


def test_problems_of_some_workers(tmp_path):
    font = installed_font(tmp_path / "fonts")
    with (
        unlike_client({}, {}, font) as client,
        foreign_worker(client, **other_version(tmp_path / "other", "numpy", "9.9")),
    ):
        report = Titled().preflight(client, param_by_frame=range(3))
        numbers = numbers_by_address(client, 3)
        assert len(report.problems) == 1, str(report)
        (problem,) = report.problems
        assert numbers[problem.partition(": ")[0]] == 2
        assert "the first frame differs from that of" in problem
        assert "the font 'Only Here' no font / only.ttf" in problem
        notes = "\n".join(report.notes)
        assert "the font 'Only Here' is not installed on" in notes
        assert "numpy differs between workers: " in notes
        assert f"9.9 on {next(at for at, number in numbers.items() if number == 3)}" in notes


def test_worker_on_which_setup_fails_and_which_reaches_no_store(tmp_path):
    with unlike_client({}, {"SHADE": "fail"}) as client:
        report = ByVariable().preflight(client, store=tmp_path / "frames.zarr")
        failing = next(at for at, number in numbers_by_address(client).items() if number == 1)
        assert report.problems == (
            f"{failing}: setup() failed: ModuleNotFoundError: No module named 'shades'",
        )
        assert not report.ok
        assert "1 problem: 2 workers" in str(report)
        memory = "memory://frames.zarr"
        problems = FrameNumber().preflight(client, store=memory).problems
        assert len(problems) >= 1
        assert all("the store is not reached" in problem for problem in problems)


def test_busy_workers(own_client):
    import time

    busy = own_client.map(time.sleep, [3.0, 3.01])
    report = FrameNumber().preflight(own_client, timeout=0.5)
    assert report.problems[0].endswith("it does not answer in time: it may be busy")
    del busy


def test_memory_and_threads():
    from dask_animate.execution.worker_facts import WorkerCheck, WorkerFacts
    from dask_animate.frames import FrameSize
    from dask_animate.inspection.preflight import make_preflight_report

    facts = WorkerFacts("tcp://a:1", proof="x")
    check = WorkerCheck(facts, FrameSize(1080, 1920), {"libx264": ""}, n_threads=4, memory=2**29)
    report = make_preflight_report([check], {}, mode="auto", partition_size="auto")
    assert "which is more than half of the 128.00 MiB" in report.problems[0]
    assert "a process draws one figure at a time" in report.notes[0]


def test_gpu_that_is_not_there(client):
    report = FrameNumber().preflight(client, video_mode="gpu")
    assert "h264_nvenc" in report.problems[0]


class Pixels(FrameSource):
    def draw(self, frame_idx, params):
        import numpy as np

        return np.full((16, 16, 3), params, np.uint8)


def test_frame_sources(client):
    report = Pixels().preflight(client, param_by_frame=[3, 4])
    assert report.ok, str(report)
    assert all(check.facts.proof for check in report.workers)
    report = Pixels().preflight(client)
    assert "the first frame was not compared: give param_by_frame" in report.notes[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"timeout": 0}, OptionError, "timeout must be a positive number of seconds, got 0"),
        ({"timeout": "1"}, OptionTypeError, "timeout must be a number of seconds, got '1'"),
        ({"codec": "h265"}, OptionError, "codec must be one of"),
        ({"output_file": "a.txt"}, OptionError, "output_file must end in"),
        ({"client": "tcp://"}, OptionTypeError, "client must be a distributed.Client"),
        ({"param_by_frame": []}, ParamsError, "param_by_frame is empty"),
        ({"param_by_frame": [1], "partition_size": 0}, OptionError, "partition_size"),
    ],
)
def test_wrong_arguments(options, error, message):
    with pytest.raises(error, match=message):
        FrameNumber().preflight(**options)
