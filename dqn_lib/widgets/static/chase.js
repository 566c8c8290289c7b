// Estimate and target of one state, chasing each other, while the rule between them is in your hands.

const SHORTEST = 2400; // gradient steps on the axis at first; twice as many whenever the lines come to its end
const NAMED = 12; // changes of the rule that are named: the latest

function render({ model, el }) {
  const { root, fill } = stage(el, "dqn-chase");
  const send = sender(model, () => gone());
  const press = (act) => send({ press: act });
  keepKeys(root, {
    " ": () => press(model.get("status").running ? "pause" : "run"),
    r: () => press("restart"),
    f: fill,
  });
  const exact = model.get("exact");
  const rule = make(root, "div", "dqn-row");
  const onChange = (name) => (index) => {
    model.set("indices", { ...model.get("indices"), [name]: index });
    model.save_changes();
  };
  const controls = model.get("settings").map(({ name, kind, ...options }) => {
    const index = model.get("indices")[name];
    return [name, (kind === "menu" ? menu : slider)(rule, { ...options, name: name.replace("_", " "), index, onChange: onChange(name) })];
  });
  const bar = make(root, "div", "dqn-row");
  button(bar, "Run", "Go on from here (space)", () => press("run"));
  button(bar, "Pause", "Stop after this step (space)", () => press("pause"));
  button(bar, "From the beginning", "Learn again from the first step (r)", () => press("restart"));
  const say = message(bar);

  const plot = axes(root, {
    x: { label: "gradient steps", range: [0, SHORTEST], ticks: [] },
    y: { label: "value of the state", range: [exact, 0], ticks: [] },
  });
  plot.figure.classList.add("dqn-wide");
  const goal = plot.path("dqn-rule dqn-best");
  const marks = plot.path("dqn-turns");
  const target = plot.path("dqn-target-line");
  const online = plot.path("dqn-checks");
  const ends = [plot.path("dqn-last"), plot.path("dqn-first")];
  const nameMarks = markNames(plot, NAMED, 0.05);
  legend(plot.figure, [
    ["dqn-sign dqn-first-sign", "online network"],
    ["dqn-sign dqn-last-sign", "target network"],
    ["dqn-sign dqn-exact-sign", `exact: ${written(exact, 1)}`],
  ]);
  let wanted = null;
  let answered = 0;

  function paint({ number, lines, rules }) {
    const said = rows(unpack(lines)); // gradient steps, online and target network
    const steps = said.at(-1)[0];
    let width = SHORTEST;
    while (width < steps) width *= 2;
    const values = said.flatMap(([, one, other]) => [one, other]);
    const unit = Math.max(Math.abs(exact), 1) / 4;
    const low = unit * Math.floor(Math.min(exact, 0, ...values) / unit - 0.2);
    const high = Math.max(0.2 * unit, unit * Math.ceil(Math.max(...values) / unit));
    plot.setAxis("x", { range: [0, width], ticks: ticksBetween(0, width, 4) });
    plot.setAxis("y", { range: [low, high], ticks: ticksBetween(low, high) });
    goal([[0, exact], [width, exact]]);
    online(said.map(([at, one]) => [at, one]));
    target(said.map(([at, , other]) => [at, other]));
    ends[0].dots([[steps, said.at(-1)[2]]]);
    ends[1].dots([[steps, said.at(-1)[1]]]);
    const latest = rules.slice(-NAMED);
    marks.segments(latest.map(([at]) => [[at, low], [at, high]]));
    nameMarks(rules);
    const words = `Rule: ${rules.at(-1)[1]}. The online network says ${written(said.at(-1)[1], 1)}`;
    plot.caption.textContent = words;
    plot.say(
      `${words}, the target network ${written(said.at(-1)[2], 1)}, after ${written(steps)} gradient steps; ` +
        `exact is ${written(exact, 1)}. ${rules.length} rules so far.`,
    );
    root.dataset.look = number;
  }
  function frame(now) {
    if (!wanted) return;
    paint(wanted);
    if (now - answered > 250 || !model.get("status").running) {
      answered = now;
      send({ seen: wanted.number });
    }
    wanted = null;
  }
  const follow = () => (wanted = model.get("look"));
  function followRule() {
    for (const [name, control] of controls) {
      control.set({ index: model.get("indices")[name], off: !model.get("active").includes(name) });
    }
  }
  const followStatus = () => say(model.get("status").words, model.get("status").alarm);
  const gone = () => say("The kernel has ended, and this chase with it: run the cell again.", true);
  const stopListening = listen(model, {
    "change:look": follow,
    "change:indices": followRule,
    "change:active": followRule,
    "change:status": followStatus,
    comm_live_update: gone,
  });
  const stopFrames = whileSeen(root, frame);
  follow();
  followRule();
  followStatus();
  return () => {
    stopFrames();
    stopListening();
  };
}

export default { render };
