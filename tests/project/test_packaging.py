"""pyproject.toml, environment.yml, the README and .ci/run say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
#: Names on conda-forge that differ from those on PyPI.
CONDA = {"dask": "dask-core", "matplotlib": "matplotlib-base"}


def pinned(requirements):
    """Return {name: version specification} of requirements as PyPI or conda write them."""
    pairs = (re.fullmatch(r"([\w-]+)\s*(.*)", line).groups() for line in requirements)
    return {name: version for name, version in pairs}


def test_environment_holds_the_same_set():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = pinned(entry for entry in entries if isinstance(entry, str))
    assert conda.pop("python") == PROJECT["requires-python"]
    conda.pop("pip")
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"]]
    for extra in re.fullmatch(r"dask_animate\[(.*)\]", extras["all"][0])[1].split(","):
        wanted += extras[extra]
    pypi = {CONDA.get(name, name): version for name, version in pinned(wanted).items()}
    assert conda == pypi


def test_conda_recipe_holds_the_same_set():
    """As conda reads it, once its template is filled in."""
    text = (ROOT / "conda" / "meta.yaml").read_text()
    assert f'{{% set version = "{PROJECT["version"]}" %}}' in text
    filled = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text)
    recipe = yaml.safe_load(filled)
    run = pinned(recipe["requirements"]["run"])
    assert run.pop("python") == PROJECT["requires-python"]
    wanted = pinned(PROJECT["dependencies"])
    assert run == {CONDA.get(name, name): version for name, version in wanted.items()}
    scripts = [f"{name} = {place}" for name, place in PROJECT["scripts"].items()]
    assert recipe["build"]["entry_points"] == scripts
    assert recipe["about"]["summary"] == PROJECT["description"]


def test_core_dependencies():
    core = {
        "av",
        "click",
        "cloudpickle",
        "dask",
        "distributed",
        "fsspec",
        "lazy_loader",
        "matplotlib",
        "numpy",
        "pillow",
        "tqdm",
        "zarr",
    }
    assert pinned(PROJECT["dependencies"]).keys() == core


def test_each_dependency_says_why():
    text = (ROOT / "pyproject.toml").read_text()
    block = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    assert all("#" in line for line in block.splitlines())


@pytest.mark.parametrize("path", ["pyproject.toml", "environment.yml", ".ci/run", "README.md"])
def test_no_registry_is_named(path):
    assert not re.search(r"index-url|find-links|https?://\S*(pypi|simple)", (ROOT / path).read_text())


def test_readme_commands():
    commands = re.findall(r"^    (pip install .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == [
        "pip install . && python examples/simple_wave.py",
        'pip install ".[test]" && pytest',
    ]


def test_changelog_and_citation_have_the_version():
    assert f"## [{PROJECT['version']}]" in (ROOT / "CHANGELOG.md").read_text()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert [citation[key] for key in ("version", "license")] == [PROJECT["version"], PROJECT["license"]]
