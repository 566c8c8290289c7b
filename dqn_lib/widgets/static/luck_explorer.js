// A thousand new episodes at every move: how often does a random policy that repeats its actions arrive?

const MAX_HOLD = 64; // steps
const BIN = 5; // steps
const BEST = -80; // no episode reaches the flag sooner
const MAX_DOTS = 1000; // earlier batches that stay visible

/** The 95 % confidence interval of a proportion (Wilson, JASA 22, 1927), as in statistics.py. */
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
    return runEpisode(startState(random), (at) => {
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
  const holds = Array.from({ length: MAX_HOLD }, (_, i) => i + 1);
  const control = slider(bar, {
    name: "hold",
    help: "Steps that each random action is held",
    labels: holds.map((hold) => `${hold} step${hold > 1 ? "s" : ""}`),
    index: model.get("hold") - 1,
    onChange: (index) => {
      model.set("hold", index + 1);
      go();
    },
  });
  button(bar, `${written(episodes)} more`, "New episodes with the same hold", () => go());

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
  const timedOut = left.path("dqn-bars dqn-random");
  const bars = left.path("dqn-bars");
  const timedOutLabel = left.mark("dqn-word");
  const right = axes(pictures, {
    x: { label: "steps that each random action is held", range: [0, MAX_HOLD + 1], ticks: [1, 8, 16, 24, 32, 40, 48, 56, 64] },
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
    timedOut.segments([box(-200 - BIN, -200, lost)]);
    timedOutLabel([-198, Math.max(lost, 0.7)]);
    timedOutLabel.element.textContent = `${written(lost)} reach the time limit`;
    const best = arrived.length ? -Math.min(...arrived.map(({ length }) => length)) : -WORLD.maxSteps;
    left.caption.textContent = arrived.length
      ? `${written(arrived.length)} reach the flag, best return ${written(best)}`
      : `None reaches the flag, all returns are ${written(best)}`;

    const share = (100 * arrived.length) / episodes;
    const [low, high] = wilsonInterval(arrived.length, episodes).map((end) => 100 * end);
    while (high > top) {
      top *= 2;
      right.setAxis("y", { range: [-0.04 * top, top], ticks: ticksBetween(0, top) });
    }
    faint.dots(earlier);
    earlier.push([hold, share]);
    if (earlier.length > MAX_DOTS) earlier.shift();
    interval([[hold, low], [hold, high]]);
    dot.dots([[hold, share]]);
    right.caption.textContent =
      `Held for ${hold} step${hold > 1 ? "s" : ""}: ${written(share, 1)} % arrive ` +
      `(95 % interval ${written(low, 1)} to ${written(high, 1)} %)`;
    left.setAlt(`${left.caption.textContent}. ${timedOutLabel.element.textContent}.`);
    right.setAlt(`${right.caption.textContent}, beside ${earlier.length - 1} earlier batches.`);
    model.set("reached", arrived.length);
    model.save_changes();
  }

  function follow() {
    if (control.input.value === String(model.get("hold") - 1)) return; // this slider has moved it
    control.set({ index: model.get("hold") - 1 });
    go();
  }
  go();
  return listen(model, { "change:hold": follow });
}

export default { render };
