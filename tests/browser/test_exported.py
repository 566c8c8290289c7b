"""A notebook as nbconvert makes a page of it, opened without a network: no widget leaves an empty place."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from making import MAKERS
from mounting import IN_CHROMIUM

pytestmark = [
    *IN_CHROMIUM,
    pytest.mark.weekly,
]

ROOT = Path(__file__).parents[2]
SETUP = "import sys\nsys.path.append({folder!r})\nfrom making import MAKERS\nmade = []"
KINDS = [name for name in MAKERS if name != "panel of a network"]  # which has two pictures


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """The page of a notebook with each kind of widget, executed and made in one command."""
    folder = tmp_path_factory.mktemp("exported")
    sources = [SETUP.format(folder=str(ROOT / "tests" / "widgets"))]
    sources += [f"made.append(MAKERS[{name!r}]())\nmade[-1]" for name in KINDS]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "kinds.ipynb")
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", str(folder / "kinds.ipynb")]
    made = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert made.returncode == 0, made.stderr
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto((folder / "kinds.html").as_uri())
    yield page
    context.close()


@pytest.mark.parametrize("name", KINDS)
def test_where_a_widget_was_its_picture_and_what_it_did_are_to_be_seen(page, name):
    output = page.locator(".jp-CodeCell").nth(1 + KINDS.index(name)).locator(".jp-OutputArea")
    pictures = output.locator("img")
    assert pictures.count() == 1
    for picture in pictures.all():
        assert picture.is_visible()
        assert picture.evaluate("(e) => e.naturalWidth") > 300
        assert len(picture.get_attribute("alt")) > 30
    assert re.search(r"[A-Z][^.]{20,}\. Run the cell in JupyterLab to use it\.", output.inner_text())
