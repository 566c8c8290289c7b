"""Lesson 10: an environment of one's own, how its episodes end, and inputs of any size."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from dqn_lib.exercises.comparison import Rejected
from dqn_lib.exercises.exercise import exercise, mistake
from dqn_lib.exercises.prediction import Choice, predict
from dqn_lib.exercises.probing import probe_library  # noqa: F401 (for the lesson)

pole = predict(
    "The agent of lesson 6 learns CartPole-v1 with no setting changed: ten runs, 30,000 steps each. How does it do?",
    Choice(
        "it fails in every run",
        "Not in every run. Look at the first row of the picture with the ten seeds below.",
    ),
    Choice(
        "it solves it in some runs, late",
        "Six of ten, five of them only after 12,000 steps. Two of its settings were chosen for a car.",
        right=True,
    ),
    Choice(
        "it is as good as on the hill",
        "It is not: two of its settings were chosen for a car. Look at the first row of the picture with the ten "
        "seeds below.",
    ),
)


def _parked(position: float, velocity: float) -> bool:
    return abs(position) < 0.05 and abs(velocity) < 0.02


def _clip(value: float, limit: float) -> float:
    return float(np.clip(value, -limit, limit))


def _push(velocity: float, action: int, wind: float) -> float:
    return velocity + 0.01 * (action - 1) - wind


def _engine(velocity: float, action: int) -> float:
    return velocity + 0.01 * (action - 1)


Speed = Callable[[float, int, float], float]


def _windy(
    speed: Speed = _push,
    move: Callable[[float, float, float, float], float] = lambda position, old, new, wind: position + new,
    speed_limit: float = 0.2,
    rails: float = 1.0,
    parked: Callable[[float, float], bool] = _parked,
    reward: Callable[[bool], float] = lambda there: -1.0,
    last: Callable[[float, float, float, bool], tuple] = lambda *four: four,
) -> Callable:
    def step(position: float, velocity: float, action: int, wind: float) -> tuple:
        new = _clip(speed(velocity, action, wind), speed_limit)
        there = _clip(move(position, velocity, new, wind), rails)
        stops = bool(parked(there, new))
        return last(there, new, reward(stops), stops)

    return step


def _wind_after_the_clip(position: float, velocity: float, action: int, wind: float) -> tuple:
    velocity = _clip(_engine(velocity, action), 0.2) - wind
    position = _clip(position + velocity, 1)
    return position, velocity, -1.0, _parked(position, velocity)


def _stops_at_the_wall(position: float, velocity: float, action: int, wind: float) -> tuple:
    velocity = _clip(_push(velocity, action, wind), 0.2)
    position += velocity
    if abs(position) > 1:
        position, velocity = _clip(position, 1), 0.0
    return position, velocity, -1.0, _parked(position, velocity)


def _parked_before(position: float, velocity: float, action: int, wind: float) -> tuple:
    return *_windy()(position, velocity, action, wind)[:3], _parked(position, velocity)


@exercise(
    cases=[
        (0.5, 0.1, 2, 0.0),
        (0.5, 0.1, 0, 0.004),
        (-0.9, -0.195, 0, 0.004),
        (0.06, -0.02, 2, 0.002),
        (0.1, -0.1, 1, 0.0),
        (0.0, 0.0, 1, 0.004),
        (0.3, 0.2, 2, 0.001),
        (-0.9, 0.0, 1, 0.0),
        (0.95, 0.19, 2, 0.001),
        (-0.03, 0.005, 1, 0.002),
        (-0.2, 0.2, 1, 0.0),
        (0.0, 0.012, 2, 0.0),
        (0.05, 0.0, 1, 0.0),  # at the very limit of near
        (-0.02, 0.02, 1, 0.0),  # and of slow
    ],
    mistakes=[
        mistake(
            "The wind blows to the right here. From the right to the left means that it is subtracted.",
            _windy(lambda velocity, action, wind: _engine(velocity, action) + wind),
        ),
        mistake(
            "The wind moves the cart, as if it carried it along. It is a push: it changes the *velocity*.",
            _windy(
                lambda velocity, action, wind: _engine(velocity, action),
                move=lambda position, old, new, wind: position + new - wind,
            ),
        ),
        mistake(
            "The wind is not felt at all: `wind` is never used.",
            _windy(lambda velocity, action, wind: _engine(velocity, action)),
        ),
        mistake(
            "Only the engine's push is 0.01 times something. The wind is taken off as it is.",
            _windy(lambda velocity, action, wind: velocity + 0.01 * (action - 1 - wind)),
        ),
        mistake(
            "The wind blows only while the engine is off here. It blows at every step.",
            _windy(lambda velocity, action, wind: _engine(velocity, action) - (wind if action == 1 else 0.0)),
        ),
        mistake(
            "The velocity is clipped before the wind is taken off. Both pushes first, then clip.",
            _wind_after_the_clip,
        ),
        mistake(
            "The velocity is clipped twice, before the wind and after it. Both pushes first, then clip once.",
            _windy(lambda velocity, action, wind: _clip(_engine(velocity, action), 0.2) - wind),
        ),
        mistake(
            "The position moves with the *old* velocity. First the pushes change the velocity, then the new velocity "
            "moves the cart.",
            _windy(move=lambda position, old, new, wind: position + old),
        ),
        mistake(
            "It is judged before the step whether it is parked. Judge the new position and the new velocity.",
            _parked_before,
        ),
        mistake(
            "It counts as parked when it rushes through at full speed. It must be slow as well.",
            _windy(parked=lambda position, velocity: abs(position) < 0.05),
        ),
        mistake(
            "Nothing is clipped: the cart leaves its rails, and is faster than it can be.",
            _windy(speed_limit=np.inf, rails=np.inf),
        ),
        mistake(
            "The velocity is not clipped: it lies in [-0.2, 0.2].",
            _windy(speed_limit=np.inf),
        ),
        mistake(
            "The position is not clipped at both ends: it lies in [-1, 1].",
            _windy(rails=np.inf),
            _windy(rails=np.inf, last=lambda position, *rest: (min(position, 1.0), *rest)),
            _windy(rails=np.inf, last=lambda position, *rest: (max(position, -1.0), *rest)),
        ),
        mistake(
            "At the end of its rails the velocity becomes 0 here. It stays: only the position is clipped.",
            _stops_at_the_wall,
        ),
        mistake(
            "The limits themselves do not count: near is `abs(position) < 0.05`, slow is `abs(velocity) < 0.02`.",
            _windy(parked=lambda position, velocity: abs(position) <= 0.05 and abs(velocity) <= 0.02),
            _windy(parked=lambda position, velocity: abs(position) <= 0.05 and abs(velocity) < 0.02),
            _windy(parked=lambda position, velocity: abs(position) < 0.05 and abs(velocity) <= 0.02),
        ),
        mistake(
            "It is parked here as soon as it is left of the middle: near means `abs(position) < 0.05`.",
            _windy(parked=lambda position, velocity: position < 0.05 and abs(velocity) < 0.02),
        ),
        mistake(
            "It counts as slow whenever it moves to the left: slow means `abs(velocity) < 0.02`.",
            _windy(parked=lambda position, velocity: abs(position) < 0.05 and velocity < 0.02),
        ),
        mistake(
            "Without absolute values everything on the left counts as near, and every motion to the left as slow.",
            _windy(parked=lambda position, velocity: position < 0.05 and velocity < 0.02),
        ),
        mistake(
            "Near the middle *or* slow is not enough: it must be both.",
            _windy(parked=lambda position, velocity: abs(position) < 0.05 or abs(velocity) < 0.02),
        ),
        mistake(
            "The engine pushes to the right whatever the action: 0 is to the left, 1 nothing, 2 to the right, `action - 1`.",
            _windy(lambda velocity, action, wind: velocity + 0.01 * action - wind),
        ),
        mistake(
            "The step that parks the cart costs 1 as well: the reward is always -1.",
            _windy(reward=lambda there: 0.0 if there else -1.0),
        ),
        mistake("A step costs 1: the reward is -1, not +1.", _windy(reward=lambda there: 1.0)),
        mistake(
            "Position and velocity have changed places: the position comes first.",
            _windy(last=lambda position, velocity, *rest: (velocity, position, *rest)),
        ),
    ],
    hints=[
        "In this order: both pushes, clip the velocity to 0.2, move, clip the position to 1.",
        "The wind is one more push, to the left: `- wind`.",
        "Return four things: position, velocity, -1.0, parked.",
    ],
    takeaway="Now put it into `Parking.step`, and see whether the agent learns to lean into the wind.",
    result="step",
)
def windy_step(
    position: float, velocity: float, action: int, wind: float
) -> tuple[float, float, float, bool]:
    """The new position and the new velocity, the reward, and whether the cart is parked then."""
    velocity = float(np.clip(velocity + 0.01 * (action - 1) - wind, -0.2, 0.2))
    position = float(np.clip(position + velocity, -1, 1))
    return position, velocity, -1.0, abs(position) < 0.05 and abs(velocity) < 0.02


class Endings:
    """A small environment whose episodes have a given length, and end in a given way, one after the other."""

    action_space = gym.spaces.Discrete(3)

    def __init__(self, *episodes: tuple[int, str]) -> None:
        self.episodes = episodes
        self.left = self.resets = self.steps = 0
        self.seeds: list[int | None] = []

    def __repr__(self) -> str:
        return f"episodes of {', '.join(f'{length} ({ending})' for length, ending in self.episodes)} steps"

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[NDArray, dict]:
        """The next episode."""
        self.left, self.ending = self.episodes[self.resets % len(self.episodes)]
        self.resets += 1
        self.seeds.append(seed)
        return np.zeros(1), {}

    def step(self, action: int) -> tuple[NDArray, float, bool, bool, dict]:
        """One step of it."""
        if self.left <= 0:
            raise Rejected("It takes a step although the episode is over: `env.reset()` comes first.")
        if callable(action):
            raise Rejected("It hands over `policy` itself as the action. Call it: `env.step(policy())`.")
        self.left -= 1
        self.steps += 1
        over = self.left == 0
        return np.zeros(1), -1.0, over and self.ending != "cut off", over and self.ending != "arrived", {}


class Policy:
    """A policy without a state: it counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __repr__(self) -> str:
        return "policy"

    def __call__(self, *state: Any) -> int:
        """The next action."""
        if state:
            raise Rejected("`policy()` takes no argument: it returns an action, whatever the state.")
        self.calls += 1
        return self.calls % 3


