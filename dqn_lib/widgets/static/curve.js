// The learning curve on its ruler, with a mark wherever a knob was turned.

const LENGTHS = [6_000, 12_000, 25_000, 50_000, 100_000]; // steps that the axis may show; then 200,000, ...
const MARKS = 8; // turns of a knob that are named: the latest
const ROOM = 0.075; // of the axis: what such a name takes

/** Ends of the axis for a run of so many steps: they change seldom, so that the picture stands still. */
export function lengthFor(steps) {
  return LENGTHS.find((length) => length >= steps) ?? Math.ceil(steps / LENGTHS.at(-1)) * LENGTHS.at(-1);
}

/** Where names end, as shares of the axis: at ascending `places`, or as near as leaves room for each. */
export function apart(places, room = ROOM) {
  let before = 0;
  const pushed = places.map((place) => (before = Math.max(place, before + room)));
  let after = 1 + room;
  return pushed.reverse().map((place) => (after = Math.min(place, after - room))).reverse();
}

/** Words upright along the axis of `plot`, for at most `count` marks: `show(marks)` has pairs of place and words. */
export function markNames(plot, count, room = ROOM) {
  const names = Array.from({ length: count }, () => make(plot.area, "span", "dqn-turn-name"));
  return (marks) => {
    const latest = marks.slice(-count);
    const places = apart(latest.map(([at]) => plot.across(at)), room);
    names.forEach((name, i) => {
      name.hidden = i >= latest.length;
      if (name.hidden) return;
      name.textContent = latest[i][1];
      name.style.left = `${100 * places[i]}%`;
    });
  };
}

/** Axes for returns over environment steps, with the lines that a return is read against. */
export function returns(parent, title, ruler) {
  const best = ruler[0].value;
  const luck = ruler.at(-1).value;
  const plot = axes(parent, {
    title,
    x: { label: "environment steps", range: [0, LENGTHS.at(-1)], ticks: [] },
    y: {
      label: "return = \u2212steps",
      range: [luck - 0.06 * (best - luck), best + 0.18 * (best - luck)],
      ticks: ticksBetween(luck, best),
    },
  });
  plot.figure.classList.add("dqn-curve");
  for (const { value, name, look } of ruler) {
    plot.path(`dqn-rule ${look}`)([[0, value], [LENGTHS.at(-1), value]]);
    const words = make(plot.side, "span", `dqn-rule-name ${look}`, name);
    words.style.bottom = `${100 * plot.up(value)}%`;
  }
  const setLength = (length) =>
    plot.setAxis("x", { range: [0, length], ticks: ticksBetween(0, length, 4) });
  return { ...plot, setLength };
}

/** The curve of a run that goes on: training episodes, checks of the greedy policy, turns of knobs. */
export function learningCurve(parent, ruler) {
  const plot = returns(parent, "How well it drives", ruler);
  const turns = plot.path("dqn-turns");
  const dots = plot.path("dqn-episodes");
  const line = plot.path("dqn-checks");
  const checks = plot.path("dqn-check-dots");
  const last = plot.path("dqn-latest");
  legend(plot.figure, [
    ["dqn-episode-sign", "a training episode"],
    ["dqn-check-sign", "greedy policy, 100 starts"],
  ]);
  const nameMarks = markNames(plot, MARKS);
  let length = 0;

  /** `episodes` and `means` are pairs of step and return; `marks` pairs of step and words. */
  return function show({ step, episodes, means, marks, alt }) {
    if (lengthFor(step) !== length) plot.setLength((length = lengthFor(step)));
    dots.dots(episodes);
    line(means);
    checks.dots(means.length > 60 ? [] : means);
    last.dots(means.slice(-1));
    const [low, high] = [ruler.at(-1).value - 10, ruler[0].value + 20];
    turns.segments(marks.map(([at]) => [[at, low], [at, high]]));
    nameMarks(marks);
    plot.say(alt);
  };
}
