"""A class hands in notebooks of every kind: each mark is right, and nothing is written outside."""

import copy
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from dqn_lib.exercises import lesson02, marking
from dqn_lib.exercises.__main__ import main
from dqn_lib.exercises.comparison import identifier
from dqn_lib.exercises.handing_out import exercises_in, lessons_in
from dqn_lib.exercises.handing_out import solved as with_solutions
from dqn_lib.exercises.marking import mark_folder, mark_notebook, notebooks_in, student_of
from dqn_lib.exercises.report import MIME as REPORT

pytestmark = pytest.mark.slow
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = ("cell", "q_update", "epsilon_greedy", "effective_horizon")
RIGHT = dict.fromkeys(NAMES, ("correct", ""))
BLANK = dict.fromkeys(NAMES, ("not attempted yet", ""))


def solved(number="02"):
    """A lesson with the solutions in its exercises' cells."""
    return with_solutions(next(NOTEBOOKS.glob(f"{number}_*.ipynb")))


def cell_of(notebook, name):
    return next(c for c in notebook.cells if c.metadata.get("dqn_lib", {}).get("exercise", "")[9:] == name)


def with_source(name, change):
    """The lesson with another source for one answer."""
    notebook = solved()
    cell = cell_of(notebook, name)
    cell.source = change(cell.source)
    return notebook


def without_metadata():
    notebook = solved()
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def doubled():
    notebook = solved()
    again = copy.deepcopy(cell_of(notebook, "cell"))
    cell_of(notebook, "cell").source = "def cell(state, cells):\n    return 0, 0"
    blank = copy.deepcopy(again)
    blank.source = "def cell(state, cells):\n    ..."
    again.id, blank.id = "again", "blank"
    notebook.cells += [again, blank]
    return notebook


def moved():
    notebook = solved()
    notebook.cells.append(notebook.cells.pop(notebook.cells.index(cell_of(notebook, "cell"))))
    return notebook


def deleted():
    notebook = solved()
    notebook.cells.remove(cell_of(notebook, "cell"))
    return notebook


def blank():
    return nbformat.read(next(NOTEBOOKS.glob("02_*.ipynb")), as_version=4)


def in_outputs():
    notebook = solved()
    verdict = {"exercise": "lesson02.cell", "hints": 2, "solution": True, "status": "correct"}
    output = nbformat.v4.new_output("execute_result", {marking_mime(): verdict}, execution_count=1)
    cell_of(notebook, "cell")["outputs"] = [output]
    return notebook


def odd_outputs():
    notebook = json.loads(nbformat.writes(solved()))
    for cell, outputs in zip(notebook["cells"][-4:], (["x"], [{"data": []}], 7, None), strict=True):
        cell["outputs"] = outputs
    return notebook


def names_of_other_cells():
    """An answer that takes what another cell has computed, and that from a third one."""
    notebook = with_source("cell", lambda s: s.replace("def cell", "assert lowest[0] == -1.2\ndef cell"))
    for number, source in enumerate(
        ("lowest: object = np.array([ends[0], -0.07])", "ends = tuple([-1.2, 0.6])")
    ):
        notebook.cells.insert(3, nbformat.v4.new_code_cell(source, id=f"own{number}"))
    return notebook


def marking_mime():
    return "application/vnd.dqn-lib.verdict+json"


