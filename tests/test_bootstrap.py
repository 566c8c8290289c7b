"""The set-up runs once, mends what was left half done, and refuses a wrong Python in one sentence."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "tools" / "bootstrap.py"
spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)


class Checkout:
    """A project folder in which commands are written down instead of run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "pyproject.toml").write_text("first")
        (root / "constraints.txt").write_text("first")
        self.fail_at = ""

    def run(self, command: list[str]) -> int:
        step = command[2]
        self.steps.append(step)
        if step == self.fail_at:
            raise KeyboardInterrupt
        if step == "venv":
            for place in ("bin/python", "Scripts/python.exe"):
                (self.root / ".venv" / place).parent.mkdir(parents=True, exist_ok=True)
                (self.root / ".venv" / place).touch()
        else:
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


def test_the_first_call_installs_and_the_second_does_nothing(checkout: Checkout) -> None:
    assert checkout.prepare() == ["venv", "pip"]
    assert checkout.installed == ".[lab,test]"
    assert checkout.prepare() == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_file_is_installed_into_the_environment_there_is(checkout: Checkout, name: str) -> None:
    checkout.prepare()
    (checkout.root / name).write_text("second")
    assert checkout.prepare() == ["pip"]
    assert checkout.prepare() == []


def test_an_extra_is_added_once_and_stays(checkout: Checkout) -> None:
    checkout.prepare()
    assert checkout.prepare("benchmark") == ["pip"]
    assert checkout.prepare() == []
    (checkout.root / "pyproject.toml").write_text("second")
    checkout.prepare()
    assert checkout.installed == ".[benchmark,lab,test]"


@pytest.mark.parametrize("step", ["venv", "pip"])
def test_an_interrupted_installation_is_made_again_from_the_start(checkout: Checkout, step: str) -> None:
    checkout.fail_at = step
    with pytest.raises(KeyboardInterrupt):
        checkout.prepare()
    checkout.fail_at = ""
    assert checkout.prepare() == ["venv", "pip"]


def test_an_interrupted_update_is_not_taken_for_a_finished_one(checkout: Checkout) -> None:
    checkout.prepare()
    (checkout.root / "pyproject.toml").write_text("second")
    checkout.fail_at = "pip"
    with pytest.raises(KeyboardInterrupt):
        checkout.prepare()
    (checkout.root / "pyproject.toml").write_text("first")
    checkout.fail_at = ""
    assert checkout.prepare() == ["venv", "pip"]


def test_a_damaged_stamp_another_python_and_a_moved_checkout_start_from_scratch(checkout: Checkout) -> None:
    checkout.prepare()
    (checkout.root / ".venv" / "installed.json").write_text("{")
    assert checkout.prepare() == ["venv", "pip"]
    assert checkout.prepare(version="3.13") == ["venv", "pip"]
    checkout.root = checkout.root.rename(checkout.root.with_name("moved"))
    assert checkout.prepare(version="3.13") == ["venv", "pip"]


def test_an_environment_whose_python_is_gone_is_made_again(checkout: Checkout) -> None:
    checkout.prepare()
    for python in (checkout.root / ".venv").glob("*/python*"):
        python.unlink()
    assert checkout.prepare() == ["venv", "pip"]


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 14, 0), (4, 11, 0)])
def test_an_unsupported_python_is_named_with_those_that_will_do(version: tuple[int, ...]) -> None:
    complaint = bootstrap.complaint(version, has_venv=True)
    assert f"Python {version[0]}.{version[1]}" in complaint
    assert all(f"{major}.{minor}" in complaint for major, minor in bootstrap.SUPPORTED)


@pytest.mark.parametrize("version", [(3, 11, 7), (3, 12, 1), (3, 13, 0)])
def test_a_supported_python_needs_venv(version: tuple[int, ...]) -> None:
    assert bootstrap.complaint(version, has_venv=True) == ""
    assert "python3-venv" in bootstrap.complaint(version, has_venv=False)


def test_a_refusal_is_one_sentence_and_touches_nothing(tmp_path: Path) -> None:
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
def test_another_python_has_to_prove_itself(monkeypatch: pytest.MonkeyPatch, usable: bool) -> None:
    monkeypatch.setattr(bootstrap, "complaint", lambda *_: "Not this one")
    monkeypatch.setattr(bootstrap, "which", lambda name: name if name == "python3.12" else None)
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda *_, **__: 0 if usable else 127)
    if usable:
        assert bootstrap.find_python() == (["python3.12"], "3.12")
    else:
        with pytest.raises(SystemExit, match="Not this one"):
            bootstrap.find_python()
