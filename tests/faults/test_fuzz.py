"""Arguments of any kind: a documented error before anything is written, or a video that is right."""

import fractions
import inspect
import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from helpers import FrameNumber, read_numbers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from matplotlib.animation import FuncAnimation

import dask_animate
from dask_animate import Animator, Clip
from dask_animate.errors import AnimateError
from dask_animate.video_options import VideoOptions, WriteOptions
from dask_animate.xarray import DataArrayAnimator

N = 5
#: Values that somebody may give by mistake, and some that are right somewhere.
VALUES = [
    *(None, True, False, 0, 1, 2, -1, 7, 10**30, 0.0, 0.5, 2.5, 1e-300, 1e300),
    *(float("nan"), float("inf"), -float("inf"), 1 + 2j, fractions.Fraction(30000, 1001)),
    *(np.int64(3), np.float32(2), np.array(3), np.array([]), np.arange(3), np.bool_(True)),
    *("", "x", "auto", "h264", "ffv1", "gif", "slow", "workers", "client", "skip", "raise", "\0", "ü/"),
    *("yuv420p", "blit", "full", "{}", "%d", "5", b"", b"x", [], [1], [1, 2, 2], [N], (), (1, 2), {}),
    *({"a": 1}, {"dpi": 20}, {0: 1}, {0: 0.5}, set(), range(3), iter([1]), object(), int, len),
    *(timedelta(seconds=1), Decimal("2.5"), Path("nowhere"), slice(3), Ellipsis, NotImplemented),
    *([("Begin", 0)], [("A", 0), ("B", 0.1)], [("A", -1)], {"title": "A"}, {"": ""}, ["-x", "1"]),
]
#: What starts processes, or waits for somebody, is fuzzed with what cannot start them.
NEVER = {
    "client": [0, "x", object(), [], True],
    "num_workers": ["x", 0, -1.5, None, [], 1, True, np.int64(1)],
}
NEVER["timeout"] = [0, -1, "x", float("nan"), None, [], True]

quick = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
thorough = settings(quick, max_examples=500)


def options_of(names):
    """Return a strategy for one to three wrong or right options."""
    one = st.sampled_from(sorted(names)).flatmap(
        lambda name: st.tuples(st.just(name), st.sampled_from(NEVER.get(name, VALUES)))
    )
    return st.lists(one, min_size=1, max_size=3).map(dict)


def names_of(function):
    return {
        name for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    } - {"self"}  # fmt: skip


def outcome(folder, function, *args, **options):
    """Call a function; return what it returns, None after an error that says what is wrong."""
    for path in folder.iterdir():
        path.unlink()
    (folder / "a.mkv").write_bytes(b"before")
    try:
        return function(*args, **options)
    except AnimateError as exc:
        said = str(exc)
    assert len(said) > 10
    assert (folder / "a.mkv").read_bytes() == b"before"
    assert os.listdir(folder) == ["a.mkv"]
    return None


def check_video(path, expected):
    if path.suffix == ".mkv":
        assert [read_numbers(frame) for frame in decode_all(path)] == expected


def decode_all(path):
    import av

    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def fuzz(profile):
    """Return a decorator that gives a test options of any kind, quickly or thoroughly."""

    def decorate(names):
        return lambda test: profile(given(options=options_of(names))(test))

    return decorate


MAKE_VIDEO = (
    {*VideoOptions.__annotations__, "fps", "n_frames", "param_by_frame"}
    - {"store", "keep_segments"}
)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory for files with relative names, too, and without a look at other directories."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def make_video(folder, options):
    options = {"codec": "ffv1", "num_workers": 1, "disable_progress_bar": True} | options
    params = options.pop("param_by_frame", range(N))
    video = outcome(
        folder, FrameNumber().make_video, folder / "a.mkv", params, options.pop("fps", 25), **options
    )
    if video is not None and isinstance(params, range) and "savefig_params" not in options:
        expected = [(i, i) for i in range(N if options.get("n_frames") is None else options["n_frames"])]
        if options.get("codec") == "ffv1":
            check_video(folder / "a.mkv", expected)


@pytest.mark.filterwarnings("ignore")
@fuzz(quick)(MAKE_VIDEO)
def test_make_video(folder, options):
    make_video(folder, options)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@fuzz(thorough)(MAKE_VIDEO)
def test_make_video_thoroughly(folder, options):
    make_video(folder, options)


