"""The markers mean what they say, and what a Makefile's target leaves out another one runs."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TESTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in ROOT.glob("tests/**/test_*.py")
}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYTEST = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
NEEDS_BROWSER = re.compile(
    r"^(?:from|import) (?:playwright|jupyter_browser|mounting|clicking|engines)\b", re.MULTILINE
)
MARKED = re.compile(
    r"^pytestmark = (?:IN_CHROMIUM$|pytest\.mark\.browser$|\[\n    \*IN_CHROMIUM,$)", re.MULTILINE
)


def recipe(target):
    """The commands of a target."""
    return re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]


def left_out(target):
    """The markers that a target leaves out."""
    return set(re.findall(r"not (\w+)", recipe(target)))


def test_whatever_needs_a_browser_is_marked_and_nothing_else_is():
    needs = {name for name, source in TESTS.items() if NEEDS_BROWSER.search(source)}
    assert needs == {name for name, source in TESTS.items() if MARKED.search(source)}
    assert needs >= {name for name in TESTS if name.startswith("tests/browser/")}


def test_each_target_runs_more_than_the_one_before():
    declared = {marker.partition(":")[0] for marker in PYTEST["markers"]}
    assert left_out("quick") == declared
    assert left_out("test") == {"weekly"}
    assert left_out("verify") == set()
    assert all("$(PYTEST)" in recipe(target) for target in ("quick", "test", "verify"))


def test_browser_tests_come_last_and_the_slow_ones_after_the_quick_ones(request):
    def cost(item):
        return "browser" in item.keywords, "slow" in item.keywords

    costs = [cost(item) for item in request.session.items]
    assert costs == sorted(costs)


@pytest.mark.xdist_group("a group")
def test_xdist_keeps_a_group_in_one_process(request):
    in_a_worker = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith("@a group") == in_a_worker  # what `--dist loadgroup` goes by


@pytest.mark.slow
def test_a_test_that_hangs_is_told_by_name_and_the_others_go_on(tmp_path):
    (tmp_path / "test_two.py").write_text(
        "import threading\n\ndef test_hangs(): threading.Event().wait()\n\ndef test_ends(): pass\n",
        encoding="utf-8",
    )
    options = ["-c", str(ROOT / "pyproject.toml"), "-o", "faulthandler_timeout=1", "-n", "1", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert re.search(r"crashed while running '\S*::test_hangs'", done.stdout)
    assert "1 failed, 1 passed" in done.stdout


@pytest.mark.parametrize("name", ["ci", "weekly"])
def test_a_workflow_runs_what_anybody_can_run(name):
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    targets = [word for command in commands for word in command.split()[1:] if word.isalpha()]
    assert {command.split()[0] for command in commands} <= {".ci/run", "make"}
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets)
    assert ("verify" in targets) == (name == "weekly")
