"""Check what an sdist and a wheel hold: python .ci/check_distributions.py FOLDER, in a clone.

The sdist holds what git knows, and the wheel the package; nothing else, and nothing less. Prints how
much that is, and writes the README's first example to FOLDER/first.py.
"""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

folder = Path(sys.argv[1])
(sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
tracked = set(subprocess.check_output(["git", "ls-files", "-z"], text=True).split("\0")) - {""}

with tarfile.open(sdist) as archive:
    in_sdist = {name.partition("/")[2] for name in archive.getnames()} - {"PKG-INFO"}
with zipfile.ZipFile(wheel) as archive:
    in_wheel = {name for name in archive.namelist() if ".dist-info/" not in name}
wanted = {
    sdist: (in_sdist, tracked),
    wheel: (in_wheel, {name for name in tracked if name.startswith("dask_animate/")}),
}
for path, (found, expected) in wanted.items():
    if found != expected:
        sys.exit(
            f"{path.name} lacks {sorted(expected - found)} and has {sorted(found - expected)} beside"
        )
    print(f"{path.name}: {len(found)} files, {path.stat().st_size / 1024:.0f} kiB")

readme = Path("README.md").read_text()
(folder / "first.py").write_text(re.search(r"^```python\n(.*?)^```", readme, re.M | re.S)[1])
