"""Keeps the process that marks a notebook from writing outside its folder, and from connecting.

On Linux the kernel itself refuses (Landlock): also what TensorFlow and other libraries in C write, and what
the process starts. Everywhere an audit hook refuses what Python's own functions do, and to start programs.
"""

import ctypes
import os
import re
import struct
import sys

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = (
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "socket.",
    "shutil.",
)
CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.utime",
    "sqlite3.connect",
)
# Landlock: https://docs.kernel.org/userspace-api/landlock.html and linux/landlock.h
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls, on all architectures
VERSION, BENEATH = 1, 1  # flag and kind of rule
NO_NEW_PRIVILEGES = 38  # of prctl
WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
MAKE_AND_REMOVE = sum(1 << bit for bit in range(4, 13))  # files, folders, links, devices, pipes, sockets
REFER = 1 << 13  # move to another folder
TCP, SCOPES = 3, 3  # bind and connect; abstract sockets and signals to other processes


def confine(place: str) -> bool:
    """From now on the Linux kernel refuses this thread, and what it starts, to write outside `place`.

    Returns whether the kernel can; it takes Linux 5.13, and refuses connections since 6.7.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION)
    if version < 1:
        return False
    rights = WRITE_FILE | MAKE_AND_REMOVE | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    parts = [rights, *([TCP] if version >= 4 else []), *([SCOPES] if version >= 6 else [])]
    handled = struct.pack(f"={len(parts)}Q", *parts)
    ruleset = libc.syscall(CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), 0)
    for path, allowed in ((place, rights), (os.devnull, rights & (WRITE_FILE | TRUNCATE))):
        folder = os.open(path, os.O_PATH)
        libc.syscall(ADD_RULE, ruleset, BENEATH, struct.pack("=Qi", allowed, folder), 0)
        os.close(folder)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    refused = libc.syscall(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return refused == 0


def watch(place: str) -> None:
    """From now on Python's own functions write nothing outside of `place`, start and connect to nothing."""

    def refuse(event: str, arguments: tuple) -> None:
        if event == "open":
            path, mode, flags = arguments
            if isinstance(path, str) and re.match(r"/proc/\d+/environ", os.path.normpath(path)):
                raise PermissionError("the environment of another process may not be read while marking")
            writes = isinstance(flags, int) and flags & WRITES
            writes = writes or (isinstance(mode, str) and set(mode) & set("wax+"))
            paths = [path] if writes else []
        elif event.startswith(CHANGES):
            paths = [one for one in arguments if isinstance(one, str | bytes | os.PathLike)]
        elif event.startswith(FORBIDDEN):
            raise PermissionError(f"{event} is not allowed while marking")
        else:
            return
        for one in paths:
            if isinstance(one, int) or one is None or os.fsdecode(one) in (os.devnull, ":memory:"):
                continue
            full = os.path.realpath(os.fsdecode(one))
            if full != os.devnull and not full.startswith(place + os.sep):
                raise PermissionError(f"nothing may be written outside of the notebook's folder, got {full}")

    sys.addaudithook(refuse)
