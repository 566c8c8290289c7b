"""A stage for a live demonstration: one scene at a time fills the window, a key for each."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets as t
from ipywidgets import HTML, DOMWidget, HBox, Stack, VBox

from dqn_lib.mountain_car import SOLVED_RETURN
from dqn_lib.widgets.assets import esm
from dqn_lib.widgets.base import CellWidget, LessonWidget
from dqn_lib.widgets.contest import Contest, begin_class
from dqn_lib.widgets.drive_yourself import DriveYourself
from dqn_lib.widgets.panel import TrainingPanel


class SceneBar(LessonWidget):
    """The names of the scenes, which keys and buttons choose, and a button that puts everything back."""

    _esm = esm("scene_bar.js")
    explanation = "Buttons choose a scene of the demonstration."

    names = t.List(t.Unicode()).tag(sync=True)
    scene = t.Int(0).tag(sync=True)
    message = t.Unicode().tag(sync=True)

    def still(self) -> str:
        """The names of the scenes."""
        return f"<p>{', '.join(self.names)}</p>"


class Demo(CellWidget, VBox):
    """A page with one scene at a time: the keys 1, 2, 3 ... choose it, 0 puts everything back.

    `scenes` has, by name, functions that make a scene's widget. A scene is made when it is first shown, or by
    `make`; those that are `fresh`, whenever they are entered. A scene that is left is paused, if it can be.

    Attributes:
        made: the widgets that have been made, by name.

    Raises:
        ValueError: if there is no scene, or if `fresh` names something else.
    """

    def __init__(self, scenes: Mapping[str, Callable[[], DOMWidget]], fresh: Sequence[str] = ()) -> None:
        if not scenes:
            raise ValueError("scenes must hold at least one scene, got none")
        if unknown := [name for name in fresh if name not in scenes]:
            raise ValueError(f"fresh must name some of {', '.join(scenes)}, got {unknown[0]!r}")
        self.scenes, self.fresh = dict(scenes), tuple(fresh)
        self.made: dict[str, DOMWidget] = {}
        self._busy = threading.RLock()  # one key at a time, whatever thread it comes from
        self._empty = {name: HTML() for name in self.scenes}
        self.bar = SceneBar(names=list(self.scenes))
        self.stack = Stack(selected_index=0, children=list(self._empty.values()))
        super().__init__([self.bar, self.stack])
        self.add_class("dqn-stage")
        self.bar.observe(lambda change: self._enter(change.new), "scene")
        self.bar.on_msg(lambda _, content, __: content == {"press": "put_back"} and self.put_back())

    def make(self, name: str) -> DOMWidget:
        """The widget of a scene, made if it has not been.

        Raises:
            KeyError: if there is no scene of this name.
        """
        with self._busy:
            if name not in self.made:
                self.made[name] = self.scenes[name]()
                self.stack.children = [self.made.get(one, empty) for one, empty in self._empty.items()]
            return self.made[name]

    def show(self, name: str) -> None:
        """Show a scene, as its key does.

        Raises:
            ValueError: if there is no scene of this name.
        """
        if name not in self.scenes:
            raise ValueError(f"name must be one of {', '.join(self.scenes)}, got {name!r}")
        self.bar.scene = list(self.scenes).index(name)

    def put_back(self) -> None:
        """Everything as at the beginning, for the next class; the contests begin anew."""
        with self._busy:
            self.bar.message = ""  # or the second time the page would not hear of the same words
            problems = self._remove(list(self.made))
            try:
                begin_class()
            except OSError as problem:
                problems.append(f"The contests go on: {problem}.")
            self.make(next(iter(self.scenes)))
            self.bar.scene = 0
            self.bar.message = " ".join(["Everything is as at the beginning.", *problems])

    def stop(self) -> None:
        """Stop and remove all scenes."""
        with self._busy:
            for widget in [*self.made.values(), *self._empty.values(), self.bar, self.stack]:
                _close(widget)

    def _remove(self, names: Sequence[str]) -> list[str]:
        """Close some scenes; what could not be stopped, in words."""
        problems = []
        for name in names:
            try:
                _close(self.made.pop(name))
            except Exception as problem:
                problems.append(f"{name} could not be stopped: {problem}.")
        return problems

    def _enter(self, number: int) -> None:
        with self._busy:
            name = list(self.scenes)[number]
            try:
                for other, widget in self.made.items():
                    if other != name:
                        _each(widget, lambda one: one.pause() if hasattr(one, "pause") else None)
                if name in self.fresh and name in self.made:
                    self._remove([name])
                self.bar.message = "" if name in self.made else "A moment ..."
                self.make(name)
                self.bar.message = ""
            except Exception as problem:
                self.bar.message = f"This scene could not be made: {problem}."
            self.stack.selected_index = number


def drive_contest() -> HBox:
    """The car to drive by hand, beside the contest for the fewest steps to the flag."""
    drive, contest = DriveYourself(), Contest("drive", "Fewest steps to the flag")

    def offer(_: Any) -> None:
        if not drive.problem and drive.reached_flag:
            steps = len(drive.actions)
            contest.offer_score(steps, f"{steps} steps. Whose?")

    drive.observe(offer, "drives")
    return _beside(drive, contest)


def training_contest(panel: TrainingPanel) -> HBox:
    """A training panel, beside the contest for the fewest environment steps to a mean return of -110."""
    contest = Contest("train", "Fewest steps to −110")
    offered: list[Any] = [None]

    def offer(_: Any) -> None:
        log = panel.run.log
        if log is offered[0]:
            return
        if contest.score is not None:  # of the run before
            contest.withdraw()
        if (steps := log.solved_at(SOLVED_RETURN)) is not None:
            offered[0] = log
            contest.offer_score(steps, f"Solved at {steps:,}. Whose?")

    panel.observe(offer, "snapshot")
    return _beside(panel, contest)


def _beside(widget: DOMWidget, contest: Contest) -> HBox:
    box = HBox([widget, contest])
    box.add_class("dqn-beside")
    return box


def _each(widget: Any, act: Callable[[Any], Any]) -> None:
    """Call `act` with a widget, or with each in a box."""
    for one in getattr(widget, "children", None) or (widget,):
        act(one)


def _close(widget: Any) -> None:
    """Close a widget, those in a box, and the box's layout."""
    for one in getattr(widget, "children", ()):
        one.close()
    widget.layout.close()
    widget.close()
