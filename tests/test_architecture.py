"""Rules for all modules: imports go down, packages are lazy, randomness has a seed, nothing is private."""

import ast
import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = [
    {
        "",
        "mountain_car",
        "environments",
        "config",
        "exploration",
        "replay",
        "targets",
        "statistics",
        "files",
        "probes",
    },
    {"agents"},
    {"training", "evaluation", "value_iteration", "checkpoint", "diagnostics"},
    {"experiments"},
    {"plots"},
    {"widgets", "exercises"},
]
NETWORK = {f"agents.{name}" for name in ("backend", "learner", "q_network", "dqn", "tutorial", "bugs")}
NETWORK |= {"checkpoint"}  # need TensorFlow
UNWANTED = {"tensorflow", "keras", "matplotlib", "ipywidgets", "IPython"}  # below plots and widgets
STUBS = {
    ".".join(path.parent.relative_to(ROOT).parts): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "dqn_lib").rglob("__init__.pyi"))
}
OF_PYTHON_ITSELF = {"_replace", "_asdict", "_exit", "_current_frames"}  # documented, in spite of their names
PRIVATE = {"dqn_lib.agents.backend: _make_callable_from_options"}  # the reason stands beside the call
GENERATORS = {"Generator", "SeedSequence", "BitGenerator", "PCG64", "default_rng"}


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    name_of(path): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "dqn_lib").rglob("*.py"))
}


def floor(module):
    """The floor of a module of the library, by the first part of its name after the package's."""
    part = (module + ".").split(".")[1]
    floors = [number for number, parts in enumerate(FLOORS) if part in parts]
    assert floors, f"{module} is on no floor: give it one, here and in the design"
    return floors[0]


def imported(tree):
    """Everything imported anywhere in a module, inside functions too: `from a import b` as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where they lead"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_modules(module):
    """The library's own modules that `module` imports."""
    for name in imported(MODULES[module]):
        if name.split(".")[0] == "dqn_lib":
            yield name if name in MODULES else name.rpartition(".")[0]


def imports_package(tree, *packages):
    return [name for name in imported(tree) if name.split(".")[0] in packages]


def run_afresh(script, *arguments):
    """What a fresh process makes of `found`."""
    script = f"import importlib, json, sys\nfound = {{}}\n{script}\nprint(json.dumps(found))"
    command = [sys.executable, "-c", script, *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=200)
    return json.loads(run.stdout)


LOAD = """
for name in sys.argv[1:]:
    importlib.import_module(name)
    found[name] = sorted(sys.modules)
"""
ASK = """
for package, names in json.loads(sys.argv[1]).items():
    module = importlib.import_module(package)
    missing = [name for name in names if getattr(module, name, None) is None]
    found[package] = [missing, [name for name in dir(module) if not name.startswith("_")]]
"""


def offered(stub):
    """The names that a stub offers, each of them as `name as name`."""
    aliases = [alias for node in stub.body for alias in node.names]
    assert all(alias.asname == alias.name for alias in aliases)
    return sorted(alias.name for alias in aliases)


def test_a_lazy_package_loads_no_other_module_and_nothing_heavy():
    assert {"dqn_lib", "dqn_lib.experiments", "dqn_lib.plots", "dqn_lib.widgets"} <= STUBS.keys()
    loaded = list(run_afresh(LOAD, *STUBS).values())[-1]
    assert [name for name in loaded if name.split(".")[0] == "dqn_lib"] == sorted(STUBS)
    assert not {*UNWANTED, "numpy", "gymnasium"} & set(loaded)


@pytest.mark.slow
def test_every_name_that_a_lazy_package_offers_exists_and_is_listed():
    names = {package: offered(stub) for package, stub in STUBS.items()}
    assert run_afresh(ASK, json.dumps(names)) == {package: [[], names[package]] for package in names}


def test_nothing_on_the_lower_floors_loads_tensorflow_or_matplotlib_unless_it_needs_a_network():
    light = [m for m in MODULES if floor(m) <= 2 and m.removeprefix("dqn_lib.") not in NETWORK]
    assert {f"dqn_lib.{name}" for name in ("agents.q_table", "training", "value_iteration")} < set(light)
    loaded = run_afresh(LOAD, *light)
    assert {name: found for name in light if (found := UNWANTED & set(loaded[name]))} == {}


