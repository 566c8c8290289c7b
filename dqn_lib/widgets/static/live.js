// What the live widgets share: messages to Python, controls for the settings, the status line, and snapshots.

const ACKNOWLEDGE = 250; // milliseconds between two messages that say which snapshot was painted
// Jupyter's server holds the next snapshot back until the page acknowledges the last packet, for up to 40 ms
// (Nagle's algorithm); any message will do. In milliseconds after a setting has changed.
const NUDGE = 20;
const PLAYBACK = 120; // milliseconds for each snapshot of a recorded run

/** The root of a live widget and its connection to Python; `lost` is shown when the kernel has ended. */
export function liveWidget({ model, el }, className, lost) {
  const { root, toggle } = expandable(el, className);
  const controls = new Map();
  let say = () => {};
  let waiting = null; // the latest snapshot, until it is painted
  let acknowledged = 0;
  let nudge = 0;

  const recording = model.get("recording") ?? []; // on a page without a kernel
  let at = 0;
  let playing = 0;
  const recorded = recording.length > 0;
  const running = () => playing !== 0 || model.get("status").running;
  const gone = () => say(lost, true);
  function send(content) {
    try {
      model.send(content);
    } catch {
      gone();
    }
  }
  const press = (name) => (recorded ? play(name) : send({ press: name }));
  const show = (snapshot) => (waiting = snapshot);

  /** What the buttons do with a recorded run: all but Pause and Reset play it on, at its end from its beginning. */
  function play(name) {
    clearInterval(playing);
    playing = 0;
    const last = recording.length - 1;
    if (["reset", "restart"].includes(name) || (name !== "pause" && at === last)) at = 0;
    if (name !== "pause" && name !== "reset" && last > 0) {
      playing = setInterval(() => {
        at += 1;
        display();
        if (at === last) play("pause");
      }, PLAYBACK);
    }
    display();
    say(playing ? "A recorded run." : "A recorded run; run the lesson in JupyterLab to train one yourself.");
  }
  const display = () => show({ ...recording[at], number: at + 1 });

  /** Set a trait here and in Python. */
  function set(trait, value) {
    model.set(trait, value);
    model.save_changes();
    clearTimeout(nudge);
    nudge = setTimeout(() => send({ painted: Number(root.dataset.snapshot ?? 0) }), NUDGE);
  }

  /** A line of text for the status; returns a function that writes other words into it. */
  function addStatus(parent) {
    say = message(parent);
    return say;
  }

  /** A slider or a menu for each setting, if there is a kernel for them; returns how many there are. */
  function addSettings(parent) {
    if (recorded) return 0;
    for (const { name, label, kind, ...options } of model.get("settings")) {
      const control = kind === "menu" ? menu : slider;
      const onChange = (index) => set("indices", { ...model.get("indices"), [name]: index });
      controls.set(name, control(parent, { ...options, name: label, onChange }));
    }
    return controls.size;
  }

  /**
   * Paint snapshots with `paint(snapshot, now)`; in a frame without a new one, call `idle(now)`. `follow` has
   * callbacks for other traits by name. Returns a function that ends it all.
   */
  function start(paint, { idle = () => {}, follow = {} } = {}) {
    function frame(now) {
      if (!waiting) return idle(now);
      paint(waiting, now);
      root.dataset.snapshot = waiting.number;
      if (now - acknowledged > ACKNOWLEDGE || !running()) {
        acknowledged = now;
        send({ painted: waiting.number });
      }
      waiting = null;
    }
    function followSettings() {
      const [indices, active] = [model.get("indices"), model.get("active")];
      for (const [name, control] of controls) control.set({ index: indices[name], off: !active.includes(name) });
    }
    const callbacks = {
      snapshot: () => show(model.get("snapshot")),
      indices: followSettings,
      active: followSettings,
      status: () => say(model.get("status").words, model.get("status").alarm),
      ...follow,
    };
    const events = Object.fromEntries(Object.entries(callbacks).map(([name, act]) => [`change:${name}`, act]));
    const stopListening = listen(model, { ...events, comm_live_update: gone });
    const stopFrames = whileVisible(root, frame);
    for (const callback of Object.values(callbacks)) callback();
    if (recorded) {
      play("pause");
      frame(performance.now()); // pictures that are not seen yet have words, too
    }
    return () => {
      clearInterval(playing);
      stopFrames();
      stopListening();
      clearTimeout(nudge);
    };
  }
  return { root, toggle, recorded, running, press, set, addStatus, addSettings, start };
}
