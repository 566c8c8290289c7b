// The value of one state by the online and by the target network, while the update rule can be changed.

const MIN_LENGTH = 2400; // gradient steps on the axis at first; doubled when the lines reach its end
const MAX_MARKS = 12; // changes of the rule that are named: the latest

function render({ model, el }) {
  const live = liveWidget({ model, el }, "dqn-explorer", "The kernel has ended, and this run with it: run the cell again.");
  const { root, press } = live;
  keepKeys(root, {
    " ": () => press(live.running() ? "pause" : "run"),
    r: () => press("restart"),
    f: live.toggle,
  });
  live.addSettings(make(root, "div", "dqn-row"));
  const bar = make(root, "div", "dqn-row");
  button(bar, "Run", "Learn until paused (space)", () => press("run"));
  button(bar, "Pause", "Stop after this step (space)", () => press("pause"));
  button(bar, "Restart", "Learn again from the first step (r)", () => press("restart"));
  live.addStatus(bar);

  const exact = model.get("exact");
  const plot = axes(root, {
    x: { label: "gradient steps", range: [0, MIN_LENGTH], ticks: [] },
    y: { label: "value of the state", range: [exact, 0], ticks: [] },
  });
  plot.figure.classList.add("dqn-wide");
  const drawExact = plot.path("dqn-rule dqn-best");
  const drawMarks = plot.path("dqn-changes");
  const drawTarget = plot.path("dqn-target-line");
  const drawOnline = plot.path("dqn-checks");
  const [drawTargetEnd, drawOnlineEnd] = [plot.path("dqn-last"), plot.path("dqn-first")];
  const nameMarks = markNames(plot, MAX_MARKS, 0.05);
  legend(plot.figure, [
    ["dqn-sign dqn-first-sign", "online network"],
    ["dqn-sign dqn-last-sign", "target network"],
    ["dqn-sign dqn-exact-sign", `exact: ${written(exact, 1)}`],
  ]);

  function paint({ lines, rules }) {
    const history = rows(unpack(lines)); // gradient steps, online and target network
    const [steps, online, target] = history.at(-1);
    let length = MIN_LENGTH;
    while (length < steps) length *= 2;
    const values = history.flatMap(([, ...both]) => both);
    const unit = Math.max(Math.abs(exact), 1) / 4;
    const low = unit * Math.floor(Math.min(exact, 0, ...values) / unit - 0.2);
    const high = Math.max(0.2 * unit, unit * Math.ceil(Math.max(...values) / unit));
    plot.setAxis("x", { range: [0, length], ticks: ticksBetween(0, length, 4) });
    plot.setAxis("y", { range: [low, high], ticks: ticksBetween(low, high) });
    drawExact([[0, exact], [length, exact]]);
    drawOnline(history.map(([at, value]) => [at, value]));
    drawTarget(history.map(([at, , value]) => [at, value]));
    drawTargetEnd.dots([[steps, target]]);
    drawOnlineEnd.dots([[steps, online]]);
    drawMarks.segments(rules.slice(-MAX_MARKS).map(([at]) => [[at, low], [at, high]]));
    nameMarks(rules);
    const words = `Rule: ${rules.at(-1)[1]}. Online network ${written(online, 1)}`;
    plot.caption.textContent = words;
    plot.setAlt(
      `${words}, target network ${written(target, 1)}, after ${written(steps)} gradient steps; ` +
        `exact is ${written(exact, 1)}. ${rules.length} rules so far.`,
    );
  }
  return live.start(paint);
}

export default { render };