def test_imports_go_down_or_sideways_never_up():
    up = [
        f"{module} imports {other}"
        for module in MODULES
        for other in imported_modules(module)
        if floor(other) > floor(module)
    ]
    assert up == []


def test_there_are_no_circles_of_imports():
    graph = {module: set(imported_modules(module)) - {module} for module in MODULES}
    assert sum(map(len, graph.values())) > len(MODULES)  # the graph has edges, so a circle would be seen
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_nothing_below_the_plots_knows_matplotlib_or_widgets_and_nothing_pyplot():
    unwanted = ("matplotlib", "mpl_toolkits", "pylab", "ipywidgets", "IPython")
    below = [module for module in MODULES if floor(module) < 4]
    assert {m: found for m in below if (found := imports_package(MODULES[m], *unwanted))} == {}
    assert [m for m in MODULES if "matplotlib.pyplot" in " ".join(imported(MODULES[m]))] == []


def names_tensorflow(module):
    """Whether it imports TensorFlow or Keras, or has their names in a string."""
    tree = MODULES[module]
    if module == "dqn_lib.experiments.results":  # which only asks for their versions
        return bool(imports_package(tree, "tensorflow", "keras"))
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return bool(imports_package(tree, "tensorflow", "keras") or {"tensorflow", "keras"} & strings)


def test_tensorflow_is_imported_in_one_place_only():
    assert list(filter(names_tensorflow, MODULES)) == ["dqn_lib.agents.backend"]


def dotted(node):
    """`np.random.seed` of the expression that says so; empty for anything but names and dots."""
    match node:
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value)}.{attr}"
        case ast.Name(id=name):
            return name
    return ""


def private_names(tree):
    """Attributes and imports with a leading underscore, except special methods and those of Python itself."""
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {part for name in imported(tree) if not name.startswith("__") for part in name.split(".")}
    return {name for name in used if name.startswith("_") and not name.endswith("__")} - OF_PYTHON_ITSELF


def own_names(tree):
    """What a module defines: functions, classes, variables, and attributes that it sets."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()) | ast.Name(id=name, ctx=ast.Store()):
                yield name


OWN = {name for tree in MODULES.values() for name in own_names(tree)}


def private_elsewhere(tree):
    return sorted(private_names(tree) - OWN)


def drawn_globally(tree):
    used = [dotted(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    used += [name.replace("numpy.", "np.", 1) for name in imported(tree)]
    drawn = {name.split(".")[2] for name in used if name.startswith(("np.random.", "numpy.random."))}
    return sorted(drawn - GENERATORS) + imports_package(tree, "random")


def drawn_without_a_seed(tree):
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    drawn = [call for call in calls if dotted(call.func).endswith(("default_rng", "SeedSequence", "PCG64"))]
    return [ast.unparse(call) for call in drawn if not call.args + call.keywords]


def flags_called_done(tree):
    """`done` may count steps; what ends an episode is `terminated` or `truncated`."""
    nodes = list(ast.walk(tree))
    flags = [node.arg for node in nodes if isinstance(node, ast.arg) and dotted(node.annotation) != "int"]
    flags += [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    flags += [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return sorted({"done", "dones"} & set(flags))


@pytest.mark.parametrize(
    ("complaints", "allowed"),
    [
        (drawn_globally, set()),
        (drawn_without_a_seed, set()),
        (flags_called_done, set()),
        (private_elsewhere, PRIVATE),
    ],
)
def test_nothing_is_random_without_a_seed_private_elsewhere_or_called_done(complaints, allowed):
    assert {f"{module}: {each}" for module, tree in MODULES.items() for each in complaints(tree)} == allowed


@pytest.mark.parametrize(
    ("complaints", "source"),
    [
        (drawn_globally, "numpy.random.seed(0)"),
        (drawn_globally, "from numpy.random import rand"),
        (drawn_globally, "import random"),
        (private_elsewhere, "session._extend_graph()"),
        (private_elsewhere, "from numpy._core import multiarray"),
        (drawn_without_a_seed, "rng = np.random.default_rng()"),
        (flags_called_done, "done = True"),
        (flags_called_done, "def learn(done: bool): ..."),
    ],
)
def test_what_is_not_allowed_is_found(complaints, source):
    assert complaints(ast.parse(source))