def _counted(answer: Callable, env: Endings, policy: Policy, episodes: int) -> Any:
    """The answer's share, if it has asked the policy at every step and started each episode differently."""
    share = answer(env, policy, episodes)
    seeds = [seed for seed in env.seeds if seed is not None]
    if policy.calls < env.steps:
        raise Rejected(
            f"It takes {env.steps} steps and calls `policy()` {policy.calls} times. Each step needs an action of its "
            "own from `policy()`."
        )
    if len(set(seeds)) < len(seeds):
        raise Rejected(
            "The same seed at every reset gives the same episode again and again: reset without a seed."
        )
    return share


def _share(count: Callable[[bool, bool], bool]) -> Callable:
    def share(env: Any, policy: Callable[[], int], episodes: int) -> float:
        counted = 0
        for _ in range(episodes):
            env.reset()
            terminated = truncated = False
            while not (terminated or truncated):
                _, _, terminated, truncated, _ = env.step(policy())
            counted += count(terminated, truncated)
        return counted / episodes

    return share


_cut_off = _share(lambda terminated, truncated: truncated and not terminated)


def _of_steps(env: Endings, policy: Policy, episodes: int) -> float:
    share = _cut_off(env, policy, episodes)
    return share * episodes / env.steps


def _up_to_the_first(env: Endings, policy: Policy, episodes: int) -> float:
    for number in range(1, episodes + 1):
        if _cut_off(env, policy, 1):
            return 1 / number
    return 0.0


