"""The form every lesson keeps, so that a student always knows where she is."""

import ast
import importlib
import re
from pathlib import Path

import gymnasium
import nbformat
import pytest

from dqn_lib.exercises.exercise import Exercise
from dqn_lib.exercises.prediction import Prediction
from dqn_lib.exercises.sabotage import Sabotage

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("[!_]*.ipynb"))
LONGEST_CELL = 20
PARTS = ("What you saw", "Exercises", "Still open", "Sources")
UNWANTED = {
    "an absolute path": r"(?<![\w.:/])/(?:home|Users|root|work|tmp|usr|opt|mnt|var)/|\b[A-Z]:\\\\",
    "a home directory": r"(?<!\w)~/",
    "a package registry": r"pypi\.org|pythonhosted|anaconda|conda-forge|npmjs|(?<!`%)\b(?:pip|conda) install",
    "something unfinished": r"\b(?:TODO|FIXME|XXX|TBD)\b",
}


@pytest.fixture(params=LESSONS, ids=lambda path: path.stem)
def lesson(request):
    return nbformat.read(request.param, as_version=4)


@pytest.fixture
def practice(lesson):
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


def test_a_lesson_is_a_valid_notebook(lesson):
    nbformat.validate(lesson)


def test_nothing_is_committed_but_the_sources(lesson):
    for number, cell in enumerate(lesson.cells):
        if cell.cell_type == "code":
            assert not cell.outputs, f"cell {number} has outputs"
            assert cell.execution_count is None, f"cell {number} has an execution count"
    assert "widgets" not in lesson.metadata


def test_no_code_cell_is_longer_than_a_screen_can_explain(lesson):
    for number, cell in enumerate(lesson.cells):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert cell.cell_type != "code" or len(lines) <= LONGEST_CELL, f"cell {number} has {len(lines)} lines"


def test_a_lesson_opens_with_its_title_its_question_and_its_minutes(lesson):
    first = lesson.cells[0].source
    assert re.match(r"# \d+ · \w", first)
    assert re.search(r"^\*\*.*\?\*\*$", first, re.MULTILINE), "no question in bold"
    assert re.search(r"About \d+ minutes", first)


def test_set_up_is_the_second_cell_and_nothing_else_comes_before_it(lesson):
    assert lesson.cells[1].cell_type == "code"
    assert all(
        line.startswith(("import ", "from ")) for line in lesson.cells[1].source.splitlines() if line.strip()
    )


def test_a_lesson_closes_with_what_was_seen_exercises_open_questions_and_sources(lesson):
    headings = [line[3:] for text in markdown(lesson) for line in text.splitlines() if line.startswith("## ")]
    assert [heading for heading in headings if heading in PARTS] == list(PARTS)
    assert headings[-1] == "Sources"


def test_every_code_cell_is_announced_or_follows_at_most_one_other(lesson):
    kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in lesson.cells)
    assert "ccc" not in kinds, f"three code cells in a row at cell {kinds.find('ccc')}"


def test_a_lesson_has_as_many_words_as_a_patient_teacher_uses(lesson):
    words = sum(len(text.split()) for text in markdown(lesson))
    assert 800 <= words <= 2500


def test_links_and_files_named_in_a_lesson_exist(lesson):
    for text in markdown(lesson):
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert target.startswith("http") or (NOTEBOOKS / target).exists(), target
        for name in re.findall(r"`((?:benchmarks|dqn_lib|tests)/[\w./]+\.\w+)`", text):
            assert (NOTEBOOKS.parent / name).exists(), name


def test_the_lessons_are_numbered_in_their_names_and_titles_from_one_on():
    numbers = [number_of(nbformat.read(path, as_version=4)) for path in LESSONS]
    assert numbers == list(range(1, len(LESSONS) + 1))
    assert [path.name[:3] for path in LESSONS] == [f"{number:02}_" for number in numbers]


@pytest.mark.parametrize("number", range(len(LESSONS) - 1), ids=lambda number: LESSONS[number].stem)
def test_a_lesson_leads_to_the_next_one(number):
    here, after = nbformat.read(LESSONS[number], as_version=4), LESSONS[number + 1].name
    assert f"]({after})" in section(here, "Still open"), f"no link to {after} in its section Still open"


def test_a_lesson_has_one_title_and_below_it_sections_only(lesson):
    for number, cell in enumerate(lesson.cells):
        if cell.cell_type == "markdown":
            levels = re.findall(r"^(#+) ", cell.source, re.MULTILINE)
            assert levels.count("#") == (number == 0), f"cell {number} has {levels.count('#')} titles"
            assert set(levels) <= {"#", "##"}, f"cell {number} has a heading {max(levels)}"


