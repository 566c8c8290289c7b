// One slider through a run: maps, policy, curve, car and the car's way are always of the same moment.

const SECONDS = 20; // that a whole run may take to play
const MOMENT = [0.3, 1]; // seconds for each moment, at least and at most
const PACE = 30; // steps a second that the car drives while nothing plays
const REST = 0.7; // seconds that it rests at the end of its way

function render({ model, el }) {
  const root = make(el, "div", "dqn");
  keepKeys(root);
  const { steps, means, spans, outcomes, lengths, limits, ruler } = model.get("run");
  const values = unpack(model.get("values"));
  const policy = unpack(model.get("policy"));
  const path = rows(unpack(model.get("path")));
  const pushes = unpack(model.get("pushes")).data;
  const starts = lengths.reduce((sums, length) => [...sums, sums.at(-1) + length + 1], [0]);
  const last = steps.length - 1;

  const bar = make(root, "div", "dqn-row");
  const knob = slider(bar, {
    name: "training step",
    help: "How far the training had come",
    labels: steps.map((step) => written(step)),
    index: model.get("index"),
    onChange: (index) => {
      stop();
      travel(index);
    },
  });
  const play = button(bar, "Play", "Run through the whole training", () => (playing ? stop() : start()));
  const pictures = make(root, "div", "dqn-pictures");
  const left = valuePlane(pictures, "Value of each state, and the car's way", {
    label: "value",
    smooth: model.get("smooth"),
  });
  const [low, high] = limits;
  left.scale(low, high, spans.some(([, highest]) => highest > high));
  const edge = left.path("dqn-way-edge");
  const way = left.path("dqn-way");
  const here = left.path("dqn-here");
  const core = left.path("dqn-here-core");
  const right = policyPlane(pictures, "What the greedy car would do");
  const drive = make(pictures, "figure", "dqn-plot");
  const caption = make(drive, "figcaption", "dqn-title");
  const { scene, place: putCar } = hill(make(drive, "div"));
  const curve = returns(pictures, "", ruler);
  curve.setLength(Math.max(...steps, 1));
  const all = steps.map((step, i) => [step, means[i]]);
  curve.path("dqn-whole")(all);
  const line = curve.path("dqn-checks");
  const dot = curve.path("dqn-latest");

  let index = -1;
  let playing = false;
  let since = 0; // milliseconds, of the page's clock, at which this moment began

  /** Everything as it was at one check of the run. */
  function travel(to) {
    if (to === index) return;
    index = to;
    since = performance.now();
    const way_ = path.slice(starts[index], starts[index + 1]);
    left.paint(part(values, index));
    right.paint(part(policy, index));
    edge(way_);
    way(way_);
    line(all.slice(0, index + 1));
    dot.dots([all[index]]);
    const step = written(steps[index]);
    caption.textContent = `Step ${step}: ${outcomes[index]}`;
    left.note(spans[index].map((end) => written(end)).join(" to "));
    curve.caption.textContent = `Greedy policy at step ${step}: ${written(means[index], 1)}`;
    left.say(`Values of all states after ${step} steps, ${left.area.textContent}.`);
    right.say(`The greedy action in each state after ${step} steps.`);
    curve.say(curve.caption.textContent);
    scene.setAttribute("aria-label", `The car on its hill. ${caption.textContent}.`);
    knob.set({ index });
    if (model.get("index") !== index) {
      model.set("index", index);
      model.save_changes();
    }
    drawCar(0);
  }

  function drawCar(step) {
    const at = starts[index] + Math.min(step, lengths[index]);
    here.dots([path[at]]);
    core.dots([path[at]]);
    putCar(path[at][0], step < lengths[index] ? pushes[at - index] : -1);
  }

  function frame(now) {
    const seconds = Math.max(now - since, 0) / 1000; // a frame's time may lie before the event before it
    if (playing) {
      const moment = Math.min(Math.max(SECONDS / (last + 1), MOMENT[0]), MOMENT[1]);
      if (seconds < moment) drawCar(Math.floor((seconds / moment) * (lengths[index] + 1)));
      else if (index < last) travel(index + 1);
      else stop();
    } else if (lively()) {
      drawCar(Math.floor(seconds * PACE) % (lengths[index] + Math.round(REST * PACE)));
    }
  }
  function start() {
    if (index === last) travel(0);
    playing = true;
    since = performance.now();
    play.textContent = "Pause";
  }
  function stop() {
    playing = false;
    since = performance.now();
    play.textContent = "Play";
  }

  const stopFrames = whileSeen(root, frame);
  const follow = () => model.get("index") !== index && (stop(), travel(model.get("index")));
  model.on("change:index", follow);
  travel(model.get("index"));
  return () => {
    stopFrames();
    model.off?.("change:index", follow);
  };
}

export default { render };
