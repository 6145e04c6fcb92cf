"""Parameters that workers compute: which tasks of their graph run inside the task that draws."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

from dask.highlevelgraph import HighLevelGraph
from dask.local import get_sync
from dask.optimization import cull

from ..params import DelayedItems


class FusedTasks:
    """Tasks that run inside another one, which gets the results of those on which they depend.

    A class of its own and no tuple or dataclass, in which dask would look for keys of tasks.

    Parameters
    ----------
    tasks : mapping
        The tasks by their keys.
    inputs : sequence of hashable
        Keys of the results that are given.
    outputs : sequence of hashable
        Keys of the results that are wanted, of `tasks` or among the inputs.
    """

    def __init__(
        self, tasks: Mapping[Hashable, Any], inputs: Sequence[Hashable], outputs: Sequence[Hashable]
    ) -> None:
        self._tasks = dict(tasks)
        self._inputs = list(inputs)
        self._outputs = list(outputs)

    def results(self, values: Sequence[Any]) -> Sequence[Any]:
        """Run the tasks in this thread, and return the results that are wanted.

        Parameters
        ----------
        values : sequence
            The results of the inputs.
        """
        # As calls, since dask would look for keys in a list or a tuple.
        given = {key: (partial(_same, value),) for key, value in zip(self._inputs, values, strict=True)}
        results: Sequence[Any] = get_sync({**given, **self._tasks}, self._outputs)
        return results


def _same(value: Any) -> Any:
    return value


class DelayedGraph:
    """The graph of a partition's parameters, divided into tasks of their own and those that are fused.

    A task is fused into the one that draws if nothing else needs its result: it is the last one of a run
    of frames, into which dask has fused what it could, and all frames of the run are the partition's.
    The other tasks are the same in all partitions, as they come from one graph. Were they fused for each
    partition anew, different tasks could get one key, and the scheduler would take one for the other.

    Parameters
    ----------
    items : DelayedItems
        The parameters.

    Attributes
    ----------
    fused : FusedTasks
        The tasks that are fused.
    shared : list of hashable
        Keys of data that other partitions need too.
    """

    def __init__(self, items: DelayedItems) -> None:
        self._delayed = items.delayed
        keys = [delayed.key for delayed in items.delayed]
        self.shared = [key for key, is_whole in zip(keys, items.is_whole, strict=True) if not is_whole]
        self._graph: dict[Hashable, Any] | None = None
        own: dict[Hashable, Any] = {}
        inputs: dict[Hashable, None] = {}  # an ordered set
        graph = items.delayed[0].dask
        for key, is_whole in zip(keys, items.is_whole, strict=True):
            tasks = _last_tasks(graph, key) if is_whole and isinstance(graph, dict) else None
            own.update(tasks or {})
            needed = (
                [key]
                if tasks is None
                else [dep for task in tasks.values() for dep in task.dependencies if dep not in tasks]
            )
            inputs.update(dict.fromkeys(needed))
        self._inputs = list(inputs)
        if isinstance(graph, dict):
            self._graph, _ = cull(graph, self._inputs)
        self.fused = FusedTasks(own, self._inputs, keys)

    def with_task(self, key: tuple[str | int, ...], function: Callable[[list[Any]], Any]) -> Any:
        """Return the graph with a task that gets the inputs of the fused ones, for `Client.get`."""
        task = {key: (function, self._inputs)}
        if self._graph is not None:
            return {**self._graph, **task}
        return HighLevelGraph.from_collections(key[0], task, self._delayed).cull([key])


def _last_tasks(graph: Mapping[Hashable, Any], key: Hashable) -> dict[Hashable, Any] | None:
    """Return the task of a key, with the one that it stands for if it is an alias.

    dask makes such aliases when it fuses tasks. None if the task holds a Future, on which the scheduler
    would not know that our task depends.
    """
    tasks = {key: graph[key]}
    target = getattr(graph[key], "target", None)
    if target is not None:
        tasks[target] = graph[target]
    holds_futures = any(not task.dependencies <= graph.keys() for task in tasks.values())
    return None if holds_futures else tasks
