"""Correct answers stay, as a module that runs by itself, and nothing of the student's is ever lost."""

import ast
import itertools
import linecache
import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from filelock import FileLock

from dqn_lib.exercises import answer_source, kept, lesson01, lesson02, lesson04
from dqn_lib.exercises.comparison import Rejected

NUMBERS = itertools.count()


def cell(source, name, **names):
    """What a cell of a notebook defines under a name."""
    source, file = textwrap.dedent(source), f"<cell {next(NUMBERS)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace = {"__name__": "__main__", "np": np, **names}
    exec(compile(source, file, "exec"), namespace)
    return namespace[name]


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("DQN_LIB_ANSWERS", str(tmp_path / "my_agent.py"))
    return tmp_path / "my_agent.py"


ADD = """
    def add(ring, count, item):
        ring[count % len(ring)] = item
        return count + 1
"""
HORIZON = """
    def effective_horizon(gamma):
        return 1 / (1 - gamma)
"""
CELL = '''
    LOW, WIDTH = (-1.2, -0.07), np.array([1.8, 0.14])

    def clipped(part, cells):
        return min(int(part), cells - 1)

    def cell(state, cells):
        """Mine."""
        i, j = (state - np.array(LOW)) / WIDTH * cells
        return clipped(i, cells), clipped(j, cells)
'''


def names(file):
    return [one.name for one in kept.split(file.read_text(encoding="utf-8"))[1]]


def run_alone(file):
    namespace = {"__name__": "my_agent"}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), namespace)
    return namespace


def test_a_correct_answer_becomes_a_module_that_reads_as_written_by_hand(file):
    verdict = lesson02.cell.check(cell(CELL, "cell"))
    assert verdict.correct and "kept in `my_agent.py`, a new file" in verdict.message
    text = file.read_text(encoding="utf-8")
    assert text.startswith('"""My answers') and "\nimport numpy as np\n" in text
    body = text[text.index("# Lesson 2: cell (") :].splitlines()[1:]
    assert "\n".join(body) == textwrap.dedent('''\
        LOW = (-1.2, -0.07)


        WIDTH = np.array([1.8, 0.14])


        def clipped(part, cells):
            return min(int(part), cells - 1)


        def cell(state, cells):
            """Mine."""
            i, j = (state - np.array(LOW)) / WIDTH * cells
            return clipped(i, cells), clipped(j, cells)''')
    assert run_alone(file)["cell"](np.array([0.6, 0.07]), 20) == (19, 19)


def test_answers_stand_in_the_order_of_the_lessons_and_a_later_one_replaces_the_earlier(file):
    lesson04.add.check(cell(ADD, "add"))
    lesson02.effective_horizon.check(cell(HORIZON, "effective_horizon"))
    lesson02.cell.check(cell(CELL, "cell"))
    assert names(file) == ["cell", "effective_horizon", "add"]
    before = file.stat().st_mtime_ns
    assert "kept in `my_agent.py`." in lesson04.add.check(cell(ADD, "add")).message
    assert file.stat().st_mtime_ns == before
    lesson04.add.check(cell(ADD.replace("count + 1", "1 + count"), "add"))
    assert names(file) == ["cell", "effective_horizon", "add"]
    assert "return 1 + count" in file.read_text(
        encoding="utf-8"
    ) and "return count + 1" not in file.read_text(encoding="utf-8")


def test_a_wrong_answer_changes_nothing(file):
    lesson04.add.check(cell(ADD, "add"))
    before = file.read_bytes()
    verdict = lesson04.add.check(cell(ADD.replace("count + 1", "count"), "add"))
    assert not verdict.correct and "kept" not in verdict.message
    assert file.read_bytes() == before


