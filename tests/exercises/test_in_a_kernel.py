"""Checks in a real kernel: what a student sees below the cell, and what the next cell finds."""

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow

PRINTS = """
from dqn_lib.exercises import lesson02 as lesson

def epsilon_greedy(q, epsilon, rng):
    print("q is", q)
    display(q)
    return int(rng.integers(3)) if rng.random() < epsilon else int(q.argmax())

lesson.epsilon_greedy.check(epsilon_greedy)
"""
STUCK = """
import threading, warnings
from dqn_lib.exercises import exercise, lesson01

exercise.TIME_LIMIT = 0.1
release = threading.Event()

def push_with_the_motion(state):
    while not release.is_set():
        try:
            release.wait(0.1)
        except:
            pass
    return 2

lesson01.push_with_the_motion.check(push_with_the_motion)
"""
WARNS = """
warnings.warn("be careful")
release.set()
"""
BLANK = """
exercise.TIME_LIMIT = 10

def push_with_the_motion(state):
    '''Push the way the car is moving.'''
    ...

lesson01.push_with_the_motion.check(push_with_the_motion)
"""
FAILS = """
def velocity_of(state):
    return state[2]

def push_with_the_motion(state):
    return 2 if velocity_of(state) > 0 else 0

lesson01.push_with_the_motion.check(push_with_the_motion)
"""


def streams(cell, name):
    return "".join(output.text for output in cell.outputs if output.get("name") == name)


def result(cell):
    return cell.outputs[-1]["data"]["text/plain"]


def test_what_a_student_sees_below_each_cell(tmp_path):
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (PRINTS, STUCK, WARNS, BLANK, FAILS)]
    resources = {"metadata": {"path": str(tmp_path)}}
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    prints, stuck, warns, blank, fails = notebook.cells

    assert "✓ Correct." in result(prints)
    assert streams(prints, "stdout").count("q is") == 10
    assert "... (not shown: 12,190 more lines)" in streams(prints, "stdout")
    assert sum(output.output_type == "display_data" for output in prints.outputs) == 10
    assert "Does it wait for something?" in result(stuck)
    assert "UserWarning: be careful" in streams(warns, "stderr")
    assert "○ Not attempted yet." in result(blank)
    assert "it raised IndexError: index 2 is out of bounds" in result(fails)
    assert "This is line 2: `return state[2]`." in result(fails)
