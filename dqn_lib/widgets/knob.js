// A slider over a list of values: the browser's own, so that keyboard and screen reader work as they should.
function render({ model, el }) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  const output = document.createElement("output");
  el.classList.add("dqn-knob");
  input.type = "range";
  input.min = 0;
  input.step = 1;
  input.id = `dqn-knob-${Math.random().toString(36).slice(2)}`; // crypto.randomUUID is there on https only
  label.htmlFor = output.htmlFor = input.id;
  el.append(label, input, output);

  function show() {
    const labels = model.get("labels");
    label.textContent = model.get("description");
    el.title = model.get("says");
    input.max = labels.length - 1;
    input.value = model.get("place");
    input.disabled = model.get("disabled");
    say(labels);
  }
  function say(labels) {
    output.textContent = labels[input.value];
    input.setAttribute("aria-valuetext", labels[input.value]);
  }
  input.addEventListener("input", () => {
    say(model.get("labels"));
    model.set("place", Number(input.value));
    model.save_changes();
  });
  input.addEventListener("keydown", (event) => {
    // Its keys are its own, not the notebook's; but Shift + Enter still runs the cell.
    if (!event.ctrlKey && !event.shiftKey && !event.metaKey) event.stopPropagation();
  });
  for (const name of ["place", "labels", "description", "disabled"]) model.on(`change:${name}`, show);
  show();
}

export default { render };
