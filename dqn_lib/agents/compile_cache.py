"""A cache on disk for compiled programs, so that the next process need not compile them.

TensorFlow can write the programs that XLA compiles to a folder, and read them. But it fails if a file is
damaged, the disk is full or the folder cannot be written to. So it gets a temporary folder for this process
only. Files are copied into it before a program is compiled, and out of it afterwards; the name of each file
in the cache has a digest of its contents. After any error the program is compiled without the cache.

The environment variable `DQN_LIB_COMPILE_CACHE=off` disables it.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from dqn_lib import files

SWITCH = "DQN_LIB_COMPILE_CACHE"
FLAGS = "TF_XLA_FLAGS"
FLAG = "--tf_xla_persistent_cache_directory="
PREFIX = "dqn_lib-compiled-"  # of the temporary folder's name
BYTES_NEEDED = 4 * 2**20  # of space in the temporary folder; a program takes 0.3 MB
MAX_PROGRAMS = 100

_own: tempfile.TemporaryDirectory | None = None  # for this process; deleted when it ends


@contextlib.contextmanager
def enabled_during_import() -> Iterator[None]:
    """Let TensorFlow, imported in this context, write programs to a temporary folder.

    It has no effect if the cache is disabled, or no temporary folder can be written to. Afterwards the
    variable `TF_XLA_FLAGS` is deleted, so that processes which this one starts do not use the same folder.
    """
    global _own  # noqa: PLW0603 (TensorFlow reads its flags once in a process)
    if not is_enabled() or (own := temporary_folder()) is None:
        yield
        return
    os.environ[FLAGS] = FLAG + quoted(own.name)
    try:
        yield
        _own = own
    finally:
        del os.environ[FLAGS]


def is_enabled() -> bool:
    """Whether the environment does not disable the cache."""
    return os.environ.get(SWITCH, "on").lower() not in ("off", "0", "false", "no")


def temporary_folder() -> tempfile.TemporaryDirectory | None:
    """A temporary folder with space for a few programs, or None if there is no such folder."""
    with contextlib.suppress(OSError):
        own = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        trial = Path(own.name, "trial")
        trial.write_bytes(bytes(BYTES_NEEDED))
        trial.unlink()
        return own
    return None


def quoted(path: str) -> str:
    """The path as a value in TensorFlow's flags; it may have spaces and backslashes."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def folder(version: str) -> Path:
    """The folder for programs of this TensorFlow `version` and this processor."""
    about = f"{platform.machine()} {processor_features()} {os.environ.get('XLA_FLAGS', '')}"
    digest = hashlib.sha256(about.encode()).hexdigest()[:16]
    return platformdirs.user_cache_path("dqn_lib", appauthor=False) / f"tensorflow-{version}-{digest}"


def processor_features() -> str:
    """The processor's instruction sets, for which a program is compiled, or else the machine's name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return f"{platform.processor()} {platform.node()}"


@contextlib.contextmanager
def cached_program(program: str, version: str) -> Iterator[bool]:
    """A context in which to compile `program`: it is read from the cache, or added to it.

    Yields whether the cache has it. If compiling fails, it is deleted from the cache.
    """
    if _own is None:
        yield False
        return
    here, there = Path(_own.name), folder(version) / hashlib.sha256(program.encode()).hexdigest()[:16]
    make_empty(here)
    found = copy_in(there, here)
    try:
        yield found
        copy_out(here, there)
    except BaseException:
        shutil.rmtree(there, ignore_errors=True)
        raise
    finally:
        make_empty(here)


def make_empty(here: Path) -> None:
    """Empty the folder, or create it."""
    shutil.rmtree(here, ignore_errors=True)
    with contextlib.suppress(OSError):
        here.mkdir()


def copy_in(there: Path, here: Path) -> bool:
    """Copy the undamaged files of `there` to `here`; return whether there are any."""
    found = False
    with contextlib.suppress(OSError):
        for path in there.iterdir():
            digest, _, name = path.name.partition("-")
            contents = path.read_bytes()
            if hashlib.sha256(contents).hexdigest() == digest:
                (here / name).write_bytes(contents)
                found = True
            else:
                path.unlink()
    return found


def copy_out(here: Path, there: Path) -> None:
    """Copy the new files of `here` to `there`, and delete the oldest programs of the cache."""
    with contextlib.suppress(OSError):
        there.mkdir(parents=True, exist_ok=True)
        for path in here.iterdir():
            if any(there.glob(f"*-{path.name}")):
                continue
            contents = path.read_bytes()
            digest = hashlib.sha256(contents).hexdigest()
            with files.replacing(there / f"{digest}-{path.name}") as file:
                file.write(contents)
        programs = sorted(there.parents[1].glob("tensorflow-*/*"), key=lambda path: path.stat().st_mtime)
        for oldest in programs[:-MAX_PROGRAMS]:
            shutil.rmtree(oldest, ignore_errors=True)
