"""JupyterLab and Chromium for the tests in this folder, which are skipped where these are missing."""

import shutil
from importlib.util import find_spec

import pytest
from skipped_files import skips_files

MISSING = [
    name for name in ("bokeh", "dask_labextension", "jupyterlab", "playwright") if not find_spec(name)
]
MISSING += [] if shutil.which("chromium") else ["the program chromium"]


pytest_pycollect_makemodule = skips_files(MISSING, unless="DASK_ANIMATE_LAB")


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A JupyterLab server whose folder is `lab.folder`; `lab.write` puts notebooks there."""
    from jupyter_lab import running_lab

    with running_lab(tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("jupyter")) as lab:
        yield lab


@pytest.fixture(scope="session")
def browser():
    """Chromium, headless."""
    from jupyter_lab import BROWSER_OPTIONS, PATIENCE
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=BROWSER_OPTIONS
        )
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """Return a function that opens an empty page of a given size, light or dark."""
    from jupyter_lab import PATIENCE

    contexts = []

    def new_page(width=1200, height=800, color_scheme="light"):
        size = {"width": width, "height": height}
        contexts.append(browser.new_context(viewport=size, color_scheme=color_scheme))
        contexts[-1].set_default_timeout(PATIENCE * 1000)
        return contexts[-1].new_page()

    yield new_page
    for context in contexts:
        context.close()


@pytest.fixture
def open_notebook(lab, new_page):
    """Return a function that opens a notebook of `lab.folder` and returns a `jupyter_lab.Notebook`.

    The test fails if the browser's console has errors at its end.
    """
    from jupyter_lab import Notebook

    opened = []

    def open_notebook(path, **options):
        opened.append(Notebook(new_page(**options), lab, path))
        return opened[-1]

    yield open_notebook
    lab.shut_down_kernels()
    assert [error for notebook in opened for error in notebook.errors] == []
