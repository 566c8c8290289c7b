"""Lesson 11 as a student does it, in JupyterLab: six parts, one of them wrong at first, to a driving car."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from mounting import IN_CHROMIUM
from playwright.sync_api import expect

pytestmark = [
    *IN_CHROMIUM,
    pytest.mark.weekly,
]

ROOT = Path(__file__).parents[2]
NAME = "11_your_own_agent.ipynb"
SOURCES = (ROOT / "tests" / "exercises" / "agents" / "right05.py").read_text(encoding="utf-8")
PARTS = {
    "Memory": ("from collections import deque", "class Exploration"),
    "Exploration": ("@dataclass\nclass Exploration", "def double_target"),
    "double_target": ("def double_target", "@tf.function"),
    "gradient_step": ("@tf.function", "def update_target"),
    "update_target": ("def update_target", "class MyAgent"),
    "MyAgent": ("class MyAgent", None),
}


def part(name):
    """What one student writes for a part."""
    start, end = PARTS[name]
    text = SOURCES[SOURCES.index(start) :]
    return text[: text.index(end)].removesuffix("@dataclass\n").strip() if end else text.strip()


class Student:
    """Finds cells by what is in them, writes, runs, and reads what comes of it."""

    def __init__(self, notebook, cells):
        self.notebook = notebook
        self.sources = [cell.source for cell in cells if cell.cell_type == "code"]

    def number(self, start):
        (number,) = [n for n, source in enumerate(self.sources) if source.startswith(start)]
        return number

    def write(self, start, code):
        page, number = self.notebook.page, self.number(start)
        self.notebook.cell(number).locator(".cm-content").click()
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(code)
        self.notebook.run(number)

    def run(self, start, seconds=60):
        number = self.number(start)
        self.notebook.run(number, seconds)
        output = self.notebook.cell(number).locator(".jp-OutputArea").first
        return " ".join(output.inner_text().split())


def test_from_blank_to_a_driving_car(lab, window):
    shutil.copy(ROOT / "notebooks" / NAME, lab.work / NAME)
    notebook = lab.open_again(window, NAME)
    student = Student(notebook, nbformat.read(lab.work / NAME, as_version=4).cells)
    notebook.do("import os; del os.environ['DQN_LIB_ANSWERS']")  # beside the lesson, as for a student
    for start in ("import inspect", "from dqn_lib.exercises.reference_agent"):
        student.run(start)
    assert "So far no answer is kept" in student.run("lesson.kept(")
    for name in PARTS:
        start = f"@tf.function(reduce_retracing=True)\ndef {name}" if name == "gradient_step" else ""
        start = start or (f"class {name}" if name[0].isupper() else f"def {name}")
        if name == "Memory":
            student.write(start, part(name).replace("powers[len(w)]", "powers[self.n]"))
            assert "the discount of what follows is gamma to the power of" in student.run(
                f"lesson.{name}.check"
            )
        student.write(start, part(name))
        verdict = student.run(f"lesson.{name}.check")
        assert "Correct." in verdict and "It is kept in my_agent.py" in verdict
    assert "double_target" in student.run("lesson.kept(")
    table = student.run("lesson.probe(MyAgent)", 60)
    assert table.count("Learnt in") == 5 and "blank" not in table
    climb = student.run("run = lesson.climb", 120)
    assert "Within the band." in climb or "Late but right." in climb or "Not yet." in climb
    for start in ("plots.in_the_band", "from tqdm.auto import tqdm"):
        student.run(start, 60)
    expect(notebook.cell(student.number("from tqdm.auto import tqdm")).locator("video")).to_have_count(1)
    assert "All 9 probes pass, and no check complains" in student.run("lesson.swap(MyAgent)", 120)
    student.write("prediction =", 'prediction = "after 8,000 steps, all three"')
    assert "of 3 solved, after" in student.run("runs = lesson.three_seeds", 400)
    page = 'lesson.report(prediction, runs=runs, claim="It solves it.", interval=(3e3, 2e4), surprise="-")'
    student.write("lesson.report(", page)
    expect(notebook.cell(student.number("lesson.report("))).to_contain_text("Complete. Save the notebook.")
    assert notebook.red_boxes() == []
    window.keyboard.press("Control+s")
    window.wait_for_timeout(3_000)
    command = [sys.executable, "-m", "dqn_lib.exercises", "report", str(lab.work / NAME)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert (
        "after 8,000 steps, all three" in printed and "It solves it." in printed and "of 3 solved" in printed
    )
    spec = importlib.util.spec_from_file_location("my_agent", lab.work / "my_agent.py")
    mine = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mine)
    assert mine.MyAgent.Memory is mine.Memory and mine.Transition
    notebook.shut_down()
