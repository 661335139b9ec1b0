"""The form over a model's settings: what it shows, and what it does, whatever carries the messages.

Nothing in here knows widgets: a form tells what it shows through one function.
"""
