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
GLOSSARY = NOTEBOOKS / "glossary.md"
LONGEST_CELL, LONGEST_SET_UP = 20, 5  # lines
LONGEST_LINE = 200  # characters of Markdown source
FEWEST_TERMS = 5  # of the glossary, that a lesson links to
TWO_SENTENCES = re.compile(r"""[.!?][)\]*"'”’]* +[("'“‘]*(?:\*\*|\*)?[A-Z]""")
ABBREVIATIONS = re.compile(r"\b(?:e\.g|i\.e|et al|vs|cf|Fig|No|St|Dr|[A-Z])\.")
EXERCISE = re.compile(r"^\*\*\d+\. .+\*\* \(★{1,3}, \d+ minutes\)$")
STRETCH = re.compile(r"^\*\*Stretch\.\*\*(?: .*)? \(★{1,3}, \d+ minutes\)$", re.MULTILINE)
PARTS = ("What you saw", "Exercises", "Still open", "Sources")
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


def code(lesson):
    return [(number, cell) for number, cell in enumerate(lesson.cells) if cell.cell_type == "code"]


def tagged(lesson, tag):
    return [(number, cell) for number, cell in code(lesson) if tag in cell.metadata.get("tags", [])]


def place_of(lesson, heading):
    """The number of the cell that a section begins in."""
    return next(n for n, cell in enumerate(lesson.cells) if f"\n## {heading}\n" in f"\n{cell.source}\n")


def section(lesson, heading):
    text = "\n".join(["", *markdown(lesson)])
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def members(practice, *kinds):
    return {name: value for name, value in vars(practice).items() if isinstance(value, kinds)}


def markdown(lesson):
    return [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]


def test_there_is_a_lesson():
    assert LESSONS


def test_a_lesson_is_a_valid_notebook():
    for path in LESSONS:
        nbformat.validate(read(path))


@every_lesson
def test_nothing_is_committed_but_the_sources(lesson):
    for number, cell in code(lesson):
        if cell.outputs:
            yield f"cell {number} has outputs"
        if cell.execution_count is not None:
            yield f"cell {number} has an execution count"
    if "widgets" in lesson.metadata:
        yield "the state of widgets is in it"


@every_lesson
def test_no_code_cell_is_longer_than_a_screen_can_explain(lesson):
    for number, cell in code(lesson):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        if len(lines) > LONGEST_CELL:
            yield f"cell {number} has {len(lines)} lines"


@every_lesson
def test_a_lesson_opens_with_its_title_its_question_and_its_minutes(lesson):
    first = lesson.cells[0].source
    if not re.match(r"# \d+ · \w", first):
        yield "no title with a number"
    if not re.search(r"^\*\*.*\?\*\*$", first, re.MULTILINE):
        yield "no question in bold"
    if not re.search(r"\*About \d+ minutes, and \d+ more for the exercises\.\*", first):
        yield "no minutes for reading and for the exercises"


@every_lesson
def test_set_up_is_the_second_cell_and_nothing_else_comes_before_it(lesson):
    lines = lesson.cells[1].source.splitlines()
    imports = all(re.match("import |from |$", line) for line in lines)
    if lesson.cells[1].cell_type != "code" or not imports:
        yield "its second cell is no set-up"
    if len(lines) > LONGEST_SET_UP:
        yield f"its set-up cell has {len(lines)} lines"


@every_lesson
def test_a_lesson_closes_with_what_was_seen_exercises_open_questions_and_sources(lesson):
    headings = [line[3:] for text in markdown(lesson) for line in text.splitlines() if line.startswith("## ")]
    if [heading for heading in headings if heading in PARTS] != list(PARTS) or headings[-1] != "Sources":
        yield f"its sections are {headings}"


@every_lesson
def test_every_code_cell_is_announced_or_follows_at_most_one_other(lesson):
    kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in lesson.cells)
    if "ccc" in kinds:
        yield f"three code cells in a row at cell {kinds.find('ccc')}"


@every_lesson
def test_a_lesson_has_as_many_words_as_a_patient_teacher_uses(lesson):
    words = sum(len(text.split()) for text in markdown(lesson))
    if not 800 <= words <= 2500:
        yield f"{words} words"


