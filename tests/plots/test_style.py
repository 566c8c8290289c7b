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
from dqn_lib.plots.films import DOTS_PER_INCH
from dqn_lib.plots.style import Picture, format_number, house_style
from dqn_lib.training import Check, Episode, TrainingLog

pytestmark = pytest.mark.slow

HOSTILE = {
    "axes.autolimit_mode": "round_numbers", "axes.grid": True, "axes.unicode_minus": False,
    "figure.constrained_layout.w_pad": 1, "font.sans-serif": ["DejaVu Serif"], "font.size": 30,
    "image.cmap": "jet", "image.origin": "upper", "lines.linewidth": 9, "path.sketch": (5, 100, 2),
    "savefig.bbox": "tight", "savefig.dpi": 30, "savefig.facecolor": "black", "savefig.format": "svg",
    "savefig.transparent": True, "text.usetex": True, "xtick.direction": "in", "xtick.minor.visible": True,
}  # fmt: skip


def q(states):
    return np.stack([10 * np.asarray(states)[..., 0] - 20] * 3, axis=-1)


def without_savefig():
    """As Matplotlib's own support of notebooks draws a picture."""
    canvas = FigureCanvasAgg(plots.compare_values(q, q))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).tobytes()


LOG = TrainingLog(
    [Episode(n, 200 * n, 200, -200.0, False, 1.0, None) for n in range(1, 81)],
    [Check(step, np.full(100, mean), None) for step, mean in ((0, -200.0), (16_000, -105.0))],
)
PICTURES = {
    "a picture": lambda: plots.forces()._repr_html_(),
    "without savefig": without_savefig,
    "a curve": lambda: plots.learning_curve(LOG)._repr_html_(),
    "maps": lambda: plots.value_and_policy(q, title="A finding")._repr_html_(),
    "shares": lambda: plots.proportions([1, 2], [0, 9], 90, title="A", xlabel="x", ylabel="y")._repr_html_(),
    "a film": lambda: plots.film_episode([[-0.5, 0.0], [0.3, 0.05], [0.5, 0.05]], [2, 2], q=q).mp4,
}


@pytest.mark.parametrize(
    ("style", "name"),
    [
        *((HOSTILE, name) for name in PICTURES),
        ("dark_background", "a curve"),
        ("seaborn-v0_8-poster", "shares"),
    ],
    ids=lambda part: part if isinstance(part, str) else "hostile",
)
def test_a_picture_is_the_same_to_the_last_byte_under_any_settings_which_stay_as_they_are(style, name):
    with mpl.rc_context():
        mpl.rcdefaults()
        usual = PICTURES[name]()
        mpl.style.use(style)
        before = dict(mpl.rcParams)
        assert PICTURES[name]() == usual
        assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("dots", [72, DOTS_PER_INCH])
def test_the_house_style_is_taken_off_again(dots):
    before = dict(mpl.rcParams)
    with house_style(dots):
        assert mpl.rcParams["figure.dpi"] == dots
        assert mpl.rcParams["axes.titleweight"] == "bold"
    assert dict(mpl.rcParams) == before


def test_what_a_reader_asks_of_savefig_counts(tmp_path):
    plots.forces().savefig(tmp_path / "curve.svg", facecolor="#123456")
    assert "#123456" in (tmp_path / "curve.svg").read_text(encoding="utf-8")


def test_a_matplotlibrc_does_not_matter_either_and_pyplot_is_never_loaded(tmp_path):
    modules = ", ".join(f"dqn_lib.plots.{module.name}" for module in pkgutil.iter_modules(plots.__path__))
    assert "dqn_lib.plots.curves" in modules
    code = f"""
import sys, {modules}
sys.stdout.write(dqn_lib.plots.hill.forces()._repr_html_())
assert "matplotlib.pyplot" not in sys.modules
"""
    settings = "figure.facecolor: black\ntext.color: white\nbackend: svg\n"
    (tmp_path / "matplotlibrc").write_text(settings, encoding="utf-8")
    environment = {**os.environ, "MPLCONFIGDIR": str(tmp_path)}
    drawn = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert drawn == plots.forces()._repr_html_()


def in_house_style(node):
    """Whether this is a decorated function, or a block, in which the house style holds."""
    if isinstance(node, ast.With):
        return any("house_style" in ast.unparse(item.context_expr) for item in node.items)
    return isinstance(node, ast.FunctionDef) and "house_style()" in map(ast.unparse, node.decorator_list)


def test_every_figure_is_made_in_the_house_style():
    outside = []
    for path in sorted(Path(plots.__file__).parent.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        calls -= {call for node in ast.walk(tree) if in_house_style(node) for call in ast.walk(node)}
        made = [call for call in calls if getattr(call.func, "id", "") in ("Figure", "Picture", "new_axes")]
        outside += [f"{path.stem}: {ast.unparse(call.func)}" for call in made]
    assert outside == ["style: Picture"]  # in `new_axes` itself


def test_the_text_of_a_picture_cannot_break_the_page():
    picture = Picture(figsize=(1, 1))
    picture.alt = 'a "quote" <script>'
    assert "<script>" not in picture._repr_html_()


def test_numbers_have_a_real_minus_sign():
    assert format_number(-97.6) == "−97.6"
    assert format_number(-1234.5, 1) == "−1,234.5"
