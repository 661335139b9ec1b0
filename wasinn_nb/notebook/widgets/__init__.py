"""The widgets: a live view of what runs, of a model's settings, and of all models."""
