"""Several hosts on this machine: network namespaces with an address each, behind one switch."""

import os
import secrets
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager

from helpers import SUPPORT

_NETWORK = "10.77.0."


def are_permitted():
    """Return whether this process may make namespaces and mount in them, as root mostly may."""
    probe = ["unshare", "--mount", "--net", "mount", "-t", "tmpfs", "none", "/mnt"]
    if not shutil.which("unshare"):
        return False
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


class Hosts:
    """Namespaces by the names of hosts; a host's address is `address(name)`."""

    def __init__(self, names):
        # Interfaces have names of at most 15 letters.
        self._prefix = f"da{secrets.token_hex(3)}-"
        self._names = names

    def make(self):
        switch = self._space("switch")
        _ip("netns", "add", switch)
        _ip("-n", switch, "link", "add", "bridge", "type", "bridge")
        _ip("-n", switch, "link", "set", "bridge", "up")
        for name in self._names:
            space = self._space(name)
            _ip("netns", "add", space)
            _ip(
                "-n", switch, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", space
            )
            _ip("-n", switch, "link", "set", name, "master", "bridge", "up")
            _ip("-n", space, "address", "add", f"{self.address(name)}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
            _ip("-n", space, "link", "set", "lo", "up")

    def remove(self):
        """Remove them, and with them their interfaces."""
        for name in ("switch", *self._names):
            subprocess.run(
                ["ip", "netns", "delete", self._space(name)], capture_output=True, check=False
            )

    def address(self, name):
        return f"{_NETWORK}{1 + self._names.index(name)}"

    def cut(self, name):
        """Pull the cable of a host: whatever is sent vanishes, and nobody is told."""
        _ip("-n", self._space("switch"), "link", "set", name, "down")

    def mend(self, name):
        """Plug it in again."""
        _ip("-n", self._space("switch"), "link", "set", name, "up")

    def command(self, name, *arguments):
        """Return the command that runs Python on a host."""
        return ["ip", "netns", "exec", self._space(name), sys.executable, *map(str, arguments)]

    @contextmanager
    def running(self, name, *arguments, log, **environment):
        """Run Python on a host meanwhile; `log` gets what it prints."""
        path = os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        environment = os.environ | {"PYTHONPATH": path} | environment
        with (
            log.open("w") as output,
            subprocess.Popen(
                self.command(name, *arguments),
                env=environment,
                cwd=log.parent,
                stdout=output,
                stderr=output,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()  # it may wait for hosts that are cut off

    def _space(self, name):
        return f"{self._prefix}{name}"


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def hosts(*names):
    """Make hosts."""
    made = Hosts(names)
    with ExitStack() as stack:
        stack.callback(made.remove)
        made.make()
        yield made
