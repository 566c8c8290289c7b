"""Every live widget leaves a picture and a sentence in an executed notebook that no browser has seen."""

import re

import nbformat
import pytest
from running import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("widgets without browser"),
]  # its fixture is made once

TRAIN = """
from dqn_lib import mountain_car
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.plots.density import density
from dqn_lib.training import TrainingLog, train
from dqn_lib.widgets.chase import ChaseRange
from dqn_lib.widgets.drive_yourself import DriveYourself
from dqn_lib.widgets.explore import explore
from dqn_lib.widgets.gamma_glasses import GammaGlasses
from dqn_lib.widgets.luck_explorer import LuckExplorer
from dqn_lib.widgets.microscope import ReplayMicroscope
from dqn_lib.widgets.panel import TrainingPanel
from dqn_lib.widgets.time_machine import TimeMachine

env = mountain_car.make()
agent, log = DQNAgent(env, seed=1), TrainingLog()
for _ in log.record(train(env, agent, steps=1_500), agent, env, every=500):
    pass
"""
PICTURES = {  # how many each of them shows
    "TrainingPanel(env, DQNAgent(env, seed=2))": 2,
    "TimeMachine(log.checks)": 1,
    "ReplayMicroscope(agent)": 1,
    "DriveYourself()": 1,
    "GammaGlasses([0.85, 0.9])": 1,
    "LuckExplorer()": 1,
    "ChaseRange(agent, [-0.5, 0.0], -30.0, rounds=3)": 1,
    "explore(lambda first: density(agent.memory.states[:first]), first=[500, 1_000])": 1,
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    sources = [TRAIN, *PICTURES]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    run(notebook, tmp_path_factory.mktemp("executed"))
    return {cell.source: cell for cell in notebook.cells}


@pytest.mark.parametrize("source", PICTURES)
def test_an_executed_cell_shows_pictures_with_words_and_says_what_there_would_be(cells, source):
    data = cells[source].outputs[-1].data  # before it there may be a progress bar
    assert "application/vnd.jupyter.widget-view+json" in data
    page = data["text/html"]
    pictures = re.findall(r'<img src="data:image/png;base64,[\w+/=]{1000,}" width="\d+" alt="([^"]*)">', page)
    assert len(pictures) == PICTURES[source]
    assert min(map(len, pictures)) > 30
    assert re.search(r"<p>(<i>)?[A-Z][^<]{30,}\.", page)
