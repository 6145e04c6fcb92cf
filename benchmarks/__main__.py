"""`python -m benchmarks`: this library and other tools on the same animations, by whole scripts."""

import math
import os
import signal
import sys
import tempfile
from pathlib import Path

import click

from .compare import report
from .compare.compare import Comparison
from .compare.tools import OURS, QUICK, SETTINGS, TOOLS
from .compare.workloads import WORKLOADS

#: Beside this file; what the repository ignores.
OUTPUT = Path(__file__).parent / "output"


def chosen(everything, names, default):
    """Return what is named in full or by a part, or the default if nothing is."""
    if not names:
        return [one for one in everything if one.name in default] if default else everything
    found = set()
    known = {one.name for one in everything}
    for name in names:
        fitting = {name} & known or {one for one in known if name in one}
        if not fitting:
            raise click.UsageError(f"no {name!r}: there are {', '.join(one.name for one in everything)}")
        found |= fitting
    return [one for one in everything if one.name in found]


def some_of(everything):
    """Return the help of an option that chooses some of these."""
    names = ", ".join(f"'{one.name}'" for one in everything)
    return f"One of {names}, or a part of a name; repeat for more."


def share_of(context, option, share):
    """Check a share of the frames."""
    if not (math.isfinite(share) and share > 0):
        raise click.BadParameter(
            f"{share} is no share of the frames: give a number above 0, such as 0.5"
        )
    return share


def folder_at(path, option):
    """Make a folder where results can be written, before anything is measured."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path.resolve()
    except OSError as exc:
        raise click.UsageError(f"{option} {path}: {exc.strerror or exc}") from exc


def steps(n):
    """Yield 1, 2, 4 and so on, and n."""
    step = 1
    while step < n:
        yield step
        step *= 2
    yield n


@click.command()
@click.option("--quick", is_flag=True, help="A few frames, once; are the videos correct?")
@click.option(
    "--runs", type=click.IntRange(1), default=3, show_default=True, help="Runs of each script."
)
@click.option(
    "--share", default=1.0, show_default=True, callback=share_of, help="Of the frames, such as 0.5."
)
@click.option(
    "--workers", type=click.IntRange(1), default=2, show_default=True, help="The most that draw."
)
@click.option(
    "--at-once", type=click.IntRange(1), default=1, show_default=True, help="Scripts on their own cores."
)
@click.option("--scaling", is_flag=True, help="1, 2, 4 ... --workers processes, and a picture of that.")
@click.option("--tool", "tools", multiple=True, help=some_of(TOOLS))
@click.option("--workload", "workloads", multiple=True, help=some_of(WORKLOADS))
@click.option("--output", type=click.Path(path_type=Path), default=OUTPUT, show_default=True)
@click.option(
    "--environments",
    type=click.Path(path_type=Path),
    default=OUTPUT / "environments",
    show_default=True,
    help="Where the virtual environments of the tools are made and kept.",
)
def main(quick, runs, share, workers, at_once, scaling, tools, workloads, output, environments):
    """Compare dask_animate with other tools; results.md, results.json and pictures go to --output.

    With --scaling they are scaling.md and so on, and frames are counted, not compared. After Ctrl-C,
    they show what was measured until then.

    The exit code is 1 if a video of dask_animate is wrong or was not made.
    """
    if quick and scaling:
        raise click.UsageError("--quick is for correctness, --scaling for time: give one of them")
    if at_once > 1:
        if not hasattr(os, "sched_setaffinity"):
            raise click.UsageError("--at-once needs Linux, which keeps processes to cores")
        if scaling:
            raise click.UsageError("--at-once and --scaling: give one of them")
        if at_once * workers > len(os.sched_getaffinity(0)):
            raise click.UsageError(
                f"--at-once {at_once} with {workers} --workers needs {at_once * workers} cores; "
                f"there are {len(os.sched_getaffinity(0))}"
            )
    some = QUICK if quick else [one.name for one in TOOLS if one.is_parallel] if scaling else None
    tools = chosen(TOOLS, tools, some)
    workloads = chosen(
        WORKLOADS, workloads, [one.name for one in WORKLOADS if one.is_varied] if scaling else None
    )
    settings = ("defaults",) if quick else ("again",) if scaling else SETTINGS
    output, environments = folder_at(output, "--output"), folder_at(environments, "--environments")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # cleaning up
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        comparison = Comparison(
            tools,
            workloads,
            Path(folder),
            environments,
            quick=quick,
            n_runs=1 if quick else runs,
            n_workers=[*steps(workers)] if scaling else [workers],
            settings=settings,
            n_frames=lambda one: one.quick_frames if quick else max(3, round(one.n_frames * share)),
            report=click.echo,
            n_at_once=at_once,
            is_scaling=scaling,
        )
        try:
            comparison.run()
        finally:
            if any(one.seconds for one in comparison.results):
                write = report.write_scaling if scaling else report.write
                write(comparison.results, comparison.facts(), output)
                click.echo(f"written to {output}")
    own = [one for one in comparison.results if one.tool == OURS]
    failed = [one for one in own if one.failed]
    for one in failed:
        click.echo(f"{one.workload}, {one.settings}: {one.error or ', '.join(one.wrong)}", err=True)
    if own and not failed:
        click.echo(f"all {len(own)} videos of {OURS} are correct")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
