"""From data to pictures. Every function returns a `Picture`, which shows itself in a notebook."""
