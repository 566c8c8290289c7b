"""Agents of one's own: the right ones pass whatever their style, and of a wrong one the part is named."""

import importlib.util
import inspect
import time
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from agents.broken import FAULTS

from dqn_lib import mountain_car
from dqn_lib.exercises import climb, own_agent, probing, reference_agent, swap
from dqn_lib.exercises.own_agent import CHECKS as PARTS
from dqn_lib.exercises.reference_agent import Agent, MyAgent
from dqn_lib.probes import FURTHER_PROBES, PROBES

pytestmark = pytest.mark.slow
RIGHT = sorted((Path(__file__).parent / "agents").glob("right*.py"))
OFTEN = [
    *RIGHT[:4],
    *(pytest.param(path, marks=pytest.mark.weekly) for path in RIGHT[4:]),
]
WORDS = {
    "the newest is never drawn": "number 6 is never drawn",
    "the time limit counts as the flag": "The limit ends the episode, not the future",
    "held one step too long": "here the shortest lasts 2",
    "a column for every row": "With `batch_dims=1` it takes one entry of each row",
    "the loss is not returned": "the loss must be returned",
    "both values are the online network's": "as `next_q_target`: it is that of the other network",
    "the values stay a tensor": "the parts do not run together. In the target (`double_target`): it raised",
    "steps are counted from the beginning": "called after `train(11)`, must take 2 more steps; it takes 0",
    "no reset after the time limit": "An episode has ended at the time limit",
    "the next state is that of the first step": "has the next state of its first step",
    "epsilon is the chance to begin": "Epsilon is the chance to *begin* here",
    "the next state is that of the next episode": "before `env.reset()`",
    "the networks have changed places": "as `next_q_online`: it is that of the other network",
}
SOURCE = inspect.getsource(reference_agent)


def from_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def broken(fault):
    """The reference agent with a fault, as a namespace."""
    _, this, that = FAULTS[fault]
    assert SOURCE.count(this) == 1, f"{SOURCE.count(this)} times {this!r}"
    source, namespace = SOURCE.replace(this, that), {"__name__": "broken"}
    file = f"broken: {fault}"
    exec(compile(source, file, "exec"), namespace)
    return namespace


def part_of(namespace, name):
    return namespace["MyAgent"] if name == "train" else namespace[name]


def test_there_are_twelve_styles_and_more_than_thirty_faults_in_every_part():
    assert len(RIGHT) == 12
    assert len(FAULTS) >= 30
    assert {part for part, *_ in FAULTS.values()} == set(PARTS) == set(own_agent.PARTS)


@pytest.mark.parametrize("path", OFTEN, ids=lambda path: path.stem)
def test_every_part_of_a_right_agent_is_correct_in_any_style(path):
    agent = from_file(path)
    for name, exercise in PARTS.items():
        verdict = exercise.check(agent.MyAgent if name == "train" else getattr(agent, name))
        assert verdict.correct, (name, verdict)


@pytest.mark.parametrize(
    "path", [*RIGHT[:1], *(pytest.param(path, marks=pytest.mark.weekly) for path in RIGHT[1:])]
)
def test_a_right_agent_passes_the_probes_in_a_few_hundred_steps(path):
    table = probing.probe(from_file(path).MyAgent)
    assert table.passed, table
    assert max(one.steps for one in table.results) <= 800


@pytest.mark.parametrize("name", PARTS)
def test_the_solution_is_correct_and_a_blank_is_no_mistake(name):
    exercise = PARTS[name]
    assert exercise.check(exercise.reference).correct
    assert exercise.check().status == "not attempted yet"
    assert len(exercise.hints) == 3 and exercise.takeaway
    assert exercise.check(exercise.reference.__doc__).status == "not yet"
    assert "needs the " in exercise.check(3).message


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_in_its_part(fault):
    name = FAULTS[fault][0]
    verdict = PARTS[name].check(part_of(broken(fault), name))
    assert verdict.status == "not yet", verdict
    assert len(verdict.message) > 30 and "Traceback" not in verdict.message
    assert WORDS.get(fault, "") in verdict.message


def test_a_loop_may_pass_its_arguments_by_name_and_wrong_ones_are_named():
    class ByName(MyAgent):
        def learn(self):
            batch = self.memory.sample(size=self.batch_size, rng=self.rng)
            states, actions, sums, nexts, ends, discounts = batch
            later = reference_agent.q_values(self.target, nexts).numpy()
            targets = self.double_target(
                sums, ends, gamma=discounts, next_q_target=later, next_q_online=self.q(nexts)
            )
            self.gradient_step(self.online, self.optimizer, states=states, targets=targets, actions=actions)
            self.updates += 1
            self.update_target(online=self.online, target=self.target, step=self.updates)

    assert PARTS["train"].check(ByName).correct

    class Short(MyAgent):
        def learn(self):
            self.update_target(self.target, self.online)

    message = PARTS["train"].check(Short).message
    assert (
        "`update_target` takes `target`, `online`, `step`; it is called with 2 arguments in order." in message
    )


