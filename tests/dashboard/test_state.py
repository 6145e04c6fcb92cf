"""What a scheduler knows of renders, from the transitions and events that it would see."""

import json
from itertools import pairwise

import pytest

from dask_animate.dashboard.announcements import (
    partition_drawn,
    render_done,
    render_failed,
    render_started,
)
from dask_animate.dashboard.messages import LONG, MEDIUM, SHORT, shortened
from dask_animate.dashboard.render_record import MAX_FAILURES, MAX_WORKERS, STRIP_CELLS
from dask_animate.dashboard.snapshot import snapshot, status_of
from dask_animate.dashboard.state import MAX_RENDERS, AnimateState
from dask_animate.errors import FrameError, WorkerError

NAME = "0123456789abcdef" * 2
WORKERS = ["tcp://10.0.0.1:1", "tcp://10.0.0.2:2"]


class Story:
    """A render as a scheduler sees it."""

    def __init__(self, n_frames=100, state=None, name=NAME):
        self.state = AnimateState() if state is None else state
        self.name, self.now, self.n_keys = name, 1000.0, 0
        self.tell(render_started("/some/where/video.mp4", n_frames))
        self.render = self.state.renders[name]

    def tell(self, event):
        event = {**event, "render": self.name, "client": f"Client-{self.name}", "has_thumbnails": True}
        self.state.on_event(event, self.now)

    def key(self, start, n_frames):
        self.n_keys += 1
        return (f"draw_and_encode-{self.name}", self.n_keys, start, n_frames)

    def move(self, key, *states, **facts):
        for start, finish in pairwise(states):
            self.state.on_transition(key, start, finish, self.now, facts if finish == states[-1] else {})

    def send(self, start, n_frames):
        key = self.key(start, n_frames)
        self.move(key, "released", "waiting", "processing")
        return key

    def draw(self, start, n_frames, worker=WORKERS[0], seconds=1.0, key=None, **told):
        key = key or self.send(start, n_frames)
        self.now += seconds
        metadata = partition_drawn(start, n_frames, {"draw": seconds}, **told)
        span = {"action": "compute", "start": self.now - seconds, "stop": self.now}
        self.move(key, "processing", "memory", worker=worker, metadata=metadata, startstops=[span])
        return key

    def shown(self, n_workers=2):
        told = snapshot(self.state, self.render, None, n_workers)
        return json.loads(json.dumps(told))["chosen"]


def test_frames_are_counted():
    story = Story(40)
    story.draw(0, 10, n_blitted=9)
    story.draw(20, 10, WORKERS[1], n_blitted=10, n_reused=4)
    story.send(10, 10)
    shown = story.shown()
    assert (shown["n_done"], shown["n_drawn"], shown["n_reused"], shown["n_blitted"]) == (20, 16, 4, 19)
    assert shown["status"] == "running"
    sums = [sum(column) for column in zip(*shown["strip"]["cells"], strict=True)]
    assert sums == pytest.approx([16, 4, 10, 2])
    assert {worker["address"]: worker["n_frames"] for worker in shown["workers"]} == {
        WORKERS[0]: 10,
        WORKERS[1]: 10,
    }
    assert sum(shown["rate"]["cells"]) <= 20


def test_frames_that_are_drawn_again_count_once():
    story = Story(20)
    key = story.draw(0, 10)
    story.move(key, "memory", "released", "waiting", "processing")
    story.draw(0, 10, WORKERS[1], key=key)
    assert story.shown()["n_done"] == 10


def test_time_that_is_left():
    story = Story(100)
    for start in range(0, 50, 10):
        story.draw(start, 10, seconds=2.0)
    assert story.render.frames_per_second(story.now) == pytest.approx(5)


def test_states_are_true():
    story = Story()
    assert status_of(story.render, 0) == "waiting for workers"
    assert status_of(story.render, 2) == "running"
    key = story.key(0, 10)
    story.move(key, "released", "no-worker")
    assert status_of(story.render, 2) == "waiting for workers"
    story.move(key, "no-worker", "processing")
    assert status_of(story.render, 2) == "running"
    story.state.on_client_gone("another client", story.now)
    assert status_of(story.render, 2) == "running"
    story.state.on_client_gone(f"Client-{NAME}", story.now)
    assert status_of(story.render, 2) == "client gone"


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (render_done({"path": "video.mp4", "n_frames": 100}), "done"),
        (render_failed(ValueError("no"), is_cancelled=False), "failed"),
        (render_failed(KeyboardInterrupt(), is_cancelled=True), "cancelled"),
    ],
)
def test_ends(event, status):
    story = Story()
    story.send(0, 10)
    story.now += 5
    story.tell(event)
    story.state.on_client_gone(f"Client-{NAME}", story.now)
    story.draw(0, 10)  # too late
    shown = story.shown()
    assert (shown["status"], shown["n_done"], shown["seconds"]) == (status, 0, 5)
    assert sum(cell[2] for cell in shown["strip"]["cells"]) == 0
    assert bool(shown["failures"]) is (status == "failed")


