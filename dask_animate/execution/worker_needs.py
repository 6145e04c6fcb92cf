"""Which workers the caller's annotations let draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Number
from typing import Any, Self


@dataclass(frozen=True)
class WorkerNeeds:
    """What ``dask.annotate`` around a render asks of workers.

    Attributes
    ----------
    resources : mapping of str to float
        What a worker needs to have for a task.
    names : frozenset of str
        Names, addresses or hosts of the workers that may be used; empty for any.
    """

    resources: Mapping[str, float] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, annotations: Mapping[str, Any]) -> Self:
        """Return what annotations ask for; functions, called for each task, are taken to ask nothing."""
        names = annotations.get("workers")
        if annotations.get("allow_other_workers") or names is None or callable(names):
            names = ()
        if isinstance(names, str | Number):
            names = (names,)
        return cls(annotations.get("resources") or {}, frozenset(f"{name}" for name in names))

    def allow(self, address: str, worker: Mapping[str, Any]) -> bool:
        """Return whether a worker, as `Client.scheduler_info` tells of it, may draw.

        It may be busy with other tasks that need the same resources.
        """
        has = worker.get("resources", {})
        if any(name not in has or has[name] < amount for name, amount in self.resources.items()):
            return False
        known = {address, address.partition("://")[2], f"{worker.get('name')}", f"{worker.get('host')}"}
        return not self.names or bool(known & self.names)

    def __bool__(self) -> bool:
        return bool(self.resources or self.names)

    def __str__(self) -> str:
        resources = ", ".join(f"{name}={amount:g}" for name, amount in self.resources.items())
        told = [f"the resources of dask.annotate, {resources}"] if resources else []
        if self.names:
            told.append(f"a name, address or host of dask.annotate, {', '.join(sorted(self.names))}")
        return " and ".join(told)
