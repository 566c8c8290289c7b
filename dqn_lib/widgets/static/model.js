// What stands in for a kernel on a page that has none: a widget's traits, and who listens to them.

/** A model as anywidget hands it to `render`; bytes come as `{ $bytes: "base64" }`. */
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
  const tell = (event, ...about) => (listeners[event] ?? []).forEach((callback) => callback(...about));
  return {
    get: (name) => traits[name],
    set(name, value) {
      if (traits[name] === value) return;
      traits[name] = value;
      tell(`change:${name}`);
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
