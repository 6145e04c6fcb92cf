"""The README and the pages in docs/: code runs, links lead somewhere, tables and pictures are true."""

import ast
import inspect
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import decode

from dask_animate import Animator

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
#: What comes before code that is only to be read.
NOT_RUN = r"<!-- not run: [^>]+ -->\n"


def of_each_page(test):
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)(test)


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def anchors(page):
    """Return what can be linked to on a page, as GitHub names its headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


#: Pages whose code starts several clusters.
SLOW = ("from-funcanimation", "larger-than-memory", "stores", "xarray")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] * (page.stem in SLOW), id=page.stem)
        for page in PAGES
        if "```python" in page.read_text()
    ],
)
def test_code_runs(page, tmp_path):
    text = re.sub(NOT_RUN + r"```python\n.*?```", "", page.read_text(), flags=re.DOTALL)
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    (tmp_path / "page.py").write_text("\n".join(blocks))
    done = subprocess.run([sys.executable, "page.py"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if page == README:
        assert len(decode(tmp_path / "wave.mp4")) == 60


@pytest.mark.parametrize("page", [page for page in PAGES if "```sh" in page.read_text()])
def test_commands_run(page, tmp_path):
    """Commands run in the order of the page, with the files whose names stand in their first lines."""
    for name, text in re.findall(
        r"^```python\n# (\w+\.py)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL
    ):
        (tmp_path / name).write_text(text)
    text = re.sub(NOT_RUN + r"```sh\n.*?```", "", page.read_text(), flags=re.DOTALL)
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "dask-animate"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dask_animate "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "-euc", "\n".join(blocks)],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    if page.stem == "command-line":
        assert len(decode(tmp_path / "both.mp4")) == 60
        assert len(decode(tmp_path / "plots.mp4")) == 50


@of_each_page
def test_all_code_says_what_it_is(page):
    """Code that is indented only would neither be run nor be seen by the test above."""
    text = re.sub(r"^```(python|sh)\n.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert "```" not in text
    indented = re.findall(r"(?<=\n\n)    (?! )(.+)", text)
    assert [line for line in indented if not line.startswith("pip install ")] == []


@of_each_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.is_file(), target
        assert not anchor or anchor in anchors(other), target


def test_every_page_is_in_the_readme():
    """But those that the site alone needs: lists of pages, and places for files from elsewhere."""
    links = {(ROOT / link).resolve() for link in re.findall(r"\]\(([^)#\s]+)", README.read_text())}
    of_the_site = re.compile(r"^:::\{toctree\}$|\A<!-- shown here: ", re.MULTILINE)
    assert {page for page in PAGES[1:] if not of_the_site.search(page.read_text())} <= links


def test_every_folder_is_in_the_table_of_the_architecture():
    text = (ROOT / "docs" / "architecture.md").read_text()
    folders = {path.parent.name for path in ROOT.glob("dask_animate/*/__init__.py")}
    assert set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)) == folders


def test_every_claim_has_its_test():
    """Comments beneath the claims name the tests that hold them."""
    claims = README.read_text().split("## What is different\n")[1].split("\n## ")[0]
    for claim in re.split(r"\n(?=- |\n)", claims.strip()):
        named = re.findall(r"<!-- (tests/\S+): (.+?) -->", claim)
        assert named, claim
        for path, names in named:
            assert set(names.split(", ")) <= functions_of(path), f"{path} has other tests: {claim}"


def test_every_fault_has_its_test():
    text = (ROOT / "docs" / "faults.md").read_text().split("\n## ")[-2]
    assert text.startswith("What was tried\n")
    rows = re.findall(r"^\| .+ \| .+ \| `(tests/\S+)`: (.+) \|$", text, re.MULTILINE)
    assert len(rows) == text.count("\n| ") - 1
    for path, names in rows:
        there = functions_of(path)
        assert {name.strip("`") for name in names.split(", ")} <= there, f"{path} lacks one of {names}"


def functions_of(path):
    """Return the names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def script(name):
    return runpy.run_path(str(ROOT / "docs" / f"{name}.py"))


TABLES = [
    README,
    ROOT / "docs" / "formats.md",
    ROOT / "docs" / "command-line.md",
    ROOT / "docs" / "xarray.md",
]


@pytest.mark.parametrize("page", TABLES, ids=lambda page: page.stem)
def test_tables_are_what_the_code_says(page):
    tables = script("write_tables")
    new = tables["written"](page.read_text(), tables["tables"]()[page])
    assert page.read_text() == new, "python docs/write_tables.py writes it again"


def test_a_row_for_each_argument():
    names = re.findall(r"^\| `(\w+)` \|", README.read_text(), re.MULTILINE)
    assert names == [*inspect.signature(Animator.make_video).parameters][1:]


def test_pictures_are_what_the_code_says():
    for name, draw in script("draw_pictures")["PICTURES"].items():
        old = (ROOT / "docs" / name).read_text()
        assert old == draw(), "python docs/draw_pictures.py draws it again"
