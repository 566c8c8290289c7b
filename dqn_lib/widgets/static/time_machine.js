// A slider through a run: values, policy, curve, car and its path always show the same check.

const DURATION = 20; // seconds in which a whole run is played
const PER_CHECK = [0.3, 1]; // seconds for each check, at least and at most
const PACE = 30; // steps a second of the car while nothing plays
const END_PAUSE = 0.7; // seconds that it stands at the end of its path

function render({ model, el }) {
  const root = make(el, "div", "dqn");
  keepKeys(root);
  const { steps, means, spans, outcomes, lengths, limits, references } = model.get("run");
  const values = unpack(model.get("values"));
  const policy = unpack(model.get("policy"));
  const path = rows(unpack(model.get("path")));
  const pushes = unpack(model.get("pushes")).data;
  const starts = lengths.reduce((sums, length) => [...sums, sums.at(-1) + length + 1], [0]);
  const last = steps.length - 1;

  const bar = make(root, "div", "dqn-row");
  const control = slider(bar, {
    name: "training step",
    help: "The step of the check that is shown",
    labels: steps.map((step) => written(step)),
    index: model.get("index"),
    onChange: (index) => {
      stop();
      show(index);
    },
  });
  const play = button(bar, "Play", "Play the whole training", () => (playing ? stop() : start()));
  const pictures = make(root, "div", "dqn-pictures");
  const left = valuePlane(pictures, "Estimated state value, and the car's path", {
    label: "value",
    smooth: model.get("smooth"),
  });
  const [low, high] = limits;
  left.scale(low, high, spans.some(([, highest]) => highest > high));
  const edge = left.path("dqn-path-edge");
  const line = left.path("dqn-path");
  const here = left.path("dqn-here");
  const core = left.path("dqn-here-core");
  const right = policyPlane(pictures, "Greedy policy");
  const drive = make(pictures, "figure", "dqn-plot");
  const caption = make(drive, "figcaption", "dqn-title");
  const { scene, place: placeCar } = hill(make(drive, "div", "dqn-scene"));
  const curve = returnAxes(pictures, "", references);
  curve.setLength(Math.max(...steps, 1));
  const all = steps.map((step, i) => [step, means[i]]);
  curve.path("dqn-all")(all);
  const soFar = curve.path("dqn-checks");
  const dot = curve.path("dqn-latest");

  let index = -1;
  let playing = false;
  let since = 0; // when this check was first shown, in milliseconds of the page's clock

  /** Show one check of the run. */
  function show(to) {
    if (to === index) return;
    index = to;
    since = performance.now();
    const states = path.slice(starts[index], starts[index + 1]);
    left.paint(part(values, index));
    right.paint(part(policy, index));
    edge(states);
    line(states);
    soFar(all.slice(0, index + 1));
    dot.dots([all[index]]);
    const step = written(steps[index]);
    caption.textContent = `Step ${step}: ${outcomes[index]}`;
    left.note(spans[index].map((end) => written(end)).join(" to "));
    curve.caption.textContent = `Greedy policy at step ${step}: ${written(means[index], 1)}`;
    left.setAlt(`Values of all states after ${step} steps, ${left.area.textContent}.`);
    right.setAlt(`The greedy action in each state after ${step} steps.`);
    curve.setAlt(curve.caption.textContent);
    scene.setAttribute("aria-label", `The car on its hill. ${caption.textContent}.`);
    control.set({ index });
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
    placeCar(path[at][0], step < lengths[index] ? pushes[at - index] : -1);
  }

  function frame(now) {
    const seconds = Math.max(now - since, 0) / 1000; // a frame's time may be before the event that led to it
    if (playing) {
      const duration = Math.min(Math.max(DURATION / (last + 1), PER_CHECK[0]), PER_CHECK[1]);
      if (seconds < duration) drawCar(Math.floor((seconds / duration) * (lengths[index] + 1)));
      else if (index < last) show(index + 1);
      else stop();
    } else if (motionAllowed()) {
      drawCar(Math.floor(seconds * PACE) % (lengths[index] + Math.round(END_PAUSE * PACE)));
    }
  }
  function start() {
    if (index === last) show(0);
    playing = true;
    since = performance.now();
    play.textContent = "Pause";
  }
  function stop() {
    playing = false;
    since = performance.now();
    play.textContent = "Play";
  }

  const stopFrames = whileVisible(root, frame);
  const follow = () => model.get("index") !== index && (stop(), show(model.get("index")));
  const stopListening = listen(model, { "change:index": follow });
  show(model.get("index"));
  return () => {
    stopFrames();
    stopListening();
  };
}

export default { render };