def prose(lesson):
    """The lines of Markdown, with the number of their cell; without blocks of code and of mathematics."""
    for number, cell in enumerate(lesson.cells):
        if cell.cell_type == "markdown":
            text = re.sub(r"```.*?```|\$\$.*?\$\$", "", cell.source, flags=re.DOTALL)
            yield from ((number, line) for line in text.splitlines())


def sentences(line):
    """How many sentences there are in a line of Markdown."""
    text = re.sub(r"`[^`]*`", "`code`", line)  # a full stop in code ends no sentence
    text = re.sub(r"^\s*(?:\d+\.|-|>|\|)\s+|^\*\*\d+\. ", "", text)  # the number of an item, of an exercise
    return 1 + len(TWO_SENTENCES.findall(ABBREVIATIONS.sub("", text)))


@every_lesson
def test_a_line_of_markdown_has_one_sentence_so_that_a_change_can_be_read(lesson):
    sources = place_of(lesson, "Sources")
    for number, line in prose(lesson):
        if len(line) > LONGEST_LINE:
            yield f"cell {number} has a line of {len(line)} characters: {line[:40]}"
        is_title = re.fullmatch(r"\*\*[^*]+\*\*", line)
        if number < sources and not is_title and line[:1] not in "|<!" and sentences(line) > 1:
            yield f"cell {number} has a line of {sentences(line)} sentences: {line}"


@every_lesson
def test_an_exercise_says_how_hard_it_is_and_how_long_it_takes(lesson):
    for line in section(lesson, "Exercises").splitlines():
        if re.match(r"\*\*\d+\. ", line) and not EXERCISE.match(line):
            yield f"no stars and minutes behind {line}"


@every_lesson
def test_after_the_exercises_comes_one_to_stretch(lesson):
    exercises = section(lesson, "Exercises")
    stretch = list(STRETCH.finditer(exercises))
    if len(stretch) != 1 or re.search(r"^\*\*\d+\. ", exercises[stretch[0].end() :], re.MULTILINE):
        yield f"{len(stretch)} tasks to stretch"


@cache
def glossary():
    """The terms of the glossary by their anchors."""
    text = GLOSSARY.read_text(encoding="utf-8")
    return {anchor: term for anchor, term in re.findall(r'^### <a id="(.+)"></a>(.+)$', text, re.MULTILINE)}


def test_a_term_of_the_glossary_has_an_anchor_that_github_and_jupyterlab_find():
    """GitHub makes one of each heading, in small letters; JupyterLab keeps capitals, so it needs its own."""
    text = GLOSSARY.read_text(encoding="utf-8")
    assert len(glossary()) == len(re.findall("^### ", text, re.MULTILINE)) > 40
    for anchor, term in glossary().items():
        assert anchor == re.sub(r"[^\w -]", "", term).lower().replace(" ", "-")


@every_lesson
def test_a_lesson_links_its_terms_to_the_glossary_each_of_them_once(lesson):
    text = "\n".join(markdown(lesson))
    terms = re.findall(r"\]\(glossary\.md#([^)]*)\)", text)
    yield from (f"the glossary has no {term}" for term in set(terms) - set(glossary()))
    yield from (f"{terms.count(term)} links to {term}" for term in set(terms) if terms.count(term) > 1)
    if len(set(terms)) < FEWEST_TERMS:
        yield f"{len(set(terms))} terms are links to the glossary"
    if re.search(r"^#.*glossary\.md", text, re.MULTILINE):
        yield "a heading links to the glossary"


@every_lesson
def test_links_and_files_named_in_a_lesson_exist(lesson):
    for text in markdown(lesson):
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if not target.startswith("http") and not (NOTEBOOKS / target).exists():
                yield f"no {target}"
        for name in re.findall(r"`((?:benchmarks|dqn_lib|tests)/[\w./]+\.\w+)`", text):
            if not (NOTEBOOKS.parent / name).exists():
                yield f"no {name}"


def test_the_lessons_are_numbered_in_their_names_and_titles_from_one_on():
    numbers = [number_of(read(path)) for path in LESSONS]
    assert numbers == list(range(1, len(LESSONS) + 1))
    assert [path.name[:3] for path in LESSONS] == [f"{number:02}_" for number in numbers]


@every_lesson
def test_a_lesson_leads_to_the_next_one(lesson):
    for after in LESSONS[number_of(lesson) :][:1]:
        if f"]({after.name})" not in section(lesson, "Still open"):
            yield f"no link to {after.name} in its section Still open"


