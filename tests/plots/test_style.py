"""Pictures look the same whatever settings of Matplotlib the reader has, and leave those as they are."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from dqn_lib import plots
from dqn_lib.plots.drive import watch
from dqn_lib.plots.gamma import GammaPicture
from dqn_lib.plots.hill import forces
from dqn_lib.plots.live_curve import LiveCurve
from dqn_lib.plots.live_maps import LiveValues
from dqn_lib.plots.maps import compare_values
from dqn_lib.training import Check, Episode, TrainingLog

pytestmark = pytest.mark.slow

HOSTILE = {
    "axes.autolimit_mode": "round_numbers",
    "axes.grid": True,
    "axes.unicode_minus": False,
    "figure.constrained_layout.w_pad": 1,
    "font.sans-serif": ["DejaVu Serif"],
    "font.size": 30,
    "image.cmap": "jet",
    "image.origin": "upper",
    "lines.linewidth": 9,
    "path.sketch": (5, 100, 2),
    "savefig.bbox": "tight",
    "savefig.dpi": 30,
    "savefig.facecolor": "black",
    "savefig.format": "svg",
    "savefig.transparent": True,
    "text.usetex": True,
    "xtick.direction": "in",
    "xtick.minor.visible": True,
}


def q(states):
    return np.stack([10 * np.asarray(states)[..., 0] - 20] * 3, axis=-1)


def live_curve():
    log = TrainingLog(
        [Episode(n, 200 * n, 200, -200.0, False, 1.0, None) for n in range(1, 81)],
        [Check(step, np.full(100, mean), None) for step, mean in ((0, -200.0), (16_000, -105.0))],
    )
    picture = LiveCurve()
    picture.update(log, 16_000)  # other ticks than the first ones
    return picture.png()


def live_values():
    picture = LiveValues((20, 20))
    picture.update(np.linspace(-900, 0, 1200).reshape(20, 20, 3))
    return picture.png()


PICTURES = {
    "a picture": lambda: forces()._repr_html_(),
    "a picture with colour bars": lambda: compare_values(q, lambda states: q(states) + 1)._repr_html_(),
    "a live curve": live_curve,
    "a live map": live_values,
    "a slider's picture": lambda: GammaPicture().png(),
    "a film": lambda: watch([[-0.5, 0.0], [0.3, 0.05], [0.5, 0.05]], [2, 2], q=q).mp4,
}


@pytest.fixture(scope="module")
def usual():
    with mpl.rc_context():
        mpl.rcdefaults()
        return {name: draw() for name, draw in PICTURES.items()}


@pytest.fixture(params=["dark_background", "seaborn-v0_8-poster", "hostile"])
def settings(request):
    """The settings of a reader, who finds them unchanged."""
    with mpl.rc_context():
        mpl.style.use(HOSTILE if request.param == "hostile" else request.param)
        before = dict(mpl.rcParams)
        yield
        assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_the_same_to_the_last_byte_under_any_settings(usual, settings, name):
    assert PICTURES[name]() == usual[name]


def test_a_picture_drawn_by_somebody_else_is_the_same_too(settings):
    """As Matplotlib's own support of notebooks does it, without `savefig`."""

    def pixels():
        canvas = FigureCanvasAgg(compare_values(q, q))
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    with mpl.rc_context():
        mpl.rcdefaults()
        usual = pixels()
    np.testing.assert_array_equal(pixels(), usual)


def test_what_a_reader_asks_of_savefig_counts(tmp_path):
    picture = forces()
    picture.savefig(tmp_path / "curve.svg", facecolor="#123456")
    assert "#123456" in (tmp_path / "curve.svg").read_text(encoding="utf-8")


def test_a_matplotlibrc_does_not_matter_either(tmp_path):
    code = "import sys; from dqn_lib.plots.hill import forces; sys.stdout.write(forces()._repr_html_())"
    drawn = []
    for number, lines in enumerate(("", "figure.facecolor: black\ntext.color: white\nbackend: svg\n")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "matplotlibrc").write_text(lines, encoding="utf-8")
        environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path / str(number))}
        drawn.append(subprocess.check_output([sys.executable, "-c", code], env=environment))
    assert drawn[0] == drawn[1]


def makes_figures(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Figure", "Picture", "new_axes")


def in_house_style(node):
    """Whether this is a decorated function, or a block, in which the house style holds."""
    if isinstance(node, ast.With):
        return any("house_style" in ast.unparse(item.context_expr) for item in node.items)
    return isinstance(node, ast.FunctionDef) and "styled" in map(ast.unparse, node.decorator_list)


@pytest.mark.parametrize("path", sorted(Path(plots.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_every_figure_is_made_in_the_house_style(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {call for node in ast.walk(tree) if in_house_style(node) for call in ast.walk(node)}
    made = [node for node in ast.walk(tree) if makes_figures(node) and node not in inside]
    allowed = 1 if path.stem == "style" else 0  # `new_axes` itself
    assert len(made) == allowed, [ast.unparse(node) for node in made]
