"""The view of a room: off by default, said when it is on, and no line is lost when many write at once."""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from dqn_lib.exercises import lesson02, room, sections
from dqn_lib.exercises.__main__ import main


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("DQN_LIB_ROOM", str(tmp_path))
    monkeypatch.setattr(room, "_told", iter(range(100)))
    return tmp_path


def wrong(state, cells):
    return 0, 0


def test_without_the_variable_nothing_is_noted_and_nothing_said(monkeypatch):
    monkeypatch.delenv("DQN_LIB_ROOM", raising=False)
    assert room.note("lesson02.cell", "correct", "") == ""
    assert room.TOLD not in lesson02.cell.check(wrong).message


def test_a_check_leaves_a_line_and_the_student_is_told_once(place):
    first, second = lesson02.cell.check(wrong), lesson02.cell.check(lesson02.cell.reference)
    assert first.message.endswith(room.TOLD) and room.TOLD not in second.message
    lines = list(room.lines_in(place))
    assert [(line["exercise"], line["status"], line["mistake"]) for line in lines] == [
        ("lesson02.cell", "not yet", "wrong-result"),
        ("lesson02.cell", "correct", ""),
    ]
    assert {line["who"] for line in lines} == {room.SEAT}


def test_a_folder_that_is_gone_is_said_and_the_verdict_stands(place, monkeypatch):
    monkeypatch.setenv("DQN_LIB_ROOM", str(place / "none"))
    verdict = lesson02.cell.check(lesson02.cell.reference)
    assert verdict.correct and "The view of the room could not be told: No such file" in verdict.message


def write(place, name, *lines):
    text = "".join(
        json.dumps(dict(zip(("time", "who", "exercise", "status", "mistake"), line, strict=True))) + "\n"
        for line in lines
    )
    (place / f"{name}.jsonl").write_text(text, encoding="utf-8")


