"""The Jupyter half: magics, completion and display. It holds no logic that a script would need."""
