"""What the pickles of an animation keep beyond those of others: callbacks, shared memory, a stand-in."""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Lock
from types import ModuleType
from typing import Any

import cloudpickle
import numpy as np
from matplotlib.animation import Animation
from matplotlib.backend_bases import FigureCanvasBase, TimerBase
from matplotlib.cbook import CallbackRegistry
from numpy.typing import DTypeLike, NDArray

from ..provenance import is_user_module
from ._matplotlib import signals_of

_registry_lock = Lock()

#: A view keeps sharing memory with others if all of that memory is at most so many times its own.
MAX_SHARED = 16


#: NumPy's flag, by its name in C.
NPY_ARRAY_WRITEABLE = 0x400


class NotInCopyError(AttributeError):
    """The function uses something of its animation that a copy does not have."""


def dumps(value: object, *functions: Any) -> tuple[bytes, dict[int, Any]]:
    """Pickle a value; return the pickle, and the objects in it by their addresses.

    Parameters
    ----------
    value : object
        The animation itself, wherever something refers to it, is left out.
    *functions
        What is defined in the modules of these functions is pickled by value. Otherwise a function would
        change the artists to which the globals of its module refer.
    """
    with _by_value(*functions):
        file = io.BytesIO()
        pickler = _Pickler(file)
        pickler.dump(value)
        return file.getvalue(), {key: kept for key, (_, kept) in pickler.memo.copy().items()}


def loads(data: bytes) -> Any:
    """Return a new copy of what `dumps` pickled."""
    return _Unpickler(io.BytesIO(data)).load()


class _Detached:
    """Stands for the caller's animation and its timer: nothing plays while frames are saved."""

    def start(self, *args: object) -> None:
        """Do nothing, as if the animation were saved by matplotlib."""

    stop = pause = resume = add_callback = remove_callback = start

    @property
    def event_source(self) -> _Detached:
        """The timer."""
        return self

    def __getattr__(self, name: str) -> Any:
        raise NotInCopyError(f"the animation's attribute {name!r}, which a copy does not have")


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no types
    def persistent_id(self, obj: Any) -> str | None:
        return "animation" if isinstance(obj, Animation | TimerBase) else None

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, CallbackRegistry) and signals_of(obj) != list(FigureCanvasBase.events):
            # Matplotlib drops callbacks, such as those by which a colorbar follows its image.
            functions = {
                signal: {cid: function for cid, ref in refs.items() if (function := ref()) is not None}
                for signal, refs in obj.callbacks.items()
            }
            state: Any = obj.__getstate__()
            return _registry, (type(obj),), state | {"callbacks": functions}
        if type(obj) is np.ndarray and (base := _shared_base(obj)) is not None:
            offset = _address(obj) - _address(base)
            # By the number: NumPy warns whoever asks for the name of broadcast arrays.
            is_writeable = bool(obj.flags.num & NPY_ARRAY_WRITEABLE)
            return _view, (base, obj.dtype, obj.shape, offset, obj.strides, is_writeable)
        return super().reducer_override(obj)


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> _Detached:
        return _Detached()


def _registry(kind: type[CallbackRegistry]) -> CallbackRegistry:
    return kind.__new__(kind)


def _shared_base(array: NDArray[Any]) -> NDArray[Any] | None:
    """Return the array whose memory a view shows, if that is worth keeping; None for other arrays."""
    base = array.base
    while type(base) is np.ndarray and base.base is not None:
        base = base.base
    if type(base) is not np.ndarray or base.dtype.hasobject or array.dtype.hasobject:
        return None
    is_whole = base.flags.c_contiguous or base.flags.f_contiguous
    return base if is_whole and base.nbytes <= MAX_SHARED * max(array.nbytes, 4096) else None


def _address(array: NDArray[Any]) -> int:
    address: int = array.ctypes.data
    return address


def _view(
    base: NDArray[Any],
    dtype: DTypeLike,
    shape: tuple[int, ...],
    offset: int,
    strides: tuple[int, ...],
    is_writeable: bool,
) -> NDArray[Any]:
    # A contiguous array in Fortran's order is a buffer only if it is transposed.
    buffer = base if base.flags.c_contiguous else base.T
    view: NDArray[Any] = np.ndarray(shape, dtype, buffer, offset, strides)
    view.flags.writeable = is_writeable and view.flags.writeable
    return view


@contextmanager
def _by_value(*functions: Any) -> Iterator[None]:
    """Pickle what is defined in the modules of the caller's functions, and not references to it."""
    with _registry_lock, ExitStack() as stack:
        registered = cloudpickle.list_registry_pickle_by_value()
        for module in {id(one): one for function in functions for one in modules_of(function)}.values():
            if module.__name__ not in registered:
                cloudpickle.register_pickle_by_value(module)
                stack.callback(cloudpickle.unregister_pickle_by_value, module)
        yield


def modules_of(function: Any) -> Iterator[ModuleType]:
    """Yield the caller's modules in which a function, and the class of its object, are defined."""
    while isinstance(function, partial):
        function = function.func
    owner = getattr(function, "__self__", None)
    for one in (function, type(function), type(owner)):
        name = str(getattr(one, "__module__", None))
        module = sys.modules.get(name)
        if module is not None and name != "__main__" and is_user_module(name):
            yield module
