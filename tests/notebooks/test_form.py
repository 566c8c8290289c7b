"""The form that every lesson keeps, so that a student always knows where she is."""

import ast
import copy
import importlib
import re
from functools import cache
from pathlib import Path

import gymnasium
import nbformat
import pytest

from dqn_lib.exercises.exercise import Exercise
from dqn_lib.exercises.lesson06 import BreakTheAgent
from dqn_lib.exercises.prediction import Prediction

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[!_]*.ipynb"))
LONGEST_CELL, LONGEST_SET_UP = 20, 5  # lines
LONGEST_LINE = 200  # characters of Markdown source
FEWEST_TERMS = 5  # of the glossary, that a lesson links to
TWO_SENTENCES = re.compile(r"""[.!?][)\]*"'”’]* +[("'“‘]*(?:\*\*|\*)?[A-Z]""")
ABBREVIATIONS = re.compile(r"\b(?:e\.g|i\.e|et al|vs|cf|Fig|No|St|Dr|[A-Z])\.")
EXERCISE = re.compile(r"^\*\*\d+\. .+\*\* \(★{1,3}, \d+ minutes\)$")
STRETCH = re.compile(r"^\*\*Stretch\.\*\*(?: .*)? \(★{1,3}, \d+ minutes\)$", re.MULTILINE)
PARTS = ["What you saw", "Exercises", "Still open", "Sources"]
UNWANTED = {
    "an absolute path": r"(?<![\w.:/])/(?:home|Users|root|work|tmp|usr|opt|mnt|var)/|\b[A-Z]:\\\\",
    "a home directory": r"(?<!\w)~/",
    "a package registry": r"pypi\.org|pythonhosted|anaconda|conda-forge|npmjs|(?<!`%)\b(?:pip|conda) install",
    "something unfinished": r"\b(?:TODO|FIXME|XXX|TBD)\b",
}


def every_lesson(complaints):
    """Make a test of a function that says what is wrong with one lesson: all of them in one assertion."""

    def test():
        assert [f"{path.stem}: {each}" for path in LESSONS for each in complaints(read(path))] == []

    test.complaints = complaints
    return test


@cache
def read(path):
    return nbformat.read(path, as_version=4)


def practice_of(lesson):
    """The module with the lesson's exercises and predictions."""
    return importlib.import_module(f"dqn_lib.exercises.lesson{number_of(lesson):02}")


def number_of(lesson):
    return int(re.match(r"# (\d+)", lesson.cells[0].source)[1])


def cells(lesson, kind):
    return [(number, cell) for number, cell in enumerate(lesson.cells) if cell.cell_type == kind]


def text_of(lesson):
    return "\n".join(["", *(cell.source for _, cell in cells(lesson, "markdown"))])


def place_of(lesson, heading):
    """The number of the cell that a section begins in."""
    return next(n for n, cell in enumerate(lesson.cells) if f"\n## {heading}\n" in f"\n{cell.source}\n")


def section(lesson, heading):
    return text_of(lesson).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def members(practice, *kinds):
    return {name: value for name, value in vars(practice).items() if isinstance(value, kinds)}


def test_the_lessons_are_valid_notebooks_numbered_from_one_on():
    assert LESSONS
    for number, path in enumerate(LESSONS, start=1):
        nbformat.validate(read(path))
        assert (number_of(read(path)), path.name[:3]) == (number, f"{number:02}_")


@every_lesson
def test_nothing_is_committed_but_the_sources_and_each_cell_has_a_name_of_its_own(lesson):
    names = [cell.id for cell in lesson.cells]
    yield from (f"two cells are called {name}" for name in set(names) if names.count(name) > 1)
    for number, cell in enumerate(lesson.cells):
        if cell.get("outputs") or cell.get("execution_count") is not None:
            yield f"cell {number} has been run"
        tags = cell.metadata.get("tags", [])
        if not {*cell.metadata} <= {"tags", "dqn_lib"} or not {*tags} <= {"exercise", "piece"}:
            yield f"cell {number}: {dict(cell.metadata)}"
        if ("dqn_lib" in cell.metadata) != ("exercise" in tags):
            yield f"cell {number} has the tag or the name of an exercise, and not both"
    if "widgets" in lesson.metadata:
        yield "the state of widgets is in it"