def frame_error(frame_idx):
    error = FrameError.of(frame_idx, "{'x': 1}", KeyError("x"))
    error.__cause__ = KeyError("x")
    return error


def test_a_failed_frame_is_told_once_with_its_parameters():
    story = Story()
    error = frame_error(17)
    key = story.send(10, 10)
    facts = {"exception_text": repr(error), "traceback_text": "remote", "worker": WORKERS[1]}
    story.move(key, "processing", "erred", **facts)
    (first,) = story.shown()["failures"]
    assert (first["frame_idx"], first["traceback"]) == (17, "remote")
    story.tell(render_failed(error, is_cancelled=False))
    (failure,) = story.shown()["failures"]
    assert (failure["frame_idx"], failure["params"], failure["worker"]) == (17, "{'x': 1}", WORKERS[1])
    assert failure["text"] == "KeyError: 'x'"
    assert "KeyError" in failure["traceback"]
    assert failure["frames"] == [17, 1]
    assert story.shown()["n_failures"] == 1


def test_what_follows_a_failure_is_not_told():
    story = Story()
    for start, text in (
        (10, repr(frame_error(17))),
        (20, "AnimateError('the render was abandoned')"),
        (30, repr(frame_error(31))),
    ):
        story.move(story.send(start, 10), "processing", "erred", exception_text=text, worker=WORKERS[0])
    story.tell(render_failed(frame_error(17), is_cancelled=False))
    assert [failure["frame_idx"] for failure in story.shown()["failures"]] == [31, 17]


def test_a_partition_that_kills_its_workers():
    story = Story()
    for start, text in ((40, "KilledWorker('x')"), (50, "AnimateError('the render was abandoned')")):
        story.move(story.send(start, 5), "processing", "erred", exception_text=text, worker=WORKERS[0])
    error = WorkerError("frames 40 to 44: workers died drawing this")
    story.tell(render_failed(error, is_cancelled=False))
    (failure,) = story.shown()["failures"]
    assert (failure["frame_idx"], failure["frames"]) == (None, [40, 5])
    assert "workers died" in failure["text"]


def test_a_client_that_dies_after_a_failure_leaves_what_the_task_told():
    story = Story()
    facts = {"exception_text": "OSError('full')", "traceback_text": "remote", "worker": WORKERS[0]}
    story.move(story.send(10, 10), "processing", "erred", **facts)
    story.state.on_client_gone(f"Client-{NAME}", story.now)
    (failure,) = story.shown()["failures"]
    assert (failure["frame_idx"], failure["text"]) == (None, "OSError('full')")
    assert failure["frames"] == [10, 10]


def test_slow_workers_and_partitions_are_named():
    story = Story(70)
    for start in range(0, 30, 10):
        story.draw(start, 10, WORKERS[0], seconds=1.0)
        story.draw(start + 30, 10, WORKERS[1], seconds=1.1)
    assert not any(worker["is_slow"] for worker in story.shown()["workers"])
    story.draw(60, 10, WORKERS[1], seconds=20.0)
    assert [worker["is_slow"] for worker in story.shown()["workers"]] == [False, True]
    reasons = " ".join(story.shown()["reasons"])
    assert "Frames 60 to 69 took 2000 ms each on 10.0.0.2:2; typically 100 ms." in reasons
    assert "1 of 2" in reasons
    story.draw(99, 1, WORKERS[1], seconds=9.0)
    assert "Frame 99 took 9000 ms on 10.0.0.2:2; typically 100 ms." in " ".join(story.shown()["reasons"])


def test_why_it_waits():
    story = Story(20)
    assert story.shown(n_workers=0)["reasons"] == ["The cluster has no worker."]
    key = story.key(0, 10)
    story.move(key, "released", "no-worker")
    assert story.shown()["reasons"] == [
        "No worker can run 1 of the tasks: none has the requested resources or is in the requested list."
    ]
    story.move(key, "no-worker", "processing")
    story.draw(0, 10, key=key)
    assert "nothing to draw" in story.shown()["reasons"][0]
    story.draw(10, 10, redraw_fault="a callback")
    assert [reason.split(":")[0] for reason in story.shown()["reasons"]] == [
        "All frames are drawn. The client puts them into the file.",
        "1 partition was drawn in full, not incrementally",
    ]


