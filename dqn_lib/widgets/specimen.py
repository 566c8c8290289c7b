"""One window of an agent's memory under the microscope: what it is, and what is learnt from it, in words."""

from typing import TYPE_CHECKING

import numpy as np

from dqn_lib import mountain_car as car
from dqn_lib.agents.aim import aim
from dqn_lib.plots.microscope import Specimen
from dqn_lib.plots.style import number

if TYPE_CHECKING:  # it loads TensorFlow, which whoever has an agent has loaded already
    from dqn_lib.agents.dqn import DQNAgent


def specimen(agent: "DQNAgent", age: int) -> Specimen:
    """The window that starts with the transition stored `age` steps ago."""
    memory, n_step = agent.memory, agent.config.n_step
    first = np.array((memory.added - 1 - age) % memory.capacity)
    # The discounts tell the window's length, with a gamma that makes every length another power of 2.
    length = round(-np.log2(float(memory.windows(first, n_step, 0.5).discounts)))
    last = (first + length - 1) % memory.capacity
    if memory.terminated[last]:
        stops = "the flag"
    elif memory.episode_end[last]:
        stops = "the time limit"
    else:
        stops = f"the agent's n = {n_step}" if length == n_step else "the newest memory"
    found = aim(agent, first)
    states = memory.states[(first + np.arange(length)) % memory.capacity]
    return Specimen(
        age=age,
        states=np.vstack([states, found.batch.next_states]),
        action=int(found.batch.actions),
        rewards=float(found.batch.returns),
        discount=float(found.batch.discounts),
        stops=stops,
        terminated=bool(found.batch.terminated),
        chosen=int(found.chosen),
        bootstrap=float(found.bootstrap),
        target=float(found.targets),
        estimate=float(found.estimates),
    )


def table(one: Specimen, agent: "DQNAgent") -> str:
    """All there is to know about one window, as two HTML tables."""
    position, velocity = one.states[0]
    one_network = agent.config.target_update == "none"  # then there is no need to tell two apart
    online, target = ("the network",) * 2 if one_network else ("the online network", "the target network")
    chooser = online if agent.config.double else target
    after = {
        "best action at its end": f"{car.ACTION_NAMES[one.chosen]}, says {chooser}",
        "its value": f"{number(one.bootstrap, 3)}, says {target}",
        "which counts": f"{agent.config.gamma:g}<sup>{one.length}</sup> = {one.discount:.3f} times",
    }
    if one.terminated:
        after = dict(zip(after, ("none", "0: after the flag nothing is paid", "not at all"), strict=True))
    remembered = {
        "state": f"position {number(position, 3)}, velocity {number(velocity, 4)}",
        "action": car.ACTION_NAMES[one.action],
        "age": f"stored {one.age:,} steps ago",
        "window": f"{one.length} {'step' if one.length == 1 else 'steps'}, stops at {one.stops}",
    }
    learnt = {
        "rewards, discounted": number(one.rewards, 3),
        **after,
        "target": number(one.target, 3),
        "estimate": f"{number(one.estimate, 3)}, says {online}",
        "TD error": number(one.error, 3),
    }
    return (
        '<div style="display: flex; gap: 8px 40px; flex-wrap: wrap; '
        'align-items: flex-start; line-height: 1.45">'
        f"{_rows('What was remembered', remembered)}{_rows('What is learnt from it now', learnt)}</div>"
    )


def _rows(caption: str, entries: dict[str, str]) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="text-align: left; padding-right: 1em; font-weight: normal">{name}</th>'
        f'<td style="text-align: left"><b>{value}</b></td></tr>'
        for name, value in entries.items()
    )
    return f'<table><caption style="text-align: left"><b>{caption}</b></caption>{rows}</table>'
