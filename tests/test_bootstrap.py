"""The set-up runs once, mends what was left half done, and refuses a wrong Python in one sentence."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "tools" / "bootstrap.py"
GOOD = "linux-x86_64"
ALL_STEPS = ["venv", "pip", "uv", "import dqn_lib"]
spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)


class Checkout:
    """A project folder in which commands are written down instead of run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "pyproject.toml").write_text("first", encoding="utf-8")
        (root / "constraints.txt").write_text("first", encoding="utf-8")
        self.fail_at = ""
        self.failure: BaseException = KeyboardInterrupt()

    def run(self, command: list[str]) -> int:
        step = command[command.index("-m") + 1] if "-m" in command else command[-1]
        self.steps.append(step)
        if step == self.fail_at:
            raise self.failure
        if step == "venv":
            for place in ("bin/python", "Scripts/python.exe"):
                (self.root / ".venv" / place).parent.mkdir(parents=True, exist_ok=True)
                (self.root / ".venv" / place).touch()
        elif step in ("pip", "uv"):
            self.installed = command[-1]
        return 0

    def prepare(self, *extras: str, version: str = "3.12") -> list[str]:
        """Return what had to be done."""
        self.steps: list[str] = []
        bootstrap.prepare(self.root, ["python3"], version, ["lab", "test", *extras], self.run)
        return self.steps


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_first_call_installs_and_the_second_does_nothing(checkout):
    assert checkout.prepare() == ALL_STEPS
    assert checkout.installed == ".[lab,test]"
    assert checkout.prepare() == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_file_is_installed_into_the_environment_there_is(checkout, name):
    checkout.prepare()
    (checkout.root / name).write_text("second", encoding="utf-8")
    assert checkout.prepare() == ALL_STEPS[1:]
    assert checkout.prepare() == []


def test_an_extra_is_added_once_and_stays(checkout):
    checkout.prepare()
    assert checkout.prepare("benchmark") == ALL_STEPS[1:]
    assert checkout.prepare() == []
    (checkout.root / "pyproject.toml").write_text("second", encoding="utf-8")
    checkout.prepare()
    assert checkout.installed == ".[benchmark,lab,test]"


@pytest.mark.parametrize("step", ALL_STEPS)
def test_an_interrupted_installation_is_made_again_from_the_start(checkout, step):
    checkout.fail_at = step
    with pytest.raises(KeyboardInterrupt):
        checkout.prepare()
    checkout.fail_at = ""
    assert checkout.prepare() == ALL_STEPS


def test_where_uv_cannot_install_pip_does(checkout):
    checkout.fail_at, checkout.failure = "uv", subprocess.CalledProcessError(2, "uv")
    assert checkout.prepare() == ["venv", "pip", "uv", "pip", "import dqn_lib"]
    assert checkout.installed == ".[lab,test]"
    assert checkout.prepare() == []


def test_an_interrupted_update_is_not_taken_for_a_finished_one(checkout):
    checkout.prepare()
    (checkout.root / "pyproject.toml").write_text("second", encoding="utf-8")
    checkout.fail_at = "pip"
    with pytest.raises(KeyboardInterrupt):
        checkout.prepare()
    (checkout.root / "pyproject.toml").write_text("first", encoding="utf-8")
    checkout.fail_at = ""
    assert checkout.prepare() == ALL_STEPS


def test_an_environment_that_is_not_whole_or_not_its_own_is_made_again(checkout):
    checkout.prepare()
    for python in (checkout.root / ".venv").glob("*/python*"):
        python.unlink()
    assert checkout.prepare() == ALL_STEPS
    (checkout.root / ".venv" / "installed.json").write_text("{", encoding="utf-8")
    assert checkout.prepare() == ALL_STEPS
    assert checkout.prepare(version="3.13") == ALL_STEPS
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    assert checkout.prepare(version="3.13") == ALL_STEPS


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 14, 0), (4, 11, 0)])
def test_an_unsupported_python_is_named_with_those_that_will_do(version):
    complaint = bootstrap.complaint(version, True, GOOD)
    assert f"Python {version[0]}.{version[1]}" in complaint
    assert all(f"{major}.{minor}" in complaint for major, minor in bootstrap.SUPPORTED)


def test_a_supported_python_needs_venv():
    for version in ((3, 11, 7), (3, 13, 0)):
        assert bootstrap.complaint(version, True, GOOD) == ""
        assert "python3-venv" in bootstrap.complaint(version, False, GOOD)


