"""What a page has painted, read back as numbers, colours and boxes."""

import re

import numpy as np

PIXELS = "(e) => [e.width, e.height, [...e.getContext('2d').getImageData(0, 0, e.width, e.height).data]]"
TICKS = "(spans) => spans.map((e) => [e.textContent, parseFloat(e.style.left || e.style.bottom) / 100])"
TABLES = "(rows) => rows.map((row) => [row.cells[0].textContent, row.cells[1].textContent])"
LABELS = (
    ".dqn-title, .dqn-xlabel, .dqn-ylabel span, .dqn-xticks span, .dqn-yticks span, .dqn-barticks span, "
    ".dqn-barlabel span, .dqn-rule-name, .dqn-change-name, .dqn-sum-word, .dqn-note, .dqn-flag-word, "
    ".dqn-word, .dqn-below, .dqn-legend span, .dqn-hill text"
)
OVERLAPS = """
(labels) => [...document.querySelectorAll(".dqn-plot")].flatMap((plot) => {
  const words = [...plot.querySelectorAll(labels)].filter((e) => e.checkVisibility() && e.textContent);
  const boxes = words.map((e) => {
    const range = document.createRange();
    range.selectNodeContents(e);  // without the room beside the words
    return [e.textContent, range.getBoundingClientRect()];
  });
  return boxes.flatMap(([one, a], i) => boxes.slice(i + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
                       Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
    .map(([other]) => `"${one}" and "${other}"`));
})
"""
TOO_WIDE = """
(root) => {
  const page = document.scrollingElement;
  const found = page.scrollWidth > innerWidth ? [`${page.scrollWidth} pixels`] : [];
  for (const e of root.querySelectorAll("*")) {
    const { left, right, width } = e.getBoundingClientRect();
    if (e.checkVisibility() && width && !e.closest("svg, option") && (left < -1 || right > innerWidth + 1)) {
      found.push(`${e.className || e.localName}: ${e.textContent.trim().slice(0, 40)}`);
    }
  }
  return found;
}
"""


SMALL_AND_BELOW = """
(root, least) => {
  const words = [...root.querySelectorAll("*")].filter((e) =>
    e.checkVisibility() && !e.closest("option") &&
    [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  const heightOf = (e) => {
    const drawn = e.closest("svg");  // its unit is not a pixel
    const scale = drawn ? drawn.getBoundingClientRect().width / drawn.viewBox.baseVal.width : 1;
    return scale * parseFloat(getComputedStyle(e).fontSize);
  };
  const named = (found) => found.map((e) => `${e.textContent.trim().slice(0, 30)}: ${heightOf(e)}`);
  const below = words.filter((e) => e.getBoundingClientRect().bottom > innerHeight + 1);
  return [named(words.filter((e) => heightOf(e) < least)), named(below)];
}
"""


def plot(page, number):
    """The picture with this number, from 0."""
    return page.locator(".dqn-plot").nth(number)


def pixels(plot):
    """The colours `(rows, columns, 4)` of a map; the first row is the lowest."""
    width, height, data = plot.locator("canvas").evaluate(PIXELS)
    return np.array(data, dtype=int).reshape(height, width, 4)[::-1]


def shares(plot, look):
    """The corners `(n, 2)` of the path of this class: shares of the axes, upwards."""
    path = plot.locator(f"path.{look}").get_attribute("d")
    return np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", path), dtype=float).reshape(-1, 2) * [1, -1] + [0, 1]


def number(text):
    """The first number in a text."""
    return float(re.search(r"[\u2212-]?[\d,]*\.?\d+", text)[0].replace(",", "").replace("\u2212", "-"))


def axis(plot, name, scale=float):
    """A function from shares of an axis to values, as its ticks say."""
    ticks = plot.locator(f".dqn-{name}ticks span").evaluate_all(TICKS)
    (first, low), *_, (last, high) = [(scale(number(text)), place) for text, place in ticks]
    return lambda share: first + (share - low) * (last - first) / (high - low)


def values(plot, look, scale=float):
    """The corners `(n, 2)` of the path of this class, read off the axes, of which y has this `scale`."""
    found = shares(plot, look)
    across, up = axis(plot, "x"), axis(plot, "y", scale)
    return np.stack([across(found[:, 0]), up(found[:, 1])], axis=-1)


def tables(page):
    """All rows of tables, as names and words."""
    return dict(page.locator(".dqn-tables tr").evaluate_all(TABLES))


def car(page):
    """Where the car stands on its hill."""
    return number(page.locator(".dqn-car").get_attribute("transform"))


def counter(page):
    """The step that a panel shows."""
    return number(page.locator(".dqn-counter").inner_text())
