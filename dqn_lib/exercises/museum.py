"""The museum of lesson 8: ten exhibits with one bug each, known by a letter until their labels are opened."""

import html
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
from IPython.display import HTML
from numpy.typing import NDArray

from dqn_lib.agents.bugs import FlagIsNoEnd, FlagPunished, NoStopGradient, RowMinusColumn
from dqn_lib.agents.dqn import DQNAgent
from dqn_lib.config import DQNConfig
from dqn_lib.diagnostics import Diagnosis
from dqn_lib.exercises.feedback import COLOURS, CORRECT, MARKS, NOT_YET
from dqn_lib.exercises.prediction import Choice, Prediction, predict
from dqn_lib.exercises.probing import ProbeTable, probe_library

STEPS = 12_000


class Transposed(Diagnosis):
    """A map with position and velocity exchanged, under unchanged axis labels."""

    def map(self, q: Any) -> NDArray:
        """The value of every state on a grid, transposed."""
        return super().map(q).T


@dataclass(frozen=True)
class Exhibit:
    """One bug: its name, why its pictures look as they do, and the agent or the drawing that has it."""

    label: str
    why: str
    agent: type[DQNAgent] = DQNAgent
    settings: tuple[tuple[str, Any], ...] = ()
    diagnosis: type[Diagnosis] = Diagnosis

    @property
    def code(self) -> str:
        """The source of the bug: the changed settings or the subclass."""
        if self.settings:
            return f"DQNConfig({', '.join(f'{name}={value!r}' for name, value in self.settings)})"
        return inspect.getsource(self.diagnosis if self.agent is DQNAgent else self.agent)


EXHIBITS = {
    "A": Exhibit(
        "Random actions are not held",
        "It never reached the flag, so no state in its memory is worth more than another. The learning itself works: "
        "it has found that every step costs 1 and nothing else happens, and its error is gone. (In the long run one "
        "step in five is random here. With one in twenty, as usual, optimism drives the car up in six runs of ten: "
        "lesson 7.)",
        settings=(("hold", 1), ("epsilon_end", 0.2)),
    ),
    "B": Exhibit(
        "The target network is never copied",
        "Every target is made of five true rewards and of what an untrained network says, about -50 everywhere. So "
        "values far from the flag settle near -52. The loss looks like the healthy one's, because such targets are "
        "easy to reach; measured with the network's own values, the error is above two at every check after "
        "learning has begun.",
        settings=(("target_update", "hard"), ("target_period", 1_000_000)),
    ),
    "C": Exhibit(
        "Gamma is 0.85",
        "No true value is below -1 / (1 - 0.85) = -6.7, and a few dozen steps from the flag every value is nearly "
        "that. The values begin far below, at -50, and rise to it. The agent has solved its task correctly, but the "
        "task is short-sighted.",
        settings=(("gamma", 0.85),),
    ),
    "D": Exhibit(
        "A row minus a column",
        "From 64 errors it makes 64 times 64: every estimate is compared with every target, whatever the state. "
        "The best answer to that is one number for all states. So the map is flat although the flag is in "
        "the memory, and the loss stays, because one number cannot fit all targets.",
        RowMinusColumn,
    ),
    "E": Exhibit(
        "Inputs are not scaled",
        "The velocity lies between -0.07 and 0.07, and to this network that is nearly no difference. The car "
        "reaches the flag dozens of times, and still the map has no sharp edge between the states from which it "
        "gets up the hill and those from which it does not: fast and slow look almost the same.",
        settings=(("input_range", None),),
    ),
    "F": Exhibit(
        "The flag is punished with -100",
        "When a pole is balanced, an episode that ends has failed, and a penalty makes sense. Here it makes the flag "
        "exactly as bad as never arriving, which costs 100 in all with gamma 0.99. At first everything else still "
        "looks better, so the car avoids the flag; in the end every state is worth -100, and no action is better "
        "than another.",
        FlagPunished,
    ),
    "G": Exhibit(
        "The flag is not treated as terminal",
        "The target bootstraps at the flag: it asks the network about a state from which no car has ever driven on. "
        "The answer is a guess, which the next target takes for the truth, and so on, upwards without end. The car "
        "arrives all the same, because the order of the actions survives for a long time. (With some other seeds the "
        "guess is low, and all values sink to -100, the flag's as well.)",
        FlagIsNoEnd,
    ),
    "H": Exhibit(
        "The replay memory holds 64 transitions",
        "A batch comes from the last third of an episode, and everything older is overwritten. The 64 dots on the "
        "map, all in one small area, are all that this agent can learn from.",
        settings=(("memory_size", 64),),
    ),
    "I": Exhibit(
        "The gradient flows into the target",
        "The error can be made small from both ends: the estimate moves to the target, and the target moves to the "
        "estimate. So it is small from the first updates on, long before the values are right, and learning is slow. "
        "(It has no target network either, but that alone costs less: lesson 7.)",
        NoStopGradient,
    ),
    "J": Exhibit(
        "The map is drawn transposed",
        "Nothing is wrong with the agent: its curves are those of the healthy one. Only the map contradicts them. "
        "Its darkest place is not on the valley floor, where the dots crowd; and driving fast away from the flag, "
        "bottom right, seems better than driving fast towards it, top left.",
        diagnosis=Transposed,
    ),
}