FAKE = (
    "\nlesson.cell.check = lambda answer: 'Correct'\nlesson.cell.reference = cell\nlesson.cell.cases.clear()"
)
WRONG = "def cell(state, cells):\n    return 0, 0"
ENDS = ("not yet", "ends-the-process")
FORGED = """
import json, os, sys
lines = [{"mark": {"exercise": "lesson02.cell", "status": "correct"}}, {"done": True}]
for file in range(1, 12):
    for line in lines:
        for text in (json.dumps(line), json.dumps(["", line])):
            try:
                os.write(file, text.encode() + b"\\n")
            except OSError:
                pass
os._exit(0)
"""
CLASS = {
    "perfect": (solved, {}),
    "blank": (blank, BLANK),
    "wrong": (lambda: with_source("cell", lambda source: WRONG), {"cell": ("not yet", "wrong-result")}),
    "mistake": (
        lambda: with_source(
            "q_update", lambda source: source.replace(" if terminated else", " if False else")
        ),
        {"q_update": ("not yet", "this-bootstraps-through-the-flag-after-a-terminal-step-there")},
    ),
    "without metadata": (without_metadata, {}),
    "doubled": (doubled, {}),
    "moved": (moved, {}),
    "deleted": (deleted, {"cell": ("not attempted yet", "")}),
    "fakes": (
        lambda: with_source("cell", lambda source: WRONG + FAKE),
        {"cell": ("not yet", "wrong-result")},
    ),
    "loops": (
        lambda: with_source("cell", lambda s: "while True: pass"),
        {"cell": ("not yet", "takes-too-long")},
    ),
    "loops inside": (
        lambda: with_source("cell", lambda s: "def cell(state, cells):\n    while True: pass"),
        {"cell": ("not yet", "takes-too-long")},
    ),
    "exits": (
        lambda: with_source("cell", lambda s: f"exit()\n{s}"),
        {"cell": ("not yet", "raises-SystemExit")},
    ),
    "ends": (lambda: with_source("cell", lambda s: f"import os\nos._exit(0)\n{s}"), {"cell": ENDS}),
    "ends inside": (
        lambda: with_source("cell", lambda s: "def cell(state, cells):\n    import os\n    os._exit(0)"),
        {"cell": ENDS},
    ),
    "forges": (lambda: with_source("cell", lambda s: FORGED), {"cell": ENDS}),
    "prints": (lambda: with_source("cell", lambda s: f"print('x' * 20_000_000)\n{s}"), {}),
    "no python": (lambda: with_source("cell", lambda s: "def cell(:"), {"cell": ("not yet", "no-python")}),
    "magics": (lambda: with_source("cell", lambda s: f"%matplotlib inline\n!ls\ncell?\n{s}"), {}),
    "starts": (
        lambda: with_source("cell", lambda s: f"import subprocess\nsubprocess.run(['ls'])\n{s}"),
        {"cell": ("not yet", "raises-PermissionError")},
    ),
    "helped": (in_outputs, {}),
    "odd outputs": (odd_outputs, {}),
    "other cells": (names_of_other_cells, {}),
    "continues": (
        lambda: with_source("cell", lambda s: f"percent = (7\n    % 4)\nassert percent == 3\n{s}"),
        {},
    ),
    "the library's": (
        lambda: with_source("cell", lambda s: "cell = lesson.cell.reference"),
        {"cell": ("not yet", "not-written")},
    ),
}
MISTAKES = {  # the exercise, a wrong answer, and words of the message that names its mistake
    "no upper edge": (
        "cell",
        "def cell(state, cells):\n"
        "    return int((state[0] + 1.2) / 1.8 * cells), int((state[1] + 0.07) / 0.14 * cells)",
        "At the upper edge this gives `cells`",
    ),
    "sign": (
        "q_update",
        lambda source: source.replace("+= alpha", "-= alpha"),
        "The sign of the TD error is turned round",
    ),
    "inverted": (
        "epsilon_greedy",
        "def epsilon_greedy(q, epsilon, rng):\n"
        "    return rng.integers(3) if rng.random() > epsilon else np.argmax(q)",
        "Epsilon is inverted",
    ),
    "two actions": (
        "epsilon_greedy",
        "def epsilon_greedy(q, epsilon, rng):\n"
        "    return rng.integers(2) if rng.random() < epsilon else np.argmax(q)",
        "It explores among two actions only. The upper end",
    ),
    "one minus gamma": (
        "effective_horizon",
        "def effective_horizon(gamma):\n    return 1 - gamma",
        "This is 1 minus gamma",
    ),
    "too late": (
        "effective_horizon",
        "def effective_horizon(gamma):\n    return gamma / (1 - gamma)",
        "This starts counting one step too late",
    ),
}


def made(exercise, answer, words):
    """As an entry of `CLASS`: a wrong answer, and the identifier of its mistake."""
    (known,) = [one.message for one in getattr(lesson02, exercise).mistakes if words in one.message]
    change = answer if callable(answer) else lambda _: answer
    return lambda: with_source(exercise, change), {exercise: ("not yet", identifier(known))}


CLASS |= {name: made(*mistake) for name, mistake in MISTAKES.items()}


