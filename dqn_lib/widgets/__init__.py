"""What a student moves: controls of ipywidgets around the library's own pictures."""
