"""Where a figure comes from: the machine, and the versions of all that took part."""

import functools
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("dqn_lib", "tensorflow", "keras", "numpy", "gymnasium")
INSTRUCTIONS = ("fma", "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "avx_vnni")  # as Linux names them


@functools.cache
def processor() -> str:
    """The processor's name, as far as the system tells."""
    if (info := Path("/proc/cpuinfo")).exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


@functools.cache
def instructions() -> str:
    """Which of `INSTRUCTIONS` the processor has, as far as the system tells, such as "avx2 fma".

    Processors of one name, say "AMD EPYC", may differ in them, and then a program may round differently.
    """
    if (info := Path("/proc/cpuinfo")).exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("flags"):
                return " ".join(name for name in INSTRUCTIONS if name in line.split())
    return ""


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "instructions": instructions(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


@functools.cache
def installed(package: str) -> str | None:
    """The installed version of a package, None if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def versions(*more: str) -> dict[str, str]:
    """The installed versions of what is measured, and of more packages."""
    found = {package: installed(package) for package in (*PACKAGES, *more)}
    return {package: number for package, number in found.items() if number is not None}