def assert_marked(marked, expected):
    found = {mark.exercise[9:]: (mark.status, mark.mistake) for mark in marked.marks}
    assert found == RIGHT | expected, (marked.notebook, marked)


def hand_in(folder, kinds):
    for kind in kinds:
        (folder / kind).mkdir(parents=True)
        (folder / kind / "02_q_table.ipynb").write_text(json.dumps(CLASS[kind][0]()), encoding="utf-8")


def rows_of(table):
    """The rows of a table that was written."""
    with open(table, encoding="utf-8") as file:
        return list(csv.DictReader(file))


def odd_ones(folder):
    """What is no notebook, or does what it must not, handed in too: names of students, and what is said."""
    writes = f"open({str(folder / 'marks.csv')!r}, 'w').write('all correct')\n"
    (folder / "writes").mkdir()
    nbformat.write(with_source("cell", lambda s: writes + s), folder / "writes" / "02.ipynb")
    (folder / "empty").mkdir()
    (folder / "damaged.ipynb").write_text('{"cells": [', encoding="utf-8")
    (folder / "else.ipynb").write_text('{"cells": []}', encoding="utf-8")
    (folder / "gone.ipynb").symlink_to(folder / "nowhere")
    return {
        "writes": "nothing may be written outside",
        "damaged": "the file is damaged, ask for it again",
        "empty": "no notebook was handed in",
        "else": "it is none of the lessons",
        "gone": "it cannot be read",
    }


def test_a_class_of_thirty_is_marked_right_and_nothing_is_written_into_its_folder(tmp_path):
    folder = tmp_path / "class"
    hand_in(folder, CLASS)
    odd = odd_ones(folder)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "a.ipynb").write_text("{}", encoding="utf-8")
    before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
    files = [str(tmp_path / name) for name in ("marks.csv", "marks.html", "scores.csv")]
    command = ["mark", str(folder), "--csv", files[0], "--html", files[1], "--scores", files[2]]
    subprocess.run([sys.executable, "-m", "dqn_lib.exercises", *command], check=True, timeout=900)
    assert {path: path.lstat().st_mtime_ns for path in folder.rglob("*")} == before
    rows = rows_of(files[0])
    assert len({row["student"] for row in rows}) == len(CLASS) + len(odd) >= 30
    wrong = {}
    for kind, (_, expected) in CLASS.items():
        own = [row for row in rows if row["student"] == kind and row["exercise"]]
        found = {row["exercise"][9:]: (row["status"], row["mistake"]) for row in own}
        if found != RIGHT | expected:
            wrong[kind] = found
    assert wrong == {}
    for student, words in odd.items():
        assert words in next(
            row["message"] for row in rows if (row["student"], row["status"]) == (student, "problem")
        )
    scores = {row["student_id"]: row for row in rows_of(files[2])}
    assert {scores[student]["score"] for student in ("damaged", "empty")} == {"0"}
    for kind, (_, expected) in CLASS.items():
        assert scores[kind]["score"] == str(4 - len(expected)) and scores[kind]["max_score"] == "4"
    assert next(row["hints"] + row["solution"] for row in rows if row["student"] == "helped") == "2True"
    page = Path(files[1]).read_text(encoding="utf-8")
    assert "solution seen" in page and page.count("<tr>") > 30
    assert "✓ correct, ✗ not yet, ○ not attempted yet" in page and "<td>sign</td>" in page
    assert all(words.split("`")[0] in page for _, _, words in MISTAKES.values())


@pytest.mark.weekly
@pytest.mark.parametrize("number", ["01", "03", "04", "05", "06", "07", "08", "09", "10", "11"])
def test_the_solutions_of_every_lesson_are_marked_correct(number, tmp_path):
    nbformat.write(solved(number), tmp_path / "a.ipynb")
    (marked,) = mark_folder(tmp_path)
    assert marked.problems == [] and {mark.status for mark in marked.marks} == {"correct"}, marked
    asked = [cell.metadata.get("dqn_lib") for cell in solved(number).cells]
    assert [mark.exercise for mark in marked.marks] and len(marked.marks) == len(list(filter(None, asked)))


