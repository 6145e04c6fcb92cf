"""Wrong arguments: one line that names what was given and what is expected, before any work."""

import logging
import shlex
import subprocess
import sys

import click
import numpy as np
import pytest
import zarr
from commands import run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dask_animate.cli.commands import BATCH_SYSTEMS, CODECS, program
from dask_animate.cli.outcome import as_options
from dask_animate.encoding.formats import CODECS as KNOWN_CODECS

GOOD = "animations.py:numbers -p 'range(9)' -o a.mp4"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("nothing", "No such command 'nothing' (dask-animate --help shows how)"),
        ("--nothing", "such option"),
        ("render", "Missing argument 'FILE_OR_MODULE:NAME' (dask-animate render --help shows how)"),
        ("render animations.py:numbers -p 'range(9)'", "--output is missing, the file to write"),
        ("render animations.py:numbers -o a.mp4", "--params is missing, the parameters of the frames"),
        ("render animations.py -p 'range(9)' -o a.mp4", "'animations.py' lacks a name: give one of "),
        ("render animations.py:Numberz -p 'range(9)' -o a.mp4", "has no 'Numberz', but animations.py:"),
        ("render :Numbers -p 'range(9)' -o a.mp4", "has no file or module before the colon"),
        ("render nowhere.py:A -p 'range(9)' -o a.mp4", "there is no file nowhere.py"),
        ("render nowhere:A -p 'range(9)' -o a.mp4", "there is no module 'nowhere'; the name of a file"),
        ("render ./sub/a:A -p 'range(9)' -o a.mp4", "there is no file ./sub/a"),
        ("render animations.py:items -p 'range(9)' -o a.mp4", "is a list: name an Animator or a Fram"),
        ("render animations.py:make_wrong -p 'range(9)' -o a.mp4", "is a int: name an Animator or a"),
        (
            f"render {GOOD} --fps x",
            "Invalid value for '--fps': 'x' is no number such as 30 or 30000/1001",
        ),
        (f"render {GOOD} --fps 1/0", "'1/0' is no number"),
        (f"render {GOOD} --fps -3", "Invalid value for '--fps': '-3' is not above 0"),
        (f"render {GOOD} --fps 0", "Invalid value for '--fps': '0' is not above 0"),
        (f"render {GOOD} --dpi nan", "Invalid value for '--dpi': nan is no number above 0"),
        (f"render {GOOD} --dpi inf", "Invalid value for '--dpi': inf is no number above 0"),
        (f"render {GOOD} --workers -5", "Invalid value for '--workers': -5 is not in the range"),
        (
            "render plot.py:animation -o a.mp4 --frames 0:10",
            "--frames is 10, but the animation has only 9",
        ),
        (
            "render plot.py:nothing -o a.mp4",
            "plot.py has no 'nothing', but plot.py:shown, plot.py:animation",
        ),
        (
            "render animations.py:Needs -p 'range(9)' -o a.mp4",
            "animations.py:Needs(size) cannot be called",
        ),
        (
            "render animations.py:numbers -p animations.py:grow -o a.mp4",
            "missing a required argument: 'n'",
        ),
        (
            "render animations.py:numbers -p animations.py:empty -o a.mp4",
            "--params is empty: a video needs",
        ),
        (
            "render animations.py:numbers -p animations.py:empty --check",
            "--params is empty: a video needs",
        ),
        ("render animations.py:numbers -p nothing.zarr -o a.mp4", "there is no zarr array at "),
        ("render animations.py:numbers -p nothing.npy -o a.mp4", "cannot be read: No such file or dir"),
        ("render animations.py:numbers -p empty.npy -o a.mp4", "--params is empty: a video needs"),
        (
            "render animations.py:numbers -p rows.zarr -o a.mp4 --frames 0:4",
            "--frames is 4, but --params ho",
        ),
        ("encode rows.zarr a.mp4", "rows.zarr holds no frames: frames must have the shape"),
        ("encode animations.py a.mp4", "animations.py holds no frames: there is no zarr array at"),
        ("encode taken a.mp4", "taken holds no frames: there is no zarr array at"),
        (f"render {GOOD} --quality 52", "--quality must be at most 51, got 52"),
        (f"render {GOOD} --quality x", "Invalid value for '--quality'"),
        (f"render {GOOD} --preset x", "--preset for libx264 must be one of 'ultrafast'"),
        (f"render {GOOD} --codec x", "Invalid value for '--codec': 'x' is not one of 'h264'"),
        (f"render {GOOD} --codec gif", "codec 'gif' does not go into 'a.mp4'"),
        (f"render {GOOD} --dpi 0", "Invalid value for '--dpi'"),
        (f"render {GOOD} --workers 0", "Invalid value for '--workers': 0 is not in the range"),
        (f"render {GOOD} --partition-size 0", "Invalid value for '--partition-size'"),
        (f"render {GOOD} --overwrite", "--overwrite requires --store"),
        (f"render {GOOD} --frames x", "--frames must be START:STOP, such as 0:300, got 'x'"),
        (f"render {GOOD} --frames 5:5", "--frames 5:5: there are no frames in it"),
        (f"render {GOOD} --frames 5:10", "--frames 5:10: --params range(9) has 9 frames"),
        (f"render {GOOD} --frames 9:", "--frames 9:: --params range(9) has 9 frames"),
        (f"render {GOOD} --preview a.jpg", "Invalid value for '--preview': 'a.jpg' must end in .png"),
        (
            f"render {GOOD} --preview memory://a.png",
            "'memory://a.png' is a URL: give a path on this mach",
        ),
        (
            f"render {GOOD} --report s3://b/a.html",
            "'s3://b/a.html' is a URL: give a path on this machine",
        ),
        (
            f"render {GOOD[:-6]} memory:/a.mp4",
            "got 'memory:/a.mp4', which is what a Path makes of a URL",
        ),
        ("demo nothing://a.mp4", "the output file: fsspec knows no protocol 'nothing'"),
        (f"render {GOOD} --report a.pdf", "'a.pdf' must end in .html or .htm"),
        ("render animations.py:numbers -p 'range(9)' --check --report a.html", "give --output"),
        (f"render {GOOD} --jobs 2", "--jobs is about jobs: give one of --slurm, --pbs, --lsf, --sge"),
        (f"render {GOOD} --slurm", "--slurm needs --jobs, the number of jobs"),
        (f"render {GOOD} --slurm --jobs 0", "Invalid value for '--jobs'"),
        (
            f"render {GOOD} --slurm --jobs 2 --scheduler a:1",
            "--scheduler and --slurm exclude each other",
        ),
        (f"render {GOOD} --slurm --jobs 2 --memory lots", "--memory must be such as 4GB, got 'lots'"),
        (f"render {GOOD} --slurm --jobs 2 --memory 4", "--memory must be such as 4GB, got '4'"),
        (f"render {GOOD} --slurm --pbs --jobs 2", "--slurm and --pbs exclude each other"),
        (f"render {GOOD} --slurm --jobs 2 --workers 2", "--workers: with jobs, --jobs and --cores say"),
        ("render plot.py:animation -p 'range(9)' -o a.mp4", "has its own frames, leave it out"),
        ("render plot.py:animation --check", "--check is not for a FuncAnimation, which plot.py:ani"),
        ("render animations.py:film -p 'range(9)' -o a.mp4", "--params: a Clip has its own frames, lea"),
        (
            "render animations.py:film --check",
            "--check is not for a Clip, which animations.py:film is",
        ),
        ("render animations.py:film -o a.mp4 --frames 5:21", "animations.py:film has 20 frames"),
        ("render animations.py:film -o a.mp4 --frames 20:", "animations.py:film has 20 frames"),
        (
            "render animations.py:film -o a.mp4 --dpi 50",
            "--dpi is not for a Clip, which animations.py:f",
        ),
        ("render animations.py:film --preview a.png --dpi 50", "--dpi is not for a Clip, which animat"),
        ("render plot.py:animation -o a.mp4 --frames 2:", "--frames has to begin with 0 for a FuncAnim"),
        ("render animations.py:numbers -p 'range(9)' -o a.xyz", "the output file must end in .mp4"),
        (
            "render animations.py:numbers -p animations.py:iterator --check -o a.mp4",
            "can be read only once: name a function that returns it",
        ),
        ("encode nothing a.mp4", "there is no store nothing"),
        ("join a.mp4", "Missing argument 'FILE FILE...'"),
        ("probe", "Missing argument 'FILE'"),
    ],
)
def test_wrong_arguments(folder, command, said):
    (folder / "taken").mkdir()
    np.save("empty.npy", np.zeros((0, 2)))
    zarr.save_array("rows.zarr", np.zeros((3, 2)))
    before = {*folder.iterdir()}
    done = run(*shlex.split(command))
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.startswith("dask-animate: error: ")
    assert done.stderr.count("\n") == 1
    assert {*folder.iterdir()} == before