def test_what_was_edited_by_hand_is_replaced_only_on_request_and_then_copied(file):
    lesson04.add.check(cell(ADD, "add"))
    edited = file.read_text(encoding="utf-8").replace("count + 1", "count + 1  # my remark")
    file.write_text(edited + "\nMINE = 3\n", encoding="utf-8")
    better = cell(ADD.replace("count + 1", "1 + count"), "add")
    verdict = lesson04.add.check(better)
    assert verdict.correct and "was edited by hand and stays" in verdict.message
    assert "lesson.add.keep(add)" in verdict.message and "my remark" in file.read_text(encoding="utf-8")
    lesson02.effective_horizon.check(cell(HORIZON, "effective_horizon"))
    assert names(file) == ["effective_horizon", "add"] and "my remark" in file.read_text(encoding="utf-8")
    assert "MINE = 3" in file.read_text(encoding="utf-8")
    assert "the former file is now `my_agent.1.py`" in lesson04.add.keep(better).message
    assert "my remark" not in file.read_text(encoding="utf-8") and "1 + count" in file.read_text(
        encoding="utf-8"
    )
    copy = file.with_name("my_agent.1.py")
    assert "my remark" in copy.read_text(encoding="utf-8") and "MINE = 3" in copy.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace("1 + count", "count + 1 + 0"), encoding="utf-8")
    assert "`my_agent.2.py`" in lesson04.add.keep(better).message and "MINE" in copy.read_text(
        encoding="utf-8"
    )
    assert not lesson04.add.keep(lambda *given: 3).correct


def test_a_function_of_one_s_own_stays(file):
    file.write_text("import os\n\n\ndef add(a, b):\n    return a + b\n", encoding="utf-8")
    assert "you have written a `add` there yourself" in lesson04.add.check(cell(ADD, "add")).message
    lesson02.cell.check(cell(CELL, "cell"))
    text = file.read_text(encoding="utf-8")
    assert text.startswith("import os\nimport numpy as np\n\n\ndef add(a, b):") and "clipped" in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"def add(:\n", "line 1 of that file is not Python (invalid syntax)"),
        (b"\x00\xff\xfe", "that file is damaged"),
        (b"x = '\x00'", "not"),
        (b"raise ValueError('no')\n", "run by itself, it raised ValueError: no"),
        (b"while True: pass\n", "run by itself, it raised TimeLimitExceeded"),
    ],
)
def test_a_damaged_file_is_left_as_it_is_and_that_is_said(file, content, words, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0.5)
    file.write_bytes(content)
    verdict = lesson04.add.check(cell(ADD, "add"))
    assert verdict.correct and "It is not kept in `my_agent.py`: " in verdict.message
    assert words in verdict.message
    assert file.read_bytes() == content
    assert [one.name for one in file.parent.iterdir() if one.suffix != ".lock"] == [file.name]


def test_a_file_that_cannot_be_written_is_said(file, monkeypatch):
    file.mkdir()
    assert "It is not kept" in lesson04.add.check(cell(ADD, "add")).message
    file.rmdir()
    lesson04.add.check(cell(ADD, "add"))
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda *given: False)  # root may write everything
        message = lesson02.cell.check(cell(CELL, "cell")).message
    assert "`my_agent.py` cannot be written (the file is read-only)" in message
    monkeypatch.setenv("DQN_LIB_ANSWERS", str(file.parent / "none" / "my_agent.py"))
    assert "cannot be written (its folder does not exist)" in lesson02.cell.check(cell(CELL, "cell")).message


def test_another_kernel_is_waited_for_but_not_for_ever(file, monkeypatch):
    monkeypatch.setattr(kept, "LOCK_SECONDS", 0.2)
    with FileLock(file.with_name(".my_agent.py.lock")):
        message = lesson04.add.check(cell(ADD, "add")).message
    assert "another kernel has been writing to `my_agent.py` for 0.2 seconds" in message
    assert "a new file" in lesson04.add.check(cell(ADD, "add")).message


