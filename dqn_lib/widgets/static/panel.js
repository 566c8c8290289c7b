// The training panel: Python sends a snapshot of the run some thirty times a second.

const PACE = 30; // steps a second of the greedy policy's car
const PATIENCE = 60; // milliseconds that the car waits for the next snapshot: painting twice costs twice as much

function render({ model, el }) {
  const live = liveWidget({ model, el }, "dqn-panel", "The kernel has ended, and this run with it: run the cell again.");
  const { root, recorded, running, press } = live;
  keepKeys(root, {
    " ": () => press(running() ? "pause" : "train"),
    r: () => press("reset"),
    f: live.toggle,
  });

  // --- settings and buttons -----------------------------------------------------------------------

  const bar = make(root, "div", "dqn-row");
  const buttons = recorded
    ? [
        ["Play", "train", "Play the run to its end (space)"],
        ["Pause", "pause", "Stop here (space)"],
        ["Reset", "reset", "Back to the beginning (r)"],
      ]
    : [
        ["Train", "train", "Train until paused (space)"],
        ["Pause", "pause", "Stop after this step (space)"],
        ["One episode", "one_episode", "Train until an episode ends"],
        ["Reset", "reset", "Forget everything learnt; the settings stay (r)"],
      ];
  for (const [words, name, help] of buttons) button(bar, words, help, () => press(name));
  button(bar, "Full window", "Fill the window, and back (f)", live.toggle);
  const speeds = recorded ? null : slider(bar, {
    name: "speed",
    help: "Environment steps a second",
    labels: model.get("speeds"),
    onChange: (index) => live.set("speed", index),
  });
  const line = make(root, "div", "dqn-row");
  const counter = make(line, "span", "dqn-counter");
  const say = live.addStatus(line);
  const cells = make(root, "div", "dqn-cells");
  const settings = recorded ? null : make(cells, "div", "dqn-settings");
  const count = live.addSettings(settings);
  const seeds = model.get("seeds");
  const seed = recorded ? null : slider(settings, {
    name: "seed at Reset",
    help: "The seed of the random numbers",
    labels: seeds.map(String),
    onChange: (index) => live.set("seed", seeds[index]),
  });
  if (count) button(settings, "Reset settings", "Set every setting to its first value", () => press("reset_settings"));

  // --- pictures -----------------------------------------------------------------------------------

  const views = {};
  const show = model.get("show");
  if (show.includes("car")) {
    const figure = make(cells, "figure", "dqn-plot dqn-driven");
    const caption = make(figure, "figcaption", "dqn-title");
    views.car = { caption, ...hill(make(figure, "div", "dqn-scene")) };
  }
  if (show.includes("curve")) views.curve = learningCurve(cells, model.get("references"));
  if (show.includes("values")) {
    const options = { label: "value", smooth: model.get("smooth") };
    views.values = valuePlane(cells, "Estimated state value", options);
  }
  if (show.includes("policy")) views.policy = policyPlane(cells, "Greedy policy");
  if (show.includes("memory")) {
    views.memory = valuePlane(cells, "Replay memory: states", {
      label: "states in the cell",
      colours: COLOURS.density,
      smooth: false,
    });
    views.memory.scale(0, 3, false, (exponent) => written(10 ** exponent));
  }
  cells.style.setProperty("--columns", [1, 1, 2, 3, 2][cells.children.length] ?? 3);

  let drive = null; // the episode of the greedy policy, and when it began
  let moved = 0; // when the car was last drawn

  function paint(snapshot, now) {
    const { step, episodes, epsilon, best } = snapshot;
    const entry = (name, value) => `${name} <b>${value}</b>`;
    counter.innerHTML = [
      entry("step", written(step)),
      entry("episode", written(episodes)),
      entry("epsilon", written(epsilon, 2)),
      entry("best check", written(best, 1)),
    ].join(" \u00b7 ");
    if (views.curve) {
      const [returns, checks] = [snapshot.returns, snapshot.checks].map((packed) => rows(unpack(packed)));
      views.curve({ step, returns, checks, changes: snapshot.changes, alt: snapshot.alt });
    }
    if (views.values) {
      const { limits, span, diverged } = snapshot;
      const words = diverged ?? span.map((end) => written(end)).join(" to ");
      views.values.paint(unpack(snapshot.values));
      views.values.scale(...limits, span[1] > limits[1]);
      views.values.note(words);
      views.values.setAlt(`Map of state values over position and velocity, now ${words}.`);
    }
    if (views.policy) {
      views.policy.paint(unpack(snapshot.policy));
      views.policy.note(snapshot.diverged ?? "");
      views.policy.setAlt(`Map of the greedy action over position and velocity: ${snapshot.shares}.`);
    }
    if (views.memory) {
      const { stored, flags } = snapshot;
      const words = `${written(stored)} transitions, ${written(flags)} flag${flags === 1 ? "" : "s"}`;
      views.memory.paint(unpack(snapshot.memory));
      views.memory.note(words);
      views.memory.setAlt(`The replay memory over position and velocity: ${words}.`);
    }
    if (views.car) paintCar(snapshot, now);
  }

  function paintCar(snapshot, now) {
    if (snapshot.training_car) {
      drive = null;
      views.car.caption.textContent = "The car in training, in slow motion";
      views.car.place(...snapshot.training_car);
    } else if (snapshot.drive.number !== drive?.number) {
      const { number, positions, actions, words } = snapshot.drive;
      drive = { number, since: performance.now(), positions: unpack(positions).data, actions: unpack(actions).data };
      views.car.caption.textContent = words;
      views.car.scene.setAttribute("aria-label", `The car on its hill. ${words}.`);
    }
    if (drive) moveCar(now);
  }

  function moveCar(now) {
    moved = now;
    const { since, positions, actions } = drive;
    const last = positions.length - 1;
    const at = motionAllowed() ? Math.floor((Math.max(now - since, 0) / 1000) * PACE) % (last + PACE / 2) : last;
    views.car.place(positions[Math.min(at, last)], at < last ? actions[at] : -1);
  }

  return live.start(paint, {
    idle: (now) => drive && now - moved > (running() ? PATIENCE : 1000 / PACE - 5) && moveCar(now),
    follow: {
      speed: () => speeds?.set({ index: model.get("speed") }),
      seed: () => seed?.set({ index: seeds.indexOf(model.get("seed")) }),
    },
  });
}

export default { render };
