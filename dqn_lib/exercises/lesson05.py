"""Lesson 5: three ways to move a target, and two opinions on the next action."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict

overestimate = predict(
    "Three actions are worth exactly -50 each. A network knows each of them up to an error, which is 0 on average. "
    "What is the largest of its three answers, on average?",
    Choice(
        "-50", "Each answer is right on average. The largest of them is not: it was chosen for its error."
    ),
    Choice("above -50", "The maximum picks whichever error happens to be largest.", right=True),
    Choice("below -50", "That would be true of the smallest."),
)

tau_question = predict(
    "The soft target moves a share tau of the way at every step. With tau = 0.03, after how many steps has it made "
    "half of its way to a network that stands still?",
    Choice("17", "Each step takes 3 % of what is left, and what is left shrinks."),
    Choice("about 23", "0.97 to the power of 23 is one half.", right=True),
    Choice("67", "By then about 13 % is left."),
)

TARGET = [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])]
ONLINE = [np.array([[11.0, 22.0], [33.0, 44.0]]), np.array([55.0, 66.0])]


@exercise(
    cases=[
        (TARGET, ONLINE, 0.0),
        (TARGET, ONLINE, 1.0),
        (TARGET, ONLINE, 0.1),
        (TARGET[1:], ONLINE[1:], 0.25),
    ],
    mistakes=[
        mistake(
            "Tau is on the wrong side: with a small tau this jumps nearly all the way. "
            "Tau is the online network's share.",
            lambda target, online, tau: [
                tau * t + (1 - tau) * o for t, o in zip(target, online, strict=True)
            ],
        ),
        mistake(
            "The target's own weights are not shrunk: the result grows at every step. "
            "The two shares must add up to 1.",
            lambda target, online, tau: [t + tau * o for t, o in zip(target, online, strict=True)],
        ),
        mistake(
            "This moves away from the online network: the way to it is `online - target`.",
            lambda target, online, tau: [t + tau * (t - o) for t, o in zip(target, online, strict=True)],
        ),
        mistake(
            "This is the way that is made, not where it leads: add it to the target's own weights.",
            lambda target, online, tau: [tau * (o - t) for t, o in zip(target, online, strict=True)],
        ),
        mistake(
            "This copies the online network, however small tau is: that is the hard update.",
            lambda target, online, tau: [o.copy() for o in online],
        ),
    ],
    hints=[
        "Go through both lists at once: `for t, o in zip(target, online)`.",
        "A share tau of the way from t to o: `t + tau * (o - t)`.",
        "Return a list of such arrays.",
    ],
    insight="A running average of the online network: it forgets the last few hundred steps' noise "
    "and keeps their direction.",
    result="new target weights",
)
def soft_update(target: list[NDArray], online: list[NDArray], tau: float) -> list[NDArray]:
    """The target's weights after a share `tau` of the way to the online network's."""
    return [(1 - tau) * t + tau * o for t, o in zip(target, online, strict=True)]


def _and_then_learn(function: Callable, target: list[NDArray], online: list[NDArray]) -> object:
    """The result, after the online network has gone on learning in place."""
    copied = function(target, online)
    for weights in online:
        np.add(weights, 100.0, out=weights)
    return copied


@exercise(
    cases=[(TARGET[1:], ONLINE[1:]), (TARGET, ONLINE)],
    probe=_and_then_learn,
    pure=False,
    mistakes=[
        mistake(
            "The arrays are aliases, not copies: when the online network goes on learning, the target moves with it. "
            "A target that follows every step is no target at all. `online.copy()` or `list(online)` makes a new list of the "
            "same arrays: copy each array, `[o.copy() for o in online]`.",
            lambda target, online: online,
        ),
        mistake(
            "Only the first array is copied; the others are still those of the online network.",
            lambda target, online: [online[0].copy(), *online[1:]],
        ),
        mistake("The target has not moved: this returns its old weights.", lambda target, online: target),
    ],
    hints=[
        "A new list is not enough: `list(online)` still holds the very same arrays.",
        "Every array needs a copy of its own: `o.copy()`.",
    ],
    insight="A photograph, not a mirror.",
    result="target, after the online network has learnt on,",
)
def hard_update(target: list[NDArray], online: list[NDArray]) -> list[NDArray]:
    """The target's new weights: a copy of the online network's."""
    return [o.copy() for o in online]


def _double(
    choose: str = "online",
    value: str = "target",
    mask: Callable = lambda end: 1 - end,
    reward_kept: bool = True,
    best: Callable = lambda q: q.argmax(axis=1),
    discount: Callable = lambda gamma: gamma,
    pick: Callable = lambda q, choice: q[np.arange(len(q)), choice],
) -> Callable:
    def target(
        rewards: NDArray, terminated: NDArray, next_q_online: NDArray, next_q_target: NDArray, gamma: float
    ) -> NDArray:
        q = {"online": next_q_online, "target": next_q_target}
        future = discount(gamma) * pick(q[value], best(q[choose]))
        return rewards + mask(terminated) * future if reward_kept else mask(terminated) * (rewards + future)

    return target


@exercise(
    cases=[
        (
            np.array([-1.0]),
            np.array([0.0]),
            np.array([[-9.0, -5.0, -7.0]]),
            np.array([[-4.0, -8.0, -6.0]]),
            0.5,
        ),
        (
            np.array([-1.0]),
            np.array([1.0]),
            np.array([[-9.0, -5.0, -7.0]]),
            np.array([[-4.0, -8.0, -6.0]]),
            0.5,
        ),
        (
            np.array([-1.0, -2.0, 3.0]),
            np.array([0.0, 1.0, 0.0]),
            np.array([[-3.0, -2.0, -9.0], [-1.0, -5.0, -6.0], [-7.0, -8.0, -4.0]]),
            np.array([[-6.0, -5.0, -1.0], [-2.0, -3.0, -9.0], [-2.0, -4.0, -8.0]]),
            0.9,
        ),
        (
            np.array([-1.0, -1.0], np.float32),
            np.array([1.0, 0.0], np.float32),
            np.array([[-3.0, -2.0, -9.0], [-7.0, -5.0, -4.0]], np.float32),
            np.array([[-6.0, -5.0, -1.0], [-2.0, -3.0, -9.0]], np.float32),
            0.5,
        ),
    ],
    mistakes=[
        mistake(
            "The action is chosen by the wrong network: this is the plain maximum of the target network. "
            "Let the online network choose.",
            _double("target", "target"),
        ),
        mistake(
            "The value comes from the wrong network: the online network chooses and values, "
            "so nobody checks its luck.",
            _double("online", "online"),
        ),
        mistake(
            "The two networks have changed places: the online one chooses, the target one values.",
            _double("target", "online"),
        ),
        mistake(
            "The future counts after the flag too: multiply it by `1 - terminated`.",
            _double(mask=lambda end: 1.0),
        ),
        mistake(
            "The mask is turned round: it keeps the future at the flag and drops it everywhere else. You want `1 - terminated`.",
            _double(mask=lambda end: end),
        ),
        mistake(
            "At the flag the reward is lost as well. The mask belongs to the future only.",
            _double(reward_kept=False),
        ),
        mistake(
            "`values[:, choice]` takes all rows with each choice: a table of B x B. One value for each row is "
            "`values[np.arange(len(rewards)), choice]`.",
            _double(pick=lambda q, choice: q[:, choice]),
        ),
        mistake(
            "This is the number of the chosen action, not its value: ask the target network what it is worth.",
            _double(pick=lambda q, choice: choice),
        ),
        mistake("The future is not discounted: gamma plays no part.", _double(discount=lambda gamma: 1.0)),
        mistake(
            "The online network's smallest value is chosen: `argmax`, not `argmin`.",
            _double(best=lambda q: q.argmin(axis=1)),
        ),
    ],
    advice={
        "invert": "`terminated` holds 0.0 and 1.0, which `~` cannot turn round: `1 - terminated` can.",
        "IndexError": "`argmax` needs `axis=1`: without it there is one number for the whole batch, with `axis=0` one for "
        "each action.",
    },
    hints=[
        "Two questions: which action, and what is it worth? Ask each network one of them.",
        "One action for each row: `argmax(axis=1)`.",
        "One value for each row: `values[np.arange(len(rewards)), choice]`.",
    ],
    insight="For an error to survive now, both networks must make it, about the same action, at the same time.",
    result="target",
)
def double_target(
    rewards: NDArray, terminated: NDArray, next_q_online: NDArray, next_q_target: NDArray, gamma: float
) -> NDArray:
    """Targets `(B,)`: the online network chooses the next action, the target network values it."""
    choice = next_q_online.argmax(axis=1)
    value = next_q_target[np.arange(len(rewards)), choice]
    return rewards + gamma * (1 - terminated) * value
