"""The argument `--params`: ranges, files and their mistakes."""

import math

import click
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dask_animate.cli.frame_params import FrameRange, ParamsArgument


def values(text):
    return list(ParamsArgument(text).open(None))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("range(4)", [0, 1, 2, 3]),
        (" range( 2, 8, 2*1 ) ", [2, 4, 6]),
        ("range(3, 0, -1)", [3, 2, 1]),
        ("arange(3)", [0, 1, 2]),
        ("arange(0, 1, 1/4)", [0, 0.25, 0.5, 0.75]),
        ("linspace(-1, +1, 3)", [-1, 0, 1]),
        ("linspace(0, 2*pi, 4, endpoint=False)", [0, math.pi / 2, math.pi, 3 * math.pi / 2]),
        ("linspace(0, tau / e, 2, endpoint=True)", [0, math.tau / math.e]),
        ("geomspace(1, 8, 4)", [1, 2, 4, 8]),
    ],
)
def test_ranges(text, expected):
    assert values(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("range(0)", "it has 0 values, and there may be from 1 to 10000000"),
        ("range(10000001)", "it has 10000001 values"),
        ("arange(0, 1e30)", "values, and there may be from 1"),
        ("arange(0, 1, 0)", "division by zero"),
        ("arange(1, 2, 3, 4)", r"arange takes \(stop\), \(start, stop\) or"),
        ("range(0.5)", "cannot be interpreted as an integer"),
        ("range()", "range expected at least 1 argument"),
        ("linspace(0, 1)", r"linspace takes \(start, stop, number of frames\)"),
        ("linspace(0, 1, 2.5)", r"linspace takes \(start, stop, number of frames\)"),
        ("linspace(0, 1e999, 3)", "not all of its values are numbers"),
        ("geomspace(0, 1, 3)", "Geometric sequence cannot include zero"),
        ("range(3, endpoint=False)", "the only option is endpoint=False"),
        ("linspace(0, 1, 3, dtype=int)", "the only option is endpoint=False"),
        ("linspace(0, 1, 3, endpoint=0)", "the only option is endpoint=False"),
        ("linspace(0, 1, *[3])", "is no number: there may be"),
        ("range(2**3)", r"2 \*\* 3 is no number: there may be \+ - \* / and pi, tau, e"),
        ("range(True)", "True is no number"),
        ("range(len('abc'))", "len.* is no number"),
        ("__import__('os')", "it must be one of range, arange, linspace, geomspace"),
        ("exit()", "it must be one of range"),
        ("range(3)[0]()", "it must be one of range"),
        ("range(", "--params must be FILE_OR_MODULE:NAME, a file that ends in .npy or .csv, a zarr"),
        ("range(,)", "invalid syntax"),
        ("range(" + "-" * 3000 + "1)", "that is nested too deeply"),
        ("3", "--params must be FILE_OR_MODULE:NAME"),
        ("", "--params must be FILE_OR_MODULE:NAME"),
        ("none.npy", "--params none.npy cannot be read: No such file or directory"),
        ("none.csv", "--params none.csv cannot be read: No such file or directory"),
    ],
)
def test_mistakes(text, said):
    with pytest.raises(click.UsageError, match=said):
        values(text)


@given(st.text(alphabet="range(linspc)0123456789.,*/+- eptau=", max_size=40))
def test_no_other_error(text):
    try:
        opened = ParamsArgument(f"linspace({text})").open(None)
    except click.UsageError:
        return
    assert np.isfinite(opened).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x\n1\n2.5\na b\n", [1, 2.5, "a b"]),
        ("\ufeffx,y\r\n1,2\r\n\r\n3,4\r\n", [{"x": 1, "y": 2}, {"x": 3, "y": 4}]),
        ('x,y\n"a,b",-1e3\n', [{"x": "a,b", "y": -1000.0}]),
    ],
)
def test_tables(tmp_path, text, expected):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8", newline="")
    assert values(str(tmp_path / "p.csv")) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it needs a line with names, and one for each frame"),
        ("x\n", "it needs a line with names, and one for each frame"),
        ("x,x\n1,2\n", "its first line must name each column once"),
        ("x,\n1,2\n", "its first line must name each column once"),
        ("x,y\n1,2\n1\n", "line 3: 1 values for 2 columns"),
    ],
)
def test_tables_that_are_wrong(tmp_path, text, said):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(click.UsageError, match=said):
        values(str(tmp_path / "p.csv"))


def test_arrays(tmp_path):
    np.save(tmp_path / "p.npy", np.arange(12).reshape(4, 3))
    assert np.array_equal(values(str(tmp_path / "p.npy")), np.arange(12).reshape(4, 3))
    np.save(tmp_path / "zero.npy", 3)
    with pytest.raises(click.UsageError, match="it holds no array with a slice for each frame"):
        values(str(tmp_path / "zero.npy"))
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(click.UsageError, match=r"cannot be read: .*Python objects"):
        values(str(tmp_path / "objects.npy"))


@pytest.mark.parametrize(
    ("text", "start", "n_frames"), [("0:300", 0, 300), (":7", 0, 7), ("3:", 3, None), (" 2:5 ", 2, 3)]
)
def test_frames(text, start, n_frames):
    frames = FrameRange(text)
    assert (frames.start, frames.n_frames) == (start, n_frames)


@pytest.mark.parametrize("text", ["", "3", "-1:3", "1:2:3", "a:b", "3:3", "5:2", "0:0", "1.0:2"])
def test_frames_that_are_wrong(text):
    with pytest.raises(click.UsageError, match="--frames"):
        FrameRange(text)