def test_no_command():
    """Help, on standard error, as it is."""
    done = run()
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == run("--help").stdout


def test_log_messages_are_lines(monkeypatch, caplog):
    """They are told as warnings are, unless the program's messages go elsewhere."""

    def tell(group, ctx):
        logging.getLogger("dask_animate.workers").info("quiet")
        logging.getLogger("dask_animate.workers").warning("no workers, so\nlook at num_workers")

    monkeypatch.setattr(click.Group, "invoke", tell)
    assert "look at" not in run("demo").stderr  # pytest has handlers of its own
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    assert run("demo").stderr == "dask-animate: warning: no workers, so look at --workers\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "render animations.py:broken -p 'range(9)' -o a.mp4",
            "ZeroDivisionError: division by zero in ",
        ),
        (
            "render animations.py:numbers -p animations.py:broken -o a.mp4",
            "broken() failed: ZeroDivision",
        ),
        (
            "render fails.py:A -p 'range(9)' -o a.mp4",
            "fails.py cannot be loaded: NameError: name 'x' is n",
        ),
        ("render exits.py:A -p 'range(9)' -o a.mp4", "exits.py cannot be loaded: SystemExit: 3"),
        ("render wrong.py:A -p 'range(9)' -o a.mp4", "wrong.py, line 2: "),
        ("render animations.py:fails -p 'range(9)' -o a.mp4", "frame 5 could not be drawn: LookupError"),
        ("render animations.py:numbers -p 'range(9)' -o a.mp4 --store taken", "taken"),
        ("render animations.py:numbers -p 'range(9)' -o fails.py/a.mp4", "cannot write "),
        ("join animations.py animations.py a.mp4", "animations.py"),
        ("probe animations.py", "animations.py: Invalid data found when processing input"),
    ],
)
@pytest.mark.parametrize("traceback", [False, True])
def test_what_fails(folder, command, said, traceback):
    (folder / "fails.py").write_text("\nx\n")
    (folder / "exits.py").write_text("raise SystemExit(3)\n")
    (folder / "wrong.py").write_text("\n)\n")
    (folder / "taken").mkdir()
    (folder / "taken" / "precious").touch()
    before = {*folder.rglob("*")}
    done = run(*shlex.split(command), *["--traceback"] * traceback)
    assert done.exit_code == 1
    *lines, last = [line for line in done.stderr.splitlines() if not line.startswith("Frames: ")]
    assert last.startswith("dask-animate: error: ")
    assert said in last
    assert ("Traceback (most recent call last):" in lines) == traceback
    assert traceback or not lines
    assert {*folder.rglob("*")} == before