def test_a_probe_fails_an_agent_whose_future_counts_beyond_the_flag_and_names_the_target():
    agent = broken("the future counts beyond the flag")["MyAgent"]
    result = probing.run_probe(agent, PROBES[-1])
    assert not result.passed and "Look at `Memory`, `double_target`" in result.words
    table = probing.ProbeTable((result, probing.ProbeResult(PROBES[0], 200, 0.01)), "A note.")
    assert not table.passed and repr(table).startswith("A note.\n✗ TwoEndings")
    assert table._repr_html_().count("<tr>") == 2 and "Learnt in 200 steps" in table._repr_html_()


def with_faults(*faults):
    """The reference agent with these faults, and no other part exchanged."""
    parts = {}
    for fault in faults:
        name = FAULTS[fault][0]
        names = [name, "learn"] if name == "train" else [name]
        parts |= {one: vars(broken(fault)["MyAgent"])[one] for one in names}
    return type("Mine", (MyAgent,), parts)


UNSEEN = {  # by any probe, since such an agent learns the right values; the check of the part sees them
    "the newest is never drawn",
    "a window goes on from the newest to the oldest",
    "random numbers of its own",
    "held one step too long",
    "the loss is not returned",
    "both values are the online network's",
    "steps are counted from the beginning",
    "it is copied at every step",
    "tau the wrong way round",
    "the networks have changed places",
    "gradient steps are not counted",
}


@pytest.fixture
def few_probes(monkeypatch):
    """One of the five, and of the four further ones the one for held actions."""
    monkeypatch.setattr(swap, "PROBES", PROBES[:1])
    monkeypatch.setattr(swap, "FURTHER_PROBES", FURTHER_PROBES[2:3])
    monkeypatch.setattr(probing, "STEPS", 400)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("actions are not held", marks=pytest.mark.weekly),
        "the wrong axis",
        "random numbers of its own",
    ],
)
@pytest.mark.usefixtures("few_probes")
def test_the_swap_names_the_part_at_fault(fault):
    found, name = swap.swap(with_faults(fault)), FAULTS[fault][0]
    assert (found.named, found.fine) == (name, False), found
    assert found.heals == (() if fault in UNSEEN else (name,))
    assert f"`{name}`" in repr(found) and "Its own check says" in repr(found)
    assert "#009E73" in found._repr_html_()


@pytest.mark.weekly
@pytest.mark.parametrize("fault", FAULTS)
def test_of_every_fault_the_swap_names_the_part(fault):
    found, name = swap.swap(with_faults(fault)), FAULTS[fault][0]
    assert found.named == name, found
    assert found.heals == (() if fault in UNSEEN else (name,))


@pytest.mark.usefixtures("few_probes")
def test_of_a_right_agent_there_is_nothing_to_heal():
    found = swap.swap(MyAgent)
    assert (found.heals, found.named, found.fine) == ((), "", True)
    assert "All 2 probes pass, and no check complains" in repr(found)


@pytest.mark.weekly
def test_two_faults_are_said_to_be_more_than_one():
    found = swap.swap(with_faults("uphill", "the future counts beyond the flag"))
    assert (found.heals, found.named) == ((), "")
    assert "more than one part is wrong" in repr(found)


def test_blank_parts_are_the_library_s_and_that_is_said():
    class Half(Agent):
        Memory = reference_agent.Memory

        def train(self, steps):
            """Nothing yet."""

    assert own_agent.blanks(Half) == [
        "Exploration",
        "double_target",
        "gradient_step",
        "update_target",
        "train",
    ]
    cls, note = own_agent.completed(Half)
    assert cls.Memory is Half.Memory and "Still blank: Exploration" in note
    cls(mountain_car.make(), 0)
    assert own_agent.completed(MyAgent) == (MyAgent, "")
    assert "All six parts" in own_agent.completed(Agent)[1]
    with pytest.raises(ValueError, match=r"names must be among Memory, .* got 'memory'"):
        own_agent.exchanged(MyAgent, "memory")
    with pytest.raises(TypeError, match="agent must be the class itself"):
        probing.probe(Agent(mountain_car.make()) if hasattr(Agent, "Memory") else 3)


class Raising(MyAgent):
    @staticmethod
    def update_target(target, online, step):
        raise ValueError("no such thing")


def forever(network, optimizer, states, actions, targets):
    while True:
        pass


