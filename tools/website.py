"""The lessons as web pages that need neither a kernel nor a network: `make site`.

Every lesson is executed, its widgets are put into the page as they are, and what learns is recorded and
played. Nothing is loaded from elsewhere: `site/index.html` works by a double-click, and under any path.
"""

import argparse
import base64
import html
import importlib
import io
import os
import re
import shutil
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from latex2mathml.converter import convert as mathml
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from PIL import Image
from traitlets.config import Config

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEMPLATES = DOCS / "site"
PATIENCE = 900  # seconds for one cell
# What whoever builds the site has left beside the lessons is not for a reader.
PRIVATE = shutil.ignore_patterns(".*", "my_agent*", "leaderboard*", "demo")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Run after a cell that shows a widget; a lesson may use `_` for something else.
TO_FRAGMENT = """
def _fragment(widget):
    from IPython.display import HTML
    if hasattr(widget, "record"):
        widget.record()
    return HTML(widget.fragment())
_fragment(Out[max(Out)])
"""
ONE_RUN = (
    "One run: the return climbs from -200 to within a step of the best; beside it the learned values and the "
    "car's path through them"
)
DESCRIPTION = "Deep Q-Networks by hand: from a car that drives at random to a near-perfect agent."


class Renderer(IPythonRenderer):
    """Markdown to HTML: formulas become MathML, links to lessons links to their pages."""

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        return f'<h{level} id="{slug(text)}">{text}</h{level}>\n'

    def block_math(self, body: str) -> str:
        return formula(body, "block")

    def inline_math(self, body: str) -> str:
        return formula(body, "inline")

    def link(self, text: str, url: str, title: str | None = None) -> str:
        address = re.sub(r"^(?:\.\./notebooks/)?(\w+)\.(?:ipynb|md)(?=#|$)", r"\1.html", url)
        return super().link(text, address, title)


def formula(body: str, display: str) -> str:
    """A formula in MathML; primes are set as text, since a font without mathematics makes dots of them."""
    prime = r"<msup>((?:(?!<msup>).)*?)<mi>&#x02032;</mi></msup>"
    text = r'<mrow>\1<mtext class="prime">&#x02032;</mtext></mrow>'
    return re.sub(prime, text, mathml(body, display=display))


def slug(text: str) -> str:
    """The name of a heading in an address."""
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"<[^>]*>", "", text).lower()).strip("-")


def to_html(markdown: str) -> str:
    """A Markdown text in HTML; the empty corner of a table is no heading."""
    text = MarkdownWithMath(Renderer(escape=False)).render(markdown)
    return re.sub(r"<th[^>]*></th>", "<td></td>", text)


def execute(path: Path) -> nbformat.NotebookNode:
    """A notebook, executed, with each widget as a part of a page in place of its picture."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=PATIENCE, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            client.execute_cell(cell, number)
            for position, output in enumerate(cell.outputs):
                if WIDGET_VIEW not in output.get("data", {}):
                    continue
                if "text/html" in output.data and output.output_type == "execute_result":
                    asking = nbformat.v4.new_code_cell(TO_FRAGMENT)
                    client.execute_cell(asking, number, store_history=False)
                    cell.outputs[position] = asking.outputs[-1]
            cell.outputs = [output for output in cell.outputs if not is_bar(output)]
            notebook.cells[number] = cell
    return notebook


def is_bar(output: nbformat.NotebookNode) -> bool:
    """Whether an output is a progress bar, which has done its work."""
    return WIDGET_VIEW in output.get("data", {}) and "text/html" not in output.data


def fold_hints(notebook: nbformat.NotebookNode) -> None:
    """In place of what a check says about an empty answer, the exercise's hints, folded."""
    for cell, following in zip(notebook.cells, notebook.cells[1:], strict=False):
        exercise = cell.metadata.get("dqn_lib", {}).get("exercise")
        if exercise and following.cell_type == "code":
            lesson, _, name = exercise.partition(".")
            asked = getattr(importlib.import_module(f"dqn_lib.exercises.{lesson}"), name)
            text = hints(list(asked.hints))
            following.outputs = [nbformat.v4.new_output("display_data", {"text/html": text})]


def hints(texts: list[str]) -> str:
    """Hints, each folded in the one before."""
    folded = ""
    for number, text in reversed(list(enumerate(texts, start=1))):
        words = to_html(text)
        folded = f"<details><summary>Hint {number} of {len(texts)}</summary>{words}{folded}</details>"
    return f'<div class="hints"><p>The check needs a kernel. Try it on paper first.</p>{folded}</div>'


def shrink(page: str) -> str:
    """A page with its pictures as WebP, which has the same pixels in half the bytes."""

    def webp(found: re.Match[str]) -> str:
        data = io.BytesIO()
        Image.open(io.BytesIO(base64.b64decode(found[1]))).save(data, "WebP", lossless=True)
        return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"

    return re.sub(r"data:image/png;base64,([\w+/=]+)", webp, page)


def cells_of(notebook: nbformat.NotebookNode) -> str:
    """The cells of an executed notebook in HTML."""
    config = Config()
    config.HTMLExporter.display_data_priority = ["text/html", "text/markdown", "text/plain"]
    config.HTMLExporter.filters = {"markdown2html": to_html}
    exporter = HTMLExporter(config, template_name="site", extra_template_basedirs=[str(DOCS)])
    page = exporter.from_notebook_node(notebook)[0]
    return re.sub(r"<img [^>]*>", r'<div class="wide">\g<0></div>', page)


