"""Make `.venv` ready for the lessons: `python tools/bootstrap.py [extra ...]`.

Runs under any Python from 3.6 on, so that one too old for TensorFlow is told so in a sentence. A stamp inside
`.venv` says what was last installed to the end; while that is what the project asks for, nothing happens.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from shutil import which
from typing import Any, Callable, Dict, List, Sequence, Tuple

SUPPORTED = ((3, 13), (3, 12), (3, 11))  # in the order in which they are looked for
EXTRAS = ("lab", "test")
Run = Callable[[List[str]], int]


def complaint(version: Sequence[int], has_venv: bool) -> str:
    """Say why a Python cannot be used; empty if it can."""
    name = f"Python {version[0]}.{version[1]}"
    if tuple(version[:2]) not in SUPPORTED:
        return f"The lessons need Python 3.11, 3.12 or 3.13, and this is {name}"
    if not has_venv:
        return f"{name} cannot make virtual environments (on Debian and Ubuntu, install python3-venv)"
    return ""


def find_python() -> Tuple[List[str], str]:
    """Return the command and version of a usable Python: the running one, else one on the PATH, else exit."""
    has_venv = all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))
    problem = complaint(sys.version_info, has_venv)
    if not problem:
        return [sys.executable], f"{sys.version_info.major}.{sys.version_info.minor}"
    for major, minor in SUPPORTED:
        version = f"{major}.{minor}"
        # Version managers leave launchers on the PATH that lead nowhere, so a candidate has to prove itself.
        proof = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != ({major}, {minor}))"
        for command in ([f"python{version}"], ["py", f"-{version}"]):
            if which(command[0]) and subprocess.call([*command, "-c", proof], stderr=subprocess.DEVNULL) == 0:
                print(f"{problem}; using {' '.join(command)} instead.", file=sys.stderr)
                return command, version
    return sys.exit(f"{problem}.")


def read_stamp(stamp: Path) -> Dict[str, Any]:
    """Return what was last installed to the end, or nothing."""
    try:
        return json.loads(stamp.read_text())
    except (OSError, ValueError):
        return {}


def prepare(root: Path, python: List[str], version: str, extras: Sequence[str], run: Run) -> bool:
    """Create, repair or update `.venv` under `root`; return whether there was anything to do."""
    venv = root / ".venv"
    venv_python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = venv / "installed.json"

    files = b"".join((root / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    # Virtual environments hold absolute paths: a moved checkout needs a new one.
    want = {"place": f"{version} in {venv}", "files": hashlib.sha256(files).hexdigest()}
    have = read_stamp(stamp)
    keep = have.get("place") == want["place"] and venv_python.exists()
    installed = have["extras"] if keep else []
    if keep and have["files"] == want["files"] and set(extras) <= set(installed):
        return False

    if stamp.exists():
        stamp.unlink()
    if not keep:  # without a stamp the last installation may be half done, and only a fresh start mends that
        run([*python, "-m", "venv", "--clear", str(venv)])
    every = sorted(set(installed).union(extras))
    pip = [str(venv_python), "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "-c", "constraints.txt", "-e", f".[{','.join(every)}]"])
    stamp.write_text(json.dumps(dict(want, extras=every)))
    return True


def main() -> None:
    """Prepare the environment of this checkout."""
    root = Path(__file__).resolve().parents[1]
    python, version = find_python()
    run = partial(subprocess.check_call, cwd=str(root))
    try:
        prepare(root, python, version, [*EXTRAS, *sys.argv[1:]], run)
    except subprocess.CalledProcessError:
        sys.exit("The set-up did not finish; the messages above say why, and the next call starts afresh.")
    except KeyboardInterrupt:
        sys.exit("The set-up was interrupted; the next call starts afresh.")


if __name__ == "__main__":
    main()
