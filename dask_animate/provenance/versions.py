"""Versions of Python and of installed packages, whether these are loaded or not."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from .digests import digest
from .modules import spec_of


def versions_of(libraries: frozenset[str]) -> dict[str, str]:
    """Return the versions of libraries, of Python, and of the FreeType of matplotlib if that is one.

    Parameters
    ----------
    libraries : frozenset of str
        Names by which packages are imported.

    Returns
    -------
    dict of str to str
        By name, without the modules of the standard library; "missing" if a library is not installed.
    """
    versions = {**_versions(libraries), "python": ".".join(map(str, sys.version_info[:3]))}
    if "matplotlib" in libraries:
        module = sys.modules.get("matplotlib.ft2font")
        versions["freetype"] = str(getattr(module, "__freetype_version__", "not loaded"))
    return versions


@lru_cache(64)
def _versions(libraries: frozenset[str]) -> dict[str, str]:
    return {name: _version(name) for name in libraries if name not in sys.stdlib_module_names}


@lru_cache(256)
def _version(package: str) -> str:
    try:
        return metadata.version("matplotlib" if package == "mpl_toolkits" else package)
    except metadata.PackageNotFoundError:  # installed by another name
        pass
    spec = spec_of(package)
    if spec is None:
        return "missing"
    if spec.origin is not None and spec.has_location:
        files = [Path(spec.origin), *sorted(Path(spec.origin).parent.glob("*version*.py"))]
        texts = [file.read_bytes() for file in files if file.suffix == ".py"]
        if len(texts) > 1 or any(b"__version__ =" in text for text in texts):
            return digest(*texts).hex()
    # Slow, as it asks every installed package.
    names = metadata.packages_distributions().get(package, ())
    found = [f"{name} {metadata.version(name)}" for name in sorted(set(names))]
    return " ".join(found) or str(getattr(sys.modules.get(package), "__version__", "unknown"))