def _one_too_few(env: Endings, policy: Policy, episodes: int) -> float:
    return _cut_off(env, policy, episodes - 1) * (episodes - 1) / episodes if episodes > 1 else 0.0


def _first_again(env: Endings, policy: Policy, episodes: int) -> float:
    """The flags of the first episode are still up when the next ones begin."""
    return _cut_off(env, policy, 1)


def _last_only(env: Endings, policy: Policy, episodes: int) -> float:
    return [_cut_off(env, policy, 1) for _ in range(episodes)][-1] / episodes


@exercise(
    cases=[
        (Endings((3, "arrived"), (5, "cut off")), Policy(), 2),
        (Endings((2, "arrived"), (1, "arrived"), (4, "cut off")), Policy(), 6),
        (Endings((4, "cut off")), Policy(), 3),
        (Endings((3, "both"), (2, "cut off")), Policy(), 2),
        (Endings((1, "cut off"), (2, "arrived")), Policy(), 1),
        (Endings((2, "cut off"), (3, "cut off"), (2, "arrived")), Policy(), 3),
    ],
    evaluate=_counted,
    pure=False,
    mistakes=[
        mistake(
            "In an episode that arrives in its very last step both are True. It has arrived: nothing was cut off.",
            _share(lambda terminated, truncated: truncated),
        ),
        mistake(
            "These are the ones that *arrived*. Cut off means that the time limit came first.",
            _share(lambda terminated, truncated: terminated),
        ),
        mistake(
            "Are `terminated` and `truncated` swapped? `step` returns state, reward, terminated, truncated, info.",
            _share(lambda terminated, truncated: terminated and not truncated),
        ),
        mistake(
            "Every episode ends in one way or the other, so this is always 1. Count only the cut off ones.",
            _share(lambda terminated, truncated: terminated or truncated),
        ),
        mistake(
            "In these episodes both are True, so they have arrived. Count those that are truncated and *not* "
            "terminated.",
            _share(lambda terminated, truncated: terminated and truncated),
        ),
        mistake(
            "This is how many, not which share of the episodes.",
            lambda env, policy, episodes: episodes * _cut_off(env, policy, episodes),
        ),
        mistake(
            "This is in percent. A share is a fraction between 0 and 1.",
            lambda env, policy, episodes: 100 * _cut_off(env, policy, episodes),
        ),
        mistake(
            "`//` cuts the share down to a whole number. Divide with `/`.",
            lambda env, policy, episodes: int(_cut_off(env, policy, episodes)),
        ),
        mistake("This is the share of the *steps*. Divide by the number of episodes.", _of_steps),
        mistake("It drives one episode too few.", _one_too_few),
        mistake("Only the last episode counts: set the counter to 0 before the loop, not in it.", _last_only),
        mistake(
            "It stops at the first episode that is cut off. Drive all of them, then divide.", _up_to_the_first
        ),
        mistake(
            "After the first episode no step is taken: set both back to False when an episode begins.",
            _first_again,
        ),
        mistake(
            "It never finds one that was cut off. The time limit may be any number of steps: ask `truncated`.",
            lambda env, policy, episodes: 0.0,
        ),
    ],
    hints=[
        "For each episode: `env.reset()`, then steps with `policy()` until `terminated or truncated`.",
        "After the last step: cut off is `truncated and not terminated`.",
        "Count those, and divide by `episodes`.",
    ],
    takeaway="If nearly all are cut off, an agent will see little else: think about exploration first, as on the hill.",
    result="share",
)
def share_cut_off(env: Any, policy: Callable[[], int], episodes: int) -> float:
    """The share of episodes that the time limit cut off before they arrived; each action is `policy()`."""
    cut_off = 0
    for _ in range(episodes):
        env.reset()
        terminated = truncated = False
        while not (terminated or truncated):
            _, _, terminated, truncated, _ = env.step(policy())
        cut_off += truncated and not terminated
    return cut_off / episodes