def test_a_worker_that_dies():
    story = Story()
    story.draw(0, 10)
    story.state.on_worker_gone(WORKERS[0])
    story.state.on_worker_gone(WORKERS[1])  # which had drawn nothing
    assert story.shown()["workers"][0]["is_gone"]
    assert "1 worker left" in story.shown()["reasons"][-1]


def test_everything_is_bounded():
    story = Story(None)
    for n in range(20_000):
        key = story.send(5 * n, 5)
        story.draw(5 * n, 5, f"tcp://10.0.0.1:{n}", 0.01, key, redraw_fault="y" * 10**5)
        story.move(key, "memory", "released", "forgotten")
    for n in range(100):
        story.move(story.send(n, 1), "processing", "erred", exception_text="x" * 10**6)
    shown = story.shown()
    assert shown["n_done"] == 100_000
    assert len(shown["strip"]["cells"]) <= STRIP_CELLS
    assert len(shown["workers"]) == MAX_WORKERS
    assert (len(shown["failures"]), shown["n_failures"]) == (MAX_FAILURES, 100)
    assert len(shown["failures"][0]["text"]) < MEDIUM + 100
    assert len(json.dumps(shown)) < 150_000
    story.tell({"action": "end", "outcome": "done", "result": {f"{n}": "x" * 10**5 for n in range(99)}})
    assert len(json.dumps(story.shown()["result"])) < 20 * (LONG + 100)


def test_what_a_client_says_of_itself_is_bounded():
    state, long = AnimateState(), "x" * 10**6
    event = {"action": "start", "render": long, "client": long, "file": long}
    state.on_event(event, 1000.0)
    ((name, render),) = state.renders.items()
    for text in (name, render.name, render.client, render.file):
        assert len(text) < SHORT + 100


def test_an_end_that_is_not_known_is_refused_and_changes_nothing():
    story = Story()
    before = story.shown()
    event = {"action": "end", "outcome": "x" * 10**6, "result": {"path": "video.mp4"}}
    with pytest.raises(ValueError, match="one of done, failed, cancelled"):
        story.tell({**event, "error": {"text": "no"}})
    assert {**story.shown(), "seconds": 0} == {**before, "seconds": 0}
    story.tell(render_done({"path": "video.mp4"}))
    assert story.shown()["status"] == "done"


def test_phases_that_are_not_known_are_left_out():
    story = Story()
    key = story.send(0, 10)
    phases = {"setup": 2.0, "draw": 1.0, "other": 0.5, **{f"{n}": 1.0 for n in range(999)}}
    metadata = partition_drawn(0, 10, phases)
    story.move(key, "processing", "memory", worker=WORKERS[0], metadata=metadata)
    (worker,) = story.shown()["workers"]
    assert (worker["ms"], worker["setup_seconds"]) == ({"draw": 100.0, "other": 50.0}, 2.0)


def test_old_renders_are_dropped_and_those_that_run_stay():
    running = Story()
    for n in range(3 * MAX_RENDERS):
        story = Story(state=running.state, name=f"{n:032}")
        story.tell(render_done({}))
    assert len(running.state.renders) == MAX_RENDERS
    assert NAME in running.state.renders
    assert running.state.n_dropped == 2 * MAX_RENDERS + 1
    assert running.state.latest() is running.render


@pytest.mark.parametrize(
    "key", ["x", 7, b"x", ("x",), ("x", 1), (1, 2), (("a", 1), 2), (f"draw-{'f' * 32}", 1, 0, 5)]
)
def test_tasks_of_others_do_not_matter(key):
    story = Story()
    before = story.shown()
    story.state.on_transition(key, "processing", "erred", story.now, {"exception_text": "not ours"})
    after = story.shown()
    assert {**after, "seconds": 0} == {**before, "seconds": 0}


def test_texts_are_shortened_and_say_so():
    event = render_started("x" * 10**6, 1)
    assert len(event["file"]) < SHORT + 100
    assert "characters left out" in event["file"]
    error = ValueError("y" * 10**6)
    told = render_failed(error, is_cancelled=False)["error"]
    assert len(told["text"]) < MEDIUM + 100
    assert len(told["traceback"]) < LONG + 100
    result = render_done({"path": "z" * 10**6, "summary": "s" * 10**6, "n_frames": 3})["result"]
    assert (len(result["path"]) < SHORT + 100, len(result["summary"]) < LONG + 100) == (True, True)
    assert result["n_frames"] == 3
    assert shortened("short", SHORT) == "short"
