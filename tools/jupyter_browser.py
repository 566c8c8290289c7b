"""JupyterLab in a real browser, driven by a program: for the tests and the benchmark of the widgets.

with Lab(folder) as lab, lab.browse() as page:
    notebook = lab.open(page, ["answer = 6 * 7"])
    notebook.run(0)
    assert notebook.ask("answer") == "42"
"""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
from jupyter_client import BlockingKernelClient
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Seconds: on a busy machine ipykernel 7 now and then leaves a message in its queue until the next one comes,
# also from a page with nothing but sliders of ipywidgets.
NUDGE = 10
HUB = "hub.test"  # this machine under another name, which is no secure context as 127.0.0.1 is
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    f"--host-resolver-rules=MAP {HUB} 127.0.0.1",
]  # fmt: skip
QUIET = {"@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"}}
ERRORS = '[data-mime-type="application/vnd.jupyter.error"]'
# What ipykernel 7.3 itself says when garbage is collected while it waits for a message: once in many runs.
KERNEL_S_OWN = re.compile(r"Task was destroyed but it is pending!(?s:.*)ipykernel/utils\.py")
LONG = 120_000  # milliseconds: to open a notebook on a machine that is busy with other tests
KERNELS = "@jupyterlab/apputils-extension:kernels-settings"