@every_lesson
def test_a_lesson_has_one_title_and_below_it_sections_only(lesson):
    for number, cell in enumerate(lesson.cells):
        if cell.cell_type == "markdown":
            levels = re.findall(r"^(#+) ", cell.source, re.MULTILINE)
            if levels.count("#") != (number == 0):
                yield f"cell {number} has {levels.count('#')} titles"
            if not set(levels) <= {"#", "##"}:
                yield f"cell {number} has a heading {max(levels)}"


@every_lesson
def test_every_code_cell_is_plain_python_without_magic_or_shell_and_does_something(lesson):
    for number, cell in code(lesson):
        try:
            if not ast.parse(cell.source).body:
                yield f"cell {number} is empty"
        except SyntaxError as error:
            yield f"cell {number}: {error}"


@every_lesson
def test_a_cell_has_a_name_of_its_own_and_no_tag_that_means_nothing(lesson):
    names = [cell.id for cell in lesson.cells]
    yield from (f"two cells are called {name}" for name in set(names) if names.count(name) > 1)
    for number, cell in enumerate(lesson.cells):
        tags = set(cell.metadata.get("tags", []))
        if not set(cell.metadata) <= {"tags"} or not tags <= {"exercise", "piece"}:
            yield f"cell {number}: {dict(cell.metadata)}"


@every_lesson
def test_a_lesson_works_on_every_machine_and_is_finished(lesson):
    for number, cell in enumerate(lesson.cells):
        for what, pattern in UNWANTED.items():
            if found := re.search(pattern, cell.source):
                yield f"cell {number} has {what}: {found.group()}"


@every_lesson
def test_no_code_cell_asks_the_network(lesson):
    for number, cell in code(lesson):
        if found := re.search(r"https?:|\b(?:urllib|requests|urlopen|urlretrieve)\b", cell.source):
            yield f"cell {number}: {found.group()}"


@every_lesson
def test_results_read_in_a_lesson_exist(lesson):
    for number, cell in code(lesson):
        if "results/" in cell.source:
            yield f"cell {number} names a folder; load_results finds it"
        for name in re.findall(r'load_results\("([^"]*)"\)', cell.source):
            if not (NOTEBOOKS / "results" / f"{name}.jsonl").exists():
                yield f"cell {number} reads {name}"


@every_lesson
def test_everything_that_a_lesson_calls_lesson_something_exists(lesson):
    for number, cell in enumerate(lesson.cells):
        for name in re.findall(r"\blesson\.(\w+)", cell.source):
            if not hasattr(practice_of(lesson), name):
                yield f"cell {number} asks for lesson.{name}"


@every_lesson
def test_every_exercise_of_the_library_is_in_its_lesson_and_no_other(lesson):
    checked = [
        re.match(r"lesson\.(\w+)", lesson.cells[n + 1].source)[1] for n, _ in tagged(lesson, "exercise")
    ]
    there = members(practice_of(lesson), Exercise, BreakTheAgent)
    if sorted(checked) != sorted(there):
        yield f"it checks {checked}, and the library has {list(there)}"


@every_lesson
def test_exercises_are_in_their_section_and_numbered_from_one_on(lesson):
    first, last = place_of(lesson, "Exercises"), place_of(lesson, "Still open")
    for count, (number, _) in enumerate(tagged(lesson, "exercise"), start=1):
        if not first < number < last:
            yield f"cell {number} is no part of the section Exercises"
        if not re.search(rf"^\*\*{count}\. ", lesson.cells[number - 1].source, re.MULTILINE):
            yield f"cell {number - 1} does not announce exercise {count}"


@every_lesson
def test_an_exercise_is_blank_and_the_next_cell_checks_it(lesson):
    for number, cell in tagged(lesson, "exercise"):
        (statement,) = ast.parse(cell.source).body
        is_function = isinstance(statement, ast.FunctionDef)
        name = statement.name if is_function else statement.targets[0].id
        blank = statement.body[-1].value if is_function else statement.value
        if not isinstance(blank, ast.Constant) or blank.value is not ...:
            yield f"cell {number} is filled in"
        if lesson.cells[number + 1].source != f"lesson.{name}.check({name})":
            yield f"cell {number + 1} does not check {name}"
        if is_function:
            exercise = getattr(practice_of(lesson), name)
            (solution,) = ast.parse(exercise.source).body
            if len(statement.body) != 2:
                yield f"cell {number} has more than a docstring and `...`"
            if cell.source.splitlines()[0] != f"def {exercise.call}:":
                yield f"cell {number} is not called as the library calls it"
            if ast.get_docstring(statement) != ast.get_docstring(solution):
                yield f"cell {number} has another docstring than its solution"