def contents(body: str) -> str:
    """A folded list of a page's sections."""
    sections = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', body)
    items = "".join(f'<li><a href="#{name}">{words}</a></li>' for name, words in sections)
    return f'<details class="contents"><summary>On this page</summary><ul>{items}</ul></details>'


NOTE = """<p class="note">This page was made by running the lesson. What needs no learning works here:
drive, move the sliders, answer the questions. What learns is a recorded run: <em>Play</em> shows it. To turn
its knobs and to have answers checked, <a href="index.html#run-it-yourself">run the lesson yourself</a>.</p>
"""


def with_contents(body: str, before: str, note: str = "") -> str:
    """A page's body with a note and the list of its sections before the first `before` after its title."""
    title, end, rest = body.partition("</h1>")
    text, mark, others = rest.partition(before)
    return f"{title}{end}{text}{note}{contents(body)}{mark}{others}"


def lesson_body(path: Path) -> str:
    """A lesson, executed, as the body of a page."""
    notebook = execute(path)
    fold_hints(notebook)
    return shrink(cells_of(notebook))


def title_of(path: Path) -> str:
    """The title of a lesson, such as "2 · The Q-table"."""
    return first_cell(path).splitlines()[0].removeprefix("# ")


def first_cell(path: Path) -> str:
    """The text with which a lesson begins."""
    return nbformat.read(path, as_version=4).cells[0].source


def card(path: Path) -> str:
    """A lesson on the first page: title, question, minutes and picture."""
    text = first_cell(path)
    question = re.search(r"^\*\*(.+?)\*\*", text, re.MULTILINE)[1]
    minutes = re.search(r"^\*(About .+?)\*", text, re.MULTILINE)[1]
    picture = DOCS / "lessons" / f"{path.name[:2]}.png"
    image = f'<img src="{embedded(picture)}" alt="" loading="lazy">' if picture.exists() else ""
    return (
        f'<li class="card"><h3><a href="{path.stem}.html">{html.escape(title_of(path))}</a></h3>'
        f'{to_html(question)}<p class="quiet">{html.escape(minutes)}</p>{image}</li>'
    )


def embedded(picture: Path) -> str:
    """A PNG as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"


def first_page(lessons: list[Path]) -> str:
    """What the course is, its lessons, and how to run them."""
    text = to_html((TEMPLATES / "first.md").read_text(encoding="utf-8"))
    parts = {
        "PICTURE": f'<img src="{embedded(DOCS / "one_run.png")}" alt="{ONE_RUN}">',
        "LESSONS": f'<ul class="cards">{"".join(map(card, lessons))}</ul>',
    }
    for name, part in parts.items():
        text = text.replace(f"<p>{name}</p>", f'</div>{part}<div class="text">')
    return shrink(f'<div class="text">{text}</div>')


def write(folder: Path, name: str, title: str, body: str, **around: Any) -> None:
    """Write one page into `folder`."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=False)
    page = environment.get_template("page.html.j2").render(
        title=html.escape(title),
        description=DESCRIPTION,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        links=[
            ("index.html", "Lessons"),
            ("glossary.html", "Glossary"),
            ("teaching.html", "For instructors"),
        ],
        here=name,
        body=body,
        **around,
    )
    (folder / name).write_text(page, encoding="utf-8")
    print(f"{name}: {len(page.encode()) / 1e6:.2f} MB", flush=True)


def build(folder: Path, lessons: list[Path]) -> None:
    """Write the pages of `lessons`, and those beside them, into `folder`.

    Raises:
        ValueError: if there are no lessons, or if the folder holds something else than pages.
    """
    if not lessons:
        raise ValueError("lessons must be some of those in notebooks, got none")
    if others := [path.name for path in folder.glob("*") if path.suffix != ".html"]:
        raise ValueError(f"folder must hold nothing but pages, since it is emptied; {folder} has {others[0]}")
    folder.mkdir(parents=True, exist_ok=True)
    for page in folder.glob("*.html"):
        page.unlink()
    pages = [(f"{path.stem}.html", title_of(path)) for path in lessons]
    write(folder, "index.html", "Deep Q-Networks, by hand", first_page(lessons))
    for source in (ROOT / "notebooks" / "glossary.md", DOCS / "teaching.md"):
        body = to_html(source.read_text(encoding="utf-8"))
        words = re.search(r"<h1[^>]*>(.*?)</h1>", body)[1]
        write(folder, f"{source.stem}.html", words, with_contents(f'<div class="text">{body}</div>', "<h2 "))
    with tempfile.TemporaryDirectory() as copy, ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        notebooks = shutil.copytree(ROOT / "notebooks", Path(copy) / "notebooks", ignore=PRIVATE)
        bodies = pool.map(lesson_body, [notebooks / path.name for path in lessons])
        for place, (body, (name, title)) in enumerate(zip(bodies, pages, strict=True)):
            before = pages[place - 1] if place else None
            after = pages[place + 1] if place + 1 < len(pages) else None
            write(folder, name, title, with_contents(body, "</div>", NOTE), before=before, after=after)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="folder for the pages")
    parser.add_argument("--lessons", nargs="+", metavar="NN", help="such as 01 02; default all")
    options = parser.parse_args()
    lessons = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    for name in ("DQN_LIB_ROOM", "DQN_LIB_LEADERBOARD"):  # of whoever builds it
        os.environ.pop(name, None)
    os.environ["DQN_LIB_ANSWERS"] = "off"
    try:
        build(
            options.to, [path for path in lessons if not options.lessons or path.stem[:2] in options.lessons]
        )
    except ValueError as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
