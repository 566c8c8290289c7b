"""Exercises that recognise the mistake, and predictions to commit to; one module per lesson."""