def test_it_can_be_switched_off_and_only_answers_of_a_notebook_are_kept(file, monkeypatch):
    answer = cell(ADD, "add")
    monkeypatch.setenv("DQN_LIB_ANSWERS", "off")
    assert "kept" not in lesson04.add.check(answer).message
    assert "are not kept" in repr(kept.kept())
    monkeypatch.setenv("DQN_LIB_ANSWERS", str(file))
    answer.__module__ = "elsewhere"
    assert "kept" not in lesson04.add.check(answer).message
    assert not file.exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "def add(ring, count, item):\n    ring[count % len(ring)] = item\n    return count + one()[0]",
            "it uses `board`, a Thing, which cannot be written",
        ),
        (
            "add = lambda ring, count, item: [ring.__setitem__(count % len(ring), item), count + 1][1]",
            "`def`",
        ),
    ],
)
def test_what_cannot_stand_by_itself_is_not_kept_and_the_reason_is_said(file, source, words):
    class Thing:
        def __getitem__(self, index):
            return 1

    start = "def one():\n    return board\n\n"
    message = lesson04.add.check(cell(start + source, "add", board=Thing())).message
    assert "It is not kept" in message and words in message, message
    assert not file.exists()


def test_an_answer_that_is_wrong_without_the_notebook_is_not_kept(file):
    message = kept.keep(4, "add", cell(ADD, "add"), lambda again: False)
    assert "by itself, without the rest of the notebook, `add` is not right" in message
    assert not file.exists()


