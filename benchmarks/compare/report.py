"""Tables, pictures and JSON of what came out."""

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from dask_animate.drawing import PHASES

from .compare import FAR, Result
from .tools import OURS, PLAIN_LOOP, SETTINGS

TITLES = {
    "defaults": "at defaults",
    "equal": "at equal settings of the encoder (preset slow, crf 20)",
    "again": "in a process that has made a short video before",
}
QUICK = (
    "# Are the videos right?\n\nA few frames, once: the last column counts. Times are those of starting "
    "a program, and say nothing about how fast a tool is."
)
HEAD = (
    "| tool | frames/s, median (range) | CPU, ms a frame | memory, MiB | disk, MB | file, kB | SSIM "
    "| the video is |\n|---|---|---|---|---|---|---|---|"
)


def write(results: list[Result], facts: dict, folder: Path):
    """Write results.json, results.md and the pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {**facts, "results": [asdict(result) for result in results]}
    (folder / "results.json").write_text(json.dumps(data, indent=1) + "\n")
    (folder / "results.md").write_text(markdown(results, facts))
    if facts["quick"]:
        return
    for settings in SETTINGS:
        chosen = [one for one in results if one.settings == settings and one.seconds]
        if chosen:
            draw_rates(chosen, folder / f"rates_{settings}.png", TITLES[settings])
    chosen = [one for one in results if one.settings == "defaults" and one.seconds]
    if chosen:
        draw_resources(chosen, folder / "resources.png")


def rate(result: Result) -> float:
    """Return the median of the frames per second of a whole script."""
    return result.n_frames / statistics.median(result.seconds)


def cpu(result: Result) -> float:
    """Return the median of the CPU time of a frame in ms."""
    return 1000 * statistics.median(result.cpu_seconds) / result.n_frames


def markdown(results: list[Result], facts: dict) -> str:
    head = [QUICK]
    if not facts["quick"]:
        summaries = (summary(results, settings) for settings in SETTINGS if has(results, settings))
        head = ["# Comparison with other tools", machine(facts), *summaries]
    return (
        "\n\n".join(
            [
                *head,
                *(
                    f"### {workload}, {n_frames} frames, {TITLES[settings]}\n\n{table(group)}"
                    for (workload, settings, n_frames), group in grouped(results)
                ),
                "## Versions\n\n" + "\n".join(versions(facts)),
            ]
        )
        + "\n"
    )


def machine(facts: dict) -> str:
    found = facts["machine"]
    return (
        f"{facts['date']}, {found['processor']}, {found['cores']} cores, "
        f"{found['memory'] / 2**30:.0f} GiB, {found['system']}. Whole scripts, each in a new "
        f"interpreter, by turns; runs of each: {facts['runs']}, but one of those that take over "
        f"{FAR:.0f} times as long as the fastest; at most {max(facts['workers'])} processes draw. "
        f"{apart(facts)}"
        "In a process that has made a short video before, the second one counts alone, with imports "
        "done and, where a tool has one, on a cluster that runs. CPU time, memory (PSS) and disk are "
        "those of all processes: medians for CPU time, the largest peak of the runs for the others, the "
        "short video included. SSIM is that of red, green and blue, beside plainly drawn frames, with "
        "the colors that a player shows."
    )


def apart(facts: dict) -> str:
    if facts["confined"]:
        return "Each script may use as many cores as processes draw. "
    if facts["at_once"] == 1:
        return ""
    return f"{facts['at_once']} scripts ran at once, each on {max(facts['workers'])} cores of its own. "


def has(results: Iterable[Result], settings: str) -> bool:
    return any(one.settings == settings and one.seconds for one in results)


def grouped(results: list[Result]):
    groups = {}
    for one in results:
        groups.setdefault((one.workload, one.settings, one.n_frames), []).append(one)
    return groups.items()


def table(group: list[Result]) -> str:
    """Return the rows of a workload, the fastest first, and who does not take part."""
    done = sorted((one for one in group if one.seconds), key=rate, reverse=True)
    failed = [one for one in group if one.error and not one.seconds]
    missing = [f"{one.tool} ({one.missing})" for one in group if one.missing]
    lines = [
        HEAD,
        *map(row, done),
        *(f"| {one.tool} | {cell(one.error)} | | | | | | |" for one in failed),
    ]
    text = "\n".join(lines)
    return f"{text}\n\nNot here: {'; '.join(missing)}." if missing else text


def row(one: Result) -> str:
    low, high = sorted(one.n_frames / seconds for seconds in (max(one.seconds), min(one.seconds)))
    cells = [
        one.tool,
        f"{rate(one):.1f}" + (f" ({low:.1f} to {high:.1f})" if len(one.seconds) > 1 else ""),
        "" if one.settings == "again" else f"{cpu(one):.1f}",
        f"{max(one.peak_memory) / 2**20:.0f}",
        f"{max(one.peak_disk) / 1e6:.1f}",
        f"{one.file_size / 1000:.0f}" if one.file_size else "",
        f"{one.ssim:.4f}" if one.ssim else "",
        cell(", ".join([*one.wrong, *([one.error] if one.error else [])])) or "correct",
    ]
    return f"| {' | '.join(cells)} |"


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def fastest_peer(group: list[Result]) -> Result | None:
    """Return the fastest other tool that has finished, whatever its video is like."""
    peers = (one for one in group if one.seconds and one.tool not in (OURS, PLAIN_LOOP))
    return max(peers, key=rate, default=None)


def summary(results: list[Result], settings: str) -> str:
    """Return a table of dask_animate beside the fastest other tool and a plain loop, and means."""
    lines = [
        "| animation | frames/s | fastest other tool | its frames/s | ratio | plain loop | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    ratios = {"peer": [], "loop": []}
    for (workload, its, n_frames), group in grouped(results):
        ours, loop = (
            next((one for one in group if one.tool == tool and one.seconds), None)
            for tool in (OURS, PLAIN_LOOP)
        )
        if its != settings or not ours:
            continue
        peer = fastest_peer(group)
        cells = [f"{workload}, {n_frames} frames", f"{rate(ours):.1f}", peer.tool if peer else ""]
        for name, other in (("peer", peer), ("loop", loop)):
            if other:
                ratios[name].append(rate(ours) / rate(other))
            cells += [f"{rate(other):.1f}", f"{ratios[name][-1]:.2f}"] if other else ["", ""]
        lines.append(f"| {' | '.join(cells)} |")
    peer, loop = (f"{statistics.geometric_mean(one):.2f}" if one else "" for one in ratios.values())
    lines.append(f"| geometric mean | | | | {peer} | | {loop} |")
    return f"## {TITLES[settings].capitalize()}\n\n" + "\n".join(lines)


def versions(facts: dict):
    for tool, found in facts["versions"].items():
        yield f"- {tool}: " + ", ".join(f"{name} {version}" for name, version in found.items())


def write_scaling(results: list[Result], facts: dict, folder: Path):
    """Write scaling.json, scaling.md and scaling.png into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {**facts, "results": [asdict(result) for result in results]}
    (folder / "scaling.json").write_text(json.dumps(data, indent=1) + "\n")
    tables = [
        f"### {workload}, {n_frames} frames\n\n{scaling_table(group)}"
        for (workload, _, n_frames), group in grouped(results)
    ]
    text = "\n\n".join(["# From one process to more", machine(facts), *tables])
    (folder / "scaling.md").write_text(text + "\n")
    draw_scaling([one for one in results if one.seconds], folder / "scaling.png")


