"""The report of a preflight: whether all workers of a cluster can take part in a render."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dask.utils import format_bytes

from ..execution import WorkerCheck, differences_in_words
from ..memory import BLOCK_SHARE

#: Frames that a task holds besides those of a block: the canvas, and those that the encoder looks ahead.
HELD_FRAMES = 16


@dataclass(frozen=True, repr=False)
class PreflightReport:
    """What `Animator.preflight` found; displays itself in a notebook, and as text.

    Attributes
    ----------
    problems : tuple of str
        What would make a render fail, or give other frames, or leave workers out.
    notes : tuple of str
        What is worth knowing, such as versions that differ although frames do not.
    workers : tuple of WorkerCheck
        What was found out about each worker: its ``facts`` with versions, fonts and the digest of the
        first frame, its ``encoders``, threads and memory, and whether it reaches the store. Without a
        cluster, it is this process.
    versions : mapping of str to str
        Of this process.
    seconds : float
        What the preflight took.
    """

    problems: tuple[str, ...]
    notes: tuple[str, ...]
    workers: tuple[WorkerCheck, ...]
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """True if there is no problem."""
        return not self.problems

    def __str__(self) -> str:
        rows = [_HEAD, *map(_row, self.workers)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        versions = ", ".join(f"{name} {text}" for name, text in sorted(self.versions.items()))
        problems = [f"problem: {text}" for text in self.problems]
        notes = [f"note: {text}" for text in self.notes]
        return "\n".join([self._summary(), *problems, *notes, "", *table, "", f"here: {versions}"])

    def __repr__(self) -> str:
        return f"<PreflightReport: {self._summary()}>"

    def _summary(self) -> str:
        n_workers = len(self.workers)
        who = f"{n_workers} worker{'s' * (n_workers != 1)}"
        if self.workers and not self.workers[0].facts.worker:
            who = "this process"
        if self.ok:
            return f"OK: {who}, asked in {self.seconds:.1f} s"
        n_problems = len(self.problems)
        return f"{n_problems} problem{'s' * (n_problems != 1)}: {who}, asked in {self.seconds:.1f} s"

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, str]:
        items = [f"<li><b>problem:</b> {html.escape(text)}</li>" for text in self.problems]
        items += [f"<li>{html.escape(text)}</li>" for text in self.notes]
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in _HEAD)
        rows = [
            "".join(f"<td>{html.escape(cell)}</td>" for cell in _row(worker)) for worker in self.workers
        ]
        table = "".join(f"<tr>{row}</tr>" for row in [head, *rows])
        return {
            "text/plain": str(self),
            "text/html": (
                f"<div><b>{html.escape(self._summary())}</b><ul>{''.join(items)}</ul>"
                f'<div style="overflow-x: auto"><table>{table}</table></div></div>'
            ),
        }


_HEAD = ("worker", "threads", "memory", "first frame", "encoders", "store", "matplotlib", "freetype")


def _row(check: WorkerCheck) -> tuple[str, ...]:
    facts = check.facts
    encoders = [name if not why else f"no {name}" for name, why in check.encoders.items()]
    return (
        facts.worker or "this process",
        f"{check.n_threads}",
        "" if check.memory is None else format_bytes(check.memory),
        "failed" if facts.failure else (facts.proof or "unknown")[:8],
        ", ".join(encoders),
        {None: "", "": "reached"}.get(check.store, "not reached"),
        facts.versions.get("matplotlib", ""),
        facts.versions.get("freetype", ""),
    )


def make_preflight_report(
    checks: Sequence[WorkerCheck],
    versions: Mapping[str, str],
    *,
    mode: str,
    partition_size: object,
    output_failure: str = "",
    seconds: float = 0.0,
) -> PreflightReport:
    """Say what the findings of a preflight mean.

    Parameters
    ----------
    checks : sequence of WorkerCheck
        Of each worker.
    versions : mapping of str to str
        Of this process.
    mode : {"auto", "gpu", "cpu"}
        Where frames are to be encoded.
    partition_size : int, sequence of int or "auto"
        Frames in a task.
    output_failure : str
        Why nothing can be written to the output file; "" if something can.
    seconds : float
        What the preflight took.
    """
    problems = [output_failure] if output_failure else []
    if not checks:
        problems.append("the cluster has no worker yet")
    problems += _failures(checks)
    problems += _different_frames(checks)
    problems += _encoder_problems(checks)
    problems += _store_problems(checks)
    problems += _memory_problems(checks, partition_size)
    notes = [*_version_notes(checks, versions), *_font_notes(checks), *_other_notes(checks, mode)]
    return PreflightReport(tuple(problems), tuple(notes), tuple(checks), dict(versions), seconds)


def _who(checks: Sequence[WorkerCheck]) -> str:
    """Name workers, not more than three."""
    names = [check.facts.worker or "this process" for check in checks]
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _grouped(pairs: Iterator[tuple[str, WorkerCheck]]) -> dict[str, list[WorkerCheck]]:
    """Return the workers by what is said of them."""
    groups: dict[str, list[WorkerCheck]] = {}
    for text, check in pairs:
        groups.setdefault(text, []).append(check)
    return groups


def _failures(checks: Sequence[WorkerCheck]) -> list[str]:
    failed = _grouped((check.facts.failure, check) for check in checks if check.facts.failure)
    return [f"{_who(group)}: {text}" for text, group in failed.items()]


def _different_frames(checks: Sequence[WorkerCheck]) -> list[str]:
    drawn = [check for check in checks if check.facts.proof]
    groups = _grouped((check.facts.proof or "", check) for check in drawn)
    if len(groups) < 2:
        return []
    usual, *others = sorted(groups.values(), key=lambda group: -len(group))
    first = usual[0].facts
    return [
        f"{_who(group)}: the first frame differs from that of {_who(usual)}: "
        f"{differences_in_words(first, group[0].facts)}"
        for group in others
    ]


def _encoder_problems(checks: Sequence[WorkerCheck]) -> list[str]:
    # The last one has to open: that of the CPU, or of the GPU if that is asked for. Others may not.
    needed = (list(check.encoders.items())[-1:] for check in checks)
    found = _grouped(
        (why, check) for check, pairs in zip(checks, needed, strict=True) for _, why in pairs if why
    )
    return [f"{_who(group)}: {text}" for text, group in found.items()]


def _store_problems(checks: Sequence[WorkerCheck]) -> list[str]:
    asked = [check for check in checks if not check.facts.failure]
    found = _grouped((check.store, check) for check in asked if check.store)
    return [f"{_who(group)}: the store is not reached: {text}" for text, group in found.items()]


def _memory_problems(checks: Sequence[WorkerCheck], partition_size: object) -> list[str]:
    problems = []
    for check in checks:
        if check.memory is None or check.size is None:
            continue
        n_frames = partition_size if isinstance(partition_size, int) else 1
        n_bytes = max(HELD_FRAMES, n_frames) * check.size.n_bytes
        there = check.memory // max(1, check.n_threads)
        if n_bytes > there * BLOCK_SHARE:
            problems.append(
                f"{_who([check])}: a partition takes up to {format_bytes(n_bytes)}, which is more than "
                f"half of the {format_bytes(there)} that there are for a thread: give workers more "
                f"memory or fewer threads, or a smaller partition_size"
            )
    return problems


def _version_notes(checks: Sequence[WorkerCheck], versions: Mapping[str, str]) -> list[str]:
    notes = []
    for name in sorted({name for check in checks for name in check.facts.versions}):
        groups = _grouped((check.facts.versions.get(name, "none"), check) for check in checks)
        here = versions.get(name)
        if len(groups) > 1:
            shown = "; ".join(f"{version} on {_who(group)}" for version, group in groups.items())
            notes.append(f"{name} differs between workers: {shown}")
        elif here is not None and here not in groups and name not in ("machine", "numpy_cpu"):
            notes.append(f"{name} is {next(iter(groups))} on the workers, and {here} here")
    return notes


def _font_notes(checks: Sequence[WorkerCheck]) -> list[str]:
    notes = []
    checks = [check for check in checks if not check.facts.failure]
    for name in sorted({name for check in checks for name in check.facts.fonts}):
        groups = _grouped((check.facts.fonts.get(name, "no font"), check) for check in checks)
        missing = groups.pop("no font", [])
        if len(groups) > 1:
            shown = "; ".join(f"{file} on {_who(group)}" for file, group in groups.items())
            notes.append(f"the font {name!r} is another file: {shown}")
        if missing:
            notes.append(f"the font {name!r} is not installed on {_who(missing)}")
    return notes


def _other_notes(checks: Sequence[WorkerCheck], mode: str) -> list[str]:
    notes = []
    several = [check for check in checks if check.n_threads > 1 and check.facts.worker]
    if several:
        notes.append(
            f"{_who(several)}: a process draws one figure at a time, so that more than one thread draws "
            f"no faster: start more processes with one thread each"
        )
    unknown = [check for check in checks if check.facts.proof == ""]
    if unknown:
        notes.append("the first frame was not compared: give param_by_frame, which it is drawn from")
    if mode == "auto":
        gpu = _grouped(
            (why, check) for check in checks for why in [*check.encoders.values()][:-1] if why
        )
        notes += [f"{_who(group)}: no GPU encodes: {text}" for text, group in gpu.items()]
    return notes