def test_those_who_are_stuck_come_first_and_damaged_lines_are_left_out(place, capsys):
    write(
        place,
        "1",
        (1, "ada", "lesson02.cell", "correct", ""),
        (2, "ada", "lesson02.q_update", "not yet", "sign"),
    )
    write(place, "2", *[(number, "alan", "lesson02.cell", "not yet", "transposed") for number in range(3)])
    (place / "3.jsonl").write_bytes(b'{"time": 1}\nnot json\n[1]\n\xff\n')
    (place / "4.jsonl").mkdir()
    write(place, "5", (10**400, "eve", "lesson02.cell", "not yet", "x"))
    seats = room.seats(room.lines_in(place))
    assert [(seat.who, seat.wrong, seat.solved) for seat in seats] == [("alan", 3, 0), ("ada", 1, 1)]
    assert main(["room", str(place), "--once"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[1].startswith("!") and "alan" in rows[1] and "transposed" in rows[1]
    assert not rows[2].startswith("!") and "lesson02.q_update" in rows[2]
    assert main(["room", str(place / "none"), "--once"]) == 2


def test_a_solved_exercise_ends_the_count_of_wrong_answers(place):
    write(
        place,
        "1",
        (1, "ada", "a", "not yet", "x"),
        (2, "ada", "b", "not yet", "y"),
        (3, "ada", "b", "correct", ""),
    )
    (seat,) = room.seats(room.lines_in(place))
    assert (seat.exercise, seat.wrong, seat.solved) == ("b", 0, 1)


@pytest.mark.slow
def test_ten_kernels_that_write_at_once_lose_no_line(place):
    program = "from dqn_lib.exercises import room\n"
    program += "for number in range(300): room.note('lesson02.cell', 'not yet', str(number))"
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(10)]
    assert [one.wait(60) for one in running] == [0] * 10
    lines = list(room.lines_in(place))
    assert len(lines) == 3_000 and len({(line["who"], line["mistake"]) for line in lines}) == 3_000
    assert len(room.seats(iter(lines))) == 10


def test_a_blank_is_no_wrong_answer_and_odd_values_are_left_out(place):
    write(place, "1", *[(number, "ada", "a", "not attempted yet", "") for number in range(5)])
    write(place, "2", ("soon", "ada", "a", "not yet", "x"), (7, ["odd"], "b", "not yet", 3))
    wrong = {seat.who: seat.wrong for seat in room.seats(room.lines_in(place))}
    assert wrong == {"ada": 0, "['odd']": 1}


LESSON = [
    {"cell_type": "markdown", "source": "# 2 · The Q-table"},
    {"cell_type": "code", "id": "setup", "source": ["import numpy as np"]},
    {"cell_type": "markdown", "source": ["## The exact solution\n", "text"]},
    {"cell_type": "code", "id": "a", "source": "x = 1"},
    {"cell_type": "code", "id": "b", "source": "y = 1"},
    {"cell_type": "code", "id": "empty", "source": " \n"},
    {"cell_type": "markdown", "source": "text\n\n## Cells\n"},
    {"cell_type": "code", "id": "c", "source": "z = 1"},
]


def test_a_section_is_finished_when_all_its_cells_have_run(place):
    assert sections.sections_of(LESSON) == {
        "setup": "",
        "a": "The exact solution",
        "b": "The exact solution",
        "c": "Cells",
    }
    follower = sections.Follower("lesson02", sections.sections_of(LESSON))
    for cell, succeeded in (("setup", True), ("a", True), ("b", False), (None, True), ("other", True)):
        follower.note_cell(cell, succeeded=succeeded)
    assert list(room.lines_in(place)) == []
    for _ in range(2):
        follower.note_cell("b", succeeded=True)
    (line,) = room.lines_in(place)
    assert (line["exercise"], line["status"]) == ("lesson02: The exact solution", room.FINISHED)
    lesson02.cell.check(wrong)
    (seat,) = room.seats(room.lines_in(place))
    assert (seat.section, seat.exercise, seat.wrong) == ("lesson02: The exact solution", "lesson02.cell", 1)
    follower.note_cell("c", succeeded=True)
    (seat,) = room.seats(room.lines_in(place))
    assert (seat.section, seat.exercise, seat.wrong) == ("lesson02: Cells", "lesson02.cell", 1)
    assert "lesson02: Cells" in room.table(place)


@pytest.mark.slow
@pytest.mark.parametrize("on", [True, False])
def test_in_a_kernel_a_student_is_told_and_a_finished_section_leaves_a_line(tmp_path, on):
    cells = [
        nbformat.v4.new_markdown_cell("# 2\n\n## First"),
        nbformat.v4.new_code_cell("from dqn_lib.exercises import lesson02 as lesson", id="setup"),
        nbformat.v4.new_code_cell("1 / 1", id="last"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "02_q_table.ipynb")
    (tmp_path / "room").mkdir()
    environment = {**os.environ, "JPY_SESSION_NAME": "/somewhere/02_q_table.ipynb", "JUPYTERHUB_USER": "ada"}
    environment |= {"DQN_LIB_ROOM": str(tmp_path / "room")} if on else {}
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path), env=environment)
    told = ""
    try:
        for cell in cells[1:]:  # as JupyterLab sends them, with their identifiers
            message = client.session.msg(
                "execute_request", {"code": cell.source, "silent": False}, metadata={"cellId": cell.id}
            )
            client.shell_channel.send(message)
            client.get_shell_msg(timeout=60)
            while (found := client.get_iopub_msg(timeout=60))["content"].get("execution_state") != "idle":
                told += found["content"].get("text", "")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    lines = [(line["who"], line["exercise"]) for line in room.lines_in(tmp_path / "room")]
    assert lines == ([("ada", "lesson02: First")] if on else [])
    assert (sections.SAID in told) == on


def test_what_a_student_writes_cannot_move_the_view(place):
    write(place, "1", (1, "\x1b[2Jeve\nada", "lesson02.cell", "not yet", "a\rb"))
    text = room.table(place)
    assert "\x1b" not in text and "\r" not in text and len(text.splitlines()) == 2
