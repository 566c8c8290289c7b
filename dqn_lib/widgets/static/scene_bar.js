// A row of scenes: keys and buttons choose one; 0 puts everything back.

const AGAIN = 4000; // milliseconds in which the second press of 0 counts

/** The car to drive takes the keys as soon as it is there. */
function focusCar(frames = 60) {
  const car = document.querySelector(".dqn-stage .dqn-drive");
  if (car) car.focus({ preventScroll: true });
  else if (frames > 0) requestAnimationFrame(() => focusCar(frames - 1));
}

function render({ model, el }) {
  const root = make(el, "div", "dqn dqn-scenes");
  const bar = make(root, "nav", "dqn-row");
  bar.setAttribute("aria-label", "Scenes");
  const choose = (number) => {
    model.set("scene", number);
    model.save_changes();
  };
  let asked = 0; // when 0 was pressed, in milliseconds of the page's clock
  function putBack() {
    const now = performance.now();
    const again = asked && now - asked < AGAIN;
    asked = again ? 0 : now;
    if (!again) return say("Once more to put everything back, and to begin the contests anew.");
    try {
      model.send({ press: "put_back" });
    } catch {
      say("The kernel has ended: load the page again.", true);
    }
  }
  const buttons = model.get("names").map((name, number) =>
    button(bar, `${number + 1} ${name}`, `Scene ${number + 1} (key ${number + 1})`, () => choose(number)),
  );
  button(bar, "0 put back", "Everything as at the beginning, for the next class (key 0)", putBack);
  const say = message(bar);

  // First of all that listen: a widget keeps the keys that it does not know from the page.
  function press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !/^\d$/.test(event.key)) return;
    const writing = event.target.isContentEditable || event.target.matches?.("textarea, select, input:not([type=range])");
    if (writing || !root.checkVisibility()) return; // in JupyterLab, other cells and tabs have keys too
    const number = Number(event.key);
    if (number > buttons.length) return;
    event.preventDefault();
    event.stopPropagation();
    if (number === 0) putBack();
    else choose(number - 1);
  }
  document.addEventListener("keydown", press, true);

  function show() {
    buttons.forEach((one, number) => {
      if (number === model.get("scene")) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    });
    focusCar();
  }
  const tell = () => say(model.get("message"));
  show();
  tell();
  const stop = listen(model, { "change:scene": show, "change:message": tell });
  return () => {
    document.removeEventListener("keydown", press, true);
    stop();
  };
}

export default { render };
