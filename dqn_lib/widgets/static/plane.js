// The phase plane: a map of colours, and the flag as a line.

const PLANE = {
  x: { label: "position", range: [WORLD.minPosition, WORLD.maxPosition], ticks: [-1, -0.5, 0, 0.5] },
  y: { label: "velocity (per step)", range: [-WORLD.maxSpeed, WORLD.maxSpeed], ticks: [-0.05, 0, 0.05] },
};
PLANE.x.ticks = PLANE.x.ticks.map((tick) => [tick, written(tick, 1)]);
PLANE.y.ticks = PLANE.y.ticks.map((tick) => [tick, written(tick, 2)]);

/** Like `axes`, with `paint(array)` for a map of bytes `(rows, columns)`, and `note(text)`. */
export function plane(parent, title, { colours, smooth = false }) {
  const plot = axes(parent, { title, ...PLANE });
  plot.figure.classList.add("dqn-plane");
  const map = bitmap(colours, smooth);
  plot.area.prepend(map.canvas);
  plot.path("dqn-goal")(PLANE.y.range.map((velocity) => [WORLD.goalPosition, velocity]));
  plot.mark("dqn-flag-word", "flag")([WORLD.goalPosition, PLANE.y.range[0]]);
  const note = make(plot.area, "span", "dqn-note");
  return { ...plot, paint: map.paint, note: (text) => (note.textContent = text) };
}

/**
 * A plane whose colours are values, with a colour bar: `scale(low, high, above)`, where `above` is whether
 * there are values above `high`, which have a colour of their own.
 */
export function valuePlane(parent, title, { label, colours = COLOURS.values, smooth = true }) {
  const plot = plane(parent, title, { colours, smooth });
  const bar = make(plot.side, "div", "dqn-bar");
  const shades = colours.slice(0, -1);
  const stops = shades.filter((_, i) => i % 15 === 0 || i === shades.length - 1);
  const arrow = make(plot.side, "i", "dqn-over");
  arrow.hidden = true;
  bar.style.background = `linear-gradient(to top, ${stops.join()})`;
  const ticks = make(plot.side, "div", "dqn-barticks");
  make(make(plot.side, "div", "dqn-barlabel"), "span", "", label);
  let scaled = "";
  const scale = (low, high, above, format = written) => {
    if (scaled === (scaled = `${low} ${high} ${above}`)) return;
    ticks.replaceChildren();
    const values = ticksBetween(low, high, Math.min(5, high - low));
    for (const value of values) {
      make(ticks, "span", "", format(value)).style.bottom = `${(100 * (value - low)) / (high - low)}%`;
    }
    ticks.style.width = `${Math.max(...values.map((value) => format(value).length)) + 1}ch`;
    arrow.hidden = !above;
  };
  return { ...plot, scale };
}

/** A plane whose colours are actions. */
export function policyPlane(parent, title, names = COLOURS.preferences) {
  const plot = plane(parent, title, { colours: COLOURS.actions });
  legend(plot.side, names.map((name, i) => [COLOURS.actions[i], name]));
  return plot;
}
