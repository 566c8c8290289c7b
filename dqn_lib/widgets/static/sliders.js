// Sliders above a picture that Python draws.

function render({ model, el }) {
  const root = make(el, "div", "dqn");
  keepKeys(root);
  const bar = make(root, "div", "dqn-row");
  const pictures = model.get("pictures"); // all of them, on a page without a kernel; the last slider's first
  const controls = model.get("controls").map(({ name, labels }, i) =>
    slider(bar, {
      name,
      labels,
      index: model.get("indices")[i],
      onChange: (index) => {
        model.set("indices", model.get("indices").map((before, j) => (j === i ? index : before)));
        model.save_changes();
        if (pictures) choose();
      },
    }),
  );
  const picture = make(root, "div", "dqn-drawn");
  const show = () => (picture.innerHTML = model.get("shown"));
  const follow = () => model.get("indices").forEach((index, i) => controls[i].set({ index }));
  /** Show the picture for the sliders' places. */
  function choose() {
    const places = model.get("indices");
    const number = model.get("controls").reduce((sum, { labels }, i) => sum * labels.length + places[i], 0);
    model.set("shown", pictures[number]);
  }
  show();
  return listen(model, { "change:shown": show, "change:indices": follow });
}

export default { render };
