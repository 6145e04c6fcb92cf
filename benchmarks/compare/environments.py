"""Virtual environments of the tools, made with pip and kept for the next time."""

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

from .tools import COMMON, OURS, Tool

#: What is asked of an environment: the versions of all that is installed.
VERSIONS = """
import json, platform
from importlib import metadata
print(json.dumps({"python": platform.python_version()} | {
    one.name.lower(): one.version for one in metadata.distributions() if one.name
}))
"""
#: Writes the caches of bytecode and of fonts before anything is measured.
WARM_UP = "import matplotlib.pyplot as plt\nplt.figure().canvas.draw()"


class EnvironmentFailed(RuntimeError):
    """An environment cannot be made; the message is what pip said."""


def python_of(tool: Tool, folder: Path, quick: bool = False) -> Path:
    """Return the interpreter of a tool; its environment is made, or completed, if need be.

    `quick` takes the interpreter that runs this where it has what the tool needs.
    """
    if quick and tool.environment == OURS:
        return Path(sys.executable)
    path = folder / tool.environment
    python = path / "bin" / "python"
    wanted = sorted({*COMMON, *tool.requirements})
    done = path / "benchmark.json"
    if done.exists() and json.loads(done.read_text()) == wanted:
        return python
    venv.create(path, with_pip=True, symlinks=os.name != "nt")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for one in wanted:
        install += ["--editable", one] if Path(one).is_absolute() else [one]
    for command in (install, [python, "-c", WARM_UP]):
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            raise EnvironmentFailed(last_line(made.stderr))
    done.write_text(json.dumps(wanted))
    return python


def last_line(text: str) -> str:
    """Return the last line that says something, which is where Python and pip name an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|ERROR|Exception|Interrupt)\b", line)]
    return (named or lines or ["failed without a message"])[-1][:300]


def versions(python: Path) -> dict[str, str]:
    """Return the versions of Python and of the packages of an environment."""
    return json.loads(subprocess.run([python, "-c", VERSIONS], capture_output=True, check=True).stdout)
