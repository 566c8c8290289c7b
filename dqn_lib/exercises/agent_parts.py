"""The parts of an agent of one's own that are small, each checked by what it does.

The memory is checked in `agent_memory`, the loop in `agent_loop`.
"""

import ast
import inspect
import textwrap
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dqn_lib.agents.backend import keras, tf
from dqn_lib.agents.q_network import join
from dqn_lib.exercises import lesson05, reference_agent
from dqn_lib.exercises.comparison import Rejected
from dqn_lib.exercises.exercise import Exercise


class Part(Exercise):
    """An exercise whose answer may be a class, and whose evaluation finds the faults by itself."""

    @property
    def source(self) -> str:
        """The solution without annotations, its decorator included."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(self.reference))))
        return ast.unparse(Plain().visit(tree))

    def _require_function(self, answer: Any) -> None:
        if inspect.isclass(self.reference) and not inspect.isclass(answer):
            raise Rejected(f"`check` needs the class itself: `{self.name}`, without brackets after it.")
        super()._require_function(answer)


class Plain(ast.NodeTransformer):
    """Takes the annotations out of a piece of code."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Neither of arguments nor of the result."""
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        self.generic_visit(node)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.Assign:
        """Nor of a name that gets a value."""
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def part(reference: Any, **more: Any) -> Part:
    """An exercise whose cases are the settings of a check, not the arguments of the answer."""
    return Part(reference, mistakes=(), pure=False, named=False, number=11, **more)


def kind(value: Any) -> str:
    """A value by its type and length."""
    if value is None:
        return "nothing: is the `return` missing?"
    return f"{len(value)} parts" if isinstance(value, tuple | list) else f"a {type(value).__name__}"


# --- exploration ------------------------------------------------------------------------------------

CALLS = 20_000


def check_exploration(answer: Any, actions: int, hold: int) -> bool:
    """Whether it explores as often and as long as it should; raises `Rejected` with the fault."""
    make = lambda seed: answer(actions, hold, np.random.default_rng(seed))  # noqa: E731
    first = np.eye(actions)[0]  # action 0 is the best one
    explorer = make(0)
    for best in range(actions):
        action = explorer.action(np.eye(actions)[best] - 5.0, 0.0)
        if np.ndim(action) or action is None or int(action) != action:
            raise Rejected(f"`action` must return one integer; it returned {kind(action)}.")
        if action != best:
            raise Rejected(
                f"With epsilon 0 it must be greedy: for the Q-values {(np.eye(actions)[best] - 5).tolist()} "
                f"that is {best}, not {action}."
            )
    always = acted(make(1), [first] * 400 * hold, 1.0)
    if (always == 0).all():
        raise Rejected("With epsilon 1 it must always explore; it never does. Is epsilon inverted?")
    if unused := set(range(actions)) - set(always.tolist()):
        raise Rejected(f"Of {len(always)} random actions none is {min(unused)}: each has the same chance.")
    blocks = always.reshape(-1, hold)
    if (blocks != blocks[:, :1]).any():
        lasting = np.diff(np.flatnonzero(np.diff(always, prepend=-1)), append=len(always)).min()
        raise Rejected(f"A random action must be held for {hold} steps; here the shortest lasts {lasting}.")
    ends = np.flatnonzero(np.diff(always)) + 1
    if (shortest := np.diff(ends, prepend=0).min()) > hold:
        raise Rejected(f"A random action must be held for {hold} steps; here the shortest lasts {shortest}.")
    once, again = (acted(make(1), [first] * 400 * hold, 0.5) for _ in range(2))
    if not np.array_equal(once, again):
        raise Rejected("With the same `rng` the actions differ: take every random number from it.")
    for epsilon in (0.1, 0.4):
        away = (acted(make(2), [first] * CALLS, epsilon) != 0).mean() * actions / (actions - 1)
        if abs(away - epsilon) > 0.05:
            start = hold * epsilon / (hold * epsilon + 1 - epsilon)
            more = (
                " Epsilon is the chance to *begin* here, and every beginning lasts."
                if abs(away - start) < 0.05
                else " Is epsilon inverted?"
                if abs(away - (1 - epsilon)) < 0.05
                else ""
            )
            raise Rejected(
                f"With epsilon = {epsilon:g} and hold = {hold}, {away:.0%} of the steps explore; it should be "
                f"{epsilon:.0%}.{more}"
            )
    return True


