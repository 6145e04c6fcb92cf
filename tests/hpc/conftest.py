"""What runs on clusters, as far as one machine can tell; each test needs programs or packages."""

import os

import pytest


@pytest.fixture
def need():
    """Return a function that skips a test where something is missing; with a variable set, it fails."""

    def check(missing, unless="CI"):
        missing = [*missing]
        if missing and unless not in os.environ:
            pytest.skip(f"missing: {', '.join(missing)}")
        assert not missing

    return check
