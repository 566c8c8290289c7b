"""Which rule moves the target network: a menu of the three, and the knob that belongs to the one chosen."""

from collections.abc import Callable
from typing import Any

from ipywidgets import Dropdown, HBox, Layout

from dqn_lib.widgets.knob import Knob

KINDS = {
    "copied every step": "none",
    "hard: a copy now and then": "hard",
    "soft: a little every step": "soft",
}
PERIODS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
TAUS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1.0)


class TargetRule(HBox):
    """`kind`, `period` and `tau` to choose by; `turned()` is called, in the kernel, after every choice."""

    def __init__(self, rule: str, period: int, tau: float, *, turned: Callable[[], None]) -> None:
        if rule not in KINDS.values():
            raise ValueError(f"rule must be one of {', '.join(KINDS.values())}, got {rule!r}")
        self.kind = Dropdown(
            description="rule",
            options=KINDS,
            value=rule,
            style={"description_width": "initial"},
            layout=Layout(width="260px", margin="2px 24px 2px 0"),
        )
        self.period = Knob("period", PERIODS, period, says="Gradient steps between two copies")
        self.tau = Knob(
            "tau", TAUS, tau, says="Share of the way that the target moves at every gradient step"
        )
        super().__init__(
            [self.kind, self.period, self.tau], layout=Layout(flex_flow="row wrap", align_items="center")
        )
        self._show_knobs()
        self.kind.observe(self._show_knobs, "value")
        for control, trait in ((self.kind, "value"), (self.period, "place"), (self.tau, "place")):
            control.observe(lambda _: turned(), trait)

    @property
    def chosen(self) -> tuple[dict[str, Any], str]:
        """The agent's settings for this rule, and the rule in words."""
        match self.kind.value:
            case "hard":
                period = self.period.value
                return {"target_update": "hard", "target_period": period}, f"period {period:,}"
            case "soft":
                return {"target_update": "soft", "tau": self.tau.value}, f"tau {self.tau.value:g}"
        return {"target_update": "none"}, "every step"

    def _show_knobs(self, _: Any = None) -> None:
        for knob, kind in ((self.period, "hard"), (self.tau, "soft")):
            knob.layout.display = None if self.kind.value == kind else "none"