class Hanging(MyAgent):
    gradient_step = staticmethod(forever)


class Silent(MyAgent):
    def train(self, steps):
        return None if steps else 1


class Nonsense(MyAgent):
    def train(self, steps):
        self.steps += 1
        yield "much"


class NotANumber(MyAgent):
    def q(self, states):
        return super().q(states) * np.nan


class Growing(MyAgent):
    class Memory(reference_agent.Memory):
        def add(self, *item):
            self.everything = [*getattr(self, "everything", []), np.ones(1_000_000)]
            super().add(*item)


class Retracing(MyAgent):
    @staticmethod
    def gradient_step(network, optimizer, states, actions, targets):
        """It would be compiled again and again."""
        time.sleep(0.3)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            Raising,
            "In the update of the target network (`update_target`): it raised ValueError: no such thing",
        ),
        (Hanging, "In the gradient step (`gradient_step`): for 1 seconds no step was taken"),
        (Silent, "`train` must `yield` the return of each episode"),
        (Nonsense, "In the loop (`train`): it must yield the return of each episode, one number; it yields"),
        (NotANumber, "the worst value is not a number"),
        (Growing, "In the memory (`Memory`): after "),
        (
            Growing,
            "the kernel holds 0.2 GB more than before. The largest thing that it holds is `everything`",
        ),
        (Retracing, "in 6 seconds it took "),
    ],
)
def test_whatever_happens_is_said_with_the_part_it_happened_in(agent, words, monkeypatch):
    monkeypatch.setattr(own_agent, "STALL", 1.0)
    monkeypatch.setattr(own_agent, "MOST_MEMORY", 200_000_000)
    monkeypatch.setattr(probing, "SLOW", 6.0 if agent is Retracing else 60.0)  # the machine may be busy
    start = time.monotonic()
    result = probing.run_probe(agent, PROBES[0])
    assert not result.passed and words in result.words
    assert time.monotonic() - start < 90


def test_a_climb_is_logged_with_frozen_checks_and_gets_a_verdict():
    run = climb.climb(MyAgent, steps=2_500, seed=1)
    assert run.problem is None and run.notes == [] and run.name == "your agent"
    steps = [check.step for check in run.log.checks]
    assert steps[0] == 0 and len(steps) == 3 and run.agent.steps == 2_500
    assert run.verdict.kind == "too short" and "30 runs" in repr(run)
    state = np.array([[-0.5, 0.0]])
    assert not np.allclose(run.log.checks[0].q(state), run.log.checks[-1].q(state))
    np.testing.assert_allclose(climb.frozen(run.agent)(state), run.agent.q(state), rtol=1e-4, atol=1e-3)
    assert all(episode.length <= 200 for episode in run.log.episodes)


class Unmade(MyAgent):
    class Memory(reference_agent.Memory):
        def __init__(self, capacity, n, gamma):
            raise ValueError("no room")


def test_an_agent_that_cannot_be_made_is_said_and_the_lesson_goes_on():
    run = climb.climb(Unmade, steps=300)
    assert repr(run).startswith(
        "Stopped. In the memory (`Memory`): an agent cannot be made: it raised ValueError: no room"
    )
    assert run.name == "the library's agent" and run.log.checks and "show the library's agent" in repr(run)
    assert "Stopped." in run._repr_html_()
    (measured,) = climb.three_seeds(Unmade, steps=300, seeds=(1,))
    assert measured.solved_at is None and "cannot be made" in measured.problem
    assert "cannot be made" in probing.run_probe(Unmade, PROBES[0]).words


def test_a_climb_may_end_when_it_is_solved(monkeypatch):
    monkeypatch.setattr(mountain_car, "SOLVED_RETURN", -300.0)  # so that the first check is enough
    assert climb.climb(MyAgent, steps=1_500, until_solved=True).agent.steps <= 200
    assert climb.climb(MyAgent, steps=300).agent.steps == 300


def test_a_slow_run_is_shortened_and_the_likely_reason_said(monkeypatch):
    class Slow(MyAgent):
        gradient_step = staticmethod(reference_agent.gradient_step.python_function)

    monkeypatch.setattr(climb, "SLOW", 3.0)
    run = climb.climb(Slow, steps=50_000, seed=1)
    assert run.agent.steps < 50_000
    assert "`gradient_step` is not compiled" in run.notes[0] and "50,000 steps take" in run.notes[0]


def test_an_interrupt_stops_the_thread(monkeypatch):
    agent = MyAgent(gym.make("MountainCar-v0"), 0)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        own_agent.drive(agent, 100_000, lambda total: True, interrupt)
    steps = agent.steps
    time.sleep(0.3)
    assert agent.steps <= steps + 1
