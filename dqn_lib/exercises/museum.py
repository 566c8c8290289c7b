"""The museum of lesson 8: agents with one thing wrong with each, behind letters."""

import html
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
from IPython.display import HTML
from numpy.typing import NDArray

from dqn_lib.agents.defects import FlagIsNoEnd, FlagPunished, NoStopGradient, RowMinusColumn
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.diagnosis import Diagnosis

STEPS = 12_000


class Transposed(Diagnosis):
    """Draws its map with position and velocity exchanged, under the old names of the axes."""

    def map(self, q: Any) -> NDArray:
        """The value of every state on a grid."""
        return super().map(q).T


@dataclass(frozen=True)
class Exhibit:
    """One agent: what is wrong with it, how it is made, and why one sees what one sees."""

    label: str
    why: str
    agent: type[DQNAgent] = DQNAgent
    settings: tuple[tuple[str, Any], ...] = ()
    diagnosis: type[Diagnosis] = Diagnosis

    @property
    def code(self) -> str:
        """The defect itself."""
        if self.settings:
            return f"DQNConfig({', '.join(f'{name}={value!r}' for name, value in self.settings)})"
        return inspect.getsource(self.diagnosis if self.agent is DQNAgent else self.agent)


EXHIBITS = {
    "A": Exhibit(
        "Random pushes are not held",
        "It never met the flag, so nothing in its memory is worth more than anything else. The learning is in "
        "the best of health: it has found out that nothing but -1 ever comes, and its error is gone. (One step in "
        "five is a random push, in the long run. With one in twenty, as usual, optimism drives the car up "
        "undisturbed in a few runs of ten.)",
        settings=(("hold", 1), ("epsilon_end", 0.2)),
    ),
    "B": Exhibit(
        "The target network is never copied",
        "Every target is five true rewards and then what an untrained network says, about -50. So the values "
        "sink to -52, and what is far from the flag stays there. The loss looks like a healthy one's because that "
        "aim is easily hit; measured with the network's own values the error is above two, at every check since it "
        "learns.",
        settings=(("target_update", "hard"), ("target_period", 1_000_000)),
    ),
    "C": Exhibit(
        "Gamma is 0.85",
        "Nothing can be worth less than -1 / (1 - 0.85) = -6.7, and a few dozen steps from the flag everything "
        "is worth nearly that. The values begin far below, at -50, and leap up to it. It has learnt its task to "
        "perfection; the task is a short-sighted one.",
        settings=(("gamma", 0.85),),
    ),
    "D": Exhibit(
        "A row minus a column",
        "Of 64 errors it makes 64 times 64: every estimate is compared with every target, whatever its state. "
        "The best answer to that is one number for all states. So the map goes flat although the flag is in "
        "the memory, and the loss stays, since one number cannot be right for all.",
        RowMinusColumn,
    ),
    "E": Exhibit(
        "Inputs are left raw",
        "The velocity lies between -0.07 and 0.07, and to this network that is hardly any difference. It "
        "reaches the flag dozens of times, and still the map is blurred, without an edge between the states that "
        "make it up the hill and those that do not: fast and slow look almost the same.",
        settings=(("input_range", None),),
    ),
    "F": Exhibit(
        "The flag is punished with -100",
        "In the task of the pole an episode that ends has failed. Here it makes the flag exactly as bad as "
        "never arriving, which costs 100 in all. At first everything else still looks better, so it shuns the "
        "flag; in the end all is worth -100, and there is nothing to aim at.",
        FlagPunished,
    ),
    "G": Exhibit(
        "The flag is no end",
        "Behind the flag the target asks the network about a state from which no car has ever gone on. The "
        "answer is a guess, which the next target takes for the truth, and so on, upwards without end. It "
        "arrives all the same: the ranking of the actions survives for a long time. (With some other seeds the "
        "guess is a low one, and all sinks to -100, the flag with it.)",
        FlagIsNoEnd,
    ),
    "H": Exhibit(
        "The memory holds 64 transitions",
        "A batch comes from the last third of an episode, and what it does not contain is overwritten. The 64 "
        "dots on the map, all in one spot, are all that this agent knows of the world.",
        settings=(("memory_size", 64),),
    ),
    "I": Exhibit(
        "The gradient flows into the target",
        "The error can be made small from both ends: the estimate moves to the target, and the target to the "
        "estimate. So it is small from the first updates on, long before anything is known; learning crawls. "
        "(There is no target network in it either, but that alone costs less: lesson 7.)",
        NoStopGradient,
    ),
    "J": Exhibit(
        "The map is drawn transposed",
        "Nothing is wrong with the agent: its curves are those of a healthy one. Only the map contradicts them. "
        "Its dark eye is not where the dots crowd, on the floor of the valley; and racing away from the flag, "
        "bottom right, seems to be better than racing towards it, top left.",
        diagnosis=Transposed,
    ),
}


def examine(
    letter: str,
    env: gym.Env,
    seed: int = 1,
    *,
    steps: int = STEPS,
    watch: Callable[[Iterable], Iterable] = iter,
) -> Diagnosis:
    """Train the exhibit of this letter and note its signs; `watch` passes the episodes on, as `tqdm` does."""
    if letter not in EXHIBITS:
        raise ValueError(f"letter must be one of {', '.join(EXHIBITS)}, got {letter!r}")
    exhibit = EXHIBITS[letter]
    agent, diagnosis = exhibit.agent(env, DQNConfig(**dict(exhibit.settings)), seed=seed), exhibit.diagnosis()
    for _ in watch(diagnosis.record(env, agent, steps=steps)):
        pass
    return diagnosis


def labels() -> HTML:
    """What is wrong with each exhibit, folded away until somebody asks."""
    return HTML(
        "".join(
            f"<details><summary><b>{letter}</b></summary><p><b>{html.escape(exhibit.label)}.</b> "
            f"{html.escape(exhibit.why)}</p><pre>{html.escape(exhibit.code.strip())}</pre></details>"
            for letter, exhibit in EXHIBITS.items()
        )
    )
