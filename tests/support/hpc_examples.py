"""The examples in examples/hpc, with the numbers of this machine, run as a user runs them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from helpers import decode

HPC = Path(__file__).parents[2] / "examples" / "hpc"

#: What a user changes, as far as examples have it: no example lacks all of these.
_HERE = {
    'queue="compute"': 'queue="debug"',
    "cores=16,": "cores=1,",
    "processes=16,": "processes=1,",
    '"64GB"': '"1GB"',
    '"ib0"': '"lo"',
    '"/tmp"': '"scratch"',
    "N_JOBS = 4": "N_JOBS = 1",
    "600": "60",
}


def copy_here(name, folder):
    """Copy an example to a folder, with the numbers of this machine, and return its path."""
    text = (HPC / name).read_text()
    for theirs, ours in _HERE.items():
        text = text.replace(theirs, ours)
    (folder / name).write_text(text)
    return folder / name


def run_here(name, folder, *launcher, **environment):
    """Run an example in a folder, check the video that it makes, and return what it prints."""
    script = copy_here(name, folder)
    done = subprocess.run(
        [*launcher, sys.executable, script.name],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    logs = "".join(log.read_text() for log in folder.glob("logs/*"))
    assert done.returncode == 0, f"{done.stdout}{done.stderr}{logs}"
    assert "60 frames at 30 fps" in done.stdout
    assert len(decode(folder / "wave.mp4", 30)) == 60
    return done.stdout


def fake_batch_system(folder, submit, cancel):
    """Make two programs that run a job's script at once, as a batch system does; return their folder."""
    programs = folder / "bin"
    programs.mkdir()
    bash = shutil.which("bash")
    (programs / submit).write_text(
        f'#!{bash}\ncat "${{1:-/dev/stdin}}" >job.sh\n'
        f"mkdir -p logs; setsid {bash} job.sh >logs/job.log 2>&1 </dev/null &\n"
        f'echo "Job <$!> is submitted"\n'
    )
    (programs / cancel).write_text(f'#!{bash}\nkill -- "-$1"\n')
    for program in programs.iterdir():
        program.chmod(0o755)
    return programs