def acted(explorer: Any, q: list[NDArray], epsilon: float) -> NDArray[np.int64]:
    """The actions for each of the Q-values."""
    return np.array([int(explorer.action(one, epsilon)) for one in q])


exploration = part(
    reference_agent.Exploration,
    cases=[(3, 1), (3, 8), (2, 4)],
    evaluate=check_exploration,
    hints=[
        "One number has to survive from step to step: for how many more the random action is held.",
        "While it is held, return it. Otherwise a new one begins with the probability "
        "`epsilon / (hold - epsilon * (hold - 1))`; if not, be greedy.",
        "`if self.left == 0:` draw, and either return `int(np.argmax(q))` or set a random action and `self.left = "
        "hold`; then `self.left -= 1` and return the random action.",
    ],
    takeaway="A fraction epsilon of all steps explores, in pushes that last.",
)

# --- the target -------------------------------------------------------------------------------------

double_target = replace(
    lesson05.double_target,
    number=11,
    cases=[
        (*case[:-1], np.full(len(case[0]), case[-1], np.float32) ** np.arange(1, len(case[0]) + 1))
        for case in lesson05.double_target.cases
    ],
    hints=tuple(lesson05.double_target.hints.texts),
    takeaway="Two networks, one mask, and for each window its own discount.",
)

# --- the gradient step ------------------------------------------------------------------------------

RATE = 0.01


def check_gradient_step(answer: Any, batch: int) -> bool:
    """Whether the network moves towards the targets; raises `Rejected` with the fault."""
    rng = np.random.default_rng(batch)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in ((2, 5), (5,), (5, 3), (3,))]
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(5, "relu"), keras.layers.Dense(3)])
    network.set_weights(weights)
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(network.trainable_variables)
    states = rng.normal(size=(batch, 2)).astype(np.float32)
    actions = rng.integers(3, size=batch).astype(np.int32)
    targets = (network(states).numpy()[np.arange(batch), actions] + 3 * rng.normal(size=batch)).astype(
        np.float32
    )
    returned = answer(network, optimizer, states, actions, targets)
    moved = join([network.get_weights()]) - join([weights])
    if not np.isfinite(moved).all():
        raise Rejected("The network's weights are no longer finite.")
    if not moved.any():
        raise Rejected(
            "The network has not changed: is `apply_gradients` missing, or has the loss no gradient?"
        )
    network.set_weights(weights)
    for wrong, words in {"": "", **WRONG_STEPS}.items():
        for loss in ("squared", "huber"):
            expected = -RATE * join([gradient(network, states, actions, targets, loss, wrong)])
            scale = moved @ expected / (expected @ expected)
            if np.linalg.norm(moved - scale * expected) < 0.02 * np.linalg.norm(moved):
                if wrong:
                    raise Rejected(words)
                return _accepted_scale(scale, batch) and _returns_loss(returned)
    raise Rejected(
        "The network moves, but not along the gradient of the squared (or Huber) error between the targets and "
        "the Q-values of the actions taken."
    )


def _returns_loss(loss: Any) -> bool:
    """Whether a loss is one number; raises `Rejected` if it is not."""
    if loss is None or np.size(loss) != 1:
        raise Rejected(
            f"The network moves as it should, but the loss must be returned, one number; this is {kind(loss)}"
        )
    return True


def _accepted_scale(scale: float, batch: int) -> bool:
    """A mean, over the batch or over the batch and all actions, perhaps halved; raises `Rejected` else."""
    if scale < 0:
        raise Rejected("The network moves away from the targets: the sign of the gradient is turned round.")
    if scale > 2.5:
        raise Rejected(
            f"The step is {scale:.0f} times as large as that of the mean loss: take the mean over the batch "
            f"({batch} here), not the sum."
        )
    if scale < 0.1:
        raise Rejected(f"The step is {1 / scale:.0f} times as small as that of the mean loss.")
    return True


