"""What Dask's configuration says of the dashboard's page of renders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import dask.config

from ..errors import OptionError, OptionTypeError
from ..validation import in_short

#: Where Dask's configuration has the options. The environment variable ``DASK_ANIMATE__DASHBOARD`` sets
#: the second one, as Dask takes ``DASK_`` for a prefix that says no more than that.
PLACES = ("dask_animate.dashboard", "animate.dashboard")


@dataclass(frozen=True)
class DashboardOptions:
    """Whether renders are shown on the dashboard.

    Attributes
    ----------
    enabled : bool
        Whether they are shown at all.
    thumbnails : bool
        Whether workers are asked for pictures of frames while somebody looks at the page.
    """

    enabled: bool
    thumbnails: bool

    @classmethod
    def none(cls) -> DashboardOptions:
        """Return the options with which nothing is shown."""
        return cls(enabled=False, thumbnails=False)

    @classmethod
    def read(cls) -> DashboardOptions:
        """Read Dask's configuration. What is switched off in one place stays off.

        Raises
        ------
        OptionError, OptionTypeError
            If it holds something else than these options.

        Examples
        --------
        >>> import dask
        >>> with dask.config.set({"dask_animate.dashboard.thumbnails": False}):
        ...     DashboardOptions.read()
        DashboardOptions(enabled=True, thumbnails=False)
        """
        options = {"enabled": True, "thumbnails": True}
        for place in PLACES:
            given = dask.config.get(place, None)
            for name, value in _named(place, given).items():
                if not isinstance(value, bool):
                    raise OptionTypeError(
                        f"Dask's configuration {place}.{name} must be true or false, got "
                        f"{in_short(value)}"
                    )
                options[name] &= value
        return cls(options["enabled"], options["enabled"] and options["thumbnails"])


def _named(place: str, given: Any) -> dict[str, Any]:
    """Return the options by name; True and False alone are short for ``enabled``."""
    if given is None:
        return {}
    if isinstance(given, bool):
        return {"enabled": given}
    if not isinstance(given, dict):
        raise OptionTypeError(
            f"Dask's configuration {place} must be true, false, or have the names enabled and "
            f"thumbnails, got {in_short(given)}"
        )
    unknown = given.keys() - {"enabled", "thumbnails"}
    if unknown:
        raise OptionError(
            f"Dask's configuration {place} has the names enabled and thumbnails, and not "
            f"{', '.join(sorted(map(str, unknown)))}"
        )
    return given