@every_lesson
def test_every_code_cell_is_short_plain_python_that_does_something_without_the_network(lesson):
    for number, cell in cells(lesson, "code"):
        if len([line for line in cell.source.splitlines() if line.strip()]) > LONGEST_CELL:
            yield f"cell {number} is longer than a screen can explain"
        try:
            if not ast.parse(cell.source).body:
                yield f"cell {number} is empty"
        except SyntaxError as error:
            yield f"cell {number}: {error}"
        if found := re.search(r"https?:|\b(?:urllib|requests|urlopen|urlretrieve)\b", cell.source):
            yield f"cell {number}: {found.group()}"
    kinds = "".join(cell.cell_type[0] for cell in lesson.cells)
    if "ccc" in kinds:
        yield f"three code cells in a row at cell {kinds.find('ccc')}"


@every_lesson
def test_a_lesson_opens_with_its_title_its_question_its_minutes_and_its_set_up(lesson):
    first, second = lesson.cells[:2]
    if not re.match(r"# \d+ · \w", first.source):
        yield "no title with a number"
    if not re.search(r"^\*\*.*\?\*\*$", first.source, re.MULTILINE):
        yield "no question in bold"
    if not re.search(r"\*About \d+ minutes, and \d+ more for the exercises\.\*", first.source):
        yield "no minutes for reading and for the exercises"
    lines = second.source.splitlines()
    if second.cell_type != "code" or not all(re.match("import |from |$", line) for line in lines):
        yield "its second cell is no set-up"
    if len(lines) > LONGEST_SET_UP:
        yield f"its set-up cell has {len(lines)} lines"


@every_lesson
def test_below_its_one_title_a_lesson_has_sections_and_closes_with_the_same_four(lesson):
    for number, cell in cells(lesson, "markdown"):
        levels = re.findall(r"^(#+) ", cell.source, re.MULTILINE)
        if levels.count("#") != (number == 0) or not set(levels) <= {"#", "##"}:
            yield f"cell {number} has headings {levels}"
    headings = re.findall(r"^## (.*)$", text_of(lesson), re.MULTILINE)
    if [heading for heading in headings if heading in PARTS] != PARTS or headings[-1] != "Sources":
        yield f"its sections are {headings}"
    for after in LESSONS[number_of(lesson) :][:1]:
        if f"]({after.name})" not in section(lesson, "Still open"):
            yield f"no link to {after.name} in its section Still open"


def prose(lesson):
    """The lines of Markdown, with the number of their cell; without blocks of code and of mathematics."""
    for number, cell in cells(lesson, "markdown"):
        text = re.sub(r"```.*?```|\$\$.*?\$\$", "", cell.source, flags=re.DOTALL)
        yield from ((number, line) for line in text.splitlines())


def sentences(line):
    """How many sentences there are in a line of Markdown."""
    text = re.sub(r"`[^`]*`", "`code`", line)  # a full stop in code ends no sentence
    text = re.sub(r"^\s*(?:\d+\.|-|>|\|)\s+|^\*\*\d+\. ", "", text)  # the number of an item, of an exercise
    return 1 + len(TWO_SENTENCES.findall(ABBREVIATIONS.sub("", text)))


@every_lesson
def test_a_lesson_is_neither_short_nor_long_and_a_line_has_one_sentence_so_that_a_change_can_be_read(lesson):
    if not 800 <= len(text_of(lesson).split()) <= 2500:
        yield f"{len(text_of(lesson).split())} words"
    sources = place_of(lesson, "Sources")
    for number, line in prose(lesson):
        if len(line) > LONGEST_LINE:
            yield f"cell {number} has a line of {len(line)} characters: {line[:40]}"
        is_title = re.fullmatch(r"\*\*[^*]+\*\*", line)
        if number < sources and not is_title and line[:1] not in "|<!" and sentences(line) > 1:
            yield f"cell {number} has a line of {sentences(line)} sentences: {line}"


@cache
def glossary():
    """The terms of the glossary by their anchors, and how many headings there are."""
    text = (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r'^### <a id="(.+)"></a>(.+)$', text, re.MULTILINE)
    return dict(terms), len(re.findall("^### ", text, re.MULTILINE))


def test_a_term_of_the_glossary_has_an_anchor_that_github_and_jupyterlab_find():
    """GitHub makes one of each heading, in small letters; JupyterLab keeps capitals, so it needs its own."""
    terms, headings = glossary()
    assert len(terms) == headings > 40
    for anchor, term in terms.items():
        assert anchor == re.sub(r"[^\w -]", "", term).lower().replace(" ", "-")