def test_a_refusal_is_one_sentence_and_touches_nothing(tmp_path):
    script = tmp_path / "tools" / "bootstrap.py"
    script.parent.mkdir()
    script.write_bytes(SCRIPT.read_bytes())
    disguise = (
        "import runpy, sys; sys.version_info = (3, 10, 13); runpy.run_path(sys.argv[1], run_name='__main__')"
    )
    command = [sys.executable, "-c", disguise, str(script)]
    alone = {**os.environ, "PATH": ""}  # no other Python to fall back on
    result = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("this is Python 3.10.\n")
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("usable", [True, False])
def test_another_python_has_to_prove_itself(monkeypatch, usable):
    monkeypatch.setattr(bootstrap, "complaint", lambda *_: "Not this one")
    monkeypatch.setattr(bootstrap, "which", lambda name: name if name == "python3.12" else None)
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda *_, **__: 0 if usable else 127)
    if usable:
        assert bootstrap.find_python() == (["python3.12"], "3.12")
    else:
        with pytest.raises(SystemExit, match="Not this one"):
            bootstrap.find_python()


@pytest.mark.parametrize("name", ["macosx-x86_64", "win32", "linux-x86_64-musl"])
def test_a_platform_without_tensorflow_is_named_before_anything_is_installed(monkeypatch, name):
    monkeypatch.setattr(bootstrap, "own_platform", lambda: name)
    monkeypatch.setattr(bootstrap, "which", lambda _: None)
    message = f"^TensorFlow has no wheels for {name}.*Apple silicon.*\\.$"
    with pytest.raises(SystemExit, match=message) as said:
        bootstrap.find_python()
    assert ("Intel" in str(said.value)) == name.startswith("macosx")


@pytest.mark.parametrize(
    ("platform", "machine", "triplet", "name"),
    [
        ("linux-x86_64", "x86_64", "x86_64-pc-linux-gnu", "linux-x86_64"),
        ("linux-x86_64", "x86_64", "x86_64-pc-linux-musl", "linux-x86_64-musl"),
        ("macosx-11-universal2", "x86_64", "x86_64-apple-darwin", "macosx-x86_64"),
        ("macosx-11-universal2", "arm64", "aarch64-apple-darwin", "macosx-arm64"),
        ("win-arm64", "ARM64", None, "win-arm64"),
    ],
)
def test_the_platform_is_that_of_the_python(monkeypatch, platform, machine, triplet, name):
    monkeypatch.setattr(bootstrap.sysconfig, "get_platform", lambda: platform)
    monkeypatch.setattr(bootstrap.sysconfig, "get_config_var", lambda _: triplet)
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: machine)
    assert bootstrap.own_platform() == name


def test_a_python_says_by_itself_whether_it_would_do():
    assert subprocess.run([sys.executable, str(SCRIPT), "--check"], check=True).returncode == 0


PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "dqn_lib"
version = "1"
optional-dependencies = {{ lab = ["editables"], test = [] }}
{settings}
"""


@pytest.mark.slow
def test_a_folder_with_an_umlaut_is_no_trouble_in_an_ascii_locale(tmp_path):
    """The real set-up, with the project's own settings for the build, but next to nothing to install."""
    root = tmp_path / "Übung (1)"
    for name in ("tools", "dqn_lib"):
        (root / name).mkdir(parents=True)
    (root / "tools" / "bootstrap.py").write_bytes(SCRIPT.read_bytes())
    (root / "dqn_lib" / "__init__.py").touch()
    (root / "constraints.txt").touch()
    real = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = "".join(re.findall(r"^\[tool\.hatch.*?(?=^\[(?!tool\.hatch))", real, re.MULTILINE | re.DOTALL))
    (root / "pyproject.toml").write_text(PROJECT.format(settings=settings), encoding="utf-8")

    foreign = tmp_path / "foreign"  # what another project left on the path
    (foreign / "dqn_lib").mkdir(parents=True)
    (foreign / "dqn_lib" / "__init__.py").write_text("raise SystemExit('not mine')", encoding="utf-8")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONPATH": str(foreign)}
    command = [sys.executable, str(root / "tools" / "bootstrap.py")]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    assert (root / ".venv" / "installed.json").exists()
    python = root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for locale in ("C", "C.UTF-8"):
        where = subprocess.run(
            [python, "-I", "-c", "import dqn_lib, os; print(ascii(os.path.dirname(dqn_lib.__file__)))"],
            env={**environment, "LC_ALL": locale}, cwd=tmp_path, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        assert where.strip() == ascii(str(root / "dqn_lib"))
