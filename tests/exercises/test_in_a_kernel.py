"""Checks in a real kernel: what a student sees below the cell, and what the next cell finds."""

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("in a kernel")]  # its fixture is made once

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
WARN = """
warnings.warn("be careful")

"""


SOURCES = PRINTS, STUCK, WARN, "release.set()", BLANK, FAILS


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in SOURCES]
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": str(tmp_path_factory.mktemp("kernel"))}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    return notebook.cells


def streams(cell, name):
    return "".join(output.text for output in cell.outputs if output.get("name") == name)


def test_a_print_and_a_picture_in_an_answer_do_not_flood_the_page(cells):
    cell = cells[0]
    assert "✓ Correct." in cell.outputs[-1]["data"]["text/plain"]
    assert streams(cell, "stdout").count("q is") == 10
    assert "... (not shown: 12,190 more lines)" in streams(cell, "stdout")
    assert sum(output.output_type == "display_data" for output in cell.outputs) == 10


def test_a_stuck_answer_is_told_and_warnings_are_seen_in_the_next_cell(cells):
    assert "Does it wait for something?" in cells[1].outputs[-1]["data"]["text/plain"]
    assert "UserWarning: be careful" in streams(cells[2], "stderr")


def test_a_blank_cell_is_not_attempted_yet(cells):
    assert "○ Not attempted yet." in cells[4].outputs[-1]["data"]["text/plain"]


def test_an_error_is_reported_with_the_line_of_the_cell(cells):
    message = cells[5].outputs[-1]["data"]["text/plain"]
    assert "it raised IndexError: index 2 is out of bounds" in message
    assert "This is line 2: `return state[2]`." in message