@pytest.mark.filterwarnings("ignore")
@fuzz(quick)({*WriteOptions.__annotations__, "fps", "frames", "output_file"} - {"keep_segments"})
def test_write_video(folder, options):
    frames = np.stack([FrameNumber().frame(i, i) for i in range(N)])
    options = {"codec": "ffv1", "num_workers": 1, "disable_progress_bar": True} | options
    output = options.pop("output_file", folder / "a.mkv")
    frames = options.pop("frames", frames)
    video = outcome(folder, dask_animate.write_video, output, frames, options.pop("fps", 25), **options)
    if video is not None and video.path == folder / "a.mkv" and not {"durations", "codec"} & {*options}:
        check_video(video.path, [(i, i) for i in range(video.n_frames)])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["frame", "frames", "preview", "check", "preflight"])
@fuzz(quick)(
    {"savefig_params", "seed", "n", "frame_idx", "params", "partition_size", "n_frames", "axis"}
)
def test_looking(folder, name, options):
    method = getattr(FrameNumber(), name)
    known = names_of(getattr(Animator, name))
    options = {key: value for key, value in options.items() if key in known}
    first = {"frame": 3, "preflight": None}.get(name, range(N))
    result = outcome(folder, method, options.pop("params", first), **options)
    assert result is None or name != "frame" or result.dtype == np.uint8


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Two videos that fit together, and a file that is none."""
    folder = tmp_path_factory.mktemp("parts")
    for name, first in (("a.mkv", 0), ("b.mkv", N)):
        FrameNumber().make_video(folder / name, range(first, first + N), 25, codec="ffv1", num_workers=1)
    (folder / "c.mkv").write_bytes(b"nothing")
    return [folder / name for name in ("a.mkv", "b.mkv", "c.mkv", "nowhere.mkv")]


@pytest.mark.filterwarnings("ignore")
@quick
@given(
    chosen=st.one_of(st.lists(st.integers(0, 3), max_size=3), st.sampled_from(VALUES)),
    options=options_of({"chapters", "metadata"}),
)
def test_join(folder, parts, chosen, options):
    files = chosen
    if isinstance(chosen, list) and all(type(idx) is int and idx < len(parts) for idx in chosen):
        files = [parts[idx] for idx in chosen]
    video = outcome(folder, dask_animate.join, files, folder / "a.mkv", **options)
    if video is not None:
        numbers = [i for idx in chosen for i in range(idx * N, (idx + 1) * N)]
        check_video(folder / "a.mkv", [(i % N, i) for i in numbers])


@pytest.mark.filterwarnings("ignore")
@quick
@given(
    options=options_of({*VideoOptions.__annotations__, "fps", "n_frames", "sequential", "animation"}
                       - {"store", "keep_segments", "overwrite"})
)  # fmt: skip
def test_save(folder, options):
    options = {"codec": "ffv1", "num_workers": 1, "disable_progress_bar": True} | options
    numbers = FrameNumber()
    fig = numbers.setup()
    animation = options.pop("animation", FuncAnimation(fig, lambda i: numbers.update(i, i), range(N)))
    fps = options.pop("fps", 25)
    video = outcome(folder, dask_animate.save, animation, folder / "a.mkv", fps, **options)
    plt.close(fig)
    if video is not None and options.get("codec") == "ffv1" and "savefig_params" not in options:
        n = N if options.get("n_frames") is None else options["n_frames"]
        check_video(folder / "a.mkv", [(i, i) for i in range(n)])


@pytest.mark.filterwarnings("ignore")
@quick
@given(options=options_of(names_of(DataArrayAnimator.__init__) - {"data", "unknown"}))
def test_labelled_data(folder, options):
    values = np.arange(N * 6.0).reshape(N, 2, 3)
    data = xr.DataArray(values, dims=("time", "y", "x"), coords={"x": [1, 2, 3]}, name="t")
    animator = outcome(folder, DataArrayAnimator, data, **options)
    if animator is not None:
        path = folder / "a.mkv"
        video = outcome(folder, animator.to_video, path, 25, codec="ffv1", num_workers=1)
        assert video is None or video.n_frames == len(decode_all(path))


CLIP_METHODS = sorted(
    name for name, value in vars(Clip).items()
    if inspect.isfunction(value) and not name.startswith("_") and name not in ("render", "timeline")
)  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CLIP_METHODS)
@settings(quick, max_examples=40)
@given(arguments=st.lists(st.sampled_from(VALUES), max_size=4))
def test_clips(folder, name, arguments):
    clip = Clip(FrameNumber(), range(N), 25)
    method = getattr(clip, name)
    try:
        inspect.signature(method).bind(*arguments)
    except TypeError:
        return
    result = outcome(folder, method, *arguments)
    if isinstance(result, Clip):
        assert result.n_frames >= 1
        assert repr(result)
        if result.n_frames < 50:
            assert outcome(folder, result.frames) is not None
