// Axes for pictures that move. The browser lays them out: words are HTML in em, lines are SVG in a square
// from 0 to 1. So nothing has to be measured, and size, sharpness and colours follow the page.

/** A new element in `parent`, for instance `make(el, "div", "dqn-title", "words")`. */
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

const FORMATS = []; // by digits: making one takes longer than writing a hundred numbers

/** A number as it is written in text: a real minus sign, a comma between thousands. */
export function written(number, digits = 0) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const text = (FORMATS[digits] ??= new Intl.NumberFormat("en-US", options)).format(number);
  return (Number(text.replaceAll(",", "")) === 0 ? text.replace("-", "") : text).replace("-", "\u2212");
}

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
 * Axes in `parent`. `x` and `y` have a `label`, a `range`, `ticks` (values, or pairs of value and words) and
 * perhaps a `scale`, such as `Math.log10`.
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

  const share = ({ range: [low, high], scale = Number }, value) =>
    (scale(value) - scale(low)) / (scale(high) - scale(low));
  const across = (value) => share(axis.x, value);
  const up = (value) => share(axis.y, value);

  /** Other ends or ticks for one of the axes; what is drawn stays where it is until it is drawn again. */
  function setAxis(name, options) {
    Object.assign(axis[name], options);
    const [place, room] = name === "x" ? ["left", xTicks] : ["bottom", yTicks];
    room.replaceChildren();
    let longest = 0;
    for (const tick of axis[name].ticks) {
      const [value, words] = Array.isArray(tick) ? tick : [tick, written(tick)];
      make(room, "span", "", words).style[place] = `${100 * share(axis[name], value)}%`;
      longest = Math.max(longest, words.length);
    }
    if (name === "y") room.style.width = `${longest + 1}ch`; // what is positioned makes no room for itself
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

    /** Lines of this class: `draw(points)` is one, `draw.segments(lines)` many, `draw.dots(points)` only dots. */
    path(className) {
      const path = makeSvg(svg, "path", { class: className, d: "" });
      let drawn = "";
      const set = (d) => d !== drawn && path.setAttribute("d", (drawn = d)); // what stays costs nothing
      const line = (points) => (points.length ? `M${points.map(point).join("L")}` : "");
      const draw = (points) => set(line(points));
      draw.dots = (points) => set(points.map((one) => `M${point(one)}h0`).join(""));
      draw.segments = (lines) => set(lines.map(line).join(""));
      return draw;
    },

    /** Words or a sign at a point of the area: `place([x, y])`, or `place(null)` to hide it. */
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

    /** The picture in words, for who cannot see it. */
    say: (words) => figure.setAttribute("aria-label", words),
  };
}

/** What lines or colours mean, as pairs of a class or a colour and words. */
export function legend(parent, entries) {
  const list = make(parent, "div", "dqn-legend");
  for (const [look, words] of entries) {
    const entry = make(list, "span");
    const sign = make(entry, "i", look.startsWith("#") ? "dqn-swatch" : look);
    if (look.startsWith("#")) sign.style.background = look;
    entry.append(words);
  }
  return list;
}
