"""A row says what it was made with, and a package that is not there is no error."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from dqn_lib.experiments.results import INSTRUCTIONS, PACKAGES, machine, versions


def test_the_versions_are_those_that_are_installed():
    found = versions("matplotlib")
    assert found == {name: version(name) for name in (*PACKAGES, "matplotlib")}


def test_a_package_that_is_not_installed_is_left_out():
    assert "a-package-that-nobody-has-written" not in versions("a-package-that-nobody-has-written")


def test_the_machine_is_this_one():
    here = machine()
    assert here["python"] == platform.python_version()
    assert here["cores"] == os.cpu_count()
    assert here["processor"] and platform.system() in here["system"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux lists them in a file")
def test_the_instructions_are_those_of_proc_cpuinfo():
    listed = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    assert machine()["instructions"].split() == [name for name in INSTRUCTIONS if name in listed]
