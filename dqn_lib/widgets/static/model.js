// A model for pages without a kernel: it holds a widget's traits and calls back when one changes.

/** A model like the one that anywidget passes to `render`; bytes are `{ $bytes: "base64" }`. */
function makeModel(traits) {
  const listeners = {};
  const revive = (value) => {
    if (value === null || typeof value !== "object") return value;
    if ("$bytes" in value) {
      return new DataView(Uint8Array.from(atob(value.$bytes), (letter) => letter.charCodeAt(0)).buffer);
    }
    if (Array.isArray(value)) return value.map(revive);
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, revive(one)]));
  };
  traits = revive(traits);
  const notify = (event) => (listeners[event] ?? []).forEach((callback) => callback());
  return {
    get: (name) => traits[name],
    set(name, value) {
      if (traits[name] === value) return;
      traits[name] = value;
      notify(`change:${name}`);
    },
    save_changes() {},
    send() {},
    on(event, callback) {
      (listeners[event] ??= []).push(callback);
    },
    off(event, callback) {
      listeners[event] = (listeners[event] ?? []).filter((one) => one !== callback);
    },
  };
}