def test_one_name_has_one_meaning(file):
    helped = "def one():\n    return 1\n\n" + textwrap.dedent(ADD).replace("+ 1", "+ one()")
    lesson04.add.check(cell(helped, "add"))
    other = "def one():\n    return 1.0\n\n" + textwrap.dedent(HORIZON).replace("1 /", "one() /")
    message = lesson02.effective_horizon.check(cell(other, "effective_horizon")).message
    assert "`one` is something else in your answer to `add`: rename one" in message
    file.write_text("one = 5\n\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    again = "def one():\n    return 1\n\n" + textwrap.dedent(HORIZON).replace("1 /", "one() /")
    message = lesson02.effective_horizon.check(cell(again, "effective_horizon")).message
    assert "`one` is something else at the top of that file" in message


def test_imports_are_written_as_one_would(file):
    import collections
    from math import sqrt as root

    source = """
        def add(ring, count, item):
            collections.deque, line, root, np, mountain_car
            ring[count % len(ring)] = item
            return count + 1
    """
    from dqn_lib import mountain_car

    lesson04.add.check(
        cell(source, "add", collections=collections, line=linecache, root=root, mountain_car=mountain_car)
    )
    nodes = [ast.unparse(node) for node in ast.parse(file.read_text(encoding="utf-8")).body[1:6]]
    assert nodes == [
        "import collections",
        "import linecache as line",
        "import numpy as np",
        "from dqn_lib import mountain_car",
        "from math import sqrt as root",
    ]


def test_a_class_and_a_function_under_another_name_have_their_source():
    source = """
        class Memory:
            def add(self):
                return helper()

        def helper():
            return 3
    """
    piece = answer_source.gather("Memory", cell(source, "Memory"), set())
    assert list(piece.definitions) == ["helper", "Memory"]
    assert piece.definitions["Memory"].startswith("class Memory:\n    def add(self):")
    piece = answer_source.gather("add", cell(ADD.replace("def add", "def mine"), "mine"), set())
    assert piece.definitions["add"].endswith("return count + 1\n\n\nadd = mine")
    data = """
        from dataclasses import dataclass

        @dataclass
        class Step:
            reward: float
            state: object = None

        class Memory:
            def add(self, reward):
                return Step(reward)
    """
    piece = answer_source.gather("Memory", cell(data, "Memory"), set())
    assert piece.definitions["Step"].startswith("@dataclass\nclass Step:\n    reward: float")
    assert piece.imports == ["from dataclasses import dataclass"]
    mutual = "def even(n):\n    return n == 0 or odd(n - 1)\n\ndef odd(n):\n    return n > 0 and even(n - 1)"
    assert list(answer_source.gather("even", cell(mutual, "even"), set()).definitions) == ["odd", "even"]
    inner = "def make():\n    def add(ring):\n        return 1\n    return add\n\nadd = make()"
    with pytest.raises(Rejected, match="no source that can stand by itself"):
        answer_source.gather("add", cell(inner, "add"), set())


def test_names_of_a_function_s_own_are_not_those_of_the_notebook():
    source = """
        def add(ring, count, item):
            for rng in ring:
                total = [step + FACTOR for step in range(3)]

            class Inner:
                own = own

            return lambda q: q + rng
    """
    assert answer_source.used_names(textwrap.dedent(source)) == {"FACTOR", "own"}
    parts = (
        "class Mine(Base):\n    Memory = Memory\n    @tf.function\n    def train(self, memory=MEMORY): ..."
    )
    assert answer_source.used_names(parts) == {"Base", "Memory", "tf", "MEMORY"}


def test_an_answer_that_uses_another_waits_for_it(file):
    source = "def first(n):\n    return 1\n\ndef second(n):\n    return first(n)"
    uses = answer_source.gather("second", cell(source, "second"), {"first"})
    assert uses.answers == {"first": "def first(n):\n    return 1"} and list(uses.definitions) == ["second"]
    with pytest.raises(Rejected, match="uses `first`, which is not there yet"):
        kept._require_no_conflict(uses, "", [])
    older = kept.Section(1, "first", kept.digest("def first(n): 0"), "def first(n): 0")
    with pytest.raises(Rejected, match="which is an older one"):
        kept._require_no_conflict(uses, "", [older])
    source = uses.answers["first"]
    kept._require_no_conflict(uses, "", [kept.Section(1, "first", kept.digest(source), source)])


def test_what_is_kept_is_shown_with_its_source(file):
    assert "So far no answer is kept" in repr(kept.kept())
    lesson04.add.check(cell(ADD, "add"))
    lesson02.effective_horizon.check(cell(HORIZON, "effective_horizon"))
    everything, one = kept.kept(), kept.kept("add")
    assert everything.note == "2 answers of yours in `my_agent.py`:" and len(list(everything)) == 2
    assert [section.name for section in one] == ["add"] and "```python\ndef add(" in one._repr_markdown_()
    assert "(edited)" not in one._repr_markdown_()
    file.write_text(file.read_text(encoding="utf-8").replace("count + 1", "count+1"), encoding="utf-8")
    assert "(edited)" in kept.kept("add")._repr_markdown_()
    assert "none of these answers" in repr(kept.kept("nothing"))
    file.write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in repr(kept.kept()) and file.read_bytes() == b"\xff\xfe\x00"


SCRIPT = """
import sys, time
sys.path.insert(0, {folder!r})
from test_kept import ADD, CELL, HORIZON, cell, lesson02, lesson04
time.sleep(max(0, {start} - time.time()))
for turn in range(5):
    lesson04.add.check(cell(ADD.replace("+ 1", "+ 1  # " + str(turn)), "add"))
    lesson02.{name}.check(cell({source}, "{name}"))
"""


@pytest.mark.slow
def test_kernels_that_write_at_once_lose_nothing(file):
    start = time.time() + 6
    programs = [
        SCRIPT.format(folder=os.path.dirname(__file__), start=start, name=name, source=source)
        for name, source in [("cell", "CELL"), ("effective_horizon", "HORIZON")]
    ]
    running = [subprocess.Popen([sys.executable, "-c", program]) for program in programs]
    assert [one.wait(60) for one in running] == [0, 0]
    assert names(file) == ["cell", "effective_horizon", "add"]
    assert run_alone(file)["effective_horizon"](0.5) == 2


def test_exercises_know_their_lesson():
    assert (lesson01.discounted_return.lesson, lesson02.cell.lesson) == (1, 2)
