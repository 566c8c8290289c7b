// Driving by hand: keys or held buttons push the car, in the page alone; the finished drive goes to Python.

const LEFT = 0, COAST = 1, RIGHT = 2;
const KEYS = { arrowleft: LEFT, a: LEFT, arrowright: RIGHT, d: RIGHT };
const LABELS = ["\u2190 push left", "coast", "push right \u2192"];
const PARKED = { states: [[-0.5, 0]], actions: [] };

const best = (states) => Math.max(...states.map(([position]) => position));

function render({ model, el }) {
  el.innerHTML = `
    <div class="dqn dqn-drive" tabindex="0" role="application" data-lm-suppress-shortcuts="true"
         aria-label="Drive the car: Space starts, the left and right arrow keys push, Escape leaves.">
      <div class="dqn-title">Reach the flag: hold \u2190 or \u2192 (or A, D) to push, nothing to coast</div>
      <div class="dqn-scene"></div>
      <div class="dqn-readout">
        <div>step <b class="dqn-step"></b></div>
        <div>best position <b class="dqn-best"></b></div>
        <div>return so far <b class="dqn-return"></b></div>
        <div>engine <b class="dqn-engine"></b></div>
      </div>
      <div class="dqn-pedals">
        <button type="button" class="dqn-button dqn-push" tabindex="-1">${LABELS[LEFT]}</button>
        <button type="button" class="dqn-button dqn-start">Start</button>
        <button type="button" class="dqn-button dqn-push" tabindex="-1">${LABELS[RIGHT]}</button>
      </div>
      <div class="dqn-outcome" aria-live="polite"></div>
    </div>`;
  const [root, ground, counter, highest, total, engine, start, outcome] = [
    "drive", "scene", "step", "best", "return", "engine", "start", "outcome",
  ].map((name) => el.querySelector(`.dqn-${name}`));
  const { scene, place } = hill(ground);
  scene.setAttribute("aria-label", "The car in its valley, the flag on the hill to its right.");
  const held = new Map(); // a key or a button, and its push
  let driving = false;
  let drive = PARKED;
  if (model.get("drives")) {
    const velocities = model.get("velocities");
    const states = model.get("positions").map((position, i) => [position, velocities[i]]);
    drive = { states, actions: model.get("actions") };
    announce();
  }

  /** Opposite pushes at once cancel out. */
  function push() {
    const pushes = new Set(held.values());
    return pushes.size === 1 ? pushes.values().next().value : COAST;
  }

  function show() {
    const length = drive.actions.length;
    const action = driving ? (drive.actions.at(-1) ?? COAST) : COAST;
    place(drive.states.at(-1)[0], action);
    counter.textContent = `${length} of ${WORLD.maxSteps}`;
    highest.textContent = written(best(drive.states), 2);
    total.textContent = written(-length);
    engine.textContent = LABELS[action];
  }

  const clock = makeClock(() => {
    const action = push();
    const state = step(drive.states.at(-1), action);
    drive.states.push(state);
    drive.actions.push(action);
    if (terminated(state) || drive.actions.length === WORLD.maxSteps) finish();
  }, show);

  function begin() {
    if (driving) return;
    drive = { states: [startState(Math.random)], actions: [] };
    driving = true;
    outcome.textContent = "";
    start.textContent = "Driving";
    start.disabled = true;
    root.focus();
    clock.start();
  }

  function finish() {
    clock.stop();
    driving = false;
    announce();
    model.set("positions", drive.states.map(([position]) => position));
    model.set("velocities", drive.states.map(([, velocity]) => velocity));
    model.set("actions", drive.actions);
    model.set("drives", model.get("drives") + 1); // last: Python reads the drive when this changes
    model.save_changes();
  }

  function announce() {
    const length = drive.actions.length;
    const end = terminated(drive.states.at(-1)) ? `The flag after ${length} steps` : "The time limit";
    outcome.textContent = `${end}: return ${written(-length)}. ${model.get("references")}`;
    start.textContent = "Drive again";
    start.disabled = false;
  }

  root.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the notebook has its own keys: A inserts a cell
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key in KEYS) held.set(key, KEYS[key]);
    else if ((key === " " || key === "enter") && !event.shiftKey && event.target === root) begin();
    else if (key === "escape") root.parentElement.closest("[tabindex]")?.focus(); // to the notebook
    else return;
    event.preventDefault();
  });
  root.addEventListener("keyup", (event) => held.delete(event.key.toLowerCase()));
  root.addEventListener("focusout", (event) => {
    if (!root.contains(event.relatedTarget)) held.clear();
  });
  start.addEventListener("click", begin);
  el.querySelectorAll(".dqn-push").forEach((button, side) => {
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId); // or a finger that slides off would never stop pushing
      held.set(button, side === 0 ? LEFT : RIGHT);
    });
    button.addEventListener("lostpointercapture", () => held.delete(button));
    button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch
  });
  show();

  return () => clock.stop();
}

export default { render };
