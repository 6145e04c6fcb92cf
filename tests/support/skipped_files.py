"""Files of tests that are skipped as a whole where something is missing that they import."""

import os

import pytest


def skips_files(missing, unless):
    """Return the hook of a folder's `conftest.py` that skips its files if anything is missing.

    With the environment variable `unless` set to 1, they are collected, and fail.
    """

    class Skipped(pytest.File):
        def collect(self):
            pytest.skip(f"missing: {', '.join(missing)}")

    def pytest_pycollect_makemodule(module_path, parent):
        if missing and os.environ.get(unless) != "1":
            return Skipped.from_parent(parent, path=module_path)

    return pytest_pycollect_makemodule
