"""What frames depend on in the process that draws them, observed while it draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..provenance import Environment, Observer


class ObservedEnvironment:
    """The environment of a source in this process.

    Parameters
    ----------
    expected : Environment or None
        What the frames depend on in the process that requests them; None if they are not stored.

    Attributes
    ----------
    found : Environment or None
        What they depend on here; None before `observe`, and if they are not stored.
    """

    def __init__(self, expected: Environment | None) -> None:
        self._expected = expected
        self._observer: Observer | None = None
        self.found: Environment | None = None

    def observe(self) -> None:
        """Observe it once: after the modules of the caller's object are loaded, before its code runs."""
        if self._expected is None or self.found is not None:
            return
        from ..provenance import Observer

        observer = Observer(self._expected.references, self._expected)
        self.found = observer.observe()
        self._observer = observer

    def note_changes(self) -> None:
        """Take note of what drawing has changed in modules since."""
        if self._observer is None:
            return
        unnamed = self._observer.note_changes()
        if unnamed is not None:
            assert self.found is not None
            unknown = f"the module {unnamed}, which no import statement names"
            self.found = replace(self.found, unknown=unknown)
