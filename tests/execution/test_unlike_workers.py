"""Workers that would draw other frames are found before they draw any."""

import contextlib
import threading
import warnings

import numpy as np
import pytest
from distributed import Client
from helpers import decode, path_first
from slurm import wait_until
from unlike_workers import (
    ByVariable,
    OwnDefaults,
    SlowLater,
    Titled,
    add_worker,
    foreign_worker,
    fresh_settings,
    installed_font,
    numbers_by_address,
    other_version,
    proves_late,
    unlike_client,
)

from dask_animate.errors import (
    AnimateError,
    FontWarning,
    MismatchError,
    MismatchWarning,
    OptionError,
    SetupError,
    WorkerError,
)
from dask_animate.execution import distributed_executor

pytestmark = pytest.mark.newest  # what is compared does not depend on releases

N = 30
OPTIONS = {"codec": "ffv1", "partition_size": 3}


def render(animator, tmp_path, client, params=range(N), **options):
    return animator.make_video(tmp_path / "a.mkv", params, 30, client=client, **OPTIONS | options)


def drawn_by(video, client):
    """Return the numbers of the workers that drew."""
    numbers = numbers_by_address(client)
    return {numbers[report.worker] for report in video.stats.partitions}


def expected(animator, params=range(N)):
    return np.stack([animator.frame(item, idx) for idx, item in enumerate(params)])


def test_the_same_frames_everywhere(tmp_path):
    """matplotlib's settings on the workers do not count: those of the caller do."""
    other = fresh_settings(tmp_path / "other", **{"lines.linewidth": 7, "font.size": 4})
    with unlike_client({}, other) as client:
        video = render(Titled("DejaVu Serif"), tmp_path, client)
        np.testing.assert_array_equal(decode(video.path), expected(Titled("DejaVu Serif")))
        assert video.stats.warnings == ()


def test_other_fonts(tmp_path):
    with unlike_client({}, {}, installed_font(tmp_path / "fonts")) as client:
        with pytest.raises(MismatchError, match=r"the font 'Only Here' no font / only.ttf \w+"):
            render(Titled(), tmp_path, client)
        assert not (tmp_path / "a.mkv").exists()
        with pytest.warns(MismatchWarning, match="draws nothing: its frames differ from"):
            video = render(Titled(), tmp_path, client, on_mismatch="exclude")
        assert drawn_by(video, client) <= {0, 1}
        np.testing.assert_array_equal(decode(video.path), expected(Titled()))
        assert "Only Here" in video.stats.warnings[0]
        with pytest.warns(FontWarning):
            render(Titled(), tmp_path, client, on_mismatch="ignore")


def test_other_settings(tmp_path):
    other = fresh_settings(tmp_path / "other", **{"lines.linewidth": 7})
    with unlike_client({}, other) as client:
        with pytest.raises(MismatchError, match=r"rcParams\['lines.linewidth'\] .*7\.0"):
            render(OwnDefaults(), tmp_path, client)


def test_other_versions_are_named(tmp_path):
    other = {**other_version(tmp_path / "other", "numpy", "9.9"), "SHADE": "0.8"}
    with unlike_client({}) as client, foreign_worker(client, **other):
        with pytest.raises(MismatchError, match=r"numpy (\d.* / 9\.9|9\.9 / \d)"):
            render(ByVariable(), tmp_path, client)


@pytest.mark.parametrize("kind", ["list", pytest.param("generator", marks=pytest.mark.slow)])
def test_unknown_cause(tmp_path, kind):
    with unlike_client({}, {}, {"SHADE": "0.8"}) as client:
        params = [*range(N)]
        with pytest.raises(MismatchError, match="nothing that is known"):
            render(ByVariable(), tmp_path, client, params if kind == "list" else iter(params))
        with pytest.warns(MismatchWarning):
            video = render(
                ByVariable(),
                tmp_path,
                client,
                params if kind == "list" else iter(params),
                on_mismatch="exclude",
            )
        assert drawn_by(video, client) <= {0, 1}
        np.testing.assert_array_equal(decode(video.path), expected(ByVariable()))


def test_tie(tmp_path):
    with unlike_client({}, {"SHADE": "0.8"}) as client:
        with pytest.warns(MismatchWarning, match="it was a tie: as many workers draw the one as the o"):
            video = render(ByVariable(), tmp_path, client, on_mismatch="exclude")
        assert len(drawn_by(video, client)) == 1


def test_setup_that_fails_somewhere(tmp_path):
    with unlike_client({}, {"SHADE": "fail"}) as client:
        with pytest.raises(SetupError, match="No module named 'shades'"):
            render(ByVariable(), tmp_path, client)
        with pytest.warns(MismatchWarning, match="draws nothing: setup.. failed: ModuleNotFoundError"):
            video = render(ByVariable(), tmp_path, client, on_mismatch="exclude")
        assert drawn_by(video, client) == {0}
        np.testing.assert_array_equal(decode(video.path), expected(ByVariable()))


def test_setup_that_fails_everywhere(tmp_path):
    with unlike_client({"SHADE": "fail"}, {"SHADE": "fail"}) as client:
        with pytest.raises(SetupError, match="No module named 'shades'"):
            render(ByVariable(), tmp_path, client, on_mismatch="exclude")


