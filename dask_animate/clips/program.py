"""The tree of a clip and what draws its frames, as it travels to workers."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import cloudpickle

from ..errors import AnimatorPickleError, WorkerError, in_words
from ..rendering import SourceSpec
from .footage import Drawer, Footage, Sent
from .nodes import Node
from .pooling import Pool


@dataclass(frozen=True)
class Program:
    """A clip as it is rendered.

    Attributes
    ----------
    root : Node
        The clip.
    n_frames : int
        Number of frames of the render.
    specs : mapping of Drawer or Sent to SourceSpec
        What draws the frames of each source.
    pools : mapping of Footage to Pool
        Frames that are drawn before.
    """

    root: Node
    n_frames: int
    specs: Mapping[Any, SourceSpec]
    pools: Mapping[Footage, Pool] = field(default_factory=dict)

    @cached_property
    def first_frames(self) -> dict[Drawer, tuple[int, Any]]:
        """For each source, the index and the parameters of a frame that it can draw."""
        firsts = {footage.drawer: footage for footage in self.root.footages()}
        return {drawer: one.call(one.first_key) for drawer, one in firsts.items()}

    def detached(self) -> Program:
        """Return it with parameters that the caller cannot change; what draws stays as it is."""
        copy = self.loads(self.dumps())
        return replace(copy, specs=dict(zip(copy.specs, self.specs.values(), strict=True)))

    def dumps(self) -> bytes:
        """Return its pickle, without the caller's objects, which the specs have pickled.

        Raises
        ------
        AnimatorPickleError
            If it cannot be pickled.
        """
        set(self.root.footages())  # those that are equal are known to be from here on
        file = io.BytesIO()
        specs = [spec.pickled() for spec in self.specs.values()]
        try:
            _Pickler(file, list(self.specs)).dump((self.root, self.n_frames, specs, self.pools))
        except Exception as exc:
            raise AnimatorPickleError(
                f"the clip cannot be sent to the workers, as parameters or functions in it cannot be "
                f"pickled: {exc}; render in this process, with num_workers=1 and without wait=False"
            ) from exc
        return file.getvalue()

    @classmethod
    def loads(cls, data: bytes) -> Program:
        """Return it from its pickle.

        Raises
        ------
        WorkerError
            If it cannot be loaded in this process.
        """
        unpickler = _Unpickler(io.BytesIO(data))
        try:
            root, n_frames, specs, pools = unpickler.load()
        except Exception as exc:
            raise WorkerError(
                f"the clip cannot be loaded where it is to be drawn: {in_words(exc)}; "
                f"modules that it needs have to be installed on the workers, or be sent there with "
                f"client.upload_file()"
            ) from exc
        return cls(root, n_frames, {unpickler.sent[idx]: spec for idx, spec in enumerate(specs)}, pools)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Replaces each `Drawer`, or what stands for one, by its number.

    Those that draw come first. Others have only parameters in the tree, as the second one of a `Joined`.
    """

    def __init__(self, file: io.BytesIO, drawers: list[Drawer | Sent]) -> None:
        super().__init__(file)
        self._idx = {drawer: idx for idx, drawer in enumerate(drawers)}

    def persistent_id(self, obj: object) -> tuple[int, str, bool] | None:
        """Return the number and the name of a `Drawer`; None for other objects."""
        if isinstance(obj, Drawer | Sent):
            return self._idx.setdefault(obj, len(self._idx)), obj.name, obj.is_drawn
        return None


class _Unpickler(pickle.Unpickler):
    """Puts a `Sent` in the place of each `Drawer`."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.sent: dict[int, Any] = {}

    def persistent_load(self, pid: Any) -> Any:
        """Return what stands for a `Drawer`."""
        return self.sent.setdefault(pid[0], Sent(*pid))