def examine(
    letter: str,
    env: gym.Env,
    seed: int = 1,
    *,
    steps: int = STEPS,
    progress: Callable[[Iterable], Iterable] = iter,
) -> Diagnosis:
    """Train the exhibit of this letter and record its diagnostics.

    Args:
        letter: one of A to J.
        env: MountainCar-v0.
        seed: of the run.
        steps: how many environment steps to train.
        progress: passes the episodes on and may show progress, as `tqdm` does.

    Raises:
        ValueError: there is no exhibit of this letter.
    """
    if letter not in EXHIBITS:
        raise ValueError(f"letter must be one of {', '.join(EXHIBITS)}, got {letter!r}")
    exhibit = EXHIBITS[letter]
    agent, diagnosis = exhibit.agent(env, DQNConfig(**dict(exhibit.settings)), seed=seed), exhibit.diagnosis()
    for _ in progress(diagnosis.record(env, agent, steps=steps)):
        pass
    return diagnosis


@dataclass(frozen=True)
class ProbedExhibits:
    """Which exhibit learns which of the five probes, by letter."""

    tables: Mapping[str, ProbeTable]

    def rows(self) -> list[list[str]]:
        """A heading, and a row of marks for each exhibit."""
        first = next(iter(self.tables.values()))
        head = ["", *(result.probe.name for result in first.results)]
        return [
            head,
            *(
                [letter, *(MARKS[CORRECT if result.passed else NOT_YET] for result in table.results)]
                for letter, table in self.tables.items()
            ),
        ]

    def __repr__(self) -> str:
        return "\n".join("  ".join(f"{cell:<14}" for cell in row).rstrip() for row in self.rows())

    def _repr_html_(self) -> str:
        colours = {MARKS[state]: COLOURS[state] for state in (CORRECT, NOT_YET)}
        head, *rows = self.rows()
        body = "".join(
            f'<tr><th scope="row">{letter}</th>'
            + "".join(f'<td style="color: {colours[mark]}; text-align: center">{mark}</td>' for mark in marks)
            + "</tr>"
            for letter, *marks in rows
        )
        heading = "".join(f'<th scope="col">{name}</th>' if name else "<td></td>" for name in head)
        return f'<table role="status"><tr>{heading}</tr>{body}</table>'


def probe_exhibits(progress: Callable[[Iterable], Iterable] = iter) -> ProbedExhibits:
    """Let every exhibit learn the five probes of lesson 11, some ten seconds."""
    return ProbedExhibits(
        {
            letter: probe_library(exhibit.agent, **dict(exhibit.settings))
            for letter, exhibit in progress(EXHIBITS.items())
        }
    )


def labels() -> HTML:
    """What is wrong with each exhibit, folded until it is clicked."""
    return HTML(
        "".join(
            f"<details><summary><b>{letter}</b></summary><p><b>{html.escape(exhibit.label)}.</b> "
            f"{html.escape(exhibit.why)}</p><pre>{html.escape(exhibit.code.strip())}</pre></details>"
            for letter, exhibit in EXHIBITS.items()
        )
    )


LOOK = "Look again at"


def diagnose(question: str, *choices: Choice) -> Prediction:
    """A question whose choices are in alphabetical order, so that the right one may stand anywhere."""
    return predict(question, *sorted(choices, key=lambda choice: choice.text))


