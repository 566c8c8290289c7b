// Sliders, menus, buttons and messages: native controls, which keyboards and screen readers can use.

/** A button with a tooltip, which calls `act()`. */
export function button(parent, text, help, act) {
  const element = make(parent, "button", "dqn-button", text);
  element.type = "button";
  element.title = help;
  element.addEventListener("click", act);
  return element;
}

/**
 * A slider over `labels`, which calls `onChange(index)` when the user moves it; `set({ index, labels, off })`
 * moves or disables it.
 */
export function slider(parent, { name, help = "", labels, index = 0, onChange }) {
  const row = make(parent, "div", "dqn-slider");
  row.title = help;
  const label = make(row, "label", "", name);
  const input = make(row, "input");
  const output = make(row, "output");
  Object.assign(input, { type: "range", min: 0, step: 1, max: labels.length - 1, value: index });
  input.id = `dqn-${Math.random().toString(36).slice(2)}`; // crypto.randomUUID exists in secure contexts only
  label.htmlFor = output.htmlFor = input.id;
  // As wide as the longest of some labels, so that nothing jumps.
  const widest = (texts) => Math.max(...texts.map((text) => text.length));
  const some = (texts) => texts.filter((_, i) => i % Math.ceil(texts.length / 50) === 0 || i === texts.length - 1);

  function write() {
    output.textContent = labels[input.value];
    input.setAttribute("aria-valuetext", labels[input.value]);
  }
  function set(now) {
    if (now.labels !== undefined) {
      labels = now.labels;
      input.max = labels.length - 1;
      output.style.minWidth = `${widest(some(labels))}ch`;
    }
    if (now.index !== undefined) input.value = now.index;
    if (now.off !== undefined) row.classList.toggle("dqn-off", (input.disabled = now.off));
    write();
  }
  input.addEventListener("input", () => {
    write();
    onChange(Number(input.value));
  });
  set({ labels, index });
  return { row, input, set };
}

/** A menu of `labels`, used like `slider`. */
export function menu(parent, { name, help = "", labels, index = 0, onChange }) {
  const row = make(parent, "div", "dqn-slider dqn-menu");
  row.title = help;
  const label = make(row, "label", "", name);
  const input = make(row, "select");
  labels.forEach((text) => make(input, "option", "", text));
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

/** A line for messages: returns `say(text, alarm)`; screen readers read an alarm out at once. */
export function message(parent) {
  const element = make(parent, "span", "dqn-message");
  element.setAttribute("role", "status");
  return (text, alarm = false) => {
    element.setAttribute("role", alarm ? "alert" : "status");
    element.textContent = text;
  };
}

/**
 * Keep key presses from the notebook while the widget has the focus, except for those with a modifier.
 * `acts` maps keys to functions, which are called unless the focused control uses the key itself.
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
 * A root, and a function `toggle()` that lets it fill the window and come back. It is a dialog, which can do
 * so wherever it stands: an open one in the page, and a modal one in the full window, closed by Escape.
 */
export function expandable(el, className) {
  const dialog = make(el, "dialog", "dqn-dialog");
  const root = make(dialog, "div", `dqn ${className}`);
  root.tabIndex = -1;
  const shrink = () => {
    dialog.classList.remove("dqn-full");
    dialog.open = true; // `show()` would take the focus, and scroll the page
  };
  const toggle = () => {
    const full = dialog.classList.contains("dqn-full");
    dialog.close();
    if (full) return;
    dialog.classList.add("dqn-full");
    dialog.showModal();
    root.focus();
  };
  dialog.addEventListener("close", () => dialog.matches(".dqn-full") && !dialog.open && shrink());
  shrink();
  return { root, toggle };
}

/** Call `callbacks` on the model's events, by their names; returns a function that ends it. */
export function listen(model, callbacks) {
  const all = Object.entries(callbacks);
  for (const [event, callback] of all) model.on(event, callback);
  return () => all.forEach(([event, callback]) => model.off?.(event, callback));
}

/** Call `frame(now)` at every frame while `root` is visible; returns a function that ends it. */
export function whileVisible(root, frame) {
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

/** Whether the user allows animations. */
export const motionAllowed = () => !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