def test_the_environment_of_the_marker_is_not_seen(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_MARKER", "key")
    look = "import os\nassert 'SECRET_OF_THE_MARKER' not in os.environ\n"
    look += "assert os.path.realpath(os.environ['HOME']) == os.getcwd()\n"
    nbformat.write(with_source("cell", lambda source: look + source), tmp_path / "a.ipynb")
    marked = mark_notebook(tmp_path / "a.ipynb", tmp_path)
    assert_marked(marked, {})
    assert marked.problems == []


OUTSIDE = {
    "a file": "open({path!r}, 'w').close()",
    "TensorFlow's file": "import tensorflow as tf\ntf.io.write_file({path!r}, 'x')",
    "TensorFlow's folder": "import tensorflow as tf\ntf.io.gfile.makedirs({path!r})",
    "a model": "import keras\nkeras.Sequential([keras.Input((2,))]).save({path!r} + '.h5')",
    "a database": "import sqlite3\nsqlite3.connect({path!r}).execute('create table a (b)')",
    "a library in C": "import ctypes\nctypes.CDLL(None).creat({path!r}.encode(), 0o666)",
    "a program": "import ctypes\nctypes.CDLL(None).system(b'touch ' + {path!r}.encode())",
    "joblib": "import joblib as j\nj.Parallel(n_jobs=2)(j.delayed(open)(p, 'w') for p in [{path!r}] * 2)",
    "the environment": "open('/proc/1/environ').read()\nopen({path!r}, 'w')",
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only Python's own functions are watched")
def test_nothing_is_written_outside_by_python_tensorflow_c_or_a_program(tmp_path):
    folder, outside = tmp_path / "class", tmp_path / "outside"
    folder.mkdir()
    outside.mkdir()
    for kind, attempt in OUTSIDE.items():
        code = "\n    ".join(attempt.format(path=str(outside / kind)).splitlines())
        write = f"try:\n    {code}\nexcept BaseException:\n    pass\n"
        nbformat.write(with_source("cell", lambda s, w=write: w + s), folder / f"{kind}.ipynb")
    marked = mark_folder(folder)
    assert sorted(outside.iterdir()) == []
    for one in marked:
        assert_marked(one, {})


def test_a_module_that_a_notebook_leaves_behind_is_not_imported_by_the_next_attempt(tmp_path):
    plants = "open('ast.py', 'w').write('raise SystemExit(7)')\nimport os\nos._exit(0)\n"
    nbformat.write(with_source("cell", lambda s: plants + s), tmp_path / "a.ipynb")
    (marked,) = mark_folder(tmp_path)
    assert_marked(marked, {"cell": ENDS})


def test_one_odd_notebook_costs_one_line_and_names_need_not_be_of_this_alphabet(tmp_path):
    folder = tmp_path / "class"
    (folder / "ada").mkdir(parents=True)
    nbformat.write(solved(), folder / "ada" / "02.ipynb")
    words = dict.fromkeys(("prediction", "claim", "surprise"), "words")
    run = {"seed": 1, "solved_at": 10**400, "best": 10**400, "verdict": "solved", "problem": ""}
    data = words | {"runs": {"runs": [run], "note": ""}, "interval": [1, 10**400]}
    outputs = [{"output_type": "display_data", "data": {REPORT: data}}]
    huge = {"cells": [{"cell_type": "code", "source": "", "outputs": outputs}]}
    (folder / "huge.ipynb").write_text(json.dumps(huge), encoding="utf-8")
    if sys.platform == "linux":
        shutil.copytree(folder / "ada", folder / os.fsdecode(b"Jos\xe9"))
    files = [str(tmp_path / name) for name in ("marks.csv", "marks.html", "scores.csv")]
    assert main(["mark", str(folder), "--csv", files[0], "--html", files[1], "--scores", files[2]]) == 0
    assert sum(row["status"] == "correct" for row in rows_of(files[0])) == (
        8 if sys.platform == "linux" else 4
    )


def test_what_cannot_be_written_is_said_before_anything_is_marked(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "dqn_lib.exercises.__main__.mark_folder", lambda *_, **__: pytest.fail("it marks first")
    )
    (tmp_path / "a.ipynb").write_text("{}", encoding="utf-8")
    assert main(["mark", str(tmp_path), "--csv", str(tmp_path / "none" / "marks.csv")]) == 2
    assert "No such file or directory" in capsys.readouterr().err
    with pytest.raises(ValueError, match="jobs must be at least 1, got -1"):
        mark_folder(tmp_path, jobs=-1)


def test_memory_is_limited(tmp_path):
    grow = "held = []\nwhile True:\n    held.append(bytearray(50_000_000))\n"
    nbformat.write(with_source("cell", lambda source: grow + source), tmp_path / "a.ipynb")
    marked = mark_notebook(tmp_path / "a.ipynb", tmp_path, memory=1_000_000_000)
    assert_marked(marked, {"cell": ENDS})
    assert "takes more than 1 GB" in " ".join(marked.problems)


def test_students_are_found_in_the_usual_layouts_and_bad_folders_are_named(tmp_path):
    def students(*places):
        for place in places:
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_text("{}", encoding="utf-8")
        return [student_of(path, tmp_path) for path in notebooks_in(tmp_path)]

    assert students("grace/02_q_table.ipynb", "alan_turing.ipynb") == ["alan_turing", "grace"]
    of_nbgrader = "submitted/ada/lesson02/x.ipynb", "source/lesson02/x.ipynb", "release/lesson02/x.ipynb"
    assert students(*of_nbgrader) == ["ada"], "what an instructor hands out is no student's"
    with pytest.raises(ValueError, match="folder must be a folder of notebooks"):
        notebooks_in(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="folder must hold notebooks"):
        notebooks_in(tmp_path / "empty")
    assert main(["mark", str(tmp_path / "none")]) == 2


def test_the_best_of_two_notebooks_counts_and_scores_are_of_all_exercises_of_the_lesson(tmp_path):
    half = [marking.Mark("lesson02.cell", "correct"), marking.Mark("lesson02.q_update", "not yet", "x")]
    other = [
        marking.Mark("lesson02.q_update", "correct"),
        marking.Mark("lesson03.td_loss", "not attempted yet"),
    ]
    marked = [marking.Marked("a.ipynb", "ada", half), marking.Marked("b.ipynb", "ada", other)]
    marking.write_scores(
        [*marked, marking.Marked("c.ipynb", "=alan", [], ["damaged"])], tmp_path / "scores.csv"
    )
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8").split() == [
        "student_id,assignment,score,max_score", "'=alan,lesson02,0,4", "'=alan,lesson03,0,2",
        "ada,lesson02,2,4", "ada,lesson03,0,2",
    ]  # fmt: skip
    for path in lessons_in():
        lesson = nbformat.read(path, as_version=4)
        asked = [name for _, name in exercises_in(lesson)]
        listed = marking.exercises_of(f"lesson{path.name[:2]}")
        assert sorted(set(listed) - {"lesson11.report"}) == sorted(asked)
    assert "lesson11.report" in marking.exercises_of("lesson11")


def test_a_spreadsheet_takes_nothing_for_a_formula(tmp_path):
    one = marking.Marked("a.ipynb", "=1+1", [marking.Mark("lesson02.cell", "not yet", "x", "@SUM(A1)")])
    marking.write_csv([one], tmp_path / "marks.csv")
    (row,) = csv.DictReader((tmp_path / "marks.csv").open(encoding="utf-8"))
    assert (row["student"], row["message"]) == ("'=1+1", "'@SUM(A1)")
    marking.write_html([marking.Marked("<b>", "<i>", [], ["<script>"])], tmp_path / "marks.html")
    page = (tmp_path / "marks.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_every_known_mistake_of_an_exercise_has_an_identifier_of_its_own():
    from judging import EXERCISES

    for name, exercise in EXERCISES.items():
        found = [identifier(mistake.message) for mistake in getattr(exercise, "mistakes", ())]
        assert len(set(found)) == len(found), name
        assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", one) for one in found), found


def test_a_verdict_says_in_the_notebook_what_it_was():
    exercise = copy.copy(lesson02.cell)
    exercise.hints = type(exercise.hints)(exercise.hints.texts)
    exercise.hint()
    exercise.solution()
    bundle = exercise.check(lambda state, cells: (0, 0))._repr_mimebundle_()
    assert json.loads(json.dumps(bundle[marking_mime()])) == {
        "status": "not yet", "message": bundle[marking_mime()]["message"], "exercise": "lesson02.cell",
        "mistake": "wrong-result", "hints": 1, "solution": True,
    }  # fmt: skip
    assert "not yet" in bundle["text/plain"].lower()
