"""The command `render`: whatever can be named is drawn, with parameters of every kind."""

import json
from fractions import Fraction

import numpy as np
import pytest
import zarr
from commands import finish, run, start
from helpers import Noise, assert_nothing_beside, assert_shows, decode, read_numbers


def rendered(*arguments):
    done = run("render", *arguments)
    assert (done.exit_code, done.stdout) == (0, ""), done.output
    return done


def test_in_a_process_of_its_own(folder):
    process = start("render", "animations.py:Numbers", "-p", "range(20)", "-o", "out/a.mp4")
    code, lines = finish(process)
    assert code == 0
    assert lines[0] == "Frames: waiting for the first one"
    assert all(line.startswith("Frames: ") for line in lines[:-1]), lines
    assert lines[-1].startswith(f"{folder}/out/a.mp4: 20 frames at 30 fps, 0.67 s, 140x40, h264")
    assert_shows(folder / "out" / "a.mp4", range(100, 120), 30)
    assert_nothing_beside(folder / "out" / "a.mp4")


@pytest.mark.parametrize("name", ["Numbers", "numbers", "make"])
def test_what_can_be_named(folder, name):
    rendered(f"animations.py:{name}", "--params", "range(4)", "--output", "a.mp4", "--fps", "30000/1001")
    assert_shows(folder / "a.mp4", range(100, 104), Fraction(30000, 1001))


def test_an_animator_of_functions_keeps_its_rate(folder):
    rendered("animations.py:function", "-p", "range(4)", "-o", "a.mp4")
    assert_shows(folder / "a.mp4", range(4), 12)


def test_a_frame_source(folder):
    rendered("animations.py:Grays", "-p", "range(8)", "-o", "a.mkv", "--codec", "ffv1")
    assert [int(frame.mean()) for frame in decode(folder / "a.mkv")] == [
        round(255 * i / 32) for i in range(8)
    ]


def test_an_animation_of_matplotlib(folder):
    rendered("plot.py:animation", "-o", "a.mp4", "--frames", ":6")
    assert_shows(folder / "a.mp4", range(6), 10)


def test_a_script_that_is_not_rendered_is_not_warned_of(folder):
    code, lines = finish(start("render", "plot.py:animation", "-p", "range(3)", "-o", "a.mp4"))
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith("dask-animate: error: --params: a FuncAnimation has its own frames")


def test_data_of_xarray(folder):
    (folder / "data.py").write_text(
        "import numpy as np, xarray as xr\n"
        "data = xr.DataArray(np.arange(60.0).reshape(5, 3, 4), dims=('time', 'y', 'x'))\n"
    )
    rendered("data.py:data", "-o", "a.mp4", "--frames", "1:4")
    assert len(decode(folder / "a.mp4")) == 3


def test_a_module_that_can_be_imported(folder):
    (folder / "package").mkdir()
    (folder / "package" / "films.py").write_text("from helpers import FrameNumber\n")
    rendered("package.films:FrameNumber", "-p", "range(3)", "-o", "a.mp4")
    assert_shows(folder / "a.mp4", range(3))


def test_a_file_with_the_name_of_a_module(folder):
    (folder / "json.py").write_text("from helpers import FrameNumber\n")
    rendered("json.py:FrameNumber", "-p", "range(3)", "-o", "a.mp4")
    assert_shows(folder / "a.mp4", range(3))
    assert json.loads("[1]") == [1]


def write_params(folder):
    np.save(folder / "p.npy", np.arange(5))
    (folder / "p.csv").write_text("number\n3\n1\n4\n")
    zarr.save_array(str(folder / "p.zarr"), np.arange(20, 26))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("arange(0, 10, 2)", [0, 2, 4, 6, 8]),
        ("linspace(0, 6, 3, endpoint=False)", [0, 2, 4]),
        ("geomspace(1, 100, 3)", [1, 10, 100]),
        ("p.npy", [0, 1, 2, 3, 4]),
        ("p.csv", [3, 1, 4]),
        ("p.zarr", [20, 21, 22, 23, 24, 25]),
        ("animations.py:items", [7, 8, 9]),
        ("animations.py:iterator", [7, 8, 9]),
        ("animations.py:count", [0, 1, 2, 3, 4, 5]),
    ],
)
@pytest.mark.parametrize("start", [0, 2])
def test_params(folder, text, values, start):
    write_params(folder)
    rendered("animations.py:Numbers", "-p", text, "-o", "a.mp4", "--frames", f"{start}:3")
    shown = [read_numbers(frame) for frame in decode(folder / "a.mp4")]
    assert shown == [(i, values[i] + 100) for i in range(start, 3)]


def test_rows_of_several_columns(folder):
    (folder / "p.csv").write_text("a, b\n1,2\n\n30,4\n")
    rendered("animations.py:Rows", "-p", "p.csv", "-o", "a.mp4")
    assert_shows(folder / "a.mp4", [3, 34])


