// The view of `HillCar`: a trajectory that plays in a loop, or a live car that stands where it is put.

const REST = 30; // steps that the end of a trajectory stays

function render({ model, el }) {
  el.innerHTML = `
    <div class="dqn-card">
      <div class="dqn-caption"></div>
      <canvas class="dqn-hill" role="img"></canvas>
      <div class="dqn-bar">
        <button type="button" class="dqn-button"></button>
        <span class="dqn-step"></span>
      </div>
    </div>`;
  const [caption, canvas, bar, button, counter] = ["caption", "hill", "bar", "button", "step"].map((name) =>
    el.querySelector(`.dqn-${name}`),
  );
  const draw = hillScene(canvas);
  let step = 0;
  let playing = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let visible = false;

  function show() {
    const positions = model.get("positions");
    const now = Math.min(step, positions.length - 1);
    draw(positions[now], model.get("actions")[now] ?? -1);
    counter.textContent = `step ${now}`;
  }

  const clock = makeClock(() => (step = (step + 1) % (model.get("positions").length + REST)), show);

  /** Run the clock only if there is a film, it shall play, and somebody can see it. */
  function update() {
    const film = model.get("positions").length > 1;
    bar.style.visibility = film ? "visible" : "hidden";
    button.textContent = playing ? "Pause" : "Play";
    button.setAttribute("aria-label", `${button.textContent} the drive`);
    if (film && playing && visible) clock.start();
    else clock.stop();
    show();
  }

  function restart() {
    step = 0;
    update();
  }

  function name() {
    caption.textContent = model.get("caption");
    canvas.setAttribute("aria-label", model.get("alt"));
  }

  button.addEventListener("click", () => {
    playing = !playing;
    update();
  });
  ["positions", "actions"].forEach((trait) => model.on(`change:${trait}`, restart));
  ["caption", "alt"].forEach((trait) => model.on(`change:${trait}`, name));
  const sizes = new ResizeObserver(show);
  sizes.observe(canvas);
  const views = new IntersectionObserver((entries) => {
    visible = entries.at(-1).isIntersecting;
    update();
  });
  views.observe(canvas);
  name();
  update();

  return () => {
    clock.stop();
    sizes.disconnect();
    views.disconnect();
  };
}

export default { render };
