"""What runs on clusters, as far as one machine can tell; each test needs programs or packages."""

import os

import pytest


@pytest.fixture
def need():
    """Return a function that skips a test where something is missing, and fails where it must not be."""

    def check(missing):
        missing = [*missing]
        if missing and os.environ.get("DASK_ANIMATE_HPC") != "1":
            pytest.skip(f"missing: {', '.join(missing)}")
        assert not missing

    return check
