"""`tools/lab.py` opens the first lesson, whatever the folder and the files beside the lesson are called."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest

ROOT = Path(__file__).resolve().parents[1]
FIRST = "01_random_baseline.ipynb"

spec = importlib.util.spec_from_file_location("lab", ROOT / "tools" / "lab.py")
lab = importlib.util.module_from_spec(spec)
spec.loader.exec_module(lab)


def link(root: Path) -> str:
    """The page that JupyterLab opens."""
    (found,) = [text for text in lab.arguments(root) if text.startswith("--LabApp.default_url=")]
    return found.partition("=")[2]


def test_the_first_lesson_of_this_checkout() -> None:
    assert (
        link(ROOT) == f"/lab/tree/notebooks/{min(path.name for path in ROOT.glob('notebooks/[0-9]*.ipynb'))}"
    )


@pytest.mark.parametrize(
    "name",
    [
        "01_random_baseline (1).ipynb",
        "01_random_baseline-Copy1.ipynb",
        "01 it's mine.ipynb",
        "00 notes.ipynb",
        "Untitled.ipynb",
        "(1).ipynb",
        "._01_random_baseline.ipynb",
    ],
)
def test_a_copy_of_the_lesson_is_not_the_lesson(tmp_path: Path, name: str) -> None:
    (tmp_path / "notebooks").mkdir()
    for here in (name, FIRST):
        (tmp_path / "notebooks" / here).touch()
    assert link(tmp_path) == f"/lab/tree/notebooks/{FIRST}"


def test_a_renamed_lesson_is_quoted_and_without_a_lesson_the_folder_is_shown(tmp_path: Path) -> None:
    lessons = tmp_path / "notebooks"
    lessons.mkdir()
    assert link(tmp_path) == "/lab/tree/notebooks"
    name = (
        '01_it\'s "mine" & 100% Übung? (1).ipynb'
        if os.name != "nt"
        else "01_it's mine & 100% Übung (1).ipynb"
    )
    (lessons / name).touch()
    assert link(tmp_path) == f"/lab/tree/notebooks/{quote(name)}"
    assert not set("\"'() &?#") & set(link(tmp_path))


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there is no root on this system")
@pytest.mark.parametrize(("user", "asked"), [(0, True), (1000, False)])
def test_only_root_asks_to_be_root(monkeypatch: pytest.MonkeyPatch, user: int, asked: bool) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert ("--allow-root" in lab.arguments(ROOT)) == asked


def fetch(address: str) -> str:
    """What the server answers, once it listens: it prints its link a moment before."""
    end = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.read().decode()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > end:
                raise
            time.sleep(0.1)


@pytest.mark.slow
def test_jupyterlab_serves_the_lesson_from_a_folder_with_a_difficult_name(tmp_path: Path) -> None:
    root = tmp_path / "Übung (1)"
    shutil.copytree(ROOT / "tools", root / "tools")
    (root / "notebooks").mkdir()
    for name in (FIRST, "01_random_baseline (1).ipynb"):
        shutil.copy(ROOT / "notebooks" / FIRST, root / "notebooks" / name)
    new_user = {
        name: str(tmp_path / name)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    server = subprocess.Popen(
        [sys.executable, str(root / "tools" / "lab.py"), "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        env={**os.environ, **new_user, "LC_ALL": "C"},
    )  # fmt: skip
    printed = []
    try:
        for line in server.stdout:
            printed.append(line)
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab/tree/(\S+)\?token=(\w+)", line):
                break
        else:
            pytest.fail("".join(printed))
        base, lesson, token = found.groups()
        assert lesson == f"notebooks/{FIRST}"
        for page in (f"lab/tree/{lesson}", f"api/contents/{lesson}"):
            text = fetch(f"{base}/{page}?token={token}")
        assert json.loads(text)["content"]["cells"]
    finally:
        server.terminate()
        server.communicate(timeout=30)