INF = np.inf


def _quietly(formula: Callable[[NDArray, NDArray, NDArray, float], NDArray]) -> Callable:
    """Infinite bounds may give NaN without a warning."""

    def stretched(state: NDArray, low: NDArray, high: NDArray, r: float) -> NDArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(formula(state, low, high, r))

    return stretched


def _line(state: NDArray, low: NDArray, high: NDArray, r: float) -> NDArray:
    return (2 * (state - low) / (high - low) - 1) * r


def _bounded(low: NDArray, high: NDArray) -> NDArray:
    return np.isfinite(low) & np.isfinite(high)


def _where(
    line: Callable[[NDArray, NDArray, NDArray, float], NDArray],
    others: Callable[[NDArray, float], NDArray] = lambda s, r: s,
) -> Callable:
    """`line` where there are two bounds, `others` elsewhere."""
    return _quietly(
        lambda s, low, high, r: np.where(_bounded(low, high), line(s, low, high, r), others(s, r))
    )


def _same_bounds_for_all(s: NDArray, low: NDArray, high: NDArray, r: float) -> NDArray:
    bounded = _bounded(low, high)
    if not bounded.any():
        return s
    return np.where(bounded, _line(s, low[bounded].min(), high[bounded].max(), r), s)


@exercise(
    cases=[
        (np.array([0.0, 0.07]), np.array([-1.2, -0.07]), np.array([0.6, 0.07]), 8.0),
        (np.array([2.4, 3.0]), np.array([-4.8, -INF]), np.array([4.8, INF]), 8.0),
        (np.array([1.0, -2.0]), np.array([0.0, -2.0]), np.array([1.0, 2.0]), 1.0),
        (np.array([3.0]), np.array([-INF]), np.array([INF]), 2.0),
        (*np.array([[0.6, 0.5, -7], [-1.2, 0, -INF], [0.6, 1, INF]], np.float32), 8.0),
        (np.array([5.0, 6.0]), np.array([0.0, -INF]), np.array([INF, 8.0]), 4.0),  # one bound each
        (np.array([2.0, -3.0]), np.array([0.0, -1.0]), np.array([1.0, 1.0]), 2.0),  # beyond the bounds
    ],
    mistakes=[
        mistake(
            "A component without bounds comes out as nan or 0. It cannot be stretched: leave it as it is.",
            _quietly(_line),
            _where(_line, lambda s, r: np.zeros_like(s)),
            _quietly(lambda s, low, high, r: np.nan_to_num(_line(s, low, high, r))),
        ),
        mistake(
            "A component with only *one* bound has no width either. Ask both: stretch it only if both are finite.",
            _quietly(lambda s, low, high, r: np.where(np.isfinite(low), _line(s, low, high, r), s)),
            _quietly(lambda s, low, high, r: np.where(np.isfinite(high), _line(s, low, high, r), s)),
            _quietly(
                lambda s, low, high, r: np.where(
                    np.isfinite(low) | np.isfinite(high), _line(s, low, high, r), s
                )
            ),
        ),
        mistake(
            "Here every result is cut off at -r and r. Nothing is clipped: beyond its bounds a component goes on along "
            "the same line.",
            _where(lambda s, low, high, r: np.clip(_line(s, low, high, r), -r, r)),
            _where(
                lambda s, low, high, r: np.clip(_line(s, low, high, r), -r, r), lambda s, r: np.clip(s, -r, r)
            ),
        ),
        mistake(
            "The result lies between 0 and r. Asked for is -r to r: twice as wide, and shifted.",
            _where(lambda s, low, high, r: (s - low) / (high - low) * r),
        ),
        mistake(
            "The result lies between -1 and 1: `r` is never used.",
            _where(lambda s, low, high, r: _line(s, low, high, 1.0)),
        ),
        mistake(
            "It is only half as wide: -r/2 to r/2. Divide by *half* the width.",
            _where(lambda s, low, high, r: _line(s, low, high, r / 2)),
        ),
        mistake(
            "Dividing by the upper bound is right only if the lower one is its mirror image; the car's position is not.",
            _where(lambda s, low, high, r: s / high * r),
        ),
        mistake(
            "It is scaled, but the middle of the bounds does not become 0.",
            _where(lambda s, low, high, r: 2 * r * s / (high - low)),
        ),
        mistake(
            "The middle of the bounds becomes 0, but it is not scaled to r.",
            _where(lambda s, low, high, r: s - (low + high) / 2),
        ),
        mistake(
            "At the end 1 is subtracted in place of r: `low` must become -r.",
            _where(lambda s, low, high, r: 2 * r * (s - low) / (high - low) - 1),
        ),
        mistake(
            "Up and down have changed places: `low` must become -r and `high` r.",
            _where(lambda s, low, high, r: -_line(s, low, high, r)),
        ),
        mistake(
            "The components without bounds are multiplied by r. Leave them as they are.",
            _where(_line, lambda s, r: s * r),
        ),
        mistake(
            "The components without bounds are squeezed or clipped. Leave them as they are.",
            _where(_line, lambda s, r: r * np.tanh(s)),
            _where(_line, lambda s, r: np.clip(s, -r, r)),
        ),
        mistake(
            "The components without bounds are missing. The result has as many entries as `state`.",
            _quietly(lambda s, low, high, r: _line(s, low, high, r)[_bounded(low, high)]),
        ),
        mistake(
            "As soon as one component has no bounds, none is stretched. Decide for each of them.",
            _quietly(lambda s, low, high, r: _line(s, low, high, r) if _bounded(low, high).all() else s),
        ),
        mistake(
            "It clips instead of stretching.",
            _where(lambda s, low, high, r: np.clip(s, -r, r)),
            _quietly(lambda s, low, high, r: np.clip(s, -r, r)),
        ),
        mistake(
            "The condition is the wrong way round: those *with* two bounds are stretched.",
            _quietly(lambda s, low, high, r: np.where(_bounded(low, high), s, _line(s, low, high, r))),
        ),
        mistake(
            "Each component has its own bounds. Here all of them get the smallest and the largest.",
            _same_bounds_for_all,
        ),
    ],
    hints=[
        "First to a share of the way from low to high: `(state - low) / (high - low)`.",
        "Then from 0..1 to -r..r: `(2 * share - 1) * r`.",
        "Where one of the two bounds is infinite, keep the state: "
        "`np.where(np.isfinite(low) & np.isfinite(high), ..., state)`.",
    ],
    takeaway="`input_scaling` in `dqn_lib/agents/q_network.py` does this for every environment.",
    result="stretched state",
)
def stretch(state: NDArray, low: NDArray, high: NDArray, r: float) -> NDArray:
    """The state with each component that has two bounds brought to [-r, r]; the others as they are."""
    bounded = np.isfinite(low) & np.isfinite(high)
    width = np.where(bounded, high - low, 1.0)
    share = np.where(bounded, state - np.where(bounded, low, 0.0), 0.0) / width
    return np.where(bounded, (2 * share - 1) * r, state)