class Lab:
    """A JupyterLab of its own, on a free port, for somebody who never used it before.

    `subshells` is JupyterLab's setting `commsOverSubshells`; `environment` what kernels find in theirs. The
    browser finds it under `host`; if that is `HUB`, as on a class hub without a certificate.
    """

    def __init__(
        self,
        *,
        subshells: str = "perCommTarget",
        environment: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.host = host
        self.folder = Path(tempfile.mkdtemp(prefix="lab"))
        settings = self.folder / "settings"
        settings.mkdir()
        overrides = QUIET | {KERNELS: {"commsOverSubshells": subshells}}
        (settings / "overrides.json").write_text(json.dumps(overrides), encoding="utf-8")
        spec = self.folder / "data" / "kernels" / "python3"
        spec.mkdir(parents=True)
        kernel = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": "Python 3",
            "language": "python",
            "env": dict(environment or {}),
        }
        (spec / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
        self.clients: list[BlockingKernelClient] = []
        self.runtime = self.folder / "runtime"
        self.work = self.folder / "work"
        self.work.mkdir()
        new_user = {
            "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython", "JUPYTER_PATH": "data",  # whose kernel goes before the installed one
        }  # fmt: skip
        self.server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0",
             f"--ServerApp.allow_remote_access={host == HUB}",
             f"--ServerApp.root_dir={self.work}", f"--LabApp.app_settings_dir={settings}"],
            env=os.environ | {name: str(self.folder / place) for name, place in new_user.items()},
            stdout=(self.folder / "log").open("wb"), stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> "Lab":
        for _ in range(240):
            for info in self.runtime.glob("jpserver-*.json"):
                with contextlib.suppress(OSError, ValueError):
                    about = json.loads(info.read_text(encoding="utf-8"))
                    self.url, self.token = about["url"], about["token"]
                    urllib.request.urlopen(f"{self.url}api/status?token={self.token}", timeout=1)
                    return self
            time.sleep(0.25)
        raise RuntimeError((self.folder / "log").read_text(encoding="utf-8"))

    def __exit__(self, *_: object) -> None:
        for client in self.clients:
            client.stop_channels()  # or its garbage collection waits for ever
        with contextlib.suppress(ProcessLookupError):
            _end(self.server)
        try:
            self.server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            _end(self.server, for_certain=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def browse(self, width: int = 1300, height: int = 1000) -> Iterator[Page]:
        """A page of Chromium; its errors are kept in `page.complaints`."""
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield new_page(browser, width, height)
            browser.close()

    def open(
        self, page: Page, cells: list[str], name: str = "lesson.ipynb", at: str = "lab/tree"
    ) -> "Notebook":
        """A new notebook with these cells, in the browser; `at` "notebooks" in classic Notebook 7."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.work / name)
        return self.open_again(page, name, at)

    def open_again(self, page: Page, name: str = "lesson.ipynb", at: str = "lab/tree") -> "Notebook":
        """A notebook that is there already, in the browser, with the kernel that it had."""
        url = self.url.replace("127.0.0.1", self.host)
        page.goto(f"{url}{at}/{name}?reset&token={self.token}", timeout=LONG)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=LONG)
        return Notebook(self, page, self._kernel_of(name))

    def _kernel_of(self, name: str) -> str:
        """The identifier of the kernel behind a notebook, when it can be asked."""
        for _ in range(240):
            with urllib.request.urlopen(f"{self.url}api/sessions?token={self.token}") as answer:
                for session in json.load(answer):
                    kernel = session["kernel"]
                    if session["path"] == name and kernel and kernel["execution_state"] == "idle":
                        return kernel["id"]
            time.sleep(0.25)
        raise TimeoutError(f"{name} has no kernel")


def _end(server: subprocess.Popen, *, for_certain: bool = False) -> None:
    """End a server and the kernels it has started, where a system knows groups of processes."""
    if hasattr(os, "killpg"):
        os.killpg(server.pid, signal.SIGKILL if for_certain else signal.SIGTERM)
    else:
        server.kill()


def new_page(browser: Browser, width: int = 1300, height: int = 1000) -> Page:
    """Another page, which notes its complaints."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.complaints = []
    page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


class Notebook:
    """A notebook that is open in the browser, and its kernel."""

    def __init__(self, lab: Lab, page: Page, kernel: str) -> None:
        self.lab, self.page, self.kernel_id = lab, page, kernel
        self.kernel = BlockingKernelClient(connection_file=str(lab.runtime / f"kernel-{kernel}.json"))
        self.kernel.load_connection_file()
        lab.clients.append(self.kernel)
        self.kernel.start_channels(iopub=False, stdin=False, hb=False)  # pictures would pile up unread

    def cell(self, number: int):  # noqa: ANN201
        """The code cell with this number, from 0."""
        return self.page.locator(".jp-CodeCell").nth(number)

    def run(self, number: int, seconds: float = 60, wait: bool = True) -> None:
        """Run one cell as a student does, with Control + Enter, and wait until it has run; without error."""
        cell = self.cell(number)
        cell.locator(".jp-InputPrompt").click()
        before = cell.locator(".jp-InputPrompt").inner_text()
        self.page.keyboard.press("Control+Enter")
        end = time.monotonic() + seconds
        nudge = time.monotonic() + NUDGE
        while wait:
            prompt = cell.locator(".jp-InputPrompt").inner_text()
            if prompt != before and prompt.strip("[]: ").isdigit():
                if errors := cell.locator(ERRORS).all_inner_texts():
                    raise RuntimeError(errors[0])
                return
            if time.monotonic() > end:
                raise TimeoutError(f"cell {number} has not run within {seconds} s: {prompt}")
            if time.monotonic() > nudge:
                nudge += NUDGE
                self.kernel.kernel_info()
            self.page.wait_for_timeout(100)

    def ask(self, expression: str, seconds: float = 20) -> str:
        """The kernel's own answer to an expression, past the browser."""
        reply = self._reply("", {"answer": expression}, seconds)
        answer = reply["user_expressions"]["answer"]
        if answer["status"] != "ok":
            raise RuntimeError(f"{answer['ename']}: {answer['evalue']}")
        return answer["data"]["text/plain"]

    def do(self, code: str, seconds: float = 20) -> None:
        """Let the kernel execute some code, past the browser."""
        reply = self._reply(code, {}, seconds)
        if reply["status"] != "ok":
            raise RuntimeError(f"{reply['ename']}: {reply['evalue']}")

    def _reply(self, code: str, expressions: dict[str, str], seconds: float) -> dict[str, Any]:
        request = self.kernel.execute(code, silent=True, user_expressions=expressions)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(Empty):
                reply = self.kernel.get_shell_msg(timeout=1)
                if reply["parent_header"].get("msg_id") == request:
                    return reply["content"]
        raise TimeoutError(f"no answer within {seconds} s: {code or expressions['answer']}")

    def interrupt(self) -> None:
        """What JupyterLab's stop button does."""
        self._request("POST", "/interrupt")

    def restart(self) -> None:
        """Press JupyterLab's restart button, and say yes; what the kernel knew is gone."""
        self.page.locator('jp-button[data-command="notebook:restart-kernel"]').first.click()
        self.page.locator(".jp-Dialog .jp-mod-accept").click()

    def shut_down(self) -> None:
        """End the kernel; the page stays as it is."""
        self.kernel.stop_channels()
        self._request("DELETE")

    def _request(self, method: str, what: str = "") -> None:
        address = f"{self.lab.url}api/kernels/{self.kernel_id}{what}?token={self.lab.token}"
        urllib.request.urlopen(urllib.request.Request(address, method=method))

    def wait_for(self, expression: str, seconds: float = 20) -> None:
        """Ask until the answer is True."""
        end = time.monotonic() + seconds
        while self.ask(expression) != "True":
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds} s: {expression}")
            time.sleep(0.1)

    def red_boxes(self) -> list[str]:
        """What stands in red boxes under the cells, broken widgets and the page's complaints."""
        found = []
        for kind in ("stderr", "error"):
            boxes = self.page.locator(f'[data-mime-type="application/vnd.jupyter.{kind}"]')
            texts = boxes.all_inner_texts()
            found += [f"{kind}: {text}" for text in texts if not KERNEL_S_OWN.search(text)]
        for words in ("Error displaying widget", "Javascript Error", "Error loading widget"):
            found += [words] * self.page.get_by_text(words).count()
        return found + self.page.complaints
