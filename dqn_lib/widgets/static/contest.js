// A table of names and scores, and a field for a name while there is a new score.

function render({ model, el }) {
  const root = make(el, "div", "dqn dqn-contest");
  make(root, "div", "dqn-title", model.get("title"));
  const list = make(root, "ol");
  const nobody = make(root, "p", "", "Nobody yet.");
  const form = make(root, "form");
  const label = make(form, "label");
  const name = make(form, "input");
  Object.assign(name, { type: "text", maxLength: 24, autocomplete: "off" });
  name.id = `dqn-${Math.random().toString(36).slice(2)}`;
  label.htmlFor = name.id;
  make(form, "button", "dqn-button", "Enter");
  const say = message(root);
  keepKeys(root);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    try {
      model.send({ name: name.value });
    } catch {
      say("The kernel has ended: load the page again.", true);
    }
  });

  function showRows() {
    list.replaceChildren();
    for (const [who, steps] of model.get("rows")) {
      const row = make(list, "li");
      make(row, "span", "", who);
      make(row, "b", "", written(steps));
    }
    nobody.hidden = list.children.length > 0;
  }
  function showOffer() {
    label.textContent = model.get("offer");
    form.hidden = !model.get("offer");
    if (form.hidden) {
      name.value = "";
      document.querySelector(".dqn-stage .dqn-drive")?.focus({ preventScroll: true });
    } else if (document.activeElement?.type !== "range") name.focus(); // a slider that is moved keeps its keys
  }
  const callbacks = { rows: showRows, offer: showOffer, message: () => say(model.get("message"), true) };
  const events = Object.fromEntries(Object.entries(callbacks).map(([trait, act]) => [`change:${trait}`, act]));
  const stop = listen(model, events);
  for (const callback of Object.values(callbacks)) callback();
  return stop;
}

export default { render };
