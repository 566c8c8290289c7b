// A thousand fresh episodes at every move: how far do random pushes get that last?

const LONGEST = 64; // steps that an action may be held
const BIN = 5; // steps
const BEST = -80; // nobody gets to the flag sooner
const EARLIER = 1000; // dots of earlier batches that stay

/** The 95 % confidence interval of a share (Wilson, JASA 22, 1927); as statistics.py has it. */
export function wilsonInterval(successes, tries) {
  const z = 1.96;
  const share = successes / tries;
  const middle = (share + z ** 2 / (2 * tries)) / (1 + z ** 2 / tries);
  const half =
    (z / (1 + z ** 2 / tries)) * Math.sqrt((share * (1 - share)) / tries + z ** 2 / (4 * tries ** 2));
  return [successes ? middle - half : 0, successes < tries ? middle + half : 1];
}

/** Episodes in which each random action is held for `hold` steps. */
export function batchOf(hold, episodes, random) {
  return Array.from({ length: episodes }, () => {
    let action = 1;
    return drive(startState(random), (at) => {
      if (at % hold === 0) action = Math.floor(3 * random());
      return action;
    });
  });
}

function render({ model, el }) {
  const root = make(el, "div", "dqn");
  keepKeys(root);
  const episodes = model.get("episodes");
  const random = randomFrom(model.get("seed"));
  const bar = make(root, "div", "dqn-row");
  const holds = Array.from({ length: LONGEST }, (_, i) => i + 1);
  const knob = slider(bar, {
    name: "hold",
    help: "Steps that each random action is held",
    labels: holds.map((hold) => `${hold} step${hold > 1 ? "s" : ""}`),
    index: model.get("hold") - 1,
    onChange: (index) => {
      model.set("hold", index + 1);
      go();
    },
  });
  button(bar, `Another ${written(episodes)}`, "Fresh episodes with the same hold", () => go());

  const pictures = make(root, "div", "dqn-pictures");
  const left = axes(pictures, {
    x: { label: "return of an episode", range: [-210, BEST], ticks: [-200, -180, -160, -140, -120, -100, -80] },
    y: {
      label: `episodes, of ${written(episodes)}`,
      range: [0.7, 2.5 * episodes],
      scale: Math.log10,
      ticks: [1, 10, 100, 1000, 10_000, 100_000].filter((count) => count <= 2.5 * episodes),
    },
  });
  const never = left.path("dqn-bars dqn-luck");
  const bars = left.path("dqn-bars");
  const neverWords = left.mark("dqn-word");
  const right = axes(pictures, {
    x: { label: "steps that each random action is held", range: [0, LONGEST + 1], ticks: [1, 8, 16, 24, 32, 40, 48, 56, 64] },
    y: { label: "arrivals (%)", range: [-1, 25], ticks: ticksBetween(0, 25) },
  });
  for (const plot of [left, right]) plot.figure.classList.add("dqn-wide");
  const faint = right.path("dqn-episodes dqn-check-colour");
  const interval = right.path("dqn-interval");
  const dot = right.path("dqn-latest");
  let top = 25;
  const earlier = [];

  const box = (low, high, count) => [[low, 0.7], [low, count], [high, count], [high, 0.7]];

  function go() {
    const hold = model.get("hold");
    const batch = batchOf(hold, episodes, random);
    const arrived = batch.filter(({ reached }) => reached);
    const counts = new Map();
    for (const { length } of arrived) {
      const bin = Math.floor(-length / BIN) * BIN;
      counts.set(bin, (counts.get(bin) ?? 0) + 1);
    }
    const lost = episodes - arrived.length;
    bars.segments([...counts].map(([bin, count]) => box(bin, bin + BIN, count)));
    never.segments([box(-200 - BIN, -200, lost)]);
    neverWords([-198, Math.max(lost, 0.7)]);
    neverWords.element.textContent = `${written(lost)} never get there`;
    const best = arrived.length ? -Math.min(...arrived.map(({ length }) => length)) : -WORLD.maxSteps;
    left.caption.textContent = arrived.length
      ? `Lucky ones: ${written(arrived.length)}, the best returns ${written(best)}`
      : `Not one is lucky, all return ${written(best)}`;

    const share = (100 * arrived.length) / episodes;
    const [low, high] = wilsonInterval(arrived.length, episodes).map((end) => 100 * end);
    while (high > top) {
      top *= 2;
      right.setAxis("y", { range: [-0.04 * top, top], ticks: ticksBetween(0, top) });
    }
    faint.dots(earlier);
    earlier.push([hold, share]);
    if (earlier.length > EARLIER) earlier.shift();
    interval([[hold, low], [hold, high]]);
    dot.dots([[hold, share]]);
    right.caption.textContent =
      `Held for ${hold} step${hold > 1 ? "s" : ""}: ${written(share, 1)} % arrive ` +
      `(95 % interval ${written(low, 1)} to ${written(high, 1)} %)`;
    left.say(`${left.caption.textContent}. ${neverWords.element.textContent}.`);
    right.say(`${right.caption.textContent}, among ${earlier.length - 1} batches before.`);
    model.set("reached", arrived.length);
    model.save_changes();
  }

  function follow() {
    if (knob.input.value === String(model.get("hold") - 1)) return; // it was this slider
    knob.set({ index: model.get("hold") - 1 });
    go();
  }
  model.on("change:hold", follow);
  go();
  return () => model.off?.("change:hold", follow);
}

export default { render };
