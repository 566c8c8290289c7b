"""The files that set the project up agree with one another."""

import ast
import importlib.metadata
import importlib.util
import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import jupyterlab
import pytest
import yaml
from jsonschema import validate
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
GROUPS = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
PINS = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
PINNED = {canonicalize_name(name): version for name, _, version in (pin.partition("==") for pin in PINS)}

spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
SUPPORTED = {f"{major}.{minor}" for major, minor in bootstrap.SUPPORTED}


def closure(requirement: Requirement, found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Add to `found` each (distribution, extra) that `requirement` needs on this machine."""
    for extra in ("", *requirement.extras):
        if (key := (canonicalize_name(requirement.name), extra)) not in found:
            found.add(key)
            for needed in map(Requirement, importlib.metadata.requires(requirement.name) or []):
                if not needed.marker or needed.marker.evaluate({"extra": extra}):
                    closure(needed, found)
    return found


def test_each_constraint_is_one_exact_version_and_no_package_has_two():
    assert [pin for pin in PINS if not re.fullmatch(r"[\w.-]+==\d[\w.]*", pin)] == []
    assert len(PINNED) == len(PINS)


@pytest.mark.parametrize("group", GROUPS)
def test_each_dependency_is_pinned_within_its_range(group: str):
    for requirement in map(Requirement, GROUPS[group]):
        assert requirement.specifier.contains(PINNED[canonicalize_name(requirement.name)]), requirement


def test_everything_the_lessons_and_tests_install_is_pinned_and_installed_as_pinned():
    needed = {name for name, _ in closure(Requirement("dqn_lib[lab,test]"), set())} - {"dqn-lib"}
    installed = {name: importlib.metadata.version(name) for name in needed}
    assert installed.items() <= PINNED.items()


def test_each_dependency_says_why_it_is_there():
    lines = [line.strip() for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()]
    for dependency in chain.from_iterable(GROUPS.values()):
        assert re.fullmatch(r"# .+\.", lines[lines.index(f'"{dependency}",') - 1]), dependency


def test_one_list_of_python_versions():
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert {f"3.{minor}" for minor in range(30) if f"3.{minor}.5" in allowed} == SUPPORTED
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert set(matrix["python"]) == SUPPORTED
    assert not {"include", "exclude"} & set(matrix)
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    images = container["image"], (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert {re.search(r"python:(3\.\d+)", image)[1] for image in images} <= SUPPORTED
    site = yaml.safe_load((ROOT / ".github" / "workflows" / "site.yml").read_text(encoding="utf-8"))
    (set_up,) = [step for step in site["jobs"]["publish"]["steps"] if "setup-python" in step.get("uses", "")]
    assert set_up["with"]["python-version"] in SUPPORTED


def test_conda_and_binder_install_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, _, installs = environment["dependencies"]
    assert environment["channels"] == ["conda-forge"]
    assert python.removeprefix("python=") in SUPPORTED
    assert installs == {"pip": ["-c constraints.txt", f"-e .[{','.join(bootstrap.EXTRAS)}]"]}


def test_no_address_in_a_file_that_installs():
    names = "constraints.txt environment.yml pyproject.toml Makefile .pre-commit-config.yaml .ci/run"
    names += " .github/workflows/ci.yml .github/workflows/weekly.yml tools/bootstrap.py"
    for name in f"{names} tools/jupyterlab/overrides.json".split():
        text = (ROOT / name).read_text(encoding="utf-8")
        for url in PROJECT.get("urls", {}).values():
            text = text.replace(url, "")
        assert re.findall(r"\S*://\S*|--\S*index-url|--find-links|--trusted-host", text) == [], name


def test_jupyterlab_asks_nothing_and_fetches_no_news():
    overrides = json.loads((ROOT / "tools" / "jupyterlab" / "overrides.json").read_text(encoding="utf-8"))
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    for plugin, settings in overrides.items():
        schema = Path(jupyterlab.__file__).parent / "schemas" / f"{plugin.replace(':', '/')}.json"
        validate(settings, json.loads(schema.read_text(encoding="utf-8")))


def opened_in_the_locale_s_encoding(node: ast.AST) -> bool:
    """Whether this calls `open`, `read_text` or `write_text` for a text and says nothing of its encoding."""
    if not isinstance(node, ast.Call) or any(keyword.arg == "encoding" for keyword in node.keywords):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in ("read_text", "write_text"):
        return True
    modes = [word.value for word in ast.walk(node) if isinstance(word, ast.Constant)]
    modes = [mode for mode in modes if isinstance(mode, str) and re.fullmatch(r"[rwxab+t]{1,3}", mode)]
    if isinstance(node.func, ast.Name) and name == "open":
        return (not modes and len(node.args) == 1) or any("b" not in mode for mode in modes)
    return name == "open" and any("b" not in mode for mode in modes)


def test_an_encoding_left_out_is_seen():
    for code in ("p.read_text()", "p.write_text(x)", "open(p)", "p.open('w')"):
        assert opened_in_the_locale_s_encoding(ast.parse(code, mode="eval").body), code
    for code in ("p.read_text(encoding='utf-8')", "open(p, 'rb')", "p.open('wb')", "lab.open(page, cells)"):
        assert not opened_in_the_locale_s_encoding(ast.parse(code, mode="eval").body), code


def test_every_text_file_is_read_and_written_in_a_named_encoding():
    """The locale's encoding is another one on Windows and on a machine set up for another language."""
    found = []
    for folder in ("dqn_lib", "tests", "tools", "docs", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            calls = [node for node in nodes if opened_in_the_locale_s_encoding(node)]
            found += [f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}" for call in calls]
    assert found == []