@every_lesson
def test_every_prediction_is_asked_before_it_is_told_what_was_seen(lesson):
    asked = {cell.source: number for number, cell in code(lesson)}
    for name in members(practice_of(lesson), Prediction):
        number = asked.get(f"lesson.{name}")
        if number is None or number > place_of(lesson, "What you saw"):
            yield f"lesson.{name} is asked in cell {number}"


@every_lesson
def test_an_environment_that_needs_an_extra_comes_with_the_line_that_installs_it(lesson):
    text = "\n".join(cell.source for cell in lesson.cells)
    for spec in gymnasium.registry.values():
        extra = re.match(r"gymnasium\.envs\.(box2d|mujoco)\.", str(spec.entry_point))
        named = extra and re.search(rf"\b{spec.name}\b", text)
        if named and f'`%pip install "gymnasium[{extra[1]}]"`' not in text:
            yield f"nothing says how to install {spec.name}"


BREACHES = {
    "y = 1\n" * 21: test_no_code_cell_is_longer_than_a_screen_can_explain,
    "!ls": test_every_code_cell_is_plain_python_without_magic_or_shell_and_does_something,
    "# later": test_every_code_cell_is_plain_python_without_magic_or_shell_and_does_something,
    "open('/home/you/x')": test_a_lesson_works_on_every_machine_and_is_finished,
    "urlopen(place)": test_no_code_cell_asks_the_network,
    "x = read('results/mine.jsonl')": test_results_read_in_a_lesson_exist,
    "lesson.guess": test_everything_that_a_lesson_calls_lesson_something_exists,
}
BREACHES_OF_PROSE = {
    "It ends. It begins.": test_a_line_of_markdown_has_one_sentence_so_that_a_change_can_be_read,
    "(It ends.) **It** begins.": test_a_line_of_markdown_has_one_sentence_so_that_a_change_can_be_read,
    "1. Does it end? It does.": test_a_line_of_markdown_has_one_sentence_so_that_a_change_can_be_read,
    "word " * 41: test_a_line_of_markdown_has_one_sentence_so_that_a_change_can_be_read,
    "A [word](glossary.md#wrod).": test_a_lesson_links_its_terms_to_the_glossary_each_of_them_once,
    "# A [state](glossary.md#state)": test_a_lesson_links_its_terms_to_the_glossary_each_of_them_once,
}


@pytest.mark.parametrize("source", [*BREACHES, *BREACHES_OF_PROSE])
def test_what_is_wrong_with_a_lesson_is_found(source):
    breached = (BREACHES | BREACHES_OF_PROSE)[source]
    lesson = copy.deepcopy(read(LESSONS[0]))
    assert list(breached.complaints(lesson)) == []
    new_cell = nbformat.v4.new_code_cell if source in BREACHES else nbformat.v4.new_markdown_cell
    lesson.cells.insert(5, new_cell(source))
    assert list(breached.complaints(lesson)) != []


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ((r" \(★.*\)", ""), test_an_exercise_says_how_hard_it_is_and_how_long_it_takes),
        ((r"\*\*Stretch\.\*\*", "Stretch."), test_after_the_exercises_comes_one_to_stretch),
        ((r", and \d+ more", ""), test_a_lesson_opens_with_its_title_its_question_and_its_minutes),
        (
            (r"(?<=\A)import|(?<=\A)from", "\n\n\n\n\n\nimport"),
            test_set_up_is_the_second_cell_and_nothing_else_comes_before_it,
        ),
        ((r"\(glossary\.md#", "(#"), test_a_lesson_links_its_terms_to_the_glossary_each_of_them_once),
    ],
)
def test_what_is_missing_in_a_lesson_is_found(wrong, rule):
    lesson = copy.deepcopy(read(LESSONS[0]))
    assert list(rule.complaints(lesson)) == []
    for cell in lesson.cells:
        cell.source = re.sub(*wrong, cell.source)
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