def test_worker_without_the_library(tmp_path):
    package = tmp_path / "shadow" / "dask_animate"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ModuleNotFoundError('not installed')")
    with unlike_client({}) as client, foreign_worker(client, PYTHONPATH=path_first(package.parent)):
        with pytest.raises(WorkerError, match=r"cannot take the render .*not installed"):
            render(ByVariable(), tmp_path, client)
        with pytest.warns(
            MismatchWarning, match=r"draws nothing: .*install dask_animate on every worker"
        ):
            video = render(ByVariable(), tmp_path, client, on_mismatch="exclude")
        np.testing.assert_array_equal(decode(video.path), expected(ByVariable()))


def test_wrong_argument(tmp_path):
    message = "on_mismatch must be one of 'raise', 'exclude', 'ignore', got 'warn'"
    with pytest.raises(OptionError, match=message):
        ByVariable().make_video(tmp_path / "a.mp4", range(3), 30, on_mismatch="warn")


def test_only_workers_that_were_left_out_are_left(tmp_path):
    with unlike_client({}, {}, {"SHADE": "0.8"}) as client:
        numbers = numbers_by_address(client)

        def params():
            for n in range(90):
                if n == 30:
                    client.cluster.worker_spec.pop(0)
                    client.cluster.worker_spec.pop(1)
                    client.cluster.sync(client.cluster._correct_state)
                yield n

        with (
            pytest.warns(MismatchWarning),
            pytest.raises(MismatchError, match="only workers are left that were excluded"),
        ):
            render(ByVariable(), tmp_path, client, params(), on_mismatch="exclude")
        assert [numbers[address] for address in client.nthreads()] == [2]


_LATER = [
    ("0.2", True, "raise"),
    ("0.8", False, "raise"),
    ("0.8", False, "exclude"),
    pytest.param("0.2", True, "exclude", marks=pytest.mark.slow),
    pytest.param("fail", False, "raise", marks=pytest.mark.slow),
    pytest.param("fail", False, "exclude", marks=pytest.mark.slow),
]


@pytest.mark.mostly_slow(1)
@pytest.mark.parametrize(("shade", "is_like", "on_mismatch"), _LATER)
def test_worker_that_joins_later(tmp_path, shade, is_like, on_mismatch):
    with unlike_client({}) as client:

        def params():
            for n in range(90):
                if n == 20:
                    add_worker(client, SHADE=shade)
                yield n

        options = {"on_mismatch": on_mismatch, "store": tmp_path / f"{shade}.zarr"}
        if is_like or on_mismatch == "exclude":
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("ignore")  # of the store: modules of tests change
                warnings.simplefilter("always", MismatchWarning)
                video = render(SlowLater(), tmp_path, client, params(), **options)
            np.testing.assert_array_equal(decode(video.path), expected(ByVariable(), range(90)))
            assert drawn_by(video, client) == ({0, 1} if is_like else {0})
            assert len(caught) == (not is_like)
        else:
            with pytest.raises(AnimateError, match=r"its frames differ|shades"):
                render(SlowLater(), tmp_path, client, params(), **options)
            assert not (tmp_path / "a.mkv").exists()


def test_a_restart_while_workers_prove_what_they_draw(own_client, tmp_path, monkeypatch):
    """Who has not proved anything yet is compared by what is known without."""
    monkeypatch.setattr(distributed_executor, "prove", proves_late)
    restarted = []

    def asked(dask_scheduler):
        return any("prove" in str(key) for key in dask_scheduler.tasks)

    def restart():
        with Client(own_client.scheduler.address, set_as_default=False) as other:
            wait_until(lambda: other.run_on_scheduler(asked), "a worker is asked")
            other.restart(wait_for_workers=False)
            restarted.append(True)

    with contextlib.ExitStack() as stack:

        def params():
            for n in range(60):
                if n == 20:
                    stack.enter_context(foreign_worker(own_client, SHADE="0.2"))
                yield n

        thread = threading.Thread(target=restart)
        thread.start()
        video = render(SlowLater(), tmp_path, own_client, params())
        thread.join()
    assert restarted
    np.testing.assert_array_equal(decode(video.path), expected(ByVariable(), range(60)))


def are_free(client):
    return not any(client.run(lambda dask_worker: len(dask_worker.state.executing)).values())


def test_foreign_worker_joins_a_local_cluster(own_client, tmp_path, monkeypatch):
    """On a cluster whose workers are alike nothing is drawn before; when one differs, they are asked."""
    # Who most are like is found out from those that answer in time.
    monkeypatch.setattr(distributed_executor, "GRACE_SECONDS", 30)
    with contextlib.ExitStack() as stack:

        def params():
            for n in range(60):
                if n == 12:
                    stack.enter_context(foreign_worker(own_client, SHADE="0.8"))
                yield n

        with pytest.raises(MismatchError, match="its frames differ"):
            render(ByVariable(), tmp_path, own_client, params())
        # Who is busy may answer too late to be among those that most are like; a worker draws on when
        # the scheduler has forgotten the task.
        wait_until(lambda: are_free(own_client), "all workers are free")
        with pytest.warns(MismatchWarning):  # as a stranger is there, all prove what they draw
            video = render(ByVariable(), tmp_path, own_client, range(60), on_mismatch="exclude")
        np.testing.assert_array_equal(decode(video.path), expected(ByVariable(), range(60)))
