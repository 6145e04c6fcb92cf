"""The command ``encoders``: what opens, in this process and on workers."""

from __future__ import annotations

import click

from ..encoding import encoders_here
from ..frames import FrameSize
from .cluster import ClusterArguments
from .outcome import CommandError

#: Size of the frames for which encoders are opened.
SIZE = FrameSize(720, 1280)

Found = list[tuple[str, str, str | None]]


def show_encoders(cluster: ClusterArguments) -> None:
    """Print which encoders open, and why others do not."""
    _show("this process", encoders_here(SIZE))
    with cluster.connected() as client:
        if client is None:
            return
        try:
            of_workers: dict[str, Found] = client.run(encoders_here, SIZE)
        except Exception as exc:  # whatever a worker raises, such as for want of this library
            raise CommandError(f"a worker cannot say: {type(exc).__name__}: {exc}") from exc
    if not of_workers:
        raise CommandError(f"--scheduler {cluster.scheduler}: it has no workers to ask")
    alike: dict[str, list[str]] = {}
    for address, found in of_workers.items():
        alike.setdefault(repr(found), []).append(address)
    for addresses in alike.values():
        others = f" and {len(addresses) - 1} more like it" if len(addresses) > 1 else ""
        click.echo()
        _show(f"worker {addresses[0]}{others}", of_workers[addresses[0]])


def _show(where: str, found: Found) -> None:
    click.echo(where)
    for codec, encoder, reason in found:
        click.echo(
            f"  {codec:<5} {encoder:<16} {'opens' if reason is None else f'no: {_short(reason)}'}"
        )


def _short(reason: str) -> str:
    """Return the first part of a reason: what it means, before FFmpeg's own words."""
    return reason.partition(" (")[0].partition(": ")[0]
