// One window of the memory: where it lies, how its target is made, and its TD error among all.

const GROUPS = ["rewards", "guess", "target", "estimate"];

/** The next of 1, 2, 3, 5, 7, 10, 20, ... that is not smaller than `size`. */
function roomy(size) {
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

  // --- where the slider stands: the oldest memory is on the left ----------------------------------

  const bar = make(root, "div", "dqn-row");
  const knob = slider(bar, {
    name: "steps ago",
    help: "The oldest memory is on the left; the arrow keys move by one step of the car",
    labels: Array.from({ length: count }, (_, i) => written(count - 1 - i)),
    index: model.get("index"),
    onChange: go,
  });
  button(bar, "Draw one at random", "As the agent does: each has the same chance", () =>
    go(Math.floor(random() * count)),
  );
  button(bar, "Largest TD error", "Where target and estimate are furthest apart", () => {
    let worst = 0;
    for (let i = 1; i < count; i++) if (Math.abs(error(i)) > Math.abs(error(worst))) worst = i;
    go(worst);
  });
  button(bar, "A flag", "A window that ends at the flag", () => {
    const flags = Array.from(stops.keys()).filter((i) => stops[i] === 0);
    if (flags.length) go(flags[Math.floor(random() * flags.length)]);
    else say("There is no flag in this memory.");
  });
  const say = message(bar);

  // --- pictures -----------------------------------------------------------------------------------

  const pictures = make(root, "div", "dqn-pictures");
  const map = plane(pictures, "The window on the map of the memory (light: often)", { colours: COLOURS.density });
  map.figure.classList.add("dqn-wide");
  map.paint(unpack(model.get("memory")));
  map.area.querySelector("canvas").style.opacity = 0.5;
  const [edge, way] = ["dqn-way-edge", "dqn-way"].map((look) => map.path(look));
  const [first, last, flag] = ["dqn-first", "dqn-last", "dqn-last dqn-flagged"].map((look) => map.path(look));
  legend(map.figure, [
    ["dqn-sign dqn-first-sign", "first state"],
    ["dqn-sign dqn-last-sign", "last state: the guess"],
    ["dqn-sign dqn-flag-sign", "the flag: no guess"],
  ]);

  const right = make(pictures, "div");
  const all = Float32Array.from([...targets, ...estimates]).sort();
  const low = -roomy(-all[0]);
  const high = all.at(-1) > 0 ? roomy(all.at(-1)) : 0;
  const sums = axes(right, {
    title: "How its target is made",
    x: { label: "value", range: [low, high], ticks: ticksBetween(low, high) },
    y: {
      label: "",
      range: [3.6, -0.6],
      ticks: [[0, "rewards"], [1, "+ guess"], [2, "= target"], [3, "estimate"]],
    },
  });
  sums.figure.classList.add("dqn-sums");
  const bars = Object.fromEntries(GROUPS.map((name) => [name, sums.path(`dqn-bars dqn-${name}`)]));
  const gap = sums.path("dqn-gap");
  const words = GROUPS.map((_, row) => {
    const entry = make(sums.side, "span", "dqn-sum-word");
    entry.style.bottom = `${100 * sums.up(row)}%`;
    return entry;
  });
  const sizes = Float32Array.from(targets, (_, i) => Math.abs(error(i))).sort();
  const widest = roomy(sizes[Math.floor(0.98 * (count - 1))]); // larger ones end at the edge
  const errors = axes(right, {
    title: "",
    x: { label: "target \u2212 estimate", range: [-widest, widest], ticks: ticksBetween(-widest, widest, 6) },
    y: { label: "", range: [0, 1.2], ticks: [] },
  });
  errors.figure.classList.add("dqn-sums", "dqn-flat");
  const heights = new Float32Array(61);
  for (let i = 0; i < count; i++) {
    const share = (Math.min(Math.max(error(i), -widest), widest) + widest) / (2 * widest);
    heights[Math.min(Math.floor(share * 61), 60)] += 1;
  }
  const most = Math.max(...heights);
  const edges = (i) => -widest + (2 * widest * i) / 61;
  errors.path("dqn-whole")([...heights].flatMap((h, i) => [[edges(i), h / most], [edges(i + 1), h / most]]));
  errors.path("dqn-turns")([[0, 0], [0, 1.2]]);
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
    knob.set({ index: i });
    say("");
    const length = lengths[i];
    const terminated = stops[i] === 0;
    const path = Array.from({ length: length + 1 }, (_, j) => (j < length ? states[i + j] : endOf(i)));
    for (const draw of [edge, way]) draw(path);
    first.dots([path[0]]);
    last.dots(terminated ? [] : [path.at(-1)]);
    flag.dots(terminated ? [path.at(-1)] : []);

    const guess = terminated ? 0 : discounts[i] * bootstraps[i];
    const spans = {
      rewards: [0, rewards[i]], guess: [rewards[i], rewards[i] + guess], target: [0, targets[i]], estimate: [0, estimates[i]],
    };
    GROUPS.forEach((name, row) => {
      const [from, to] = spans[name];
      bars[name]([[from, row - 0.28], [to, row - 0.28], [to, row + 0.28], [from, row + 0.28]]);
    });
    gap([[targets[i], 2.28], [targets[i], 2.5], [estimates[i], 2.5], [estimates[i], 2.72]]);
    const steps = `${length} step${length === 1 ? "" : "s"}`;
    const said = [
      `${steps}: ${written(rewards[i], 2)}`,
      terminated ? "none: the flag" : `${written(discounts[i], 3)} \u00d7 ${written(bootstraps[i], 2)} = ${written(guess, 2)}`,
      written(targets[i], 2),
      written(estimates[i], 2),
    ];
    words.forEach((entry, row) => (entry.textContent = said[row]));
    const tip = Math.min(Math.max(error(i), -widest), widest);
    arrow([[0, 0.5], [tip, 0.5]]);
    const smaller = sizes.findIndex((size) => size >= Math.abs(error(i))) / count;
    const rankWords = `larger than ${smaller > 0.995 ? "nearly all" : `${written(100 * smaller)} % of all`}`;
    errors.caption.textContent = `TD error ${written(error(i), 2)}, ${rankWords} in the memory`;

    const stop = about.stops[stops[i]];
    map.say(`A window of ${steps} over position and velocity, which stops at ${stop}.`);
    sums.say(
      `Rewards ${written(rewards[i], 2)}, ${terminated ? "no guess" : `guess ${written(guess, 2)}`}, target ` +
        `${written(targets[i], 2)}, estimate ${written(estimates[i], 2)}, TD error ${written(error(i), 2)}.`,
    );
    errors.say(`Its TD error among those of the whole memory: ${rankWords}.`);
    const [position, velocity] = states[i];
    const age = count - 1 - i;
    tables.innerHTML =
      table("What was remembered", [
        ["state", `position ${written(position, 3)}, velocity ${written(velocity, 4)}`],
        ["action", COLOURS.preferences[actions[i]]],
        ["age", `stored ${written(age)} step${age === 1 ? "" : "s"} ago`],
        ["window", `${steps}, stops at ${stop}`],
      ]) +
      table("What is learnt from it now", [
        ["rewards, discounted", written(rewards[i], 3)],
        ["best action at its end", terminated ? "none" : `${COLOURS.preferences[chosen[i]]}, says ${about.chooser}`],
        ["its value", terminated ? "0: after the flag nothing is paid" : `${written(bootstraps[i], 3)}, says ${about.target}`],
        ["which counts", terminated ? "not at all" : `${about.gamma}<sup>${length}</sup> = ${written(discounts[i], 3)} times`],
        ["target", written(targets[i], 3)],
        ["estimate", `${written(estimates[i], 3)}, says ${about.online}`],
        ["TD error", written(error(i), 3)],
      ]);
  }
  const lastStates = rows(unpack(columns.lasts));
  const endOf = (i) => lastStates[ends[i]];

  model.on("change:index", show);
  show();
  return () => model.off?.("change:index", show);
}

export default { render };
