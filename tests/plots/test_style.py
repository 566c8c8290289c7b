"""The house style: pictures look the same under any settings of Matplotlib, and leave those as they are."""

import ast
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from dqn_lib import plots
from dqn_lib.plots.comparisons import proportions
from dqn_lib.plots.curves import learning_curve
from dqn_lib.plots.films import DOTS_PER_INCH, film_episode
from dqn_lib.plots.hill import forces
from dqn_lib.plots.maps import (
    compare_values,
    value_and_policy,
)
from dqn_lib.plots.style import Picture, format_number, house_style
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


def a_curve():
    log = TrainingLog(
        [Episode(n, 200 * n, 200, -200.0, False, 1.0, None) for n in range(1, 81)],
        [Check(step, np.full(100, mean), None) for step, mean in ((0, -200.0), (16_000, -105.0))],
    )
    return learning_curve(log)._repr_html_()


PICTURES = {
    "a picture": lambda: forces()._repr_html_(),
    "a picture with colour bars": lambda: compare_values(q, lambda states: q(states) + 1)._repr_html_(),
    "a curve": a_curve,
    "two maps": lambda: value_and_policy(q, title="A finding")._repr_html_(),
    "shares": lambda: proportions(
        [1, 2], [0, 9], 90, title="A finding", xlabel="x", ylabel="y"
    )._repr_html_(),
    "a film": lambda: film_episode([[-0.5, 0.0], [0.3, 0.05], [0.5, 0.05]], [2, 2], q=q).mp4,
}


@pytest.fixture(scope="module")
def usual():
    with mpl.rc_context():
        mpl.rcdefaults()
        return {name: draw() for name, draw in PICTURES.items()}


@pytest.fixture(params=["hostile"])
def settings(request):
    """The settings of a reader, who finds them unchanged."""
    with mpl.rc_context():
        mpl.style.use(HOSTILE if request.param == "hostile" else request.param)
        before = dict(mpl.rcParams)
        yield
        assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        *(("hostile", name) for name in PICTURES),
        ("dark_background", "a curve"),
        ("seaborn-v0_8-poster", "shares"),
    ],
    indirect=["settings"],
)
def test_a_picture_is_the_same_to_the_last_byte_under_any_settings(usual, settings, name):
    assert PICTURES[name]() == usual[name]


def test_a_picture_drawn_without_savefig_is_the_same_too(settings):
    """As Matplotlib's own support of notebooks does it, without `savefig`."""

    def pixels():
        canvas = FigureCanvasAgg(compare_values(q, q))
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    with mpl.rc_context():
        mpl.rcdefaults()
        usual = pixels()
    np.testing.assert_array_equal(pixels(), usual)


@pytest.mark.parametrize("dots", [72, DOTS_PER_INCH])
def test_the_house_style_is_taken_off_again(dots):
    before = dict(mpl.rcParams)
    with house_style(dots):
        assert mpl.rcParams["figure.dpi"] == dots
        assert mpl.rcParams["axes.titleweight"] == "bold"
    assert dict(mpl.rcParams) == before


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
    return isinstance(node, ast.FunctionDef) and "house_style()" in map(ast.unparse, node.decorator_list)


@pytest.mark.parametrize("path", sorted(Path(plots.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_every_figure_is_made_in_the_house_style(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {call for node in ast.walk(tree) if in_house_style(node) for call in ast.walk(node)}
    made = [node for node in ast.walk(tree) if makes_figures(node) and node not in inside]
    allowed = 1 if path.stem == "style" else 0  # `new_axes` itself
    assert len(made) == allowed, [ast.unparse(node) for node in made]


def test_the_text_of_a_picture_cannot_break_the_page():
    picture = Picture(figsize=(1, 1))
    picture.alt = 'a "quote" <script>'
    assert "<script>" not in picture._repr_html_()


def test_numbers_have_a_real_minus_sign():
    assert format_number(-97.6) == "−97.6"
    assert format_number(-1234.5, 1) == "−1,234.5"


def test_pyplot_is_never_loaded():
    modules = ", ".join(f"dqn_lib.plots.{module.name}" for module in pkgutil.iter_modules(plots.__path__))
    assert "dqn_lib.plots.curves" in modules
    code = f"import sys, {modules}; print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
