// One window of the replay memory: where it lies, how its TD target is computed, and its TD error.

const GROUPS = ["rewards", "bootstrap", "target", "estimate"];

/** The next of 1, 2, 3, 5, 7, 10, 20, ... that is not smaller than `size`. */
function roundUp(size) {
  const power = 10 ** Math.floor(Math.log10(Math.max(size, 1)));
  return [1, 2, 3, 5, 7, 10].map((factor) => factor * power).find((one) => one >= size);
}

function render({ model, el }) {
  const root = make(el, "div", "dqn");
  keepKeys(root);
  const about = model.get("about");
  const columns = model.get("columns");
  const column = (name) => unpack(columns[name]).data;
  const states = rows(unpack(columns.states));
  const [ends, lengths, actions, chosen, stops] = ["ends", "lengths", "actions", "chosen", "stops"].map(column);
  const [rewards, discounts, bootstraps, targets, estimates] = [
    "rewards", "discounts", "bootstraps", "targets", "estimates",
  ].map(column);
  const count = actions.length;
  const error = (i) => targets[i] - estimates[i];
  const random = randomFrom(model.get("seed"));

  // --- the slider and the buttons -------------------------------------------------------------------

  const bar = make(root, "div", "dqn-row");
  const control = slider(bar, {
    name: "steps ago",
    help: "The oldest transition is on the left; the arrow keys move by one step",
    labels: Array.from({ length: count }, (_, i) => written(count - 1 - i)),
    index: model.get("index"),
    onChange: go,
  });
  button(bar, "Random window", "As the agent samples: each with the same probability", () =>
    go(Math.floor(random() * count)),
  );
  button(bar, "Largest TD error", "The window whose target and estimate differ most", () => {
    let worst = 0;
    for (let i = 1; i < count; i++) if (Math.abs(error(i)) > Math.abs(error(worst))) worst = i;
    go(worst);
  });
  button(bar, "Reaches the flag", "A random window that ends at the flag", () => {
    const flags = Array.from(stops.keys()).filter((i) => stops[i] === 0);
    if (flags.length) go(flags[Math.floor(random() * flags.length)]);
    else say("No window in this memory reaches the flag.");
  });
  const say = message(bar);

  // --- pictures -----------------------------------------------------------------------------------

  const pictures = make(root, "div", "dqn-pictures");
  const map = plane(pictures, "Replay memory: states (light: often), and the window", { colours: COLOURS.density });
  map.figure.classList.add("dqn-wide");
  map.paint(unpack(model.get("memory")));
  map.area.querySelector("canvas").style.opacity = 0.5;
  const [edge, line] = ["dqn-path-edge", "dqn-path"].map((name) => map.path(name));
  const [first, last, flag] = ["dqn-first", "dqn-last", "dqn-last dqn-flagged"].map((name) => map.path(name));
  legend(map.figure, [
    ["dqn-sign dqn-first-sign", "first state"],
    ["dqn-sign dqn-last-sign", "last state: bootstrap"],
    ["dqn-sign dqn-flag-sign", "the flag: no bootstrap"],
  ]);

  const right = make(pictures, "div");
  const all = Float32Array.from([...targets, ...estimates]).sort();
  const low = -roundUp(-all[0]);
  const high = all.at(-1) > 0 ? roundUp(all.at(-1)) : 0;
  const sums = axes(right, {
    title: "TD target of the window",
    x: { label: "value", range: [low, high], ticks: ticksBetween(low, high) },
    y: {
      label: "",
      range: [3.6, -0.6],
      ticks: [[0, "rewards"], [1, "+ bootstrap"], [2, "= target"], [3, "estimate"]],
    },
  });
  sums.figure.classList.add("dqn-sums");
  const bars = Object.fromEntries(GROUPS.map((name) => [name, sums.path(`dqn-bars dqn-${name}`)]));
  const gap = sums.path("dqn-gap");
  const labels = GROUPS.map((_, row) => {
    const entry = make(sums.side, "span", "dqn-sum-word");
    entry.style.bottom = `${100 * sums.up(row)}%`;
    return entry;
  });
  const sizes = Float32Array.from(targets, (_, i) => Math.abs(error(i))).sort();
  const limit = roundUp(sizes[Math.floor(0.98 * (count - 1))]); // larger ones are drawn at the edge
  const errors = axes(right, {
    title: "",
    x: { label: "target \u2212 estimate", range: [-limit, limit], ticks: ticksBetween(-limit, limit, 6) },
    y: { label: "", range: [0, 1.2], ticks: [] },
  });
  errors.figure.classList.add("dqn-sums", "dqn-flat");
  const heights = new Float32Array(61);
  for (let i = 0; i < count; i++) {
    const share = (Math.min(Math.max(error(i), -limit), limit) + limit) / (2 * limit);
    heights[Math.min(Math.floor(share * 61), 60)] += 1;
  }
  const most = Math.max(...heights);
  const edges = (i) => -limit + (2 * limit * i) / 61;
  errors.path("dqn-all")([...heights].flatMap((h, i) => [[edges(i), h / most], [edges(i + 1), h / most]]));
  errors.path("dqn-changes")([[0, 0], [0, 1.2]]);
  const arrow = errors.path("dqn-gap");
  const tables = make(root, "div", "dqn-tables");

  // --- one window ---------------------------------------------------------------------------------

  function go(to) {
    model.set("index", to);
    model.save_changes();
    show();
  }

  function table(caption, entries) {
    const lines = entries.map(([name, value]) => `<tr><th scope="row">${name}</th><td>${value}</td></tr>`);
    return `<table><caption>${caption}</caption>${lines.join("")}</table>`;
  }

  function show() {
    const i = model.get("index");
    control.set({ index: i });
    say("");
    const length = lengths[i];
    const terminated = stops[i] === 0;
    const path = Array.from({ length: length + 1 }, (_, j) => (j < length ? states[i + j] : endOf(i)));
    for (const draw of [edge, line]) draw(path);
    first.dots([path[0]]);
    last.dots(terminated ? [] : [path.at(-1)]);
    flag.dots(terminated ? [path.at(-1)] : []);

    const bootstrap = terminated ? 0 : discounts[i] * bootstraps[i];
    const spans = {
      rewards: [0, rewards[i]], bootstrap: [rewards[i], rewards[i] + bootstrap], target: [0, targets[i]], estimate: [0, estimates[i]],
    };
    GROUPS.forEach((name, row) => {
      const [from, to] = spans[name];
      bars[name]([[from, row - 0.28], [to, row - 0.28], [to, row + 0.28], [from, row + 0.28]]);
    });
    gap([[targets[i], 2.28], [targets[i], 2.5], [estimates[i], 2.5], [estimates[i], 2.72]]);
    const steps = `${length} step${length === 1 ? "" : "s"}`;
    const texts = [
      `${steps}: ${written(rewards[i], 2)}`,
      terminated ? "none: the flag" : `${written(discounts[i], 3)} \u00d7 ${written(bootstraps[i], 2)} = ${written(bootstrap, 2)}`,
      written(targets[i], 2),
      written(estimates[i], 2),
    ];
    labels.forEach((entry, row) => (entry.textContent = texts[row]));
    const tip = Math.min(Math.max(error(i), -limit), limit);
    arrow([[0, 0.5], [tip, 0.5]]);
    const smaller = sizes.findIndex((size) => size >= Math.abs(error(i))) / count;
    const rank = `in size above ${smaller > 0.995 ? "nearly all" : `${written(100 * smaller)} % of all`}`;
    errors.caption.textContent = `TD error ${written(error(i), 2)}, ${rank} in the memory`;

    const stop = about.stops[stops[i]];
    map.setAlt(`A window of ${steps} over position and velocity, which stops at ${stop}.`);
    sums.setAlt(
      `Rewards ${written(rewards[i], 2)}, ${terminated ? "no bootstrap" : `bootstrap ${written(bootstrap, 2)}`}, target ` +
        `${written(targets[i], 2)}, estimate ${written(estimates[i], 2)}, TD error ${written(error(i), 2)}.`,
    );
    errors.setAlt(`Its TD error among those of the whole memory: ${rank}.`);
    const [position, velocity] = states[i];
    const age = count - 1 - i;
    tables.innerHTML =
      table("The window in memory", [
        ["state", `position ${written(position, 3)}, velocity ${written(velocity, 4)}`],
        ["action", COLOURS.preferences[actions[i]]],
        ["age", `stored ${written(age)} step${age === 1 ? "" : "s"} ago`],
        ["window", `${steps}, stops at ${stop}`],
      ]) +
      table("What the agent learns from it now", [
        ["rewards, discounted", written(rewards[i], 3)],
        ["best action in its last state", terminated ? "none" : `${COLOURS.preferences[chosen[i]]}, by ${about.chooser}`],
        ["its value", terminated ? "0: the flag ends the episode" : `${written(bootstraps[i], 3)}, by ${about.target}`],
        ["its weight", terminated ? "none" : `${about.gamma}<sup>${length}</sup> = ${written(discounts[i], 3)}`],
        ["target", written(targets[i], 3)],
        ["estimate", `${written(estimates[i], 3)}, by ${about.online}`],
        ["TD error", written(error(i), 3)],
      ]);
  }
  const lastStates = rows(unpack(columns.lasts));
  const endOf = (i) => lastStates[ends[i]];

  show();
  return listen(model, { "change:index": show });
}

export default { render };
