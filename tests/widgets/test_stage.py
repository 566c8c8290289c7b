"""The box around every widget: what it leaves where there is no browser. When it ends: test_lifetimes."""

from ipywidgets import HTML

from dqn_lib.widgets.stage import Stage


class Room(Stage):
    """The smallest one."""

    def __init__(self):
        super().__init__([HTML("inside")], explanation="A slider <moves> it.")

    def still(self):
        return '<img src="data:," alt="The room as it is now.">'


def test_a_stage_shows_itself_as_a_widget_as_a_picture_with_words_and_as_text():
    bundle = Room()._repr_mimebundle_()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert bundle["text/plain"].startswith("Room(")
    assert bundle["text/html"] == (
        '<img src="data:," alt="The room as it is now."><p><i>A slider &lt;moves&gt; it. '
        "Run the cell in JupyterLab to use it.</i></p>"
    )
