// Axes for pictures that move. The browser does the layout: text is HTML in em, lines are SVG in a unit
// square. So nothing has to be measured, and size, sharpness and colours follow the page.

/** A new element in `parent`, for instance `make(el, "div", "dqn-title", "text")`. */
export function make(parent, tag, className = "", text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  parent.append(element);
  return element;
}

function makeSvg(parent, tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
}

const FORMATS = []; // by digits: creating one is slower than using it a hundred times

/** A number as text: with a real minus sign, and commas between thousands. */
export function written(number, digits = 0) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const text = (FORMATS[digits] ??= new Intl.NumberFormat("en-US", options)).format(number);
  return (Number(text.replaceAll(",", "")) === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
}

/** How many digits after the point these numbers need, up to four. */
const digitsOf = (numbers) =>
  [0, 1, 2, 3].find((digits) => numbers.every((one) => Math.abs(one - one.toFixed(digits)) < 1e-6)) ?? 4;

/** About `count` round numbers from `low` to `high`. */
export function ticksBetween(low, high, count = 5) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const first = Math.ceil(low / unit - 1e-9);
  const last = Math.floor(high / unit + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * unit);
}

/**
 * Axes in `parent`. `x` and `y` have a `label`, a `range`, `ticks` (values, or pairs of value and text) and
 * optionally a `scale`, such as `Math.log10`.
 */
export function axes(parent, { title = "", x, y }) {
  const figure = make(parent, "figure", "dqn-plot");
  figure.setAttribute("role", "img");
  const caption = make(figure, "figcaption", "dqn-title", title);
  const frame = make(figure, "div", "dqn-frame");
  make(make(frame, "div", "dqn-ylabel"), "span", "", y.label);
  const yTicks = make(frame, "div", "dqn-yticks");
  const area = make(frame, "div", "dqn-area");
  const side = make(frame, "div", "dqn-side");
  const xTicks = make(frame, "div", "dqn-xticks");
  make(frame, "div", "dqn-xlabel", x.label);
  const svg = makeSvg(area, "svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none" });
  const axis = { x: {}, y: {} };

  const fraction = ({ range: [low, high], scale = Number }, value) =>
    (scale(value) - scale(low)) / (scale(high) - scale(low));
  const across = (value) => fraction(axis.x, value);
  const up = (value) => fraction(axis.y, value);

  /** Change the range or the ticks of one axis; what is drawn moves only when it is drawn again. */
  function setAxis(name, options) {
    Object.assign(axis[name], options);
    const [place, room] = name === "x" ? ["left", xTicks] : ["bottom", yTicks];
    room.replaceChildren();
    let longest = 0;
    const digits = digitsOf(axis[name].ticks.filter(Number.isFinite));
    for (const tick of axis[name].ticks) {
      const [value, text] = Array.isArray(tick) ? tick : [tick, written(tick, digits)];
      make(room, "span", "", text).style[place] = `${100 * fraction(axis[name], value)}%`;
      longest = Math.max(longest, text.length);
    }
    if (name === "y") room.style.width = `${longest + 1}ch`; // positioned elements take no room
  }
  setAxis("x", x);
  setAxis("y", y);

  const point = ([atX, atY]) => `${across(atX).toFixed(4)} ${(1 - up(atY)).toFixed(4)}`;

  return {
    figure,
    caption,
    area,
    side,
    svg,
    across,
    up,
    setAxis,

    /** A path: `draw(points)` draws a line, `draw.segments(lines)` several, `draw.dots(points)` only dots. */
    path(className) {
      const path = makeSvg(svg, "path", { class: className, d: "" });
      let drawn = "";
      const set = (d) => d !== drawn && path.setAttribute("d", (drawn = d)); // no change costs nothing
      const line = (points) => (points.length ? `M${points.map(point).join("L")}` : "");
      const draw = (points) => set(line(points));
      draw.dots = (points) => set(points.map((one) => `M${point(one)}h0`).join(""));
      draw.segments = (lines) => set(lines.map(line).join(""));
      return draw;
    },

    /** Text or a symbol in the plot: `place([x, y])` moves it, `place(null)` hides it. */
    mark(className, text = "") {
      const element = make(area, "span", className, text);
      const place = (at) => {
        element.hidden = at === null;
        if (at === null) return;
        element.style.left = `${100 * across(at[0])}%`;
        element.style.bottom = `${100 * up(at[1])}%`;
      };
      place.element = element;
      return place;
    },

    /** Set the alt text. */
    setAlt: (text) => figure.setAttribute("aria-label", text),
  };
}

/** A legend from pairs: a CSS class or a colour, and text. */
export function legend(parent, entries) {
  const list = make(parent, "div", "dqn-legend");
  for (const [sign, text] of entries) {
    const entry = make(list, "span");
    const isColour = sign.startsWith("#");
    const element = make(entry, "i", isColour ? "dqn-swatch" : sign);
    if (isColour) element.style.background = sign;
    entry.append(text);
  }
  return list;
}
