// A slider for the discount over the exact solution: how far from the flag do values still differ?

function render({ model, el }) {
  const root = make(el, "div", "dqn");
  keepKeys(root);
  const { gammas, lowest, steps, tied, tolerance, stepsAhead, optimalSteps } = model.get("solved");
  const values = unpack(model.get("values"));
  const policy = unpack(model.get("policy"));
  const bar = make(root, "div", "dqn-row");
  const control = slider(bar, {
    name: "gamma",
    labels: gammas.map(String),
    index: model.get("index"),
    onChange: (index) => {
      model.set("index", index);
      model.save_changes();
    },
  });
  const pictures = make(root, "div", "dqn-pictures dqn-three");
  const left = valuePlane(pictures, "State value", { label: "value, from lowest to 0" });
  const middle = policyPlane(pictures, "Greedy policy");
  const minWeight = 1e-6;
  const right = axes(pictures, {
    title: "Weight of a later reward",
    x: { label: "steps ahead", range: [0, stepsAhead], ticks: [0, 50, 100, 150, 200] },
    y: {
      label: "weight",
      range: [minWeight, 2],
      scale: Math.log10,
      ticks: [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5].map((weight) => [weight, weight.toFixed(5).replace(/0+$/, "").replace(/\.$/, "")]),
    },
  });
  right.figure.classList.add("dqn-plane");
  const grey = make(right.area, "div", "dqn-below", "below the tolerance");
  grey.style.height = `${100 * right.up(tolerance)}%`;
  right.path("dqn-goal dqn-start-line")([[optimalSteps, minWeight], [optimalSteps, 2]]);
  right.mark("dqn-flag-word", "flag, from start")([optimalSteps, minWeight]);
  const line = right.path("dqn-checks");
  const dot = right.path("dqn-latest");

  function update() {
    const index = model.get("index");
    const gamma = gammas[index];
    control.set({ index });
    left.paint(part(values, index));
    middle.paint(part(policy, index));
    left.note(`${written(lowest[index], 1)} to 0`);
    const result = steps[index] >= WORLD.maxSteps ? "never arrives" : `arrives after ${written(steps[index])} steps on average`;
    middle.note(result);
    const reach = gamma === 1 ? Infinity : Math.log(tolerance) / Math.log(gamma);
    const words = reach > stepsAhead ? "above the tolerance everywhere" : `below the tolerance after ${written(reach)} steps`;
    const end = Math.min(stepsAhead, gamma === 1 ? Infinity : Math.log(minWeight) / Math.log(gamma));
    line([[0, 1], [end, gamma ** end]]);
    dot.dots(reach > stepsAhead ? [] : [[reach, tolerance]]);
    right.caption.textContent = `Weight ${words}`;
    left.setAlt(`Values from ${written(lowest[index], 1)} to 0 over position and velocity, with gamma ${gamma}.`);
    middle.setAlt(
      `The greedy action in each state; all three are equally good in ${written(100 * tied[index])} % of ` +
        `the plane. The policy ${result}.`,
    );
    right.setAlt(`With gamma ${gamma} the weight of a reward is ${words}.`);
  }
  update();
  return listen(model, { "change:index": update });
}

export default { render };
