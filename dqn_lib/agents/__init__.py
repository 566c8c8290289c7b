"""Things that act and learn."""
