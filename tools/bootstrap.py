"""Make `.venv` ready for the lessons: `python tools/bootstrap.py [extra ...]`.

Runs under any Python from 3.6 on, so that one too old for TensorFlow is told so in a sentence. A stamp inside
`.venv` says what was last installed to the end; while that is what the project asks for, nothing happens.
"""

import hashlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import sysconfig
from functools import partial
from pathlib import Path
from shutil import which
from typing import Any, Callable, Dict, List, Sequence, Tuple

SUPPORTED = ((3, 13), (3, 12), (3, 11))  # in the order in which they are looked for
# What TensorFlow publishes wheels for; it cannot be built by pip.
PLATFORMS = {
    "linux-x86_64": "Linux with glibc on x86-64",
    "linux-aarch64": "Linux with glibc on 64-bit ARM",
    "macosx-arm64": "macOS on Apple silicon",
    "win-amd64": "Windows on x86-64",
}
EXTRAS = ("lab", "test")
CHECK = "--check"
Run = Callable[[List[str]], int]


def own_platform() -> str:
    """Return the platform this Python was built for, which may differ from the machine's own."""
    name = sysconfig.get_platform()
    if name.startswith("macosx"):  # a universal build says only that it is one
        return f"macosx-{platform.machine()}"
    if name.startswith("linux"):  # which tells neither the C library nor a 32-bit Python on a 64-bit kernel
        musl = "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or "")
        return name + ("-musl" if musl else "") + ("" if sys.maxsize > 2**32 else "-32bit")
    return name


def complaint(version: Sequence[int], has_venv: bool, platform_name: str) -> str:
    """Say why a Python cannot be used; empty if it can."""
    name = f"Python {version[0]}.{version[1]}"
    if platform_name not in PLATFORMS:
        reason = " (its last for Macs with an Intel processor was 2.16)" if "macosx" in platform_name else ""
        places = "; ".join(PLATFORMS.values())
        return f"TensorFlow has no wheels for {platform_name}{reason}, only for: {places}"
    if tuple(version[:2]) not in SUPPORTED:
        return f"The lessons need Python 3.11, 3.12 or 3.13, and this is {name}"
    if not has_venv:
        return f"{name} cannot make virtual environments (on Debian and Ubuntu, install python3-venv)"
    return ""


def own_complaint() -> str:
    """Say why the Python that runs this cannot be used; empty if it can."""
    has_venv = all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))
    return complaint(sys.version_info, has_venv, own_platform())


def find_python() -> Tuple[List[str], str]:
    """Return the command and version of a usable Python: the running one, else one on the PATH, else exit."""
    problem = own_complaint()
    if not problem:
        return [sys.executable], f"{sys.version_info[0]}.{sys.version_info[1]}"
    for major, minor in SUPPORTED:
        version = f"{major}.{minor}"
        for command in ([f"python{version}"], ["py", f"-{version}"]):
            # Version managers leave launchers on the PATH that lead nowhere: a candidate has to prove itself.
            check = [*command, str(Path(__file__).resolve()), CHECK]
            if which(command[0]) and subprocess.call(check, stderr=subprocess.DEVNULL) == 0:
                print(f"{problem}; using {' '.join(command)} instead.", file=sys.stderr)
                return command, version
    return sys.exit(f"{problem}.")


def read_stamp(stamp: Path) -> Dict[str, Any]:
    """Return what was last installed to the end, or nothing."""
    try:
        return json.loads(stamp.read_text(encoding="utf-8"))
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
    # Isolated (-I): pip would take what lies on a PYTHONPATH for installed, and leave it out.
    isolated = [str(venv_python), "-I"]
    pip = [*isolated, "-m", "pip", "--disable-pip-version-check", "install"]
    uv = [*isolated, "-m", "uv", "pip", "install", "--compile-bytecode", "--python", str(venv_python)]
    what = ["-c", "constraints.txt", "-e", f".[{','.join(every)}]"]
    try:
        run([*pip, "--quiet", "-c", "constraints.txt", "uv"])
        run([*uv, *what])
    except subprocess.CalledProcessError:  # it does not read pip's settings: where a mirror is, for instance
        run([*pip, *what])
    run([*isolated, "-c", "import dqn_lib"])
    stamp.write_text(json.dumps(dict(want, extras=every)), encoding="utf-8")
    return True


def main() -> None:
    """Prepare the environment of this checkout, or with `--check` only say whether this Python would do."""
    if sys.argv[1:] == [CHECK]:
        sys.exit(own_complaint() or 0)
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
