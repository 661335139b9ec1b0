"""The model manager behind a panel: what it shows, and what it does, whatever carries the messages.

Nothing in here knows widgets: a session talks through one function that posts a message.
"""