@every_lesson
def test_a_lesson_links_its_terms_to_the_glossary_each_of_them_once(lesson):
    terms = re.findall(r"\]\(glossary\.md#([^)]*)\)", text_of(lesson))
    yield from (f"the glossary has no {term}" for term in set(terms) - set(glossary()[0]))
    yield from (f"{terms.count(term)} links to {term}" for term in set(terms) if terms.count(term) > 1)
    if len(set(terms)) < FEWEST_TERMS:
        yield f"{len(set(terms))} terms are links to the glossary"
    if re.search(r"^#.*glossary\.md", text_of(lesson), re.MULTILINE):
        yield "a heading links to the glossary"


@every_lesson
def test_everything_that_a_lesson_names_exists(lesson):
    targets = re.findall(r"\]\(((?!http)[^)#]+)\)", text_of(lesson))
    files = re.findall(r"`((?:benchmarks|dqn_lib|tests)/[\w./]+\.\w+)`", text_of(lesson))
    for number, cell in enumerate(lesson.cells):
        for name in re.findall(r"\blesson\.(\w+)", cell.source):
            if not hasattr(practice_of(lesson), name):
                yield f"cell {number} asks for lesson.{name}"
        if cell.cell_type == "code":
            results = re.findall(r'load_results\("([^"]*)"\)', cell.source)
            targets += [f"results/{name}.jsonl" for name in results]
            if "results/" in cell.source:
                yield f"cell {number} names a folder; load_results finds it"
    paths = [NOTEBOOKS / target for target in targets] + [NOTEBOOKS.parent / file for file in files]
    yield from (f"no {path}" for path in paths if not path.exists())


@every_lesson
def test_a_lesson_works_on_every_machine_and_is_finished(lesson):
    text = "\n".join(cell.source for cell in lesson.cells)
    for what, pattern in UNWANTED.items():
        if found := re.search(pattern, text):
            yield f"it has {what}: {found.group()}"
    for spec in gymnasium.registry.values():
        extra = re.match(r"gymnasium\.envs\.(box2d|mujoco)\.", str(spec.entry_point))
        named = extra and re.search(rf"\b{spec.name}\b", text)
        if named and f'`%pip install "gymnasium[{extra[1]}]"`' not in text:
            yield f"nothing says how to install {spec.name}"


@every_lesson
def test_the_exercises_are_announced_in_their_section_with_stars_and_minutes_and_one_to_stretch(lesson):
    exercises = section(lesson, "Exercises")
    for line in exercises.splitlines():
        if re.match(r"\*\*\d+\. ", line) and not EXERCISE.match(line):
            yield f"no stars and minutes behind {line}"
    stretch = list(STRETCH.finditer(exercises))
    if len(stretch) != 1 or re.search(r"^\*\*\d+\. ", exercises[stretch[0].end() :], re.MULTILINE):
        yield f"{len(stretch)} tasks to stretch"


def differences(statement, exercise):
    """What is not alike in a blank and its solution, names of arguments and docstrings, or not blank."""
    (solution,) = ast.parse(exercise.source).body
    if ast.get_docstring(statement) != ast.get_docstring(solution):
        yield "another docstring than its solution"
    theirs = {one.name: one for one in ast.walk(solution) if isinstance(one, ast.FunctionDef)}
    for one in ast.walk(statement):
        if isinstance(one, ast.FunctionDef):
            if len(one.body) != 1 + bool(ast.get_docstring(one)):
                yield f"{one.name} has more than a docstring and `...`"
            if ast.unparse(one.args) != ast.unparse(theirs[one.name].args):
                yield f"{one.name} is not called as the library calls it"
            if ast.get_docstring(one) != ast.get_docstring(theirs[one.name]):
                yield f"{one.name} has another docstring than its solution"


