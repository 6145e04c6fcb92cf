"""What the tests of the dashboard's page ask of schedulers."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress

#: Seconds to wait for what is about to happen.
PATIENCE = 20.0


def base_of(client):
    """Return the address of the web server of a scheduler in this process, with "/" at its end."""
    info = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.http_server.port)
    return f"http://127.0.0.1:{info}/"


def fetched(address):
    """Return what is at an address, as bytes."""
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        return answer.read()


def told(base, render=""):
    """Return what the page is told, of one render in detail."""
    return json.loads(fetched(f"{base}animate.json?render={render}"))


def shown(base, file):
    """Return what the page is told in detail of the render of a file, by the end of its name."""
    ids = [one["id"] for one in told(base)["renders"] if one["file"].endswith(file)]
    return told(base, ids[0])["chosen"] if ids else None


def eventually(function, *args):
    """Call a function until what it returns is true, and return that."""
    stop = time.monotonic() + PATIENCE
    while time.monotonic() < stop:
        with suppress(OSError):
            if result := function(*args):
                return result
        time.sleep(0.05)
    raise TimeoutError(f"{function.__name__}{args} stays untrue")


def with_support():
    """Return the environment of a process that imports what the tests share."""
    paths = [os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


@contextmanager
def running_scheduler(folder, *options, workers=1):
    """Start a scheduler in a process of its own; yield its address and that of its web server."""
    file = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    null = subprocess.DEVNULL
    quiet = {"stdout": null, "stderr": null, "cwd": folder, "env": with_support()}
    options = ["--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", file, *options]
    processes = [subprocess.Popen([*dask, "scheduler", *options], **quiet)]
    try:
        info = eventually(lambda: file.exists() and json.loads(file.read_text() or "{}"))
        for _ in range(workers):
            of_worker = ["--no-dashboard", "--nthreads", "1", "--scheduler-file", file]
            processes.append(subprocess.Popen([*dask, "worker", *of_worker], **quiet))
        yield info["address"], f"http://127.0.0.1:{info['services']['dashboard']}/"
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(PATIENCE)
