"""Compiled programs kept on disk, so that the next process need not compile them again.

TensorFlow can write what XLA compiles to a folder and read it from there, but it fails on a damaged file, a
full disk or a folder that it may not write to. So it only ever sees an empty folder of this process's own;
files are copied into it just before a program is compiled, and out of it afterwards, and each carries the
digest of its contents in its name. Whatever goes wrong on the way, the program is compiled as if there were
no cache.

`DQN_LIB_COMPILE_CACHE=off` in the environment switches it off.
"""

import contextlib
import hashlib
import os
import platform
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

SWITCH = "DQN_LIB_COMPILE_CACHE"
FLAGS = "TF_XLA_FLAGS"
FLAG = "--tf_xla_persistent_cache_directory="
PREFIX = "dqn_lib-compiled-"  # how the folder of a process begins
BYTES_NEEDED = 4 * 2**20  # bytes that have to fit into it; a program takes 0.3 MB
MOST_PROGRAMS = 100  # programs that are kept

_own: tempfile.TemporaryDirectory | None = None  # the folder of this process, deleted when it ends


@contextlib.contextmanager
def enabled_during_import() -> Iterator[None]:
    """TensorFlow, if it is imported and set up in here, keeps programs in a folder of this process's own.

    Without effect where the cache is switched off, where `TF_XLA_FLAGS` has been set by somebody else, and
    where no temporary folder can be written to. Afterwards the environment is as it was: TensorFlow has read
    it, and no process that this one starts is to write to the same folder.
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
    """Whether neither our switch nor somebody else's flags are against it."""
    off = os.environ.get(SWITCH, "on").lower() in ("off", "0", "false", "no")
    return not off and not os.environ.get(FLAGS)


def temporary_folder() -> tempfile.TemporaryDirectory | None:
    """A temporary folder with room for a few programs, if there is any."""
    with contextlib.suppress(OSError):
        own = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        probe = Path(own.name, "probe")
        probe.write_bytes(bytes(BYTES_NEEDED))
        probe.unlink()
        return own
    return None


def quoted(path: str) -> str:
    """As TensorFlow reads one value among its flags, which may hold spaces or Windows' backslashes."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def folder(version: str) -> Path:
    """Where the programs of this TensorFlow `version` and this processor are kept."""
    about = f"{platform.machine()} {processor_features()} {os.environ.get('XLA_FLAGS', '')}"
    digest = hashlib.sha256(about.encode()).hexdigest()[:16]
    return platformdirs.user_cache_path("dqn_lib", appauthor=False) / f"tensorflow-{version}-{digest}"


def processor_features() -> str:
    """What the processor can do, which is what a program is compiled for; else which machine it is."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return f"{platform.processor()} {platform.node()}"


@contextlib.contextmanager
def cached_program(program: str, version: str) -> Iterator[bool]:
    """While `program` is compiled: what was kept of it is at hand, and what is new will be kept.

    Yields whether anything was at hand. If compiling fails with it, it is thrown away.
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
    """An empty folder, whatever became of it."""
    shutil.rmtree(here, ignore_errors=True)
    with contextlib.suppress(OSError):
        here.mkdir()


def copy_in(there: Path, here: Path) -> bool:
    """Copy what is kept in `there` to `here`, where it is whole; return whether there was any."""
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
    """Copy what is new in `here` to `there`, each file whole or not at all, and forget what is oldest."""
    with contextlib.suppress(OSError):
        there.mkdir(parents=True, exist_ok=True)
        for path in here.iterdir():
            if any(there.glob(f"*-{path.name}")):
                continue
            contents = path.read_bytes()
            part = there / f"part-{secrets.token_hex(8)}"  # if it stays behind, `fetch` throws it away
            try:
                part.write_bytes(contents)
                os.replace(part, there / f"{hashlib.sha256(contents).hexdigest()}-{path.name}")
            finally:
                part.unlink(missing_ok=True)
        programs = sorted(there.parents[1].glob("tensorflow-*/*"), key=lambda path: path.stat().st_mtime)
        for oldest in programs[:-MOST_PROGRAMS]:
            shutil.rmtree(oldest, ignore_errors=True)