@every_lesson
def test_every_exercise_of_the_library_is_in_its_lesson_and_blank_and_the_next_cell_checks_it(lesson):
    practice, asked = practice_of(lesson), []
    first, last = place_of(lesson, "Exercises"), place_of(lesson, "Still open")
    for number, cell in cells(lesson, "code"):
        if "exercise" not in cell.metadata.get("tags", []):
            continue
        (statement,) = ast.parse(cell.source).body
        is_function, is_class = (isinstance(statement, kind) for kind in (ast.FunctionDef, ast.ClassDef))
        name = statement.name if is_function or is_class else statement.targets[0].id
        functions = [
            one for one in (statement.body if is_class else [statement]) if isinstance(one, ast.FunctionDef)
        ]
        blanks = [one.body[-1].value for one in functions] if functions else [statement.value]
        asked.append(name)
        if cell.metadata.get("dqn_lib") != {"exercise": f"lesson{number_of(lesson):02}.{name}"}:
            yield f"cell {number} does not name its exercise in its metadata, so that it cannot be marked"
        if not first < number < last:
            yield f"cell {number} is no part of the section Exercises"
        if not re.search(rf"^\*\*{len(asked)}\. ", lesson.cells[number - 1].source, re.MULTILINE):
            yield f"cell {number - 1} does not announce exercise {len(asked)}"
        if not all(isinstance(blank, ast.Constant) and blank.value is ... for blank in blanks):
            yield f"cell {number} is filled in"
        if lesson.cells[number + 1].source != f"lesson.{name}.check({name})":
            yield f"cell {number + 1} does not check {name}"
        if functions:
            yield from (f"cell {number}: {each}" for each in differences(statement, getattr(practice, name)))
    if sorted(asked) != sorted(members(practice, Exercise, BreakTheAgent)):
        yield f"it asks {asked}, and the library has others"


@every_lesson
def test_every_prediction_is_asked_before_it_is_told_what_was_seen(lesson):
    places = {cell.source: number for number, cell in cells(lesson, "code")}
    for name in members(practice_of(lesson), Prediction):
        if places.get(f"lesson.{name}", len(lesson.cells)) > place_of(lesson, "What you saw"):
            yield f"lesson.{name} is asked too late or never"


CODE = test_every_code_cell_is_short_plain_python_that_does_something_without_the_network
PROSE = test_a_lesson_is_neither_short_nor_long_and_a_line_has_one_sentence_so_that_a_change_can_be_read
TERMS = test_a_lesson_links_its_terms_to_the_glossary_each_of_them_once
NAMES = test_everything_that_a_lesson_names_exists
OPENING = test_a_lesson_opens_with_its_title_its_question_its_minutes_and_its_set_up
MACHINE = test_a_lesson_works_on_every_machine_and_is_finished
EXERCISES = test_the_exercises_are_announced_in_their_section_with_stars_and_minutes_and_one_to_stretch


@pytest.mark.parametrize(
    ("kind", "source", "rule"),
    [
        ("code", "y = 1\n" * 21, CODE),
        ("code", "!ls", CODE),
        ("code", "# later", CODE),
        ("code", "urlopen(place)", CODE),
        ("code", "open('/home/you/x')", MACHINE),
        ("code", "x = read('results/mine.jsonl')", NAMES),
        ("code", 'load_results("mine")', NAMES),
        ("code", "lesson.guess", NAMES),
        ("markdown", "A [file](nowhere.md).", NAMES),
        ("markdown", "It ends. It begins.", PROSE),
        ("markdown", "(It ends.) **It** begins.", PROSE),
        ("markdown", "1. Does it end? It does.", PROSE),
        ("markdown", "word " * 41, PROSE),
        ("markdown", "A [word](glossary.md#wrod).", TERMS),
        ("markdown", "# A [state](glossary.md#state)", TERMS),
    ],
)
def test_what_is_wrong_with_a_lesson_is_found(kind, source, rule):
    lesson = copy.deepcopy(read(LESSONS[0]))
    assert list(rule.complaints(lesson)) == []
    new_cell = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    lesson.cells.insert(5, new_cell(source))
    assert list(rule.complaints(lesson)) != []


@pytest.mark.parametrize(
    ("wrong", "instead", "rule"),
    [
        (r" \(★.*\)", "", EXERCISES),
        (r"\*\*Stretch\.\*\*", "Stretch.", EXERCISES),
        (r", and \d+ more", "", OPENING),
        (r"(?<=\A)import|(?<=\A)from", "\n\n\n\n\n\nimport", OPENING),
        (r"\(glossary\.md#", "(#", TERMS),
    ],
)
def test_what_is_missing_in_a_lesson_is_found(wrong, instead, rule):
    lesson = copy.deepcopy(read(LESSONS[0]))
    for cell in lesson.cells:
        cell.source = re.sub(wrong, instead, cell.source)
    assert list(rule.complaints(lesson)) != []


@pytest.mark.parametrize(
    "line",
    [
        "Sutton, R. S. and Barto, e.g. Section 3, et al. 2016 say so.",
        "The value `a. B` is 0.99.",
        "**1. Use the swing.** (★, 5 minutes)",
        "1. The first item.",
        "Call `agent.act(state)`. ",
    ],
)
def test_what_is_one_sentence_is_not_taken_for_two(line):
    assert sentences(line) == 1
