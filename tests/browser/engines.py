"""Firefox and WebKit, driven over the protocols that the W3C has agreed on: no package is needed for that.

Both are the same to a test: open a page, ask it something, press, drag. Actions are those of "WebDriver",
section "Actions", https://www.w3.org/TR/webdriver2/#actions.
"""

import glob
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from itertools import count
from pathlib import Path

from websocket import create_connection

KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "End": "\ue010", "Home": "\ue011", "Tab": "\ue004"}
PATIENCE = 20  # seconds that an engine is given to start, and a page to do what is waited for
MIDDLE = """
(() => {
  const e = document.querySelector(%s);
  e.scrollIntoView({ block: "center" });
  const { left, top, width, height } = e.getBoundingClientRect();
  return [Math.round(left + width / 2), Math.round(top + height / 2)];
})()
"""


class Engine:
    """A browser with one page; its subclasses start it and send it commands."""

    def open(self, url):
        raise NotImplementedError

    def evaluate(self, expression):
        """What a JavaScript expression is, as JSON has it."""
        raise NotImplementedError

    def act(self, *sources):
        """Perform actions, in the format of the W3C."""
        raise NotImplementedError

    def wait_for(self, expression):
        """Ask until the answer is true; return it."""
        end = time.monotonic() + PATIENCE
        while not (found := self.evaluate(expression)):
            assert time.monotonic() < end, f"not within {PATIENCE} s: {expression}"
            time.sleep(0.02)
        return found

    def middle(self, selector):
        """Where the middle of an element is, in pixels of the window."""
        return self.evaluate(MIDDLE % json.dumps(selector))

    def press(self, key, seconds=0.0):
        """Press a key, and hold it for so long."""
        value = KEYS.get(key, key)
        holding = [{"type": "pause", "duration": round(1000 * seconds)}] if seconds else []
        actions = [{"type": "keyDown", "value": value}, *holding, {"type": "keyUp", "value": value}]
        self.act({"type": "key", "id": "keys", "actions": actions})

    def drag(self, *points):
        """Press the mouse at the first of the points, and let it go at the last."""
        (x, y), *others = points
        moves = [{"type": "pointerMove", "x": x, "y": y, "duration": 30} for x, y in others]
        first = {"type": "pointerMove", "x": x, "y": y}
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        self.act({"type": "pointer", "id": "mouse", "actions": [first, down, *moves, up]})

    def click(self, selector):
        self.drag(self.middle(selector))


class Firefox(Engine):
    """Firefox, over WebDriver BiDi, which it speaks itself."""

    command = shutil.which("firefox-esr") or shutil.which("firefox")

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="firefox", ignore_cleanup_errors=True)
        arguments = ["--headless", "--no-remote", "--profile", self.folder.name, "--remote-debugging-port=0"]
        self.process = subprocess.Popen(
            [self.command, *arguments],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env={**os.environ, "HOME": self.folder.name},
        )  # fmt: skip
        listening = r"WebDriver BiDi listening on (ws://\S+)"
        address = next(found[1] for line in self.process.stderr if (found := re.search(listening, line)))
        self.socket = create_connection(f"{address}/session", suppress_origin=True, timeout=PATIENCE)
        self.numbers = count()
        self.tell("session.new", capabilities={})
        self.context = self.tell("browsingContext.getTree")["contexts"][0]["context"]
        self.tell("browsingContext.setViewport", context=self.context, viewport={"width": 800, "height": 900})

    def tell(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass  # an event
        assert answer["type"] == "success", answer
        return answer["result"]

    def open(self, url):
        self.tell("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression):
        found = self.tell(
            "script.evaluate", expression=f"JSON.stringify({expression.strip()})", awaitPromise=False,
            target={"context": self.context},
        )  # fmt: skip
        assert found["type"] == "success", found
        return json.loads(found["result"].get("value", "null"))

    def act(self, *sources):
        self.tell("input.performActions", context=self.context, actions=list(sources))

    def close(self):
        self.socket.close()
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.folder.cleanup()


class WebKit(Engine):
    """WebKit in the small browser that GTK's driver brings, over WebDriver, on a screen that is not there."""

    browser = next(iter(sorted(glob.glob("/usr/lib/*/webkit*gtk-*/MiniBrowser"), reverse=True)), None)
    command = browser and shutil.which("WebKitWebDriver") and shutil.which("Xvfb") and browser

    def __init__(self):
        read, write = os.pipe()
        self.screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1000x1100x24"],
            pass_fds=[write], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with os.fdopen(read) as numbers:
            display = numbers.readline().strip()
        os.close(write)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        without_sandbox = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen(
            [shutil.which("WebKitWebDriver"), f"--port={port}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "DISPLAY": f":{display}", "LIBGL_ALWAYS_SOFTWARE": "1", **without_sandbox},
        )  # fmt: skip
        self.address = f"http://127.0.0.1:{port}/session"
        options = {"webkitgtk:browserOptions": {"binary": self.browser, "args": ["--automation"]}}
        end = time.monotonic() + PATIENCE
        while True:
            try:
                session = self.tell("", capabilities={"alwaysMatch": options})
                break
            except urllib.error.URLError as problem:  # the driver is not listening yet
                assert time.monotonic() < end, problem
                time.sleep(0.1)
        self.address += f"/{session['sessionId']}"
        self.tell("/window/rect", x=0, y=0, width=900, height=1000)

    def tell(self, path, **parameters):
        request = urllib.request.Request(self.address + path, json.dumps(parameters).encode())
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as problem:
            raise AssertionError(problem.read().decode()) from None

    def open(self, url):
        self.tell("/url", url=url)

    def evaluate(self, expression):
        found = self.tell("/execute/sync", script=f"return JSON.stringify({expression.strip()})", args=[])
        return json.loads(found or "null")

    def act(self, *sources):
        self.tell("/actions", actions=list(sources))

    def close(self):
        urllib.request.urlopen(
            urllib.request.Request(self.address, method="DELETE"), timeout=PATIENCE
        ).close()
        for process in (self.process, self.screen):
            process.terminate()
            process.wait()


ENGINES = {"Firefox": Firefox, "WebKit": WebKit}


def address_of(folder: Path, name: str, page: str) -> str:
    """The address of `page` in a file; what it complains of, it keeps in `complaints`."""
    hook = """<script>
    window.complaints = [];
    addEventListener("error", (event) => complaints.push(event.message));
    addEventListener("unhandledrejection", (event) => complaints.push(String(event.reason)));
    console.error = (...words) => complaints.push(words.join(" "));
    </script><main """
    file = folder / f"{name}.html"
    file.write_text(page.replace("<main ", hook, 1), encoding="utf-8")
    return file.as_uri()