@pytest.mark.skipif(sys.platform == "win32", reason="needs a PATH")
@pytest.mark.parametrize("system", BATCH_SYSTEMS)
def test_no_batch_system_here(folder, monkeypatch, system):
    monkeypatch.setenv("PATH", "")
    done = run("render", *shlex.split(GOOD), f"--{system}", "--jobs", 2)
    assert done.exit_code == 1
    assert f"--{system}: there is no program " in done.stderr


def test_arguments_are_wrong_before_jobs_are_submitted(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")
    done = run("render", *shlex.split(GOOD), "--slurm", "--jobs", 2, "--quality", 70)
    assert done.exit_code == 2
    assert "--quality must be at most 51" in done.stderr


def test_what_can_be_drawn_is_named_first(folder):
    """What a file has imported is not, unless it is something that can be drawn as it is."""
    (folder / "many.py").write_text(
        "from animations import Grays, numbers\nfrom matplotlib.animation import FuncAnimation\n"
        "import plot\nfrom plot import animation\n"
        "def draw(i): pass\nclass Own(type(numbers)): pass\nclass Other: pass\n"
    )
    said = run("render", "many.py:nothing", "-o", "a.mp4").stderr
    names = "numbers", "animation", "Own", "draw", "Other"
    assert f"but {', '.join(f'many.py:{name}' for name in names)} (" in said


def commands():
    return {"": program, **program.commands}


@pytest.mark.parametrize("name", commands())
def test_help_fits_a_terminal(name):
    done = run(*filter(None, [name]), "--help")
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= 80
    command = commands()[name]
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert parameter.opts[0] in done.output


def test_help_needs_nothing_heavy():
    code = (
        "import sys\n"
        "from dask_animate.cli import main\n"
        "sys.argv[1:] = ['render', '--help']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print({'matplotlib', 'av', 'distributed', 'zarr'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("set()\n")


def test_version():
    import dask_animate

    assert run("--version").output == f"dask-animate, version {dask_animate.__version__}\n"


def test_completion(monkeypatch):
    """As the line in the documentation asks for it, and as the shell then asks for words."""
    asked = {"_DASK_ANIMATE_COMPLETE": "bash_source"}
    environment = {**asked, "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-m", "dask_animate"], env=environment, capture_output=True, text=True
    )
    assert "complete -o nosort -F _dask_animate_completion dask-animate" in done.stdout
    environment = {
        "_DASK_ANIMATE_COMPLETE": "bash_complete",
        "COMP_WORDS": "dask-animate render --par",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [sys.executable, "-m", "dask_animate"], env=environment, capture_output=True, text=True
    )
    assert done.stdout.split() == ["plain,--params", "plain,--partition-size"]


def test_codecs_are_those_of_the_library():
    assert CODECS == tuple(KNOWN_CODECS)


def test_messages_name_options():
    text = "n_frames is 9, but param_by_frame holds only 3 frames; overwrite=True requires store="
    assert as_options(text) == (
        "--frames is 9, but --params holds only 3 frames; --overwrite requires --store"
    )
    assert as_options("my_fps and x.fps stay") == "my_fps and x.fps stay"


WORDS = st.sampled_from(
    [
        *("animations.py:numbers", "animations.py:Numbers", "animations.py", "plot.py:animation", "x:y"),
        *("-p", "--params", "range(3)", "range(0)", "linspace(0, 1, 3)", "p.npy", "p.csv", "range("),
        *("-o", "a.mp4", "b.gif", "c.xyz", ".mp4", "", "/", "-", "--", "--fps", "30", "0", "-1", "1/3"),
        *("--frames", "0:2", "1:", "2:1", ":", "--quality", "--codec", "vp9", "--workers", "1", "nan"),
        *("--store", "s.zarr", "--overwrite", "--preview", "s.png", "--check", "--dpi", "1e9", "-q"),
        *("--partition-size", "--keep-partial", "--report", "r.html", "--jobs", "--memory", "1GB"),
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=8),
    st.sampled_from([[], ["animations.py:numbers", "-p", "range(3)", "-o", "a.mp4"]]),
)
def test_any_arguments_end_as_documented(folder, words, begin):
    """Never a traceback; `--dpi` is bounded so that no example draws for long."""
    done = run("render", *begin, *words)
    assert done.exit_code in (0, 1, 2)
    assert "Traceback" not in done.stderr
    if done.exit_code:
        last = done.stderr.splitlines()[-1] if done.stderr else done.stdout
        assert last.startswith("dask-animate: error: ") or "depend" in done.stdout
