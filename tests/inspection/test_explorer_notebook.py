"""The explorer's widgets in a real kernel: messages as a browser sends them, and what comes back."""

import io
import time
from queue import Empty

import numpy as np
import pytest
from helpers import read_numbers
from jupyter_client.manager import start_new_kernel
from PIL import Image

pytestmark = pytest.mark.newest  # older clients of kernels have other channels

SUBJECT = """
import sys, time
sys.path.insert(0, {support!r})
import matplotlib.pyplot as plt, numpy as np
from dask_animate.execution import pictures
pictures.QUICK_SECONDS = 60  # however busy this machine is
from helpers import FailsAt, FrameNumber, Slow
plt.rcParams["lines.linewidth"] = 3
class Sets(FrameNumber):
    def update(self, frame_idx, params):
        plt.rcParams["lines.linewidth"] = 9
        log.append(frame_idx)
        if frame_idx == 13:
            raise ValueError("<b>bad</b> luck")
        time.sleep(seconds)
        super().update(frame_idx, params)
log, seconds = [], 0
"""
EXPLORE = "explorer = Sets().explore(range(60), fps=20)\nexplorer"


class Kernel:
    """A kernel, and the widgets that its cells make."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(kernel_name="python3")
        self.state = {}  # of the widgets, by their ids
        self.names = {}

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def read(self, seconds=0.0):
        """Take the next message of the kernel, and note what it says of widgets."""
        message = self.client.get_iopub_msg(timeout=seconds)
        content = message["content"]
        if message["msg_type"] in ("comm_open", "comm_msg"):
            state = content["data"].get("state", {})
            for path, buffer in zip(
                content["data"].get("buffer_paths", []), message["buffers"], strict=True
            ):
                state[path[0]] = bytes(buffer)
            self.state.setdefault(content["comm_id"], {}).update(state)
            if "_model_name" in state:
                self.names.setdefault(state["_model_name"], []).append(content["comm_id"])
        return message

    def run(self, code):
        """Execute a cell; return its output's data, and what it printed."""
        cell = self.client.execute(code)
        data, text = {}, ""
        while True:
            message = self.read(60)
            if message["parent_header"].get("msg_id") != cell:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                raise AssertionError("\n".join(content["traceback"]))
            if kind in ("execute_result", "display_data"):
                data = content["data"]
            if kind == "stream":
                text += content["text"]
            if kind == "status" and content["execution_state"] == "idle":
                return data, text

    def widget(self, name, idx=-1):
        return self.state[self.names[name][idx]]

    def send(self, name, state, idx=-1, subshell=None):
        """Send what a browser does when a user changes a widget."""
        self._send(name, idx, {"method": "update", "state": state, "buffer_paths": []}, subshell)

    def click(self, name, idx):
        self._send(name, idx, {"method": "custom", "content": {"event": "click"}})

    def _send(self, name, idx, data, subshell=None):
        message = self.client.session.msg("comm_msg", {"comm_id": self.names[name][idx], "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)

    def new_subshell(self):
        """Start another thread that handles messages, as JupyterLab does; return its name, or None."""
        self.client.control_channel.send(self.client.session.msg("create_subshell_request"))
        return self.client.control_channel.get_msg(timeout=30)["content"].get("subshell_id")

    def wait(self, is_so, seconds=30):
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.caption()
            try:
                self.read(0.2)
            except Empty:
                pass

    def caption(self):
        return self.widget("HTMLModel", 1)["value"]

    def shown(self):
        """Return the numbers of the frame that the picture shows."""
        png = self.widget("ImageModel")["value"]
        return read_numbers(np.asarray(Image.open(io.BytesIO(png))))[0]


@pytest.fixture(scope="module")
def kernel():
    from helpers import SUPPORT

    kernel = Kernel()
    try:
        kernel.run(SUBJECT.format(support=str(SUPPORT)))
        yield kernel
        kernel.run("client.close(); cluster.close()" if "cluster" in kernel.run("dir()")[1] else "0")
    finally:
        kernel.close()


@pytest.fixture
def explored(kernel):
    kernel.names.clear()
    data, _ = kernel.run(f"log, seconds = [], 0\n{EXPLORE}")
    yield kernel, data
    kernel.run("explorer.close()")


def test_slider(explored):
    kernel, data = explored
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"} == data.keys()
    assert data["text/plain"] == "<Explorer: frame 0 of 0 to 59>"
    assert kernel.shown() == 0
    assert kernel.widget("PlayModel")["interval"] == 50
    assert kernel.widget("IntSliderModel")["max"] == 59
    for idx in (40, 7):
        kernel.send("IntSliderModel", {"value": idx})
        kernel.wait(lambda idx=idx: kernel.shown() == idx)
        kernel.wait(lambda idx=idx: f"<b>Frame {idx}</b>" in kernel.caption())
    assert kernel.run("print(explorer.frame_idx)")[1] == "7\n"
    kernel.run("explorer.show(21)")
    assert kernel.widget("IntSliderModel")["value"] == 21
    assert kernel.shown() == 21


def test_steps(explored):
    kernel, _ = explored
    for button, idx in ((1, 1), (1, 2), (0, 1), (0, 0), (0, 0)):
        kernel.click("ButtonModel", button)
        kernel.wait(lambda idx=idx: kernel.shown() == idx)


def test_error_is_escaped_and_does_not_end_it(explored):
    kernel, _ = explored
    kernel.send("IntSliderModel", {"value": 13})
    kernel.wait(lambda: "luck" in kernel.widget("HTMLModel", 0)["value"])
    text = kernel.widget("HTMLModel", 0)["value"]
    assert "&lt;b&gt;bad&lt;/b&gt; luck" in text
    assert "<b>bad" not in text
    kernel.send("IntSliderModel", {"value": 14})
    kernel.wait(lambda: kernel.shown() == 14)


def test_quick_drag_draws_few(kernel):
    kernel.names.clear()
    kernel.run(f"log, seconds = [], 0.2\n{EXPLORE}")
    for idx in range(1, 60):
        kernel.send("IntSliderModel", {"value": idx})
    kernel.wait(lambda: kernel.shown() == 59)
    n_drawn = int(kernel.run("print(len(set(log)))\nexplorer.close()")[1])
    assert n_drawn <= 15


@pytest.mark.parametrize("in_subshell", [False, True])
def test_a_cell_sees_nothing_of_it(explored, in_subshell):
    """The messages of a slider come in the middle of a cell, perhaps in another thread."""
    kernel, _ = explored
    subshell = kernel.new_subshell() if in_subshell else None
    if in_subshell and subshell is None:
        pytest.skip("this ipykernel has no subshells")
    # From 7.4 on, ipykernel has the main thread handle answers to what was sent from there.
    kernel.run("explorer._view._slider.comm._reply_subshell_for = lambda data, default: default")
    kernel.run(
        "import threading\nseen, during = [], None\n"
        "look = lambda change: seen.append(threading.current_thread() is threading.main_thread())\n"
        "explorer._view._slider.observe(look, 'value')"
    )
    kernel.client.execute(
        "before = len(log)\nprint('begun', flush=True)\nfor _ in range(300):\n"
        "    time.sleep(0.002)\n    assert plt.rcParams['lines.linewidth'] == 3\n"
        "during = len(log) - before"
    )
    while kernel.read(30)["content"].get("text") != "begun\n":
        pass
    for idx in range(30, 40):
        kernel.send("IntSliderModel", {"value": idx}, subshell=subshell)
    kernel.wait(lambda: kernel.shown() == 39)
    assert kernel.run("print(during, set(seen))")[1] == f"0 {{{not in_subshell}}}\n"
    assert kernel.run("print(plt.rcParams['lines.linewidth'], plt.get_fignums())")[1] == "3.0 []\n"


def test_neighbours_are_drawn_between_cells(explored):
    kernel, _ = explored
    kernel.send("IntSliderModel", {"value": 30})
    kernel.wait(lambda: kernel.shown() == 30)
    kernel.wait(lambda: kernel.run("print(set(log) >= set(range(26, 47)))")[1] == "True\n")


def test_older_ones_are_closed(kernel):
    kernel.run("some = [FrameNumber().explore(range(5)) for _ in range(5)]")
    kernel.names.clear()
    kernel.run("for explorer in some: display(explorer)")
    assert kernel.run("print([one.closed for one in some])")[1] == "[True, False, False, False, False]\n"
    assert kernel.widget("IntSliderModel", 0)["disabled"]
    assert "run the cell again" in kernel.widget("HTMLModel", 1)["value"]
    kernel.run("for explorer in some: explorer.close()")


def test_with_a_cluster(kernel):
    kernel.run(
        "from distributed import Client, LocalCluster\n"
        "cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=':0')\n"
        "client = Client(cluster)"
    )
    kernel.names.clear()
    kernel.run("explorer = FrameNumber().explore(range(60))\nexplorer")
    kernel.send("IntSliderModel", {"value": 44})
    kernel.wait(lambda: kernel.shown() == 44)
    kernel.wait(lambda: "on tcp://" in kernel.caption())
    kernel.run("time.sleep(1)")
    kernel.send("IntSliderModel", {"value": 45})
    kernel.wait(lambda: kernel.shown() == 45)
    kernel.wait(lambda: "drawn before" in kernel.caption())
    kernel.run("explorer.close()\nclient.close()\ncluster.close()\ndel cluster")
