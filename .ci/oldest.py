"""Print constraints for pip: the oldest versions that pyproject.toml allows, extras included."""

import re
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
extras = {name: group for name, group in project["optional-dependencies"].items() if name != "all"}
for requirement in {*project["dependencies"], *(one for group in extras.values() for one in group)}:
    name, oldest = re.fullmatch(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", requirement).groups()
    print(f"{name}=={oldest}")
