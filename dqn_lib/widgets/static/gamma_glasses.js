// One slider over the exact solution: how far from the flag does a solver with this gamma still see it?

function render({ model, el }) {
  const root = make(el, "div", "dqn");
  keepKeys(root);
  const { gammas, lowest, steps, blind, blur, furthest, optimum } = model.get("sights");
  const values = unpack(model.get("values"));
  const policy = unpack(model.get("policy"));
  const bar = make(root, "div", "dqn-row");
  const knob = slider(bar, {
    name: "gamma",
    labels: gammas.map(String),
    index: model.get("index"),
    onChange: (index) => {
      model.set("index", index);
      model.save_changes();
    },
  });
  const pictures = make(root, "div", "dqn-pictures dqn-three");
  const left = valuePlane(pictures, "What each state is worth", { label: "lowest to the flag's" });
  const middle = policyPlane(pictures, "The action it prefers");
  const least = 1e-6;
  const right = axes(pictures, {
    title: "The weight of a reward",
    x: { label: "steps ahead", range: [0, furthest], ticks: [0, 50, 100, 150, 200] },
    y: {
      label: "weight",
      range: [least, 2],
      scale: Math.log10,
      ticks: [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5].map((weight) => [weight, weight.toFixed(5).replace(/0+$/, "").replace(/\.$/, "")]),
    },
  });
  right.figure.classList.add("dqn-plane");
  const grey = make(right.area, "div", "dqn-unseen", "too small to see");
  grey.style.height = `${100 * right.up(blur)}%`;
  right.path("dqn-goal dqn-start-line")([[optimum, least], [optimum, 2]]);
  right.mark("dqn-flag-word", "flag, from start")([optimum, least]);
  const line = right.path("dqn-checks");
  const dot = right.path("dqn-latest");

  function wear() {
    const index = model.get("index");
    const gamma = gammas[index];
    knob.set({ index });
    left.paint(part(values, index));
    middle.paint(part(policy, index));
    left.note(`${written(lowest[index], 1)} to 0`);
    const drives = steps[index] >= WORLD.maxSteps ? "the time limit" : `${written(steps[index])} steps on average`;
    middle.note(`drives: ${drives}`);
    const far = gamma === 1 ? Infinity : Math.log(blur) / Math.log(gamma);
    const seen = far > furthest ? "sees to the end" : `sees ${written(far)} steps ahead`;
    const end = Math.min(furthest, gamma === 1 ? Infinity : Math.log(least) / Math.log(gamma));
    line([[0, 1], [end, gamma ** end]]);
    dot.dots(far > furthest ? [] : [[far, blur]]);
    right.caption.textContent = `Gamma ${gamma} ${seen}`;
    left.say(`Values from ${written(lowest[index], 1)} to 0 over position and velocity, with gamma ${gamma}.`);
    middle.say(
      `The preferred action in each state; all three are the same in ${written(100 * blind[index])} % of ` +
        `the plane. The car that follows it drives ${drives}.`,
    );
    right.say(`With gamma ${gamma} the solver ${seen}.`);
  }
  model.on("change:index", wear);
  wear();
  return () => model.off?.("change:index", wear);
}

export default { render };
