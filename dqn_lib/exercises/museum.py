"""The museum of lesson 8: agents with one thing wrong with each, behind letters."""

import html
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
from IPython.display import HTML
from numpy.typing import NDArray

from dqn_lib.agents.bugs import FlagIsNoEnd, FlagPunished, NoStopGradient, RowMinusColumn
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.diagnostics import Diagnosis
from dqn_lib.exercises.prediction import Choice, Prediction, predict

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


LOOK = "Go back to the panel and look at"


def diagnose(question: str, *choices: Choice) -> Prediction:
    """A question whose right answer is not always in the same place."""
    return predict(question, *sorted(choices, key=lambda choice: choice.text))


exhibit_a = diagnose(
    "Exhibit A. What is wrong?",
    Choice(
        "its random pushes last a single step",
        "No arrival, so no news: there is nothing to learn but that every step costs 1. The learning itself is well.",
        right=True,
    ),
    Choice(
        "it does not learn at all",
        f"{LOOK} the TD error: it falls, and in the end far below the healthy one's.",
    ),
    Choice("the learning rate is far too large", f"{LOOK} the loss: there is hardly any error left."),
    Choice("gamma is too small", f"{LOOK} the values: they fall to -100, which is what gamma 0.99 allows."),
)
exhibit_b = diagnose(
    "Exhibit B. What is wrong?",
    Choice("it never meets the flag", f"{LOOK} the arrivals: there are some."),
    Choice(
        "the target network is never copied",
        "Five true rewards and an untrained guess of about -50: its aim is -52, and it hits it. Its own values would "
        "tell it to aim lower, but nobody asks them.",
        right=True,
    ),
    Choice(
        "the loss is broken",
        f"{LOOK} both errors: by its own targets, the loss looks like the healthy one's.",
    ),
    Choice("it forgets", f"{LOOK} the map: all its memories are there."),
)
exhibit_c = diagnose(
    "Exhibit C has values that hardly move either. What is wrong with this one?",
    Choice("the same again", f"{LOOK} the TD error: that of B stayed above 2, this one is all but gone."),
    Choice(
        "gamma is 0.85",
        "It ends at -1 / (1 - 0.85) = -6.7, where a short-sighted agent has to end. It is right about everything, "
        "and cares for nothing that is more than a dozen steps away.",
        right=True,
    ),
    Choice("the learning rate is tiny", f"{LOOK} the TD error: it falls at once."),
    Choice(
        "rewards are divided by ten",
        "A good guess from the values alone. But then each step costs 0.1 and the floor is -10.",
    ),
)
exhibit_d = diagnose(
    "Exhibit D. The flag is in its memory, and its map is flat. What is wrong?",
    Choice(
        "the flag is punished",
        "Then all targets would end near -100 too, and one number would fit them. Look at the loss: it stays.",
    ),
    Choice(
        "a row is subtracted from a column",
        "Every estimate is drawn to every target, whatever its state; one number for all is the best answer. "
        "Print the shapes: `(64,)` minus `(64, 1)` is `(64, 64)`.",
        right=True,
    ),
    Choice(
        "it explores too little",
        f"{LOOK} the arrivals while epsilon is 1: as many as the healthy one's. It makes nothing of them.",
    ),
    Choice("the memory is too small", f"{LOOK} the dots: 12,000 memories."),
)
exhibit_e = diagnose(
    "Exhibit E arrives dozens of times, learns late, drives badly, and its map is blurred. What is wrong?",
    Choice(
        "the target moves too fast",
        "That makes values swing. Here the highest one sinks and stays down for thousands of steps, with all those "
        "arrivals.",
    ),
    Choice(
        "its inputs are left raw",
        "Lesson 3: a velocity of 0.07 or of 0 is nearly the same number to this network.",
        right=True,
    ),
    Choice("gamma is too large", "Then the values could sink below -100. They do not."),
    Choice("it explores too little", f"{LOOK} the arrivals: plenty."),
)
exhibit_f = diagnose(
    "Exhibit F has met the flag, and all its values end at -100. What is wrong?",
    Choice("epsilon falls too early", f"{LOOK} epsilon: as with the healthy one, which goes on arriving."),
    Choice(
        "the flag is punished",
        "Minus 100 for the flag, minus 100 in all for never arriving: why go there? Beware of rewards that are "
        "carried over from another task.",
        right=True,
    ),
    Choice("a row is subtracted from a column", f"{LOOK} the loss: it is nearly zero. That of D stayed."),
    Choice("the target network is never copied", f"{LOOK} the values: they fall far below -52."),
)
exhibit_g = diagnose(
    "Exhibit G drives to the flag. Its values are above 10,000. What is wrong?",
    Choice("nothing, as it arrives", "No step here ever earns anything. No value above 0 can be right."),
    Choice(
        "the flag is not taken for an end",
        "The target asks for the value behind the flag, where nobody has ever been. The guess feeds itself.",
        right=True,
    ),
    Choice(
        "the learning rate is too large",
        "Then the policy would suffer first. Here the policy is the last to suffer.",
    ),
    Choice(
        "gamma is above 1",
        "The configuration would refuse that. But it is the right kind of thought: what grows without end feeds itself.",
    ),
)
exhibit_h = diagnose(
    "Exhibit H. What is wrong?",
    Choice("it explores too little", f"{LOOK} the arrivals: it has been at the flag."),
    Choice(
        "its memory is tiny",
        "The dots: 64, all in one spot. What is not in the memory is forgotten at once, so its curves jump from one belief to the next.",
        right=True,
    ),
    Choice(
        "the loss is wrong",
        "Then it would never come near the flag on purpose. It does at times, and forgets.",
    ),
    Choice("the target moves too slowly", "Then the values would crawl. These jump."),
)
exhibit_i = diagnose(
    "Exhibit I has a small TD error from the first updates on, and is late. What is wrong?",
    Choice("it is lucky", "An error that is small before anything is known is a bad sign."),
    Choice(
        "the gradient flows into the target",
        "The error is made small by moving the target to the estimate. Small errors are not the goal; true values are.",
        right=True,
    ),
    Choice("the learning rate is too small", "Then the error would fall slowly, not at once."),
    Choice("gamma is too small", f"{LOOK} the lowest value: at the end it is where the healthy one's is."),
)
exhibit_j = diagnose(
    "Exhibit J. Everything looks well. Or does it?",
    Choice(
        "it is the healthy one",
        "Look at the map again: at where the dots crowd, and at where its dark eye is.",
    ),
    Choice(
        "its map is drawn transposed",
        "A car is worst off on the floor of the valley, where the dots crowd. This eye lies elsewhere: position and "
        "velocity are exchanged. The picture can be the bug.",
        right=True,
    ),
    Choice("it overestimates", "By no more than the healthy one does."),
    Choice("its memory is too small", f"{LOOK} the dots: 12,000."),
)