def test_some_frames_are_those_of_the_whole(folder):
    """Also with random numbers."""
    whole = Noise().frames(range(9)).compute(scheduler="synchronous")
    rendered(
        "animations.py:noise", "-p", "range(9)", "-o", "a.mkv", "--codec", "ffv1", "--frames", "4:7"
    )
    assert np.array_equal(decode(folder / "a.mkv"), whole[4:7])


def test_parts_can_be_joined(folder):
    for part in ("0:5", "5:10"):
        name = f"{part[0]}.mp4"
        rendered("animations.py:Numbers", "-p", "range(10)", "-o", name, "--frames", part)
    assert run("join", "0.mp4", "5.mp4", "all.mp4").exit_code == 0
    assert_shows(folder / "all.mp4", range(100, 110))


def test_a_failing_frame_of_a_part_is_named(folder):
    done = run("render", "animations.py:fails", "-p", "range(9)", "-o", "a.mp4", "--frames", "3:")
    assert done.exit_code == 1
    assert "LookupError: no data for 5" in done.stderr
    assert "it is frame 5 of --params" in done.stderr


def test_options_of_the_video(folder):
    rendered(
        *("animations.py:numbers", "-p", "range(8)", "-o", "a.webm", "--codec", "av1"),
        *("--quality", 30, "--dpi", 100, "--workers", 1, "--partition-size", 4, "--quiet"),
    )
    told = json.loads(run("probe", "a.webm", "--json").stdout)
    assert (told["codec"], told["width"], told["height"], told["n_frames"]) == ("av1", 280, 80, 8)


def test_quiet_says_nothing(folder):
    done = run("render", "animations.py:numbers", "-p", "range(3)", "-o", "a.mp4", "-q")
    assert (done.exit_code, done.output) == (0, "")


def test_look_first(folder):
    done = run("render", "animations.py:numbers", "-p", "range(9)", "--preview", "x/s.png", "--check")
    assert done.exit_code == 0
    assert [line.startswith("OK: ") for line in done.stdout.splitlines()[:2]] == [True, True]
    assert "this process" in done.stdout
    assert (folder / "x" / "s.png").read_bytes().startswith(b"\x89PNG")
    assert not list(folder.glob("*.mp4"))


def test_what_the_check_finds_ends_the_command(folder):
    done = run("render", "animations.py:Forgetful", "-p", "range(9)", "--check", "-o", "a.mp4")
    assert done.exit_code == 1
    assert "depend" in done.stdout
    assert not (folder / "a.mp4").exists()


def test_what_the_preflight_finds_ends_the_command(folder):
    (folder / "taken").touch()
    done = run("render", "animations.py:numbers", "-p", "range(9)", "--check", "-o", "taken/a.mp4")
    assert done.exit_code == 1
    assert done.stdout.startswith("OK: ")
    assert "problem: " in done.stdout
    assert "taken" in done.stdout


def test_a_clip(folder):
    rendered("animations.py:film", "-o", "a.mp4", "--preview", "s.png")
    assert (folder / "s.png").read_bytes().startswith(b"\x89PNG")
    forth, back = range(100, 110), range(109, 99, -1)
    shown = [read_numbers(frame)[1] for frame in decode(folder / "a.mp4", 20)]
    assert shown == [*forth, *back]
    rendered("animations.py:film", "-o", "b.mp4", "--frames", "8:13", "--fps", "20")
    assert [read_numbers(frame)[1] for frame in decode(folder / "b.mp4", 20)] == shown[8:13]


def test_report(folder):
    rendered("animations.py:numbers", "-p", "range(9)", "-o", "a.mp4", "--report", "r.html")
    assert (folder / "r.html").read_text().startswith("<!DOCTYPE html>")


def test_a_store_goes_on(folder):
    again = ("animations.py:numbers", "-p", "range(9)", "-o", "a.mp4", "--store", "s.zarr")
    rendered(*again)
    assert "0 drawn, 9 from the store" in rendered(*again).stderr
    assert "from the store" not in rendered(*again, "--overwrite").stderr
    assert_shows(folder / "a.mp4", range(100, 109))


def test_a_change_of_the_file_is_seen_by_a_store(folder):
    again = ("render", "animations.py:Numbers", "-p", "range(9)", "-o", "a.mp4", "--store", "s.zarr")
    assert finish(start(*again))[0] == 0
    sibling = folder / "sibling.py"
    sibling.write_text(sibling.read_text().replace("VALUE = 100", "VALUE = 200"))
    code, lines = finish(start(*again))
    assert code == 0
    assert "from the store" not in lines[-1]
    assert_shows(folder / "a.mp4", range(200, 209))