def gradient(
    network: Any, states: Any, actions: Any, targets: Any, loss: str, wrong: str = ""
) -> list[NDArray]:
    """The gradient of a mean loss, of the actions taken or of what a wrong step takes in their place."""
    with tf.GradientTape() as tape:
        q = network(states)
        taken = tf.reduce_sum(q * tf.one_hot(actions, 3), axis=1)
        error = {
            "all": targets[:, None] - q,
            "best": targets - tf.reduce_max(q, axis=1),
            "table": targets[:, None] - taken[None, :],
            "first": targets - q[:, 0],
            "gathered": targets - tf.gather(q, actions, axis=1),
        }.get(wrong, targets - taken)
        size = tf.abs(error)
        value = tf.where(size < 1, 0.5 * error**2, size - 0.5) if loss == "huber" else error**2
        value = tf.reduce_mean(value)
    return tape.gradient(value, network.trainable_variables)


WRONG_STEPS = {
    "all": "All actions are moved towards the target. Only the one that was taken knows anything of it.",
    "best": "The best action is moved towards the target; it should be the one that was taken.",
    "table": "Every target meets every estimate: `(B,)` minus `(B, 1)` is a table `(B, B)`. Both must be `(B,)`.",
    "gathered": "`tf.gather(q, actions, axis=1)` takes every action's column for every row, a table `(B, B)`. With "
    "`batch_dims=1` it takes one entry of each row.",
    "first": "It is always action 0 that is moved: choose by `actions`.",
}


gradient_step = part(
    reference_agent.gradient_step,
    cases=[(8,), (16,)],
    evaluate=check_gradient_step,
    hints=[
        "The gradient step of lesson 3, with targets that are computed already.",
        "Inside the tape: the Q-values of the actions taken, `tf.gather(network(states), actions, batch_dims=1)`, "
        "and the mean of their squared differences from the targets.",
        "After the tape: `tape.gradient(loss, network.trainable_variables)`, and give `optimizer.apply_gradients` "
        "pairs of gradient and variable. Above the function `@tf.function(reduce_retracing=True)`.",
    ],
    takeaway="The one place in which anything is learnt.",
)

# --- the target network -----------------------------------------------------------------------------

UPDATES = 600


def check_update_target(answer: Any, first: float) -> bool:
    """Whether the target network follows slowly; raises `Rejected` with the fault."""
    target, online = (
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(1)]) for _ in range(2)
    )
    shapes = [array.shape for array in online.get_weights()]
    target.set_weights([np.full(shape, first, np.float32) for shape in shapes])
    online.set_weights([np.full(shape, first + 1, np.float32) for shape in shapes])
    way = []
    for step in range(1, UPDATES + 1):
        answer(target, online, np.array(step))
        parts = [float(array.mean()) - first for array in target.get_weights()]
        way.append(np.mean(parts))
        if step == 1 and not np.allclose(join([online.get_weights()]), first + 1):
            raise Rejected("It changes the online network: only the target network moves.")
        if way[-1] > 0.999 or step == UPDATES:
            break
    if way[0] > 0.5:
        raise Rejected(
            "After its first call the target network is all of the way, or nearly, at the online one. Then there is "
            "no target network to speak of: move a small part of the way, or copy now and then."
        )
    if way[-1] < 0.05:
        raise Rejected(
            f"After {UPDATES} calls the target network has not moved: the online one is never copied."
        )
    if max(parts) - min(parts) > 0.01:
        raise Rejected("Some arrays of weights follow and others do not: move all of them, biases too.")
    before = join([target.get_weights()])
    online.set_weights([np.full(shape, 9.0, np.float32) for shape in shapes])
    if not np.array_equal(before, join([target.get_weights()])):
        raise Rejected(
            "When the online network learns, the target network changes with it: copy the numbers."
        )
    return True


update_target = part(
    reference_agent.update_target,
    cases=[(0.0,), (2.0,)],
    evaluate=check_update_target,
    hints=[
        "Soft or hard, as in lesson 5: a small part of the way at every step, or a copy every so many.",
        "`network.get_weights()` is a list of arrays, and `set_weights` takes one.",
        "`target.set_weights([(1 - tau) * t + tau * o for t, o in zip(...)])` with a tau of 0.06.",
    ],
    takeaway="It follows, slowly enough to aim at.",
)
