// An agent that learns while you watch. Python sends all there is to see, some thirty times a second.

const PACE = 30; // steps a second of the greedy car
const ANSWERS = 250; // milliseconds between two words to Python that its looks are seen
const WAITS = 60; // milliseconds that the car waits for the next look: two paintings would cost twice as much
// Jupyter's server holds the next look back until it hears of the answer to a knob, for up to 40 ms (Nagle's
// algorithm); any word from the page will do. In milliseconds after the knob.
const NUDGE = 20;
const REPLAY = 120; // milliseconds for each look of a recorded run

function render({ model, el }) {
  const recording = model.get("recording");
  const { root, fill } = stage(el, "dqn-panel");
  const send = sender(model, () => gone());
  const press = (act) => (recording.length ? replay(act) : send({ press: act }));
  const running = () => model.get("status").running || playing !== 0;
  keepKeys(root, {
    " ": () => press(running() ? "pause" : "train"),
    r: () => press("reset"),
    f: fill,
  });

  // --- knobs and buttons -----------------------------------------------------------------

  const bar = make(root, "div", "dqn-row");
  for (const [words, act, help] of [
    ["Train", "train", "Go on learning (space)"],
    ["Pause", "pause", "Stop after this step (space)"],
    ["One episode", "one_episode", "Go on to the end of one episode"],
    ["Reset", "reset", "Forget everything; the knobs stay where they are (r)"],
  ]) {
    button(bar, words, help, () => press(act));
  }
  button(bar, "Whole window", "Fill the window, and back (f)", fill);
  const speeds = slider(bar, {
    name: "speed",
    help: "Environment steps a second",
    labels: model.get("speeds"),
    index: model.get("speed"),
    onChange: (index) => tell("speed", index),
  });
  const words = make(root, "div", "dqn-row");
  const counter = make(words, "span", "dqn-counter");
  const say = message(words);

  const cells = make(root, "div", "dqn-cells");
  const knobs = make(cells, "div", "dqn-knobs");
  const controls = new Map();
  for (const { name, label, help, labels, kind } of model.get("settings")) {
    const options = { name: label, help, labels, index: model.get("indices")[name] };
    const onChange = (index) => tell("indices", { ...model.get("indices"), [name]: index });
    controls.set(name, (kind === "menu" ? menu : slider)(knobs, { ...options, onChange }));
  }
  const seeds = model.get("seeds");
  const seed = slider(knobs, {
    name: "seed, from the next Reset on",
    help: "Other random numbers",
    labels: seeds.map(String),
    index: seeds.indexOf(model.get("seed")),
    onChange: (index) => tell("seed", seeds[index]),
  });
  if (controls.size) button(knobs, "Knobs back", "Put every knob back to where it was at first", () => press("knobs_back"));

  let nudge = 0;
  function tell(trait, value) {
    model.set(trait, value);
    model.save_changes();
    clearTimeout(nudge);
    nudge = setTimeout(() => send({ seen: Number(root.dataset.look ?? 0) }), NUDGE);
  }

  // --- what there is to see -----------------------------------------------------------------------

  const sights = {};
  const show = model.get("show");
  if (show.includes("car")) {
    const figure = make(cells, "figure", "dqn-plot dqn-driven");
    const caption = make(figure, "figcaption", "dqn-title");
    sights.car = { caption, ...hill(make(figure, "div", "dqn-scene")) };
  }
  if (show.includes("curve")) sights.curve = learningCurve(cells, model.get("ruler"));
  if (show.includes("values")) {
    const options = { label: "value", smooth: model.get("smooth") };
    sights.values = valuePlane(cells, "What each state is thought worth", options);
  }
  if (show.includes("policy")) sights.policy = policyPlane(cells, "What the greedy car would do");
  if (show.includes("memory")) {
    sights.memory = valuePlane(cells, "What it remembers", {
      label: "states in the cell",
      colours: COLOURS.density,
      smooth: false,
    });
    sights.memory.scale(0, 3, false, (exponent) => written(10 ** exponent));
  }
  cells.style.setProperty("--columns", [1, 1, 2, 3, 2][cells.children.length] ?? 3);

  let drive = null; // the greedy car's way, and since when it is on it
  let wanted = null; // the latest look that is not painted yet
  let answered = 0;
  let moved = 0; // when the car was drawn last

  function paint(look) {
    const { step, episodes, epsilon, best } = look;
    const entry = (name, value) => `${name} <b>${value}</b>`;
    counter.innerHTML = [
      entry("step", written(step)),
      entry("episode", written(episodes)),
      entry("epsilon", written(epsilon, 2)),
      entry("best check", written(best, 1)),
    ].join(" \u00b7 ");
    if (sights.curve) {
      const { turns, alt } = look;
      sights.curve({
        step, alt, marks: turns, episodes: rows(unpack(look.returns)), means: rows(unpack(look.checks)),
      });
    }
    if (sights.values) {
      sights.values.paint(unpack(look.values));
      sights.values.scale(...look.limits, look.span[1] > look.limits[1]);
      const span = look.diverged ?? look.span.map((end) => written(end)).join(" to ");
      sights.values.note(span);
      sights.values.say(`Map of state values over position and velocity, now ${span}.`);
    }
    if (sights.policy) {
      sights.policy.paint(unpack(look.policy));
      sights.policy.note(look.diverged ?? "");
      sights.policy.say(`Map of the greedy action over position and velocity: ${look.shares}.`);
    }
    if (sights.memory) {
      sights.memory.paint(unpack(look.memory));
      const held = `${written(look.held)} transitions, ${written(look.flags)} flag${look.flags === 1 ? "" : "s"}`;
      sights.memory.note(held);
      sights.memory.say(`The memory over position and velocity: ${held}.`);
    }
    if (sights.car) {
      if (look.here) {
        drive = null;
        sights.car.caption.textContent = "The car that learns, in slow motion";
        sights.car.place(...look.here);
      } else if (look.drive && look.drive.number !== drive?.number) {
        const { number, positions, actions, words: outcome } = look.drive;
        drive = { number, since: performance.now(), positions: unpack(positions).data, actions: unpack(actions).data };
        sights.car.caption.textContent = outcome;
        sights.car.scene.setAttribute("aria-label", `The car on its hill. ${outcome}.`);
      }
    }
    root.dataset.look = look.number;
  }

  function moveCar(now) {
    moved = now;
    const { since, positions, actions } = drive;
    const last = positions.length - 1;
    const at = lively() ? Math.floor((Math.max(now - since, 0) / 1000) * PACE) % (last + PACE / 2) : last;
    sights.car.place(positions[Math.min(at, last)], at < last ? actions[at] : -1);
  }

  function frame(now) {
    if (wanted) {
      paint(wanted);
      if (now - answered > ANSWERS || !running()) {
        answered = now;
        send({ seen: wanted.number });
      }
      wanted = null;
      if (drive) moveCar(now);
    } else if (drive && now - moved > (running() ? WAITS : 1000 / PACE - 5)) {
      moveCar(now);
    }
  }

  function follow() {
    wanted = model.get("look");
  }
  function followKnobs() {
    const indices = model.get("indices");
    const active = model.get("active");
    for (const [name, control] of controls) control.set({ index: indices[name], off: !active.includes(name) });
    speeds.set({ index: model.get("speed") });
    seed.set({ index: seeds.indexOf(model.get("seed")) });
  }
  function followStatus() {
    const { words: text, alarm } = model.get("status");
    say(text, alarm);
  }
  const gone = () => say("The kernel has ended, and this run with it: run the cell again.", true);

  // --- a recorded run, where no kernel is ---------------------------------------------------------

  let playing = 0;
  let at = 0;
  function replay(act) {
    clearInterval(playing);
    playing = 0;
    if (act === "reset") at = 0;
    if (act === "train") {
      if (at === recording.length - 1) at = 0;
      playing = setInterval(next, REPLAY);
    }
    if (act === "one_episode") next();
    wanted = recording[at];
    say(playing ? "A recorded run." : "A recorded run: to train one yourself, open the lesson.");
  }
  function next() {
    at = Math.min(at + 1, recording.length - 1);
    wanted = recording[at];
    if (at === recording.length - 1) replay("pause");
  }

  const stopListening = listen(model, {
    "change:look": follow,
    "change:indices": followKnobs,
    "change:active": followKnobs,
    "change:speed": followKnobs,
    "change:seed": followKnobs,
    "change:status": followStatus,
    comm_live_update: gone,
  });
  const stopFrames = whileSeen(root, frame);
  follow();
  followKnobs();
  followStatus();
  if (recording.length) replay("pause");
  return () => {
    stopFrames();
    stopListening();
    clearInterval(playing);
    clearTimeout(nudge);
  };
}

export default { render };
