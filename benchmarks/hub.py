"""What a JupyterHub needs for a class of 1, 2, 4 and 8: memory, processor time, answers of a panel.

    pip install -e ".[lab,test,hub]"
    python benchmarks/hub.py --json benchmarks/results/hub.json

It needs Node's npm, which brings the hub's proxy, and a machine that has nothing else to do. A real hub on
this machine's loopback, over plain HTTP, starts a server for each student. The students are threads that
speak the kernels' protocol through the proxy as JupyterLab does, so that no browser competes for the cores:
each opens lesson 6, runs it down to the panel, trains with the panel open, acknowledging each picture, and
moves a slider.
"""

import argparse
import contextlib
import json
import secrets
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import psutil
from common import results_file, write_results
from websocket import WebSocket, WebSocketTimeoutException, create_connection

ROOT = Path(__file__).parents[1]
LESSON = "06_full_training.ipynb"
CLASSES = (1, 2, 4, 8)
PATIENCE = 600  # seconds
NUDGE = 60  # seconds without a message
SOLVED = -110.0
KNOB = "epsilon"  # the slider that is moved
MOVES, PAUSE = 20, 0.5  # times, and seconds between two of them
TRAINING = 20.0  # seconds that each student watches the training
MILESTONES = {  # code beside the lesson, each in a kernel that has run the ones before
    "kernel": "pass",
    "TensorFlow imported": "from dqn_lib import DQNAgent, mountain_car, widgets",
    "compiled": "bench_env = mountain_car.make(); DQNAgent(bench_env, seed=9).compile()",
    "panel": "bench_panel = widgets.TrainingPanel(bench_env, DQNAgent(bench_env, seed=9)); bench_panel",
    "panel, 20,000 steps": "bench_panel.record(40)",
}
HUB = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/secret"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "{token}"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/{{username}}"
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--ServerApp.websocket_compression_options=None"]
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
c.JupyterHub.services = [{{"name": "benchmark", "api_token": "{token}"}}]
scopes = ["admin:users", "admin:servers", "access:servers"]
c.JupyterHub.load_roles = [{{"name": "benchmark", "scopes": scopes, "services": ["benchmark"]}}]
"""


class Hub:
    """A JupyterHub in a folder of its own."""

    def __init__(self, folder: Path, proxy: list[str]) -> None:
        self.folder, self.token = folder, secrets.token_hex(16)
        port, hub_port, api_port = free_ports(3)
        self.address = f"127.0.0.1:{port}"
        config = folder / "jupyterhub_config.py"
        config.write_text(
            HUB.format(
                port=port, hub_port=hub_port, api_port=api_port, folder=folder, proxy=proxy,
                python=sys.executable, token=self.token,
            ),
            encoding="utf-8",
        )  # fmt: skip
        self.log = (folder / "hub.log").open("w", encoding="utf-8")
        command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=self.log)
        try:
            wait_for(lambda: self.ask("GET", "/hub/api/"), "the hub")
        except TimeoutError:
            self.close()
            raise

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """An answer of the hub, or of a student's server behind it; None while there is none."""
        request = urllib.request.Request(
            f"http://{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        request.add_header("Authorization", f"token {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read() or "{}") or {"status": answer.status}
        except OSError:
            return None

    def start_server(self, name: str) -> None:
        """A server for a student, with a copy of the lessons in the student's home."""
        shutil.copytree(ROOT / "notebooks", self.folder / name / "notebooks")
        self.ask("POST", f"/hub/api/users/{name}")
        self.ask("POST", f"/hub/api/users/{name}/server")
        wait_for(lambda: self.ask("GET", f"/user/{name}/api/status"), f"the server of {name}")

    def processes(self, name: str) -> list[psutil.Process]:
        """The server of a student and its kernel."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        own = [
            one
            for one in children
            if name in Path(one.cwd()).parts and "singleuser" in " ".join(one.cmdline())
        ]
        return [*own, *(kernel for server in own for kernel in server.children(recursive=True))]

    def close(self) -> None:
        """Stop the hub and all that it started."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        finally:
            for one in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
            self.log.close()


class Student:
    """A student's server and kernel, spoken to through the hub's proxy."""

    def __init__(self, hub: Hub, name: str) -> None:
        self.hub, self.name = hub, name
        hub.start_server(name)
        self.panel = ""  # the model of the training panel
        self.snapshot: dict[str, Any] = {}
        self.indices: dict[str, int] = {}

    def start_kernel(self) -> None:
        """Start a kernel, and connect to it."""
        kernel = self.hub.ask("POST", f"/user/{self.name}/api/kernels", {"path": "notebooks"})["id"]
        self.socket: WebSocket = create_connection(
            f"ws://{self.hub.address}/user/{self.name}/api/kernels/{kernel}/channels",
            header=[f"Authorization: token {self.hub.token}"],
            timeout=NUDGE,
        )

    def send(self, kind: str, content: dict[str, Any]) -> str:
        """Send a message; returns its number."""
        number = uuid.uuid4().hex
        header = {
            "msg_id": number,
            "msg_type": kind,
            "username": self.name,
            "session": "benchmark",
            "version": "5.3",
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        self.socket.send(json.dumps(message))
        return number

    def receive(self) -> dict[str, Any]:
        """The next message; a snapshot of the panel is noted and acknowledged, as a page does."""
        while True:
            try:
                data = self.socket.recv()
                break
            except WebSocketTimeoutException:  # ipykernel 7 may leave a request lying until another one comes
                self.send("kernel_info_request", {})
        message = json.loads(data if isinstance(data, str) else json_part(data))
        content = message["content"]
        state = content.get("data", {}).get("state", {}) if message["msg_type"].startswith("comm") else {}
        if "speeds" in state:
            self.panel, self.indices = content["comm_id"], state["indices"]
        if state.get("snapshot") and content["comm_id"] == self.panel:
            self.snapshot = state["snapshot"]
            self.tell({"method": "custom", "content": {"painted": self.snapshot["number"]}})
        return message

    def tell(self, data: dict[str, Any]) -> None:
        """Send something to the panel."""
        self.send("comm_msg", {"comm_id": self.panel, "data": data})

    def run(self, code: str) -> float:
        """Run a cell to its end; returns the seconds."""
        start = time.perf_counter()
        number = self.send("execute_request", {"code": code, "silent": False, "store_history": True})
        while True:
            message = self.receive()
            if message["parent_header"].get("msg_id") != number:
                continue
            if message["msg_type"] == "error":
                raise RuntimeError("\n".join(message["content"]["traceback"]))
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return time.perf_counter() - start

    def train(self) -> tuple[float | None, list[float]]:
        """Train and move a slider: seconds until solved, milliseconds of each answer."""
        self.tell({"method": "custom", "content": {"press": "train"}})
        start, solved, answers, next_move = time.perf_counter(), None, [], PAUSE
        while (now := time.perf_counter() - start) < TRAINING or len(answers) < MOVES:
            self.receive()
            if solved is None and self.snapshot.get("best", -200.0) >= SOLVED:
                solved = now
            if now > next_move and len(answers) < MOVES:
                answers.append(self.move())
                next_move = time.perf_counter() - start + PAUSE
        self.tell({"method": "custom", "content": {"press": "pause"}})
        while not self.receive()["content"].get("data", {}).get("state", {}).get("status", {}).get("words"):
            pass
        return solved, answers

    def move(self) -> float:
        """Move the slider by one place; milliseconds until a snapshot has the mark of the change."""
        before = self.marks()
        self.indices = self.indices | {KNOB: 1 + self.indices[KNOB] % 2}
        start = time.perf_counter()
        self.tell({"method": "update", "state": {"indices": self.indices}, "buffer_paths": []})
        while self.marks() == before:
            self.receive()
        return 1_000 * (time.perf_counter() - start)

    def marks(self) -> list[Any]:
        """The marks of changes on the curve; the latest says where the slider stands."""
        return self.snapshot.get("changes", [])

    def memory(self) -> dict[str, int]:
        """Megabytes of the server and the kernel: private, shared out among those who share, and resident."""
        found = [one.memory_full_info() for one in self.hub.processes(self.name)]
        totals = {"private": "uss", "proportional": "pss", "resident": "rss"}
        return {name: round(sum(getattr(one, of) for one in found) / 1e6) for name, of in totals.items()}

    def processor_seconds(self) -> float:
        """Processor time of the server and the kernel so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self.hub.processes(self.name))

    def close(self) -> None:
        """Hang up; the hub ends the kernel."""
        self.socket.close()


def json_part(data: bytes) -> bytes:
    """The message in a binary frame: the number of parts, where each begins, and the parts."""
    (parts,) = struct.unpack_from("!i", data)
    offsets = struct.unpack_from(f"!{parts}i", data, 4)
    return data[offsets[0] : offsets[1] if parts > 1 else len(data)]


def megabytes(*folders: Path) -> float:
    """What files in folders take on the disk; a file with several names counts once."""
    files = {
        (found.st_dev, found.st_ino): found
        for folder in folders
        for found in map(Path.lstat, folder.rglob("*"))
    }
    return sum(found.st_blocks for found in files.values()) * 512 / 1e6


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_for(condition: Callable[[], Any], what: str) -> None:
    """Ask until the answer is true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not answer within {PATIENCE} s")
        time.sleep(0.2)


@contextlib.contextmanager
def hub_with(proxy: list[str]) -> Iterator[Hub]:
    """A hub that ends with the block."""
    with tempfile.TemporaryDirectory(prefix="hub", ignore_cleanup_errors=True) as folder:
        hub = Hub(Path(folder), proxy)
        try:
            yield hub
        finally:
            hub.close()


def cells_of_the_lesson() -> list[str]:
    """The code of the lesson."""
    notebook = nbformat.read(ROOT / "notebooks" / LESSON, 4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def cells_to_the_panel() -> list[str]:
    """The code of the lesson down to the cell of its panel."""
    cells = cells_of_the_lesson()
    return cells[: 1 + next(number for number, source in enumerate(cells) if "TrainingPanel" in source)]


def milestones(proxy: list[str]) -> dict[str, dict[str, int]]:
    """What one student takes after each step, server and kernel together, while another does the same.

    Two, because what only one process uses counts as private, such as the pages of TensorFlow's library.
    """
    with hub_with(proxy) as hub:
        pair = [Student(hub, name) for name in ("one", "other")]
        found = {"server": pair[0].memory()}
        for student in pair:
            student.start_kernel()
        for name, code in MILESTONES.items():
            for student in pair:
                student.run(code)
            found[name] = pair[0].memory()
        for cell in cells_of_the_lesson():
            for student in pair:
                student.run(cell)
        found["all of lesson 6 too"] = pair[0].memory()
        for student in pair:
            student.close()
    return found


def a_class(size: int, proxy: list[str]) -> dict[str, Any]:
    """A class of so many students who do the same at the same time."""
    cells = cells_to_the_panel()
    with hub_with(proxy) as hub:
        together = threading.Barrier(size)

        def attend(number: int) -> dict[str, Any]:
            student = Student(hub, f"student{number}")
            student.start_kernel()
            together.wait()
            seconds = sum(student.run(cell) for cell in cells)
            together.wait()
            before = student.processor_seconds()
            solved, answers = student.train()
            own = {
                "lesson_seconds": seconds,
                "lesson_processor_seconds": before,
                "solved_seconds": solved,
                "answers_ms": answers,
                "training_processor_seconds": student.processor_seconds() - before,
            }
            together.wait()
            own["memory"] = student.memory()
            own["cache_mb"] = megabytes(hub.folder / student.name / ".cache")
            together.wait()
            student.close()
            return own

        with ThreadPoolExecutor(size) as pool:
            found = list(pool.map(attend, range(size)))
        hub_memory = psutil.Process(hub.process.pid).memory_full_info().uss / 1e6
    answers = sorted(one for student in found for one in student["answers_ms"])
    solved = [student["solved_seconds"] for student in found]
    return {
        "students": size,
        "private_mb": round(statistics.median(student["memory"]["private"] for student in found)),
        "proportional_mb": round(statistics.median(student["memory"]["proportional"] for student in found)),
        "resident_mb": round(statistics.median(student["memory"]["resident"] for student in found)),
        "all_mb": round(sum(student["memory"]["proportional"] for student in found)),
        "hub_mb": round(hub_memory),
        "cache_mb": round(statistics.median(student["cache_mb"] for student in found), 1),
        "lesson_seconds": round(statistics.median(student["lesson_seconds"] for student in found), 1),
        "lesson_processor_seconds": round(
            statistics.median(student["lesson_processor_seconds"] for student in found), 1
        ),
        "training_processor_seconds": round(
            statistics.median(student["training_processor_seconds"] for student in found), 1
        ),
        "solved_seconds": round(statistics.median(solved), 1) if None not in solved else None,
        "answer_ms": {
            "median": round(statistics.median(answers)),
            "p95": round(answers[int(0.95 * (len(answers) - 1))]),
        },
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=results_file, default=None, help="file for the results")
    parser.add_argument("--students", type=int, nargs="+", default=CLASSES, help="sizes of the classes")
    parser.add_argument("--proxy", default=None, help="configurable-http-proxy; by default npm brings it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.proxy is None:
            subprocess.run(
                ["npm", "install", "--silent", "--prefix", folder, "configurable-http-proxy"], check=True
            )
        proxy = [options.proxy or str(Path(folder, "node_modules", ".bin", "configurable-http-proxy"))]
        one = milestones(proxy)
        print(json.dumps(one, indent=1), flush=True)
        classes = []
        for size in options.students:
            classes.append(a_class(size, proxy))
            print(classes[-1], flush=True)
    disk = {
        "installation_mb": round(megabytes(Path(sys.prefix))),
        "lessons_mb": round(megabytes(ROOT / "notebooks"), 1),
    }
    write_results(options.json, {"one_student_mb": one, "classes": classes, "disk": disk})


if __name__ == "__main__":
    main()
