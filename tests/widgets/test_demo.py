"""The stage of the demo, without a browser: scenes are made once, paused when left, and put back."""

import gc
import time

import pytest
from ipywidgets import HTML, Widget
from making import MAKERS, TABLE, world

from dqn_lib.agents.q_table import QTableAgent
from dqn_lib.mountain_car import simulate, start_states
from dqn_lib.widgets import demo
from dqn_lib.widgets.panel import TrainingPanel


@pytest.fixture
def contest(tmp_path, monkeypatch):
    monkeypatch.setenv("DQN_LIB_CONTEST", str(tmp_path / "contest.jsonl"))


def panel():
    return TrainingPanel(world(), QTableAgent(world(), TABLE), show=["curve"], knobs=["gamma"], every=100)


@pytest.fixture
def stage():
    stages = []

    def stage(**scenes):
        stages.append(demo.Demo(scenes))
        return stages[-1]

    yield stage
    for one in stages:
        one.close()


def press(stage, name):
    """As its key does."""
    stage.bar.set_state({"scene": list(stage.scenes).index(name)})


def test_a_scene_is_made_when_it_is_first_shown(stage):
    made = []
    one = stage(
        first=lambda: made.append("first") or HTML("1"), second=lambda: made.append("second") or HTML("2")
    )
    one.make("first")
    assert (made, one.stack.selected_index) == (["first"], 0)
    press(one, "second")
    press(one, "first")
    press(one, "second")
    assert made == ["first", "second"]
    assert one.stack.selected_index == 1
    assert [child.value for child in one.stack.children] == ["1", "2"]
    one.show("first")
    assert one.stack.selected_index == 0


def test_what_trains_is_paused_when_its_scene_is_left(stage, contest):
    one = stage(train=lambda: demo.training_contest(panel()), drive=demo.drive_contest)
    trained = one.make("train").children[0]
    trained.train()
    press(one, "drive")
    assert not trained.running


def test_everything_is_put_back_and_the_contest_begins_anew(stage, contest):
    one = stage(luck=MAKERS["luck"], train=lambda: demo.training_contest(panel()))
    luck, train = one.make("luck"), one.make("train")
    luck.hold = 30
    train.children[0].record(checks=2)
    train.children[1].offer_score(2_000, "Whose?")
    train.children[1].enter("Ann")
    press(one, "train")
    time.sleep(0.01)
    one.bar._handle_custom_msg({"press": "put_back"}, [])
    assert one.bar.scene == one.stack.selected_index == 0
    assert one.made["luck"].hold != 30
    again = one.make("train")
    assert (again.children[0].run.agent.steps, again.children[1].rows) == (0, [])
    assert (luck.comm, train.comm, train.children[0].comm) == (None, None, None)


def test_a_scene_that_cannot_be_made_is_said_and_the_others_work(stage):
    def broken():
        raise ValueError("no such agent")

    one = stage(first=lambda: HTML("1"), broken=broken)
    press(one, "broken")
    assert one.bar.message == "This scene could not be made: no such agent."
    press(one, "first")
    assert one.bar.message == ""


def test_a_scene_that_does_not_stop_is_said_and_the_next_one_is_shown(stage, contest, monkeypatch):
    def stuck():
        raise TimeoutError("its step does not end")

    one = stage(train=lambda: demo.training_contest(panel()), luck=MAKERS["luck"])
    monkeypatch.setattr(one.make("train").children[0].run, "pause", stuck)
    press(one, "luck")
    assert (one.stack.selected_index, "its step does not end" in one.bar.message) == (1, True)
    one.put_back()
    assert one.bar.message.startswith("Everything is as at the beginning. train could not be stopped")
    assert (one.bar.scene, one.stack.selected_index) == (0, 0)


def test_a_fresh_scene_is_made_whenever_it_is_entered_and_nothing_is_left_over(stage):
    numbers = iter(range(100))
    one = demo.Demo({"first": lambda: HTML("1"), "again": lambda: HTML(str(next(numbers)))}, fresh=["again"])
    for _ in range(3):
        press(one, "again")
        press(one, "first")
    assert one.made["again"].value == "2"
    before = len(list(widgets()))
    for _ in range(5):
        press(one, "again")
        press(one, "first")
        one.put_back()
    assert len(list(widgets())) <= before
    one.close()
    with pytest.raises(ValueError, match="fresh must name some of first, got 'second'"):
        demo.Demo({"first": HTML}, fresh=["second"])


def widgets():
    """All widgets that have not been closed, but for the styles of those of the tests."""
    found = [one for one in gc.get_objects() if isinstance(one, Widget) and one.comm is not None]
    return [one for one in found if not type(one).__name__.endswith("Style")]


def test_a_finished_drive_is_offered_to_the_contest_and_one_without_the_flag_is_not(contest):
    box = demo.drive_contest()
    drive, board = box.children

    def driven(states, actions):
        drive.positions, drive.velocities = states[:, 0].tolist(), states[:, 1].tolist()
        drive.actions = [int(action) for action in actions]
        drive.drives += 1

    clever = simulate(lambda states: 2 * (states[..., 1] >= 0), start_states(1, seed=0))
    length = int(clever.lengths[0])
    driven(clever.trajectory(0), clever.actions[:length, 0])
    assert (board.score, board.offer) == (length, f"{length} steps. Whose?")
    board.enter("Ann")
    lazy = simulate(lambda states: 0 * states[..., 1].astype(int) + 1, start_states(1, seed=0))
    driven(lazy.trajectory(0), lazy.actions[:200, 0])
    assert board.score is None
    box.close()


def test_what_is_wrong_with_scenes_is_said(stage):
    with pytest.raises(ValueError, match="scenes must hold at least one scene"):
        stage()
    with pytest.raises(ValueError, match="name must be one of first, got 'second'"):
        stage(first=HTML).show("second")
