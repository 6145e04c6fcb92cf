from dataclasses import dataclass

import pytest

from dask_animate.diagnostics.events import PartitionReport
from dask_animate.encoding.encoder_choice import choose_encoder
from dask_animate.encoding.options import EncodeOptions
from dask_animate.encoding.segment import Packet, Segment
from dask_animate.execution.partitioning import Plan
from dask_animate.execution.submission import Submission
from dask_animate.execution.window import SECONDS_AHEAD, SECONDS_BEHIND, Window
from dask_animate.frames import FrameSize
from dask_animate.rendering.task_output import TaskOutput, TaskSpec

N_FRAMES, PACKET_BYTES, FRAME_SECONDS = 25, 1000, 0.02
PRELOAD = 60


@dataclass
class Cluster:
    """What a window asks of workers."""

    threads: int = 2
    most: int = 16
    elastic: bool = False
    memory: int = 10**9
    are_limited: bool = False

    def n_threads(self):
        return self.threads

    def most_threads(self):
        return max(self.threads, self.most)

    def are_elastic(self):
        return self.elastic

    def budget(self):
        return self.memory


@pytest.fixture(scope="module")
def segments():
    return TaskSpec(choose_encoder(EncodeOptions.create("a.mp4", 30, mode="cpu"), FrameSize(48, 64)))


def partition(n_frames=N_FRAMES, param_bytes=0):
    return Submission(lambda: None, n_frames, param_bytes, "frames")


def output(param_bytes=0, seconds=FRAME_SECONDS):
    packets = [Packet(b" " * PACKET_BYTES, i, i == 0) for i in range(N_FRAMES)]
    report = PartitionReport(N_FRAMES, N_FRAMES * seconds, param_bytes=param_bytes)
    return TaskOutput(Segment(0, N_FRAMES, b"", packets, ""), report)


def most_in_flight(window, make=partition, enough=10**5):
    """Fill a window, and return the number of partitions."""
    sent = []
    while window.has_room() and len(sent) < enough:
        sent.append(make())
        window.add(sent[-1])
    for one in sent:
        window.remove(one)
    return len(sent)


def open_window(cluster, task, *, run_code=False, n_here=0, measured=True):
    plan = Plan("auto", PRELOAD)
    window = Window(cluster, plan, task, 9216, run_code=run_code, n_here=n_here)
    if measured:
        window.learn(output())
    return window


def test_an_elastic_cluster_sees_all_that_fits_into_memory(segments):
    cluster = Cluster(elastic=True)
    n = most_in_flight(open_window(cluster, segments))
    assert n == cluster.memory // (2 * PACKET_BYTES * N_FRAMES)
    assert n * N_FRAMES * FRAME_SECONDS > 16 * SECONDS_AHEAD
    cluster.memory //= 10
    assert most_in_flight(open_window(cluster, segments)) == n // 10


@pytest.mark.parametrize("elastic", [False, True])
def test_parameters_count(segments, elastic):
    window = open_window(Cluster(elastic=elastic), segments)
    assert most_in_flight(window, lambda: partition(param_bytes=10**8)) == 9  # packets take a little
    window.learn(output(param_bytes=10**8))  # as of a bag, whose bytes are known when it is computed
    assert most_in_flight(window, lambda: partition(None)) == 9


def test_a_fixed_cluster_gets_some_seconds(segments):
    n = most_in_flight(open_window(Cluster(threads=3), segments))
    assert n == 3 * SECONDS_AHEAD / (N_FRAMES * FRAME_SECONDS)


@pytest.mark.parametrize("elastic", [False, True])
def test_few_until_something_was_measured(segments, elastic):
    cluster = Cluster(elastic=elastic)
    ahead = 1 + PRELOAD // N_FRAMES
    assert most_in_flight(open_window(cluster, segments, measured=False)) == 2 * ahead
    assert most_in_flight(open_window(cluster, segments, run_code=True, measured=False)) == 2 * ahead


@pytest.mark.parametrize("elastic", [False, True])
def test_generators_are_read_ahead_for_all_that_may_join(segments, elastic):
    cluster = Cluster(elastic=elastic)
    window = open_window(cluster, segments, run_code=True)
    assert most_in_flight(window) == 16 * (1 + PRELOAD // N_FRAMES)
    assert most_in_flight(window, lambda: partition(100)) == 16 * 2
    assert most_in_flight(window, lambda: partition(param_bytes=10**8)) == 9


@pytest.mark.parametrize("run_code", [False, True])
@pytest.mark.parametrize("elastic", [False, True])
def test_pixels_are_bounded_by_tasks(elastic, run_code):
    window = open_window(Cluster(elastic=elastic), TaskSpec(), run_code=run_code)
    assert most_in_flight(window) == 2 * (1 + PRELOAD // N_FRAMES)


@pytest.mark.parametrize("run_code", [False, True])
def test_few_wait_if_the_number_of_workers_is_limited(segments, run_code):
    window = open_window(Cluster(are_limited=True), segments, run_code=run_code)
    assert most_in_flight(window) == 2 * (1 + PRELOAD // N_FRAMES)


@pytest.mark.parametrize("measured", [False, True])
def test_something_is_left_to_draw_here(segments, measured):
    """One partition waits behind that of a worker, once it is known that it takes long enough."""
    window = open_window(Cluster(most=2), segments, n_here=1, measured=measured)
    assert N_FRAMES * FRAME_SECONDS >= SECONDS_BEHIND
    assert most_in_flight(window) == 2 * (2 if measured else 1 + PRELOAD // N_FRAMES)


@pytest.mark.parametrize("is_encoded", [False, True])
@pytest.mark.parametrize("n_frames", [16, 60, 400])
@pytest.mark.parametrize("seconds", [0.1, 1.0])
def test_a_worker_and_this_process_end_together(segments, is_encoded, n_frames, seconds):
    """Each time that something ends, the worker is given as much as there is room for."""
    task = segments if is_encoded else TaskSpec()
    window = open_window(Cluster(threads=1), task, n_here=1, measured=False)
    window.learn(output(seconds=seconds))
    left, waiting, ends = n_frames, [], {"worker": 0.0, "here": 0.0}

    def take(is_here=False):
        nonlocal left
        submission = partition(min(left, window.partition_size(n_frames, left)))
        left -= submission.n_frames
        submission.is_here = is_here
        window.add(submission)
        return submission

    while left or waiting:
        while left and window.has_room():
            waiting.append(take())
        if waiting and (not left or ends["worker"] <= ends["here"]):
            ends["worker"] += waiting[0].n_frames * seconds
            window.remove(waiting.pop(0))
        else:
            submission = take(is_here=True)
            ends["here"] += submission.n_frames * seconds
            window.remove(submission)
    assert max(ends.values()) <= 0.6 * n_frames * seconds + 2


def test_one_is_always_sent(segments):
    window = open_window(Cluster(memory=1), segments)
    assert most_in_flight(window) == 1


def test_partitions_are_short_where_workers_may_join(segments):
    sizes = []
    for elastic in (False, True):
        window = open_window(Cluster(threads=1, elastic=elastic), segments)
        sizes.append(window.partition_size(4000, 4000))
    fixed, short = sizes
    assert short == 1.0 / FRAME_SECONDS
    assert fixed > 1.5 * short


def test_the_last_blocks_are_short():
    window = open_window(Cluster(threads=2, most=2), TaskSpec())
    sizes = [window.partition_size(200, n_left) for n_left in (200, 100, 50, 20)]
    assert sizes == [PRELOAD, 50, 25, 10]
