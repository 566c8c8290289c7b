"""A widget's own JavaScript in an empty page, with a model that notes what it is told."""

from contextlib import contextmanager

import pytest
from jupyter_browser import CHROMIUM, FLAGS, HUB
from playwright.sync_api import sync_playwright

IN_CHROMIUM = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine to look through"),
]

MOUNT = """
async ([source, css, traits]) => {
  const listeners = {};
  const model = {
    sent: [],
    changed: {},
    get: (name) => traits[name],
    set(name, value) { traits[name] = value; model.changed[name] = value; },
    save_changes() { model.sent.push(model.changed); model.changed = {}; },
    on(name, callback) { (listeners[name] ??= []).push(callback); },
    receive(message) {  // as Backbone: first all values, then all events
      Object.assign(traits, message);
      for (const name of Object.keys(message)) (listeners[`change:${name}`] ?? []).forEach((f) => f());
    },
  };
  document.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  Object.assign(window, { module, model });
  window.unmount = module.default.render({ model, el: document.querySelector("#widget") });
}
"""
EMPTY = '<button id="before">before</button><div id="widget"></div><div style="height: 3000px">'


@contextmanager
def empty_page(**options):
    """A page with nothing in it but room for a widget; in the end the browser must not have complained."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 800, "height": 900}, **options)
        complaints = []
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # As on a class hub without a certificate: nothing that needs a secure context is there.
        page.route("**", lambda route: route.fulfill(content_type="text/html", body=EMPTY))
        page.goto(f"http://{HUB}/")
        yield page
        browser.close()
        assert complaints == []


def mount(page, widget):
    """Show the widget as it is now; `window.model` is its model and `window.module` its module."""
    traits = {name: value for name, value in widget.get_state().items() if not name.startswith("_")}
    page.evaluate(MOUNT, [widget._esm, widget._css, traits])
