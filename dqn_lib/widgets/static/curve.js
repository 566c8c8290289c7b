// The learning curve with its reference returns, and a mark wherever a setting was changed.

const LENGTHS = [6_000, 12_000, 25_000, 50_000, 100_000]; // lengths of the axis in steps; then 200,000, ...
const MAX_NAMES = 8; // changes of settings that are named: the latest
const NAME_WIDTH = 0.075; // of the axis

/** The length of the axis for a run of so many steps: it changes seldom, so that the picture is steady. */
export function lengthFor(steps) {
  return LENGTHS.find((length) => length >= steps) ?? Math.ceil(steps / LENGTHS.at(-1)) * LENGTHS.at(-1);
}

/** Positions of names, as fractions of the axis: their `places`, ascending, or as near as there is room. */
export function apart(places, width = NAME_WIDTH) {
  let before = 0;
  const pushed = places.map((place) => (before = Math.max(place, before + width)));
  let after = 1 + width;
  return pushed.reverse().map((place) => (after = Math.min(place, after - width))).reverse();
}

/** Upright names for the latest `count` marks on the x axis; returns `show(marks)`, for pairs of place and name. */
export function markNames(plot, count, width = NAME_WIDTH) {
  const names = Array.from({ length: count }, () => make(plot.area, "span", "dqn-change-name"));
  return (marks) => {
    const latest = marks.slice(-count);
    const places = apart(latest.map(([at]) => plot.across(at)), width);
    names.forEach((name, i) => {
      name.hidden = i >= latest.length;
      if (name.hidden) return;
      name.textContent = latest[i][1];
      name.style.left = `${100 * places[i]}%`;
    });
  };
}

/** Axes for returns over environment steps, with the reference returns as lines. */
export function returnAxes(parent, title, references) {
  const best = references[0].value;
  const random = references.at(-1).value;
  const plot = axes(parent, {
    title,
    x: { label: "environment steps", range: [0, LENGTHS.at(-1)], ticks: [] },
    y: {
      label: "return = \u2212steps",
      range: [random - 0.06 * (best - random), best + 0.18 * (best - random)],
      ticks: ticksBetween(random, best),
    },
  });
  plot.figure.classList.add("dqn-curve");
  for (const { value, name, css } of references) {
    plot.path(`dqn-rule ${css}`)([[0, value], [LENGTHS.at(-1), value]]);
    const label = make(plot.side, "span", `dqn-rule-name ${css}`, name);
    label.style.bottom = `${100 * plot.up(value)}%`;
  }
  const setLength = (length) =>
    plot.setAxis("x", { range: [0, length], ticks: ticksBetween(0, length, 4) });
  return { ...plot, setLength };
}

/** The curve of a live run: training episodes, checks of the greedy policy, changes of settings. */
export function learningCurve(parent, references) {
  const plot = returnAxes(parent, "Mean return of the greedy policy", references);
  const lines = plot.path("dqn-changes");
  const dots = plot.path("dqn-episodes");
  const line = plot.path("dqn-checks");
  const checkDots = plot.path("dqn-check-dots");
  const last = plot.path("dqn-latest");
  legend(plot.figure, [
    ["dqn-episode-sign", "training episode"],
    ["dqn-check-sign", "greedy policy, 100 starts"],
  ]);
  const nameMarks = markNames(plot, MAX_NAMES);
  let length = 0;

  /** `returns` of episodes and `checks` are pairs of step and return; `changes`, of step and words. */
  return function show({ step, returns, checks, changes, alt }) {
    if (lengthFor(step) !== length) plot.setLength((length = lengthFor(step)));
    dots.dots(returns);
    line(checks);
    checkDots.dots(checks.length > 60 ? [] : checks);
    last.dots(checks.slice(-1));
    const [low, high] = [references.at(-1).value - 10, references[0].value + 20];
    lines.segments(changes.map(([at]) => [[at, low], [at, high]]));
    nameMarks(changes);
    plot.setAlt(alt);
  };
}
