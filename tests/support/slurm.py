"""A Slurm of our own: real daemons for authentication, control and one node; files in one folder."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager

#: Programs of Debian's packages slurm-wlm and munge.
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "squeue", "sinfo")
#: Seconds for which a step may take.
PATIENCE = 60

_CONFIG = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_min_interval=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
KillWait=5
OverTimeLimit=0
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory={memory} State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=60 State=UP
"""


def missing():
    """Return what is missing to run a Slurm here."""
    found = [name for name in PROGRAMS if not shutil.which(name, path=_path())]
    return found if os.geteuid() == 0 else [*found, "the user root"]


def _path():
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


class Slurm:
    """A Slurm that runs, and its logs.

    Attributes
    ----------
    folder : Path
        Holds configuration, state and logs.
    environment : dict
        Environment for programs that talk to it.
    """

    def __init__(self, folder):
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf"), "PATH": _path()}

    def run(self, *command):
        """Run one of Slurm's programs and return what it prints."""
        environment = os.environ | self.environment
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}\n{self.logs()}"
        return done.stdout

    def jobs(self):
        """Return the numbers of the jobs that run, the oldest first."""
        return sorted(map(int, self.run("squeue", "--noheader", "--states=R", "--format=%i").split()))

    def cancel_all(self):
        """Cancel all jobs and wait until they have gone."""
        self.run("scancel", "--user=root")
        wait_until(lambda: not self.run("squeue", "--noheader").strip(), "all jobs have gone")

    def logs(self):
        """Return the ends of the daemons' logs."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"== {log.name}\n{log.read_text()[-2000:]}" for log in logs)


def wait_until(condition, what, seconds=PATIENCE):
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s: {what}"
        time.sleep(0.1)


@contextmanager
def running_slurm(folder):
    """Run a Slurm whose files are in an empty folder of a short path; one node with two CPUs."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    slurm = Slurm(folder)
    (folder / "slurm.conf").write_text(
        _CONFIG.format(
            host=socket.gethostname().split(".")[0],
            folder=folder,
            memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10,
            controller_port=_free_port(),
            node_port=_free_port(),
        )
    )
    (folder / "munge.key").write_bytes(secrets.token_bytes(1024))
    (folder / "munge.key").chmod(0o400)
    folder.chmod(0o755)
    munged = ["munged", "--foreground", "--force"]
    munged += [
        f"--{option}={folder / name}"
        for option, name in {
            "key-file": "munge.key",
            "socket": "munge.socket",
            "pid-file": "munge.pid",
            "log-file": "munged.log",
            "seed-file": "munge.seed",
        }.items()
    ]
    with ExitStack() as stack:
        stack.enter_context(_daemon(slurm, munged))
        wait_until((folder / "munge.socket").exists, "munged listens")
        stack.enter_context(_daemon(slurm, ["slurmctld", "-D"]))
        stack.enter_context(_daemon(slurm, ["slurmd", "-D"]))
        wait_until(lambda: _is_idle(slurm), f"the node is idle\n{slurm.logs()}")
        try:
            yield slurm
        finally:
            slurm.cancel_all()


def _is_idle(slurm):
    environment = os.environ | slurm.environment
    told = subprocess.run(
        ["sinfo", "--noheader", "--format=%t"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return told.stdout.strip() == "idle"


@contextmanager
def _daemon(slurm, command):
    environment = os.environ | slurm.environment
    output = (slurm.folder / f"{command[0]}.out.log").open("w")
    with output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
