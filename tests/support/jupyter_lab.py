"""A JupyterLab server, and its notebooks in Chromium as a person clicks through them."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import expect

#: Seconds until a kernel or a page of JupyterLab has to have answered: two cores are slow.
PATIENCE = 90
#: Chromium reaches this machine and nothing else; what tries to is an error in its console.
BROWSER_OPTIONS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
#: No news, no updates, no catalogue of extensions.
QUIET = ["@jupyterlab/apputils-extension:announcements", "@jupyterlab/extensionmanager-extension"]


class JupyterLab:
    """A server that runs already, and the folder that it serves."""

    def __init__(self, folder: Path, port: int, token: str):
        self.folder, self.url, self._token = folder, f"http://127.0.0.1:{port}", token

    def request(self, path, method="GET"):
        headers = {"Authorization": f"token {self._token}"}
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read() or "null")

    def write(self, name, *sources):
        """Write a notebook of code cells; a source may be a cell with outputs, too."""
        cells = [s if isinstance(s, dict) else nbformat.v4.new_code_cell(s) for s in sources]
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, path)
        return path

    def page_url(self, path):
        """The address that opens a file of the folder, with no other tabs open."""
        name = Path(path).relative_to(self.folder).as_posix() if Path(path).is_absolute() else path
        return f"{self.url}/lab/workspaces/{secrets.token_hex(4)}/tree/{name}?token={self._token}"

    def shut_down_kernels(self):
        for session in self.request("/api/sessions"):
            self.request(f"/api/sessions/{session['id']}", "DELETE")


@contextmanager
def running_lab(folder: Path, own: Path):
    """Serve `folder`, with settings and logs in `own`."""
    (own / "config" / "labconfig").mkdir(parents=True)
    (own / "config" / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": dict.fromkeys(QUIET, True)})
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    directories = {"CONFIG_DIR": "config", "DATA_DIR": "data", "RUNTIME_DIR": "runtime"}
    environment = os.environ | {f"JUPYTER_{name}": str(own / at) for name, at in directories.items()}
    environment |= {"IPYTHONDIR": str(own / "ipython")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
    ]
    command += [f"--ServerApp.root_dir={folder}", "--LabApp.extension_manager=readonly"]
    command += [f"--LabApp.{what}_dir={own / what}" for what in ("workspaces", "user_settings")]
    lab = JupyterLab(folder, port, token)
    with (
        open(own / "log.txt", "wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            _wait_for(lab, server, own / "log.txt")
            yield lab
            lab.shut_down_kernels()
        finally:
            server.terminate()
            server.wait(PATIENCE)


def _wait_for(lab, server, log):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return lab.request("/api/status")
        except urllib.error.URLError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


class Notebook:
    """A notebook that is open in the browser.

    Attributes
    ----------
    page : playwright.sync_api.Page
        The page; its methods are there for what the helpers below do not do.
    errors : list of str
        Errors in the browser's console, and exceptions of scripts, since the page was opened.
    """

    def __init__(self, page, lab: JupyterLab, path: Path):
        self.page, self.lab, self.path = page, lab, path
        self.errors = []
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())  # the page is left before it was saved
        page.goto(lab.page_url(path))
        self._wait_for_kernel()

    def _wait_for_kernel(self):
        expect(self.page.locator(".jp-Notebook .jp-Cell").first).to_be_visible()
        self.wait_for_kernel("Idle|Busy")

    def wait_for_kernel(self, status):
        """Wait until the status bar says that the kernel is "Idle", or "Busy"."""
        expect(self.page.locator("#jp-main-statusbar")).to_contain_text(re.compile(rf"\| ({status})"))

    def cell(self, index):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def output(self, index):
        """All outputs of a cell."""
        return self.cell(index).locator(".jp-Cell-outputWrapper")

    def prompt(self, index):
        return self.cell(index).locator(".jp-InputArea-prompt")

    def start(self, index):
        """Click into a cell and press Ctrl+Enter; the cell may have to wait for another one."""
        before = self.prompt(index).inner_text()
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        expect(self.prompt(index)).not_to_have_text(before)

    def run(self, index):
        """Run a cell, wait until it is done, and return the text of its outputs."""
        self.start(index)
        return self.wait(index)

    def run_all(self):
        """Choose Run > Run All Cells, and wait until the last cell is done."""
        self.menu("Run", "Run All Cells")
        for index in range(self.page.locator(".jp-CodeCell").count()):
            expect(self._code_prompt(index)).to_have_text(re.compile(r"\[\d+\]:"))

    def _code_prompt(self, index):
        return self.page.locator(".jp-CodeCell").nth(index).locator(".jp-InputArea-prompt")

    def wait(self, index):
        """Wait until a cell that was started is done, and return the text of its outputs."""
        expect(self.prompt(index)).to_have_text(re.compile(r"\[\d+\]:"))
        return self.output(index).inner_text().strip()

    def menu(self, menu, item):
        """Choose an item of a menu, as in `menu("Kernel", "Interrupt Kernel")`."""
        self.page.locator(".lm-MenuBar-item", has_text=re.compile(f"^{menu}$")).click()
        label = self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(item)}"))
        label.first.click()

    def accept(self):
        """Press the button of a dialog that does what the dialog asks about."""
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)

    def interrupt(self):
        self.menu("Kernel", "Interrupt Kernel")

    def restart(self):
        """Restart the kernel; outputs stay."""
        self.menu("Kernel", "Restart Kernel…")
        self.accept()
        self.wait_for_kernel("Idle")

    def save(self):
        """Press Ctrl+S, wait until the file is written, and return what it holds."""
        self.cell(0).locator(".cm-content").click()
        with self.page.expect_response(
            lambda answer: answer.request.method == "PUT" and "/api/contents/" in answer.url
        ):
            self.page.keyboard.press("Control+s")
        return nbformat.read(self.path, as_version=4)

    def reload(self):
        self.page.reload()
        self._wait_for_kernel()

    def trust(self):
        """Choose "Trust Notebook" in the command palette."""
        self.page.keyboard.press("Control+Shift+c")
        self.page.locator(".lm-CommandPalette-input:visible").fill("Trust Notebook")
        self.page.locator('.lm-CommandPalette-item[data-command="notebook:trust"]').click()
        self.accept()

    def expect_trusted(self, trusted):
        """Wait until the status bar says that the notebook is trusted, or that it is not."""
        title = f"Notebook {'trusted' if trusted else 'not trusted'}"
        expect(self.page.locator(f'.jp-StatusItem-trust[title^="{title}"]')).to_be_visible()

    def dask_plots(self, dashboard_link):
        """Give dask-labextension the address of a dashboard, and return the buttons it then shows."""
        self.page.locator('.lm-TabBar-tab[data-id="dask-dashboard-launcher"]').click()
        address = self.page.locator(".dask-URLInput input")
        address.fill(dashboard_link)
        address.press("Enter")
        buttons = self.page.locator(".dask-DashboardListing-item")
        expect(buttons.first).to_be_visible()
        return buttons

    def dask_pane(self, dashboard_link, name):
        """Open a plot of a dashboard in a pane beside the notebook, and return the pane's frame."""
        name = re.compile(f"^{re.escape(name)}$", re.IGNORECASE)
        self.dask_plots(dashboard_link).filter(has_text=name).click()
        return self.page.frame_locator("iframe").last

    def plays(self, video):
        """Play a video, and wait until it has played half a second and has a picture."""
        video.scroll_into_view_if_needed()
        video.evaluate("video => { video.muted = true; video.play(); }")
        self.page.wait_for_function(
            "video => video.currentTime >= 0.5 && video.videoWidth > 0", arg=video.element_handle()
        )
        video.evaluate("video => video.pause()")

    def screenshot(self, path, **options):
        """Write a picture of the notebook, without the menus and the side bars."""
        self.page.locator(".jp-NotebookPanel").first.screenshot(path=path, **options)