def by_workers(group: list[Result]) -> dict[str, dict[int, Result]]:
    """Return what each tool did, by the number of its processes."""
    tools = {}
    for one in group:
        if one.seconds:
            tools.setdefault(one.tool, {})[one.n_workers] = one
    return tools


def scaling_table(group: list[Result]) -> str:
    """Return frames per second by the number of processes, and their share of the ideal."""
    numbers = sorted({one.n_workers for one in group})
    head = ["tool", *map(str, numbers), *(f"of ideal, {n}" for n in numbers[1:]), "frames and size"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for tool, done in by_workers(group).items():
        cells = [f"{rate(done[n]):.1f}" if n in done else "" for n in numbers]
        first = done.get(1)
        for n in numbers[1:]:
            cells.append(f"{rate(done[n]) / rate(first) / n:.2f}" if first and n in done else "")
        wrong = dict.fromkeys(phrase for one in done.values() for phrase in one.wrong)
        lines.append(f"| {tool} | {' | '.join(cells)} | {cell(', '.join(wrong)) or 'correct'} |")
    why = {one.tool: one.missing or one.error for one in group if not one.seconds}
    failed = [f"{tool} ({reason})" for tool, reason in why.items() if reason]
    return "\n".join(lines) + (f"\n\nNot here: {'; '.join(failed)}." if failed else "")


def draw_scaling(results: list[Result], path: Path):
    """Draw frames per second over processes, the ideal lines, and where the time of ours went."""
    colors, groups = tools_of(results), grouped(results)
    fig, axes = plt.subplots(
        2, len(groups), figsize=(3.5 + 3.6 * len(groups), 7), squeeze=False, layout="constrained"
    )
    for (ax, below), ((workload, _, n_frames), group) in zip(axes.T, groups, strict=True):
        numbers = sorted({one.n_workers for one in group})
        for tool, done in by_workers(group).items():
            counts = sorted(done)
            rates = [rate(done[n]) for n in counts]
            ends = [[n_frames / f(done[n].seconds) for n in counts] for f in (max, min)]
            spread = np.abs(np.array(ends) - rates)
            ax.errorbar(counts, rates, spread, marker="o", color=colors[tool], label=tool)
            ax.plot(numbers, [n * rates[0] / counts[0] for n in numbers], ":", color=colors[tool])
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xticks(numbers, map(str, numbers))
        ax.set_title(f"{workload}, {n_frames} frames")
        draw_phases(below, by_workers(group).get(OURS, {}), numbers, n_frames)
        below.set(xticks=range(len(numbers)), xticklabels=map(str, numbers), xlabel="processes")
    axes[0, 0].set_ylabel("frames/s (dotted: ideal)")
    axes[1, 0].set_ylabel(f"{OURS}: ms of a process, a frame")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper")
    fig.legend(*axes[1, 0].get_legend_handles_labels(), loc="outside right lower", reverse=True)
    fig.savefig(path, dpi=100)
    plt.close(fig)


def draw_phases(ax, done: dict[int, Result], numbers: list[int], n_frames: int):
    """Draw what the time of all processes went into, a bar for each number of them."""
    counts = sorted(done)
    places = [numbers.index(n) for n in counts]
    bottom, busy = np.zeros(len(counts)), np.zeros(len(counts))
    for name in (*PHASES, "other", "idle"):
        runs = [[phases.get(name, 0.0) for phases in done[n].phases] for n in counts]
        height = np.array([1000 * statistics.median(one) / n_frames for one in runs])
        if name == "idle":
            wall = [statistics.median(one["wall"] for one in done[n].phases) for n in counts]
            height = np.maximum(0, 1000 * np.array(wall) * counts / n_frames - busy)
        color = "0.85" if name == "idle" else None
        ax.bar(places, height, 0.6, bottom, label=name, color=color)
        bottom, busy = bottom + height, busy + height


def tools_of(results: list[Result]) -> dict[str, str]:
    """Return a color for each tool, in the order of the table."""
    names = list(dict.fromkeys(one.tool for one in results))
    return {name: f"C{idx}" for idx, name in enumerate(names)}


def draw_bars(ax, results, value, spread=None):
    """Draw a group of bars for each workload, one for each tool."""
    colors, workloads = tools_of(results), list(dict.fromkeys(one.workload for one in results))
    height = 0.84 / len(colors)
    for place, (tool, color) in enumerate(colors.items()):
        chosen = [one for one in results if one.tool == tool]
        y = [workloads.index(one.workload) + (place + 0.5) * height - 0.42 for one in chosen]
        values = [value(one) for one in chosen]
        ax.barh(y, values, height, color=color, label=tool)
        if spread:
            ends = np.abs(np.array([spread(one) for one in chosen]).T - values)
            ax.errorbar(values, y, xerr=ends, fmt="none", ecolor="black", elinewidth=0.8)
    ax.set_yticks(range(len(workloads)), workloads)
    ax.yaxis.set_inverted(True)
    ax.set(xscale="log", xlim=(min(map(value, results)) / 2, None))
    ax.margins(y=0.01)
    ax.grid(axis="x", alpha=0.3)


def draw_rates(results: list[Result], path: Path, title: str):
    n_workloads = len({one.workload for one in results})
    fig, ax = plt.subplots(figsize=(9, 1.5 + 1.1 * n_workloads), layout="constrained")
    draw_bars(ax, results, rate, lambda one: [one.n_frames / f(one.seconds) for f in (max, min)])
    ax.set(xlabel="frames/s", title=f"Frames per second, {title}")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside right upper")
    fig.savefig(path, dpi=100)
    plt.close(fig)


def draw_resources(results: list[Result], path: Path):
    """Draw CPU time, memory and disk of all tools."""
    n_workloads = len({one.workload for one in results})
    values = {
        "CPU, ms a frame": cpu,
        "peak memory, MiB": lambda one: max(one.peak_memory) / 2**20,
        "peak on disk, MB": lambda one: max(one.peak_disk) / 1e6,
    }
    fig, axes = plt.subplots(
        1, 3, figsize=(14, 1.5 + 1.1 * n_workloads), sharey=True, layout="constrained"
    )
    for ax, (label, value) in zip(axes, values.items(), strict=True):
        draw_bars(ax, results, value)
        ax.set_xlabel(label)
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper")
    fig.savefig(path, dpi=100)
    plt.close(fig)
