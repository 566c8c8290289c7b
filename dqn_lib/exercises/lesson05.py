"""Lesson 5: three ways to move a target network, and two networks for the next action."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.comparison import Rejected
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
    "A soft update moves the target network a fraction tau of the way at every gradient step. With tau = 0.03, "
    "after how many gradient steps has it made half of its way to an online network that stands still?",
    Choice("17", "Each step makes 3 % of what is left, and what is left shrinks."),
    Choice("about 23", "0.97 to the power of 23 is one half.", right=True),
    Choice("67", "By then about 13 % is left."),
)

TARGET = [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])]
ONLINE = [np.array([[11.5, 22.0], [33.0, 44.0]]), np.array([55.0, 66.0])]


def _pairs(function: Callable) -> Callable:
    """A wrong soft update: `function` of the two arrays of each layer, and tau."""
    return lambda target, online, tau: [function(t, o, tau) for t, o in zip(target, online, strict=True)]


def _blend(t: NDArray, o: NDArray, tau: float) -> NDArray:
    return (1 - tau) * t + tau * o


def _as_list(weights: object) -> object:
    """The weights, unless they are a generator, which computes them when somebody reads it, and once."""
    if isinstance(weights, Iterator):
        raise Rejected(
            "It returned a generator, which computes the arrays later and only once. "
            "Return a list: square brackets instead of round ones."
        )
    return weights


@exercise(
    cases=[
        (TARGET, ONLINE, 0.1),
        (TARGET, ONLINE, 0.0),
        (TARGET, ONLINE, 1.0),
        (TARGET[1:], ONLINE[1:], 0.25),
    ],
    evaluate=lambda function, target, online, tau: _as_list(function(target, online, tau)),
    mistakes=[
        mistake(
            "Tau is on the wrong side: with a small tau this jumps nearly all the way. "
            "Tau is the online network's share.",
            _pairs(lambda t, o, tau: tau * t + (1 - tau) * o),
        ),
        mistake(
            "The target network's own weights are not shrunk: the result grows at every step. "
            "The two shares must add up to 1.",
            _pairs(lambda t, o, tau: t + tau * o),
        ),
        mistake(
            "The online network's weights are not scaled: its share is `tau`, as that of the target network is `1 - tau`.",
            _pairs(lambda t, o, tau: (1 - tau) * t + o),
        ),
        mistake(
            "Brackets are missing: `1 - tau * t` is not `(1 - tau) * t`.",
            _pairs(lambda t, o, tau: 1 - tau * t + tau * o),
        ),
        mistake(
            "This moves away from the online network: the way to it is `online - target`.",
            _pairs(lambda t, o, tau: t + tau * (t - o)),
        ),
        mistake(
            "This is the way that is made, not where it leads: add it to the target network's own weights.",
            _pairs(lambda t, o, tau: tau * (o - t)),
        ),
        mistake(
            "This copies the online network, however small tau is: that is the hard update.",
            lambda target, online, tau: [o.copy() for o in online],
        ),
        mistake(
            "This moves by the same fraction whatever `tau` is.",
            _pairs(lambda t, o, tau: _blend(t, o, 0.03)),
            _pairs(lambda t, o, tau: _blend(t, o, 0.5)),
        ),
        mistake(
            "Only the first array has come back. Is the `return` inside the loop?",
            lambda target, online, tau: [_blend(target[0], online[0], tau)],
        ),
        mistake(
            "The last array is not moved. Biases are weights too: every array of the list moves.",
            lambda target, online, tau: [
                *(_blend(t, o, tau) for t, o in zip(target[:-1], online[:-1], strict=True)),
                target[-1].copy(),
            ],
            lambda target, online, tau: [
                _blend(t, o, tau) if t.ndim > 1 else t.copy() for t, o in zip(target, online, strict=True)
            ],
        ),
    ],
    impure="it changes the arrays or the lists that it was given. Put new arrays into a new list; "
    "`t += ...` changes `t` itself, `t + ...` makes a new array",
    advice={
        "can't multiply sequence": "Lists cannot be scaled, arrays can: go through both lists, array by array.",
        "inhomogeneous": "The arrays have different shapes, so they do not fit into one array: "
        "go through both lists, array by array.",
    },
    hints=[
        "Go through both lists at once: `for t, o in zip(target, online)`.",
        "A fraction tau of the way from t to o: `t + tau * (o - t)`.",
        "Return a list of such arrays.",
    ],
    takeaway="A running average of the online network: it forgets the last few hundred steps' noise "
    "and keeps their direction.",
    result="list of new weights",
)
def soft_update(target: list[NDArray], online: list[NDArray], tau: float) -> list[NDArray]:
    """The target network's weights after a fraction `tau` of the way to the online network's."""
    return [(1 - tau) * t + tau * o for t, o in zip(target, online, strict=True)]


def _and_then_learn(function: Callable, target: list[NDArray], online: list[NDArray]) -> object:
    """What was returned, after the online network has gone on learning in place."""
    arrays = list(online)
    copied = _as_list(function(target, online))
    learning = {id(weights): weights for weights in (*arrays, *online)}  # it may have exchanged them
    for weights in learning.values():
        np.add(weights, 100.0, out=weights)
    return copied


def _copies(which: Callable[[int, NDArray], bool]) -> Callable:
    """A wrong hard update: only the arrays for which `which` holds are copied."""
    return lambda target, online: [o.copy() if which(i, o) else o for i, o in enumerate(online)]


@exercise(
    cases=[(TARGET, ONLINE), (TARGET[1:], ONLINE[1:])],
    evaluate=_and_then_learn,
    pure=False,
    mistakes=[
        mistake(
            "The arrays are those of the online network: when it goes on learning, the target network moves with it. "
            "`online.copy()` and `list(online)` copy the list, not its arrays, and `o[:]` is another view of the same "
            "array. Copy each array: `o.copy()`.",
            _copies(lambda i, o: False),
        ),
        mistake(
            "Some arrays are copied; the others are still those of the online network, and move with it.",
            _copies(lambda i, o: i == 0),
            _copies(lambda i, o: o.ndim > 1),
        ),
        mistake(
            "The target network has not moved: these are its old weights.", lambda target, online: target
        ),
        mistake(
            "Only the first array has come back. Is the `return` inside the loop?",
            lambda target, online: [online[0].copy()],
        ),
        mistake("The last array is missing.", lambda target, online: [o.copy() for o in online[:-1]]),
        mistake(
            "The weights are cut to whole numbers: keep the type of the arrays.",
            lambda target, online: [o.astype(int) for o in online],
        ),
        mistake(
            "These are the online network's weights added to those of the target network: they should replace them.",
            lambda target, online: [t + o for t, o in zip(target, online, strict=True)],
        ),
        mistake(
            "The new arrays have the right shapes and nothing in them yet: fill them.",
            lambda target, online: [0 * o for o in online],
        ),
    ],
    advice={
        "inhomogeneous": "The arrays have different shapes, so they do not fit into one array: copy them one by one.",
    },
    hints=[
        "A new list is not enough: `list(online)` still holds the very same arrays.",
        "Every array needs a copy of its own: `o.copy()`.",
    ],
    takeaway="A photograph, not a mirror.",
    result="list of the target network's weights, after the online network has gone on learning,",
)
def hard_update(target: list[NDArray], online: list[NDArray]) -> list[NDArray]:
    """The target network's new weights: copies of the online network's."""
    return [o.copy() for o in online]


def _chosen(q: NDArray, choice: NDArray) -> NDArray:
    """The value of one action in each row."""
    return q[np.arange(len(q)), choice]


def _double(
    value: Callable = lambda online, target: _chosen(target, online.argmax(axis=1)),
    alive: Callable = lambda terminated: 1 - terminated,
    put_together: Callable = lambda reward, alive, gamma, value: reward + gamma * alive * value,
) -> Callable:
    """A wrong double target: what differs in it is its value, its mask or how all is put together."""

    def target(
        rewards: NDArray, terminated: NDArray, next_q_online: NDArray, next_q_target: NDArray, gamma: float
    ) -> NDArray:
        return put_together(rewards, alive(terminated), gamma, value(next_q_online, next_q_target))

    return target


@exercise(
    cases=[
        (
            np.array([-1.0, -2.0]),
            np.array([0.0, 0.0]),
            np.array([[-9.0, -5.0, -7.0], [-3.0, -4.0, -2.0]]),
            np.array([[-4.0, -8.0, -6.0], [-9.0, -7.0, -3.0]]),
            0.5,
        ),
        (
            np.array([-1.0, -1.0]),
            np.array([1.0, 0.0]),
            np.array([[-9.0, -5.0, -7.0], [-7.0, -8.0, -4.0]]),
            np.array([[-4.0, -8.0, -6.0], [-2.0, -4.0, -3.0]]),
            0.5,
        ),
        (
            np.array([-1.0, -2.0, 3.0, -1.0]),
            np.array([0.0, 1.0, 0.0, 0.0]),
            np.array([[-3.0, -2.0, -9.0], [-1.0, -5.0, -6.0], [-7.0, -8.0, -4.0], [-6.0, -9.0, -7.0]]),
            np.array([[-6.0, -5.0, -1.0], [-2.0, -3.0, -9.0], [-2.0, -4.0, -8.0], [-5.0, -3.0, -4.0]]),
            0.9,
        ),
        (
            np.array([-1.0]),
            np.array([1.0]),
            np.array([[-1.0, -2.0, -3.0]]),
            np.array([[-4.0, -5.0, -6.0]]),
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
            _double(lambda online, target: target.max(axis=1)),
        ),
        mistake(
            "The value comes from the wrong network: the online network chooses and values, "
            "so its error is not checked by another one.",
            _double(lambda online, target: online.max(axis=1)),
        ),
        mistake(
            "The two networks have changed places: the online one chooses, the target one values.",
            _double(lambda online, target: _chosen(online, target.argmax(axis=1))),
        ),
        mistake(
            "The smaller of the two networks' values is a method of its own (*clipped* double Q-learning). "
            "Here the value is the target network's, larger or smaller.",
            _double(
                lambda online, target: np.minimum(online, target)[
                    np.arange(len(online)), online.argmax(axis=1)
                ]
            ),
            _double(lambda online, target: np.minimum(online.max(axis=1), target.max(axis=1))),
        ),
        mistake(
            "The two networks' maxima are averaged. Here they do not do the same work: the online network chooses the "
            "action, the target network says what that one is worth.",
            _double(lambda online, target: (online.max(axis=1) + target.max(axis=1)) / 2),
        ),
        mistake(
            "The future counts after the flag too: multiply it by `1 - terminated`.",
            _double(alive=lambda terminated: 1.0),
        ),
        mistake(
            "The mask is inverted: it keeps the future at the flag and drops it everywhere else. "
            "You want `1 - terminated`.",
            _double(alive=lambda terminated: terminated),
        ),
        mistake(
            "At the flag the reward is lost as well. The mask belongs to the future only.",
            _double(put_together=lambda reward, alive, gamma, value: alive * (reward + gamma * value)),
        ),
        mistake(
            "One flag decides for the whole batch. Each row has its own: `1 - terminated`, an array.",
            _double(alive=lambda terminated: 1.0 - terminated.any()),
            _double(alive=lambda terminated: 1.0 - terminated.all()),
            _double(alive=lambda terminated: 1.0 - terminated[0]),
        ),
        mistake(
            "Rows that end at the flag are left out. They have a target too: their reward.",
            lambda rewards, terminated, next_q_online, next_q_target, gamma: (
                rewards + gamma * _chosen(next_q_target, next_q_online.argmax(axis=1))
            )[terminated == 0],
        ),
        mistake(
            "One action is chosen for the whole batch. Each row chooses its own: `argmax(axis=1)`.",
            _double(lambda online, target: target[:, online[0].argmax()]),
        ),
        mistake(
            "The result is a table of shape (B, B): somewhere `(B,)` meets `(B, 1)`, or "
            "`values[:, choice]` takes all rows with each choice. One value for each row is "
            "`values[np.arange(len(rewards)), choice]`.",
            _double(lambda online, target: target[:, online.argmax(axis=1)]),
            _double(
                lambda online, target: np.take_along_axis(target, online.argmax(axis=1)[:, None], axis=1)
            ),
        ),
        mistake(
            "The result is a column, of shape (B, 1): the targets have the shape (B,).",
            _double(
                put_together=lambda reward, alive, gamma, value: (reward + gamma * alive * value)[:, None]
            ),
        ),
        mistake(
            "This is one number for the whole batch: every row has a target of its own.",
            _double(put_together=lambda reward, alive, gamma, value: np.mean(reward + gamma * alive * value)),
        ),
        mistake(
            "This is the number of the chosen action, not its value: ask the target network what it is worth.",
            _double(lambda online, target: online.argmax(axis=1)),
        ),
        mistake(
            "The future is not discounted: gamma plays no part.",
            _double(put_together=lambda reward, alive, gamma, value: reward + alive * value),
        ),
        mistake(
            "The discount is always 0.99: use `gamma`.",
            _double(put_together=lambda reward, alive, gamma, value: reward + 0.99 * alive * value),
        ),
        mistake(
            "The reward is discounted as well. Gamma belongs to the future only.",
            _double(put_together=lambda reward, alive, gamma, value: gamma * (reward + alive * value)),
        ),
        mistake(
            "The reward is missing: the target is the reward plus the discounted future.",
            _double(put_together=lambda reward, alive, gamma, value: gamma * alive * value),
        ),
        mistake(
            "The reward is always -1 here: use `rewards`.",
            _double(put_together=lambda reward, alive, gamma, value: -1.0 + gamma * alive * value),
        ),
        mistake(
            "The future is subtracted: it is added to the reward.",
            _double(put_together=lambda reward, alive, gamma, value: reward - gamma * alive * value),
        ),
        mistake(
            "The online network's smallest value is chosen: `argmax`, not `argmin`.",
            _double(lambda online, target: _chosen(target, online.argmin(axis=1))),
        ),
    ],
    impure="it changes the arrays that it was given. Put the targets into a new array; "
    "`rewards += ...` changes `rewards` itself, `rewards + ...` makes a new array",
    advice={
        "invert": "`terminated` holds 0.0 and 1.0, which `~` cannot invert: write `1 - terminated`.",
        "IndexError": "`argmax` needs `axis=1`: without it there is one number for the whole batch, with `axis=0` one for "
        "each action.",
    },
    hints=[
        "Two questions: which action, and what is it worth? Ask each network one of them.",
        "One action for each row: `argmax(axis=1)`.",
        "One value for each row: `values[np.arange(len(rewards)), choice]`.",
    ],
    takeaway="For an error to survive now, both networks must make it, about the same action, at the same time.",
    result="array of targets",
)
def double_target(
    rewards: NDArray, terminated: NDArray, next_q_online: NDArray, next_q_target: NDArray, gamma: float
) -> NDArray:
    """Targets `(B,)`: the online network chooses the next action, the target network values it."""
    choice = next_q_online.argmax(axis=1)
    value = next_q_target[np.arange(len(rewards)), choice]
    return rewards + gamma * (1 - terminated) * value
