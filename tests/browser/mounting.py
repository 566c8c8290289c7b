"""A widget's own JavaScript in an empty page, with a model that records what it gets."""

import base64
import json
from contextlib import contextmanager

import pytest
from jupyter_browser import CHROMIUM, FLAGS, HUB
from playwright.sync_api import sync_playwright

from dqn_lib.widgets.assets import read_static

IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine to look through"),
]

MOUNT = """
async ([source, css, makeModel, traits]) => {
  const model = new Function(`${makeModel}; return makeModel`)()(traits);
  const { set, on } = model;
  const listeners = [];
  let changed = {};
  Object.assign(model, {
    sent: [],  // what was saved, and what was said
    said: [],
    set(name, value) { changed[name] = value; set(name, value); },
    save_changes() { model.sent.push(changed); changed = {}; },
    send(content) { model.said.push(content); },
    on(event, callback) { listeners.push([event, callback]); on(event, callback); },
    tell(event) { listeners.forEach(([one, callback]) => one === event && callback()); },
    receive(message) { Object.entries(message).forEach(([name, value]) => set(name, value)); },
  });
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  Object.assign(window, { module, model });
  window.unmount = module.default.render({ model, el: document.querySelector("#widget") });
}
"""
EMPTY = '<button id="before">before</button><div id="widget"></div><div style="height: 3000px">'


@contextmanager
def chromium():
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def listen(page):
    """The page's complaints, as they come."""
    complaints = []
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@contextmanager
def empty_page(browser, **options):
    """A page with nothing in it but room for a widget; in the end the browser must not have complained."""
    page = browser.new_page(viewport={"width": 800, "height": 900}, **options)
    complaints = listen(page)
    # As on a class hub without a certificate: nothing that needs a secure context is there.
    page.route("**", lambda route: route.fulfill(content_type="text/html", body=EMPTY))
    page.goto(f"http://{HUB}/")
    yield page
    page.close()
    assert complaints == []


def mount(page, widget):
    """Show the widget as it is now; `window.model` is its model and `window.module` its module."""
    traits = {name: value for name, value in widget.get_state().items() if not name.startswith("_")}
    plain = json.loads(json.dumps(traits, default=lambda value: {"$bytes": base64.b64encode(value).decode()}))
    page.evaluate(MOUNT, [widget._esm, widget._css, read_static("model.js"), plain])