exhibit_a = diagnose(
    "Exhibit A. What is wrong?",
    Choice(
        "its random actions last a single step",
        "No arrival, so there is nothing to learn but that every step costs 1. The learning itself works.",
        right=True,
    ),
    Choice(
        "it does not learn at all",
        f"{LOOK} the TD error: it falls, and in the end far below the healthy one's.",
    ),
    Choice("the learning rate is far too large", f"{LOOK} the loss: there is hardly any error left."),
    Choice("gamma is too small", f"{LOOK} the values: they fall to -100, which is the floor for gamma 0.99."),
)
exhibit_b = diagnose(
    "Exhibit B. What is wrong?",
    Choice("it never reaches the flag", f"{LOOK} the arrivals: there are some."),
    Choice(
        "the target network is never copied",
        "Five true rewards and an untrained guess of about -50: the targets are near -52, and the network reaches "
        "them. Its own values would give other targets, but they are never asked.",
        right=True,
    ),
    Choice(
        "the loss is computed wrongly",
        f"{LOOK} both errors: with its own targets, the loss looks like the healthy one's.",
    ),
    Choice(
        "the memory is too small", f"{LOOK} the title of the map: all 12,000 remembered states are there."
    ),
)
exhibit_c = diagnose(
    "The values of exhibit C settle at once. What is wrong with this one?",
    Choice(
        "the target network is never copied",
        f"{LOOK} the TD error: that of B stayed above 2, this one is nearly gone.",
    ),
    Choice(
        "gamma is 0.85",
        "The lowest value stays at -1 / (1 - 0.85) = -6.7, the floor of such an agent. A few dozen steps from the "
        "flag it cannot tell one state from another.",
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
        "Then all targets would be near -100 too, and one number would fit them. Look at the loss: it stays.",
    ),
    Choice(
        "a row is subtracted from a column",
        "Every estimate moves towards every target, whatever its state; one number for all is the best answer. "
        "Print the shapes: `(64,)` minus `(64, 1)` is `(64, 64)`.",
        right=True,
    ),
    Choice(
        "it explores too little",
        f"{LOOK} the arrivals while epsilon is 1: as many as the healthy one's. It learns nothing from them.",
    ),
    Choice("the memory is too small", f"{LOOK} the title of the map: 12,000 remembered states."),
)
exhibit_e = diagnose(
    "Exhibit E arrives dozens of times, learns late, and its map is blurred. What is wrong?",
    Choice(
        "the target network moves too fast",
        "That makes values swing. Here the highest value sinks and stays low for thousands of steps, in spite of all "
        "the arrivals.",
    ),
    Choice(
        "its inputs are not scaled",
        "Lesson 3: velocities of 0.07 and of 0 are nearly the same input to this network.",
        right=True,
    ),
    Choice("gamma is too large", "Then values could sink below -100. They do not."),
    Choice("it explores too little", f"{LOOK} the arrivals: there are plenty."),
)
exhibit_f = diagnose(
    "Exhibit F has reached the flag, and all its values end at -100. What is wrong?",
    Choice(
        "epsilon falls too early",
        f"{LOOK} epsilon: it is the same as the healthy one's, which still arrives.",
    ),
    Choice(
        "the flag is punished",
        "Minus 100 for the flag, minus 100 in all for never arriving: neither is better. Be careful with rewards that "
        "come from another task.",
        right=True,
    ),
    Choice("a row is subtracted from a column", f"{LOOK} the loss: it is nearly zero. That of D stayed."),
    Choice("the target network is never copied", f"{LOOK} the values: they fall far below -52."),
)
exhibit_g = diagnose(
    "Exhibit G drives to the flag. Its values are above 10,000. What is wrong?",
    Choice("nothing, since it arrives", "No step here ever earns anything. No value above 0 can be right."),
    Choice(
        "the flag is not treated as terminal",
        "The target asks for a value beyond the flag, where no car has ever been. The guess feeds on itself.",
        right=True,
    ),
    Choice(
        "the learning rate is too large",
        "Then the policy would fail early. Here it drives well while the values explode.",
    ),
    Choice(
        "gamma is above 1",
        "The configuration refuses that. But the idea is right: what grows without end feeds on itself.",
    ),
)
exhibit_h = diagnose(
    "Exhibit H. What is wrong?",
    Choice("it explores too little", f"{LOOK} the arrivals: it has been at the flag."),
    Choice(
        "its replay memory is tiny",
        "There are 64 dots, all in one small area. What has left the memory is soon forgotten, so the errors are small "
        "until something new comes, and then jump.",
        right=True,
    ),
    Choice(
        "a row is subtracted from a column",
        f"{LOOK} the loss: at most checks it is nearly zero. That of D stayed.",
    ),
    Choice(
        "the target network is never copied",
        f"{LOOK} the values: they fall to -100, far below the -52 of B.",
    ),
)
exhibit_i = diagnose(
    "Exhibit I has a small TD error from the first updates on, and learns late. What is wrong?",
    Choice(
        "nothing, a small error is good",
        "An error that is small before anything has been learnt is a bad sign.",
    ),
    Choice(
        "the gradient flows into the target",
        "The error becomes small because the target moves to the estimate. True values are the goal, and not small "
        "errors.",
        right=True,
    ),
    Choice("the learning rate is too small", "Then the error would fall slowly, not at once."),
    Choice("gamma is too small", f"{LOOK} the lowest value: at the end it is where the healthy one's is."),
)
exhibit_j = diagnose(
    "Exhibit J. Everything looks well. Or does it?",
    Choice(
        "it is the healthy agent",
        "The agent is. Look at the map again: where do the dots crowd, and where is it darkest?",
    ),
    Choice(
        "its map is drawn transposed",
        "A car is worst off on the valley floor, where the dots crowd, but the map is darkest elsewhere: position "
        "and velocity are exchanged. Pictures have bugs too.",
        right=True,
    ),
    Choice("it overestimates", "By no more than the healthy one does."),
    Choice("its memory is too small", f"{LOOK} the title of the map: 12,000 remembered states."),
)