def test_every_code_cell_is_plain_python_without_magic_or_shell(lesson):
    for number, cell in code(lesson):
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            pytest.fail(f"cell {number}: {error}")


def test_every_code_cell_does_something(lesson):
    for number, cell in code(lesson):
        assert ast.parse(cell.source).body, f"cell {number} is empty"


def test_a_cell_has_a_name_of_its_own_and_no_tag_that_means_nothing(lesson):
    names = [cell.id for cell in lesson.cells]
    assert len(set(names)) == len(names)
    for number, cell in enumerate(lesson.cells):
        assert set(cell.metadata) <= {"tags"}, f"cell {number}: {dict(cell.metadata)}"
        assert set(cell.metadata.get("tags", [])) <= {"exercise", "piece"}, (
            f"cell {number}: {cell.metadata.tags}"
        )


@pytest.mark.parametrize("what", UNWANTED)
def test_a_lesson_works_on_every_machine_and_is_finished(lesson, what):
    for number, cell in enumerate(lesson.cells):
        found = re.search(UNWANTED[what], cell.source)
        assert not found, f"cell {number} has {what}: {found.group()}"


def test_no_code_cell_asks_the_network(lesson):
    for number, cell in code(lesson):
        found = re.search(r"https?:|\b(?:urllib|requests|urlopen|urlretrieve)\b", cell.source)
        assert not found, f"cell {number}: {found.group()}"


def test_results_read_in_a_lesson_exist(lesson):
    for number, cell in code(lesson):
        for name in re.findall(r"results/\w+\.\w+", cell.source):
            assert (NOTEBOOKS / name).exists(), f"cell {number} reads {name}"


def test_everything_that_a_lesson_calls_lesson_something_exists(lesson, practice):
    for number, cell in enumerate(lesson.cells):
        for name in re.findall(r"\blesson\.(\w+)", cell.source):
            assert hasattr(practice, name), f"cell {number} asks for lesson.{name}"


def test_every_exercise_of_the_library_is_in_its_lesson_and_no_other(lesson, practice):
    checked = [
        re.match(r"lesson\.(\w+)", lesson.cells[n + 1].source)[1] for n, _ in tagged(lesson, "exercise")
    ]
    assert sorted(checked) == sorted(members(practice, Exercise, Sabotage))


def test_exercises_are_in_their_section_and_numbered_from_one_on(lesson):
    first, last = place_of(lesson, "Exercises"), place_of(lesson, "Still open")
    for count, (number, _) in enumerate(tagged(lesson, "exercise"), start=1):
        assert first < number < last, f"cell {number} is no part of the section Exercises"
        assert re.search(rf"^\*\*{count}\. ", lesson.cells[number - 1].source, re.MULTILINE), (
            f"cell {number - 1} does not announce exercise {count}"
        )


def test_an_exercise_is_blank_and_the_next_cell_checks_it(lesson, practice):
    for number, cell in tagged(lesson, "exercise"):
        (statement,) = ast.parse(cell.source).body
        is_function = isinstance(statement, ast.FunctionDef)
        name = statement.name if is_function else statement.targets[0].id
        blank = statement.body[-1].value if is_function else statement.value
        assert isinstance(blank, ast.Constant), f"cell {number} is filled in"
        assert blank.value is ..., f"cell {number} is filled in"
        assert lesson.cells[number + 1].source == f"lesson.{name}.check({name})", f"cell {number + 1}"
        if is_function:
            (solution,) = ast.parse(getattr(practice, name).source).body
            assert len(statement.body) == 2, f"cell {number} has more than a docstring and `...`"
            assert cell.source.splitlines()[0] == f"def {getattr(practice, name).call}:", f"cell {number}"
            assert ast.get_docstring(statement) == ast.get_docstring(solution), f"cell {number}"


def test_every_prediction_is_asked_before_it_is_told_what_was_seen(lesson, practice):
    asked = {cell.source: number for number, cell in code(lesson)}
    for name in members(practice, Prediction):
        number = asked.get(f"lesson.{name}")
        assert number is not None, f"no cell shows lesson.{name}"
        assert number < place_of(lesson, "What you saw"), f"cell {number} asks too late"


def test_an_environment_that_needs_an_extra_comes_with_the_line_that_installs_it(lesson):
    text = "\n".join(cell.source for cell in lesson.cells)
    for spec in gymnasium.registry.values():
        extra = re.match(r"gymnasium\.envs\.(box2d|mujoco)\.", str(spec.entry_point))
        if extra and re.search(rf"\b{spec.name}\b", text):
            assert f'`%pip install "gymnasium[{extra[1]}]"`' in text, spec.name
