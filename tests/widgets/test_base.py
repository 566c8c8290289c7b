"""What is true of every widget, with and without a browser; when it stops is in test_lifetimes."""

import html
import re

import pytest
import traitlets as t
from making import MAKERS
from receiving import handed, in_page

from dqn_lib.widgets.base import LessonWidget

pytestmark = pytest.mark.slow

SVG = "http://www.w3.org/2000/svg"  # the name of a kind of element, not an address that anybody visits


class Room(LessonWidget):
    """The smallest one that the browser draws."""

    _esm = "export default { render() {} }"
    explanation = "A slider <moves> it."
    data = t.Dict().tag(sync=True)

    def still(self):
        return '<img src="data:," alt="The room as it is now.">'


@pytest.fixture(scope="module")
def widgets():
    """One of each kind, by name."""
    made = {name: make() for name, make in MAKERS.items()}
    yield made
    for widget in made.values():
        widget.close()


def test_a_widget_shows_itself_as_a_widget_as_a_picture_with_words_and_as_text():
    widget = Room()
    bundle, _ = widget._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id
    assert "Room" in bundle["text/plain"]
    assert bundle["text/html"] == (
        '<img src="data:," alt="The room as it is now."><p><i>A slider &lt;moves&gt; it. '
        "Run the cell in JupyterLab to use it.</i></p>"
    )


ENDS = {  # the trait that holds it, and its ends
    "time machine": lambda widget: ("index", 0, len(widget.checks) - 1),
    "gamma glasses": lambda widget: ("index", 0, len(widget.gammas) - 1),
    "microscope": lambda widget: ("index", 0, widget.count - 1),
    "luck": lambda widget: ("hold", 1, 64),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_slider_stays_between_its_ends_when_a_page_or_a_cell_moves_it(widgets, name):
    widget = widgets[name]
    trait, low, high = ENDS[name](widget)
    for end in (low, high):
        widget.set_state({trait: end})  # as a page does it
        for wrong in (low - 1, high + 1, 1.5, str(low), None):
            with pytest.raises(t.TraitError, match=trait):
                setattr(widget, trait, wrong)
            with pytest.raises(t.TraitError, match=trait):
                widget.set_state({trait: wrong})
            assert getattr(widget, trait) == end


@pytest.mark.parametrize("name", MAKERS)
def test_each_kinds_page_holds_its_module_and_its_traits_and_needs_nothing_beside_it(widgets, name):
    widget = widgets[name]
    page = widget.page("On its own")
    module, traits = in_page(page)
    assert module == widget._esm
    assert module.count("export default { render };") == 1
    of_the_page = {name: traits.pop(name, None) for name in ("recording", "active", "pictures")}
    assert traits == {name: value for name, value in handed(widget).items() if name != "active"}
    if name.startswith(("panel", "explorer")):
        assert len(of_the_page["recording"]) >= 1 and of_the_page["active"] == []  # no setting acts on it
    elif name == "sliders":
        assert len(of_the_page["pictures"]) == 8 and of_the_page["pictures"][0] == traits["shown"]
    else:
        assert set(of_the_page.values()) == {None}
    assert widget._css in page
    for text in (page, module):
        assert set(re.findall(r"""[a-z]{2,6}://[^\s"'`)]*""", text)) <= {SVG}
        assert re.findall(r"""^ *import\b|\bfrom *["']|@import|\burl\((?!#)""", text, re.MULTILINE) == []
        assert re.findall(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|importScripts", text) == []
    assert re.findall(r"\bimport\((.{22})", page + module) == ['"data:text/javascript;']


def test_bytes_and_words_in_a_page_are_those_of_the_traits():
    data = {
        "all": bytes(range(256)),
        "none": b"",
        "view": memoryview(b"ab"),
        "deep": [{"words": 'Ä "quote" \\ \u2028 </script><!--<script>', "number": -0.5, "nothing": None}],
    }
    page = Room(data=data).page("A page")
    _, traits = in_page(page)
    assert traits["data"] == data | {"view": b"ab"}
    assert page.isascii()


@pytest.mark.parametrize("evil", ["</script><b>", "<!-- <script>", "--></title>"])
def test_no_words_can_end_the_script_or_the_title(evil):
    page = Room(data={evil: evil}).page(evil)
    assert re.findall(r"(?i)<(/?(?:h1|script|b)\b|!--)", page) == ["h1", "/h1", "script", "/script"]
    assert page.count(html.escape(evil)) == 2  # title and heading
    assert in_page(page)[1]["data"] == {evil: evil}
