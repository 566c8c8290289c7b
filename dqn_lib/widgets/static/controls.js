// Sliders, buttons and words, as the browser has them: so keyboard and screen reader work as they should.

/** A button that says what it does and does it. */
export function button(parent, words, help, act) {
  const element = make(parent, "button", "dqn-button", words);
  element.type = "button";
  element.title = help;
  element.addEventListener("click", act);
  return element;
}

/**
 * A slider over `labels`; `onChange(index)` is called when a hand moves it. `set({ index, labels, off })`
 * moves it from elsewhere.
 */
export function slider(parent, { name, help = "", labels, index = 0, onChange }) {
  const row = make(parent, "div", "dqn-slider");
  row.title = help;
  const label = make(row, "label", "", name);
  const input = make(row, "input");
  const output = make(row, "output");
  Object.assign(input, { type: "range", min: 0, step: 1, max: labels.length - 1, value: index });
  input.id = `dqn-${Math.random().toString(36).slice(2)}`; // crypto.randomUUID is there on https only
  label.htmlFor = output.htmlFor = input.id;
  // As wide as the longest of a few, so that nothing jumps.
  const widest = (words) => Math.max(...words.map((one) => one.length));
  const few = (words) => words.filter((_, i) => i % Math.ceil(words.length / 50) === 0 || i === words.length - 1);

  function say() {
    output.textContent = labels[input.value];
    input.setAttribute("aria-valuetext", labels[input.value]);
  }
  function set(now) {
    if (now.labels !== undefined) {
      labels = now.labels;
      input.max = labels.length - 1;
      output.style.minWidth = `${widest(few(labels))}ch`;
    }
    if (now.index !== undefined) input.value = now.index;
    if (now.off !== undefined) row.classList.toggle("dqn-off", (input.disabled = now.off));
    say();
  }
  input.addEventListener("input", () => {
    say();
    onChange(Number(input.value));
  });
  set({ labels, index });
  return { row, input, set };
}

/** A menu of `labels` under a name; as `slider`. */
export function menu(parent, { name, help = "", labels, index = 0, onChange }) {
  const row = make(parent, "div", "dqn-slider dqn-menu");
  row.title = help;
  const label = make(row, "label", "", name);
  const input = make(row, "select");
  labels.forEach((words) => make(input, "option", "", words));
  input.selectedIndex = index;
  input.id = `dqn-${Math.random().toString(36).slice(2)}`;
  label.htmlFor = input.id;
  input.addEventListener("change", () => onChange(input.selectedIndex));
  const set = (now) => {
    if (now.index !== undefined) input.selectedIndex = now.index;
    if (now.off !== undefined) row.classList.toggle("dqn-off", (input.disabled = now.off));
  };
  return { row, input, set };
}

/** Words on how things stand; what went wrong is read out at once. */
export function message(parent) {
  const words = make(parent, "span", "dqn-message");
  words.setAttribute("role", "status");
  return (text, alarm = false) => {
    words.setAttribute("role", alarm ? "alert" : "status");
    words.textContent = text;
  };
}

/**
 * Keys belong to the widget while it has the focus; only those of Run and of the browser go on. `acts` says
 * what some of them do, unless they mean something to what has the focus.
 */
export function keepKeys(root, acts = {}) {
  root.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.shiftKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    const own = event.key === " " ? "button, select" : "select";
    if (!(event.key in acts) || event.repeat || event.target.closest(own)) return;
    event.preventDefault();
    acts[event.key]();
  });
}

/**
 * A root that can fill the window and come back. A dialog does that everywhere, whatever it stands in: in the
 * page it is an open one, and for the whole window a modal one, which Escape ends.
 */
export function stage(el, className) {
  const dialog = make(el, "dialog", "dqn-stage");
  const root = make(dialog, "div", `dqn ${className}`);
  root.tabIndex = -1;
  const rest = () => {
    dialog.classList.remove("dqn-full");
    dialog.open = true; // `show()` would take the focus, and scroll the page
  };
  const fill = () => {
    const full = dialog.classList.contains("dqn-full");
    dialog.close();
    if (full) return;
    dialog.classList.add("dqn-full");
    dialog.showModal();
    root.focus();
  };
  dialog.addEventListener("close", () => dialog.matches(".dqn-full") && !dialog.open && rest());
  rest();
  return { root, fill };
}

/** A function that sends words to Python, or calls `gone()` if there is nobody any more to hear them. */
export const sender = (model, gone) => (content) => {
  try {
    model.send(content);
  } catch {
    gone();
  }
};

/** Have `callbacks` called, by the names of the model's events; returns a function that ends it. */
export function listen(model, callbacks) {
  const all = Object.entries(callbacks);
  for (const [event, callback] of all) model.on(event, callback);
  return () => all.forEach(([event, callback]) => model.off?.(event, callback));
}

/** Call `frame(now)` at every frame while `root` is in sight; returns a function that ends it. */
export function whileSeen(root, frame) {
  let request = 0;
  const again = (now) => {
    request = requestAnimationFrame(again);
    frame(now);
  };
  const observer = new IntersectionObserver((entries) => {
    cancelAnimationFrame(request);
    if (entries.at(-1).isIntersecting) request = requestAnimationFrame(again);
  });
  observer.observe(root);
  return () => {
    observer.disconnect();
    cancelAnimationFrame(request);
  };
}

/** Whether things may move by themselves. */
export const lively = () => !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
