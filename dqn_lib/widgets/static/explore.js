// Sliders above a picture that Python draws, for who wants to draw their own.

function render({ model, el }) {
  const root = make(el, "div", "dqn");
  keepKeys(root);
  const bar = make(root, "div", "dqn-row");
  const controls = model.get("controls").map(({ name, labels }, i) =>
    slider(bar, {
      name,
      labels,
      place: model.get("places")[i],
      turned: (place) => {
        model.set("places", model.get("places").map((before, j) => (j === i ? place : before)));
        model.save_changes();
      },
    }),
  );
  const shown = make(root, "div", "dqn-drawn");
  const show = () => (shown.innerHTML = model.get("shown"));
  const follow = () => model.get("places").forEach((place, i) => controls[i].set({ place }));
  model.on("change:shown", show);
  model.on("change:places", follow);
  show();
  return () => {
    model.off?.("change:shown", show);
    model.off?.("change:places", follow);
  };
}

export default { render };
